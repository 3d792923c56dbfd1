"""`python -m autogauge gate RUN` of a run in which something was suspicious, and measured again: both measurements are in its file."""

import json

import pytest
from typer.testing import CliRunner

from autogauge.cli.main import app
from autogauge.gate.figures import key_of
from autogauge.history import run_file
from autogauge.measuring.condition import Condition
from autogauge.measuring.metric import Metric
from autogauge.measuring.plan import Plan
from autogauge.measuring.result import Replicate, Result, Sample
from autogauge.targets import Target
from tests import histories

AUTO = Condition("AUTO", Target("AUTO"))
KEY = key_of("latency", AUTO)


def study(seconds, samples=30):
    """Its only condition took so long in each of the samples."""
    metric = Metric("latency_ms", "latency", "ms", seconds=1e-3)
    turns = [Replicate(place, ("AUTO",), {"AUTO": Sample({"latency_ms": seconds * 1e3})}) for place in range(samples)]
    return Result(
        "speed",
        (AUTO,),
        (),
        Plan((samples,), 0.0),
        0,
        metrics=(metric,),
        recorded={"latency": "latency_ms"},
        replicates=turns,
    )


@pytest.fixture
def gate(tmp_path):
    """``gate(first, again)``: what is said of a run that took so long at first, and when it was measured again (``None``: it was not)."""

    def gate(first, again, *words, accelerator="auto", key=KEY):
        for number in range(20):
            histories.save(tmp_path / "lab", {key: 0.01 * (1 + number % 3 / 1000)}, days=number)
        made = histories.document({key: first}, when=histories.BEGAN.replace(year=2027), accelerator=accelerator)
        twice = [study(again)] if again else []
        run_file.add(made, {}, [study(first)], twice, None)
        path = run_file.save(tmp_path / "lab", made, run_file.arrays_of([study(first)], twice), "run", "f" * 16)
        done = CliRunner().invoke(app, ["gate", str(path), "--json", *words])
        (judgement,) = json.loads(done.stdout)["judgements"]
        return done.exit_code, judgement["verdict"], judgement

    return gate


@pytest.mark.parametrize("measured_on", ["auto", "emulated"])
def test_what_was_slower_both_times_is_slower(gate, measured_on):
    key = KEY if measured_on == "auto" else "latency (emulated): AUTO"
    status, word, said = gate(0.02, 0.021, accelerator=measured_on, key=key)
    assert (status, word, said["measured_again"], said["own"]) == (1, "FAIL", True, "33 samples")
    assert said["notes"] == []


def test_what_was_slower_once_is_no_verdict(gate):
    status, word, said = gate(0.02, 0.01)
    assert (status, word, said["measured_again"]) == (0, "INCONCLUSIVE", True)
    assert said["notes"] == ["the two measurements do not both say so by themselves"]


def test_what_was_not_measured_again_is_one_measurements_word(gate):
    status, word, said = gate(0.02, None)
    assert (status, word, said["measured_again"]) == (1, "FAIL", False)
    assert said["notes"] == ["one measurement, not repeated"]


def test_what_is_not_suspicious_is_judged_by_the_first_as_it_was_then(gate):
    """The study was measured again for another of its benchmarks."""
    status, word, said = gate(0.01, 0.03)
    assert (status, word, said["measured_again"]) == (0, "PASS", False)
