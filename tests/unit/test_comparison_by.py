"""The same runs by one of their labels: values beside each other within each run, matched by all other labels."""

import contextlib
import json
import math

import numpy as np
import pytest
from typer.testing import CliRunner

from autogauge.cli.main import app
from autogauge.errors import UserError
from autogauge.gate.comparison_by import BASIS, compare_by, interval_of
from autogauge.history import store
from autogauge.history.select import Histories
from autogauge.history.standing_file import Standing
from tests.histories import save
from tests.properties import for_all

GROUP = "first inference latency"
POLICIES = {f"{GROUP}: AUTO-{policy}": {"device": "AUTO", "hint": "LATENCY", "policy": policy} for policy in "abc"}
FACTORS = dict(zip(POLICIES, (1.0, 1.2, 1.0), strict=True))


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "history" / "lab-01"


@pytest.fixture
def by(tmp_path):
    """``by("policy")``: the history's runs compared so."""
    with contextlib.ExitStack() as stack:

        def by(key, base="", runs="machine=lab-01"):
            histories = Histories(stack, tmp_path / "history", tmp_path / "cache")
            return compare_by(histories.select(runs), key, base, 0.05)

        yield by


def measured(folder, count=8, factors=FACTORS, labels=POLICIES, mood=0.3, noise=0.01, begin=0, **others):
    """So many runs, whose machine is in a mood of its own each time: by seconds nothing could be told."""
    rng = np.random.default_rng([7, begin])
    for number in range(count):
        own = 0.01 * math.exp(rng.normal(0, mood))
        figures = {key: own * factor * math.exp(rng.normal(0, noise)) for key, factor in factors.items()}
        save(folder, figures, days=begin + number, labels=labels, **others)


def test_policies_are_compared_within_each_run_against_the_first(folder, by):
    measured(folder, 16)
    found = by("policy")
    assert found.by == "policy"
    assert [(each.benchmark, each.judgement.word, each.runs, each.basis) for each in found.compared] == [
        (f"{GROUP}: AUTO, LATENCY · policy b against a", "FAIL", (16, 16), BASIS),
        (f"{GROUP}: AUTO, LATENCY · policy c against a", "PASS", (16, 16), BASIS),
    ]
    assert found.compared[0].judgement.change.ratio == pytest.approx(1.2, abs=0.02)
    assert found.compared[0].labels == {"device": "AUTO", "hint": "LATENCY", "policy": "b"}
    assert [each.judgement.word for each in by("policy", "b").compared] == ["IMPROVED", "IMPROVED"]
    assert not any("both sides" in note for note in found.notes)


@pytest.mark.parametrize("count", [1, 3])
def test_it_is_said_that_the_first_of_two_measurements_counts(folder, by, count):
    measured(folder, count)
    path = store.runs(folder)[-1]
    made = json.loads(path.read_text())
    made["benchmarks"][1]["extra_info"]["gate"] = [{"verdict": "FAIL", "measured_again": True}]
    path.write_text(json.dumps(made))
    (note,) = (note for note in by("policy").notes if "measured again" in note)
    which = "this run was" if count == 1 else "these runs: 1 of 3 runs was"
    assert note.startswith(f"{which} measured again in {GROUP}: AUTO-b: ")


def test_one_run_alone_settles_no_difference_of_a_quarter(folder, by):
    """On a busy machine first inferences of seven processes were 26 % apart in one run, and -5 % in the next."""
    measured(folder, 1, {**FACTORS, f"{GROUP}: AUTO-b": 0.74}, noise=0)
    assert [each.judgement.word for each in by("policy").compared] == ["INCONCLUSIVE", "INCONCLUSIVE"]


def test_todays_histories_can_be_compared_by_device_and_hint(folder, by):
    figures = {"latency: CPU-LATENCY": 1.0, "latency: AUTO-LATENCY": 1.1, "latency: AUTO-THROUGHPUT": 3.0}
    measured(folder, factors=figures, labels={}, schema=1)
    (each,) = by("device", "CPU").compared
    assert each.benchmark == "latency: LATENCY · device AUTO against CPU"
    assert each.judgement.change.ratio == pytest.approx(1.1, abs=0.02)
    assert any("nothing of another device beside them: latency: THROUGHPUT" in note for note in by("device").notes)
    (each,) = by("hint").compared
    assert each.benchmark == "latency: AUTO · hint THROUGHPUT against LATENCY"


def test_values_are_in_the_order_of_their_numbers(folder, by):
    labels = {f"{GROUP}: AUTO-{each}": {"requests": each, "hint": ""} for each in ("16", "2", "4")}
    measured(folder, factors=dict.fromkeys(labels, 1.0), labels=labels)
    assert [each.benchmark.rpartition(" · ")[2] for each in by("requests").compared] == [
        "requests 4 against 2",
        "requests 16 against 2",
    ]


def test_releases_that_stand_side_by_side_in_a_run_are_compared(folder, by):
    """One condition has a release of its own; it is another one in the newest runs, and never taken for the older."""
    key = "latency: AUTO"
    factors = {key: 1.0, f"{key}-old": 1.3}
    for begin, older in ((0, "2025.3.0"), (10, "2025.4.0-1-abc")):
        measured(folder, 5, factors, {f"{key}-old": {"openvino": older}, key: {"hint": ""}}, begin=begin)
    with pytest.raises(UserError, match=r"no run of .* has two benchmarks that differ in 'openvino' alone"):
        by("openvino")
    for begin, older in ((20, "2025.3.0"), (30, "2025.4.0-1-abc")):
        labels = {f"{key}-old": {"openvino": older, "hint": ""}, key: {"hint": ""}}
        measured(folder, 5, factors, labels, begin=begin)
    found = by("openvino", "2026.4.1")
    assert [(each.benchmark, each.runs[0]) for each in found.compared] == [
        ("latency: AUTO · openvino 2025.3.0 against 2026.4.1", 10),
        ("latency: AUTO · openvino 2025.4.0 against 2026.4.1", 10),
    ]
    assert found.compared[0].judgement.change.ratio == pytest.approx(1.3, abs=0.03)


def test_benchmarks_that_their_labels_do_not_tell_apart_are_left_out_by_name(folder, by):
    labels = {f"{GROUP}: one": {"policy": "a", "device": "AUTO"}, f"{GROUP}: two": {"policy": "a", "device": "AUTO"}}
    more = {f"{GROUP}: three": {"policy": "b", "device": "AUTO"}, "latency: AUTO": {"policy": "a"}}
    other = {"latency: AUTO-b": {"policy": "b", "device": "AUTO"}, "latency: CPU": {}}
    every = {key: {"hint": "", **each} for key, each in {**labels, **more, **other}.items()}
    measured(folder, factors=dict.fromkeys(every, 1.0), labels=every)
    found = by("policy")
    assert [each.benchmark for each in found.compared] == ["latency: AUTO · policy b against a"]
    assert f"left out, since their labels do not tell them apart: {GROUP}: AUTO · policy a" in found.notes
    assert "left out, since they have no policy: latency: CPU" in found.notes


def test_accepted_runs_count_and_a_level_that_changed_is_said(folder, by):
    measured(folder, 10)
    slow = f"{GROUP}: AUTO-b"
    measured(folder, 3, {**FACTORS, slow: 9.0}, benchmarks={slow: Standing.QUARANTINED}, begin=10)
    assert [each.runs for each in by("policy").compared] == [(10, 10), (13, 13)], "each benchmark stands for itself"
    assert by("policy", runs="machine=lab-01 standing=*").compared[0].runs == (13, 13)
    assert any("its one run is quarantined (" in note for note in by("policy", runs="run=12").notes)
    measured(folder, 10, {**FACTORS, f"{GROUP}: AUTO-b": 1.5}, begin=20)
    assert any(note.startswith("the ratio mixes levels in") and "run 14 (" in note for note in by("policy").notes)


def test_who_compares_two_policies_of_the_same_runs_is_told_how(folder, tmp_path):
    from autogauge.gate.comparison import compare

    measured(folder, 2)
    with contextlib.ExitStack() as stack:
        histories = Histories(stack, tmp_path / "history", tmp_path / "cache")
        with pytest.raises(
            UserError, match=r"no benchmark in common.*compare these runs by a label \(compare A --by=LABEL"
        ):
            compare(histories.select("policy=a"), histories.select("policy=b"), 0.05)
        save(tmp_path / "history" / "lab-02", {"latency: CPU": 0.01}, machine="lab-02")
        with pytest.raises(UserError, match=r"no benchmark in common.*compare runs of the same suite"):
            compare(histories.select("policy=a"), histories.select("machine=lab-02"), 0.05)


@pytest.mark.parametrize(
    ("key", "base", "runs", "says"),
    [
        ("polcy", "", "machine=lab-01", r"has a label 'polcy': choose one of device, hint, openvino, policy \(--by\)"),
        ("machine", "", "machine=lab-01", "has a label 'machine': choose one of device"),
        ("policy", "z", "machine=lab-01", r"has policy=z: choose one of a, b, c \(--by\)"),
        ("hint", "", "machine=lab-01", r"two benchmarks that differ in 'hint' alone \(there is LATENCY\)"),
        ("policy", "", "machine=lab-01 policy=a", r"differ in 'policy' alone \(there is a\)"),
        ("policy", "", "machine=other", "names no run"),
    ],
)
def test_what_cannot_be_compared_by_is_one_sentence(folder, by, key, base, runs, says):
    measured(folder, 2)
    with pytest.raises(UserError, match=says) as error:
        by(key, base, runs)
    assert "\n" not in str(error.value)


def test_on_the_command_line(folder, tmp_path):
    measured(folder)
    where = (f"--history={tmp_path / 'history'}", f"--cache={tmp_path / 'cache'}")
    done = CliRunner().invoke(app, ["compare", "lab-01/8", "--by=policy=a", "--json", *where])
    assert done.exit_code == 0, done.output
    found = json.loads(done.output)
    assert (found["by"], [each["labels"]["policy"] for each in found["benchmarks"]]) == ("policy", ["b", "c"])
    page = tmp_path / "page.html"
    done = CliRunner().invoke(app, ["compare", "machine=lab-01", "--by=policy", "--fail", f"--html={page}", *where])
    assert done.exit_code == 1
    assert "policy b against a" in " ".join(done.output.split())
    assert "policy b against a" in page.read_text()
    done = CliRunner().invoke(app, ["compare", "machine=lab-01", "--by=policy", "--markdown", *where])
    assert "within each run, by seconds" in done.output
    for more in ((), ("machine=lab-01", "--by=policy"), ("--by=",), ("--by==x",), ("machine=lab-01", "--by==x")):
        words = ("machine=lab-01", *more)
        done = CliRunner().invoke(app, ["compare", *words, *where])
        assert isinstance(done.exception, UserError)
        assert "name what A is compared with" in str(done.exception)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    """Runs that vary more than is expected of them, and less; by a fixed seed."""
    rng = np.random.default_rng(1)
    for spread in (0.005, 0.04, 0.10):
        for count in (3, 12):
            missed = sum(
                not found.low <= 1.1 <= found.high
                for _ in range(400)
                for found in [interval_of(1.1 * np.exp(rng.normal(0, spread, count)), 0.05)]
            )
            assert missed <= 400 * (0.30 if count == 3 and spread == 0.10 else 0.13), (spread, count, missed)


@for_all(lambda st: (st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=30), st.floats(1e-9, 0.4)))
def test_the_interval_of_any_ratios_is_one_around_their_level(ratios, error):
    found = interval_of(ratios, error)
    assert 0 <= found.low <= found.ratio <= found.high
    assert found.replicates == len(ratios)
    turned = interval_of([1 / each for each in ratios], error)
    assert math.log(turned.ratio) == pytest.approx(-math.log(found.ratio), abs=1e-9)
