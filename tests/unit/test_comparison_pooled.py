"""Two releases over a lab's machines: one line a benchmark, machines as the sample; machines by their bare names; --only=changed."""

import dataclasses
import json
import math
import re

import numpy as np
import pytest
from typer.testing import CliRunner

from autogauge.cli.main import app
from autogauge.gate.compared import BY_RATIO, Compared
from autogauge.gate.comparison import Comparison
from autogauge.gate.comparison_pooled import _badness_of_all, _line, pooled
from autogauge.gate.gate import FAMILY_ERROR
from autogauge.gate.judgement import Judgement, Way
from autogauge.gate.past import LEAST_MIB, Rule
from autogauge.measuring.quantity import MEMORY, TIME
from autogauge.stats.intervals import Interval
from autogauge.stats.verdicts import Outcome
from tests.histories import LATENCY, PER_FRAME
from tests.labs import machine

RELEASES = ("openvino=2026.3", "openvino=2026.4")


def compare(tmp_path, *words, status=0):
    where = (f"--history={tmp_path / 'history'}", f"--cache={tmp_path / 'cache'}")
    done = CliRunner().invoke(app, ["compare", *words, *where], env={"COLUMNS": "200"})
    assert done.exit_code == status, done.output
    return done.output


def lab(tmp_path, machines, slower, runs=12, **others):
    """So many machines, whose second half of runs (another release) is slower by what ``slower`` says of the machine's number."""
    for number in range(1, machines + 1):
        factor = slower(number)
        machine(
            tmp_path / "history",
            f"lab-{number:02d}",
            runs,
            slower=lambda key, run, by=factor: by if run > runs // 2 else 1.0,
            **others,
        )


def test_a_release_that_slows_every_machine_is_one_line_above_theirs(tmp_path):
    lab(tmp_path, 6, lambda number: 1.06, figures=(LATENCY, PER_FRAME))
    found = json.loads(compare(tmp_path, *RELEASES, "--json"))
    assert {each["benchmark"] for each in found["over_machines"]} == {LATENCY, PER_FRAME}
    for each in found["over_machines"]:
        assert (each["verdict"], each["machines"], each["verdicts"]) == ("FAIL", 6, {"FAIL": 6})
        assert each["ci"][0] < 1.06 < each["ci"][1]
        assert each["replicates"] == 6
        assert each["confidence"] == pytest.approx(1 - 2 * FAMILY_ERROR / 2), "the error is of both lines together"
        assert each["floor"] == pytest.approx(1.025), "half of the smallest change"
    text = compare(tmp_path, *RELEASES)
    assert re.search(rf"FAIL +{LATENCY} +\+[56]\.\d % .* 6: 6 FAIL +lab-0\d", text), text
    assert text.index("over all machines") < text.index("lab-01 · googlenet")
    assert "machines are the sample, each counts once" in text


def test_one_slow_machine_among_many_is_named_counted_and_first(tmp_path):
    lab(tmp_path, 12, lambda number: 1.1 if number == 7 else 1.0)
    found = json.loads(compare(tmp_path, *RELEASES, "--json"))
    (line,) = found["over_machines"]
    assert line["verdict"] == "PASS"
    assert line["verdicts"] == {"FAIL": 1, "PASS": 11}
    assert line["furthest"]["machine"] == "lab-07"
    assert found["benchmarks"][0]["machine"] == "lab-07"
    ratios = [each["ratio"] for each in found["benchmarks"]]
    assert ratios == sorted(ratios, reverse=True)
    assert "12: 1 FAIL, 11 PASS" in compare(tmp_path, *RELEASES, "--fail", status=1)
    markdown = compare(tmp_path, *RELEASES, "--markdown")
    assert re.search(r"PASS \| latency.*\| 12: 1 FAIL, 11 PASS \| lab-07 \+\d+\.\d % \|", markdown)


def test_each_machine_counts_once_however_many_runs_it_has(tmp_path):
    for name, runs, by in (("lab-01", 60, 1.0), ("lab-02", 8, 1.08), ("lab-03", 8, 1.08)):
        machine(tmp_path / "history", name, runs, slower=lambda key, run, n=runs, f=by: f if run > n // 2 else 1.0)
    (line,) = json.loads(compare(tmp_path, *RELEASES, "--json"))["over_machines"]
    assert line["ratio"] == pytest.approx(1.08 ** (2 / 3), abs=0.005)


def test_only_what_changed_is_shown_and_what_is_left_out_is_counted(tmp_path):
    lab(tmp_path, 5, lambda number: {2: 1.1, 4: 0.9}.get(number, 1.0))
    found = json.loads(compare(tmp_path, *RELEASES, "--only=changed", "--json"))
    assert [(each["machine"], each["verdict"]) for each in found["benchmarks"]] == [
        ("lab-02", "FAIL"),
        ("lab-04", "IMPROVED"),
    ]
    assert found["left_out"] == 3
    text = compare(tmp_path, *RELEASES, "--only=changed")
    assert "3 lines without a change left out (--only=changed)" in text
    assert "lab-01 ·" not in text
    page = tmp_path / "it.html"
    compare(tmp_path, *RELEASES, "--only=changed", f"--html={page}")
    assert "Over all machines" in page.read_text()
    assert "lab-01 ·" not in page.read_text()
    done = CliRunner().invoke(app, ["compare", "a", "b", "--only=best"])
    assert "is none of the two that there are: changed, all" in str(done.exception)


def test_of_very_many_lines_the_worst_are_printed_and_the_rest_counted(tmp_path, monkeypatch):
    monkeypatch.setattr("autogauge.gate.comparison.MOST_PRINTED", 2)
    lab(tmp_path, 5, lambda number: 1.1 if number == 3 else 1.0)
    text = compare(tmp_path, *RELEASES)
    assert "and 3 more lines: 3 PASS (--only=all prints them all" in text
    assert "FAIL  latency: AUTO-LATENCY · lab-03" in text
    assert compare(tmp_path, *RELEASES, "--only=all").count(" · lab-0") == 5
    assert "and 3 more lines: 3 PASS" in compare(tmp_path, *RELEASES, "--markdown")


def test_machines_are_named_by_their_bare_names(tmp_path):
    lab(tmp_path, 2, lambda number: 1.0)
    machine(tmp_path / "history", "folder", machine="runner")
    found = json.loads(compare(tmp_path, "lab-01", "lab-02", "--json"))
    assert [[path.split("/")[-2] for path in found[side]["runs"]] for side in ("a", "b")] == [
        ["lab-01"] * 12,
        ["lab-02"] * 12,
    ]
    assert found["over_machines"] == [], "two machines are not one lab"
    (each,) = json.loads(compare(tmp_path, "folder openvino=2026.3", "folder openvino=2026.4", "--json"))["benchmarks"]
    assert each["runs"] == [6, 6]
    assert each["machine"] == "folder", "which says of itself that it was measured as runner"
    done = CliRunner().invoke(app, ["compare", "lab-01", "runner", f"--history={tmp_path / 'history'}"])
    assert "there is no 'runner': name a saved run, a machine of" in str(done.exception)
    done = CliRunner().invoke(app, ["compare", "lab-01", "lab-99", f"--history={tmp_path / 'history'}"])
    assert "there is no 'lab-99': name a saved run, a machine of" in str(done.exception)
    assert "(there is folder, lab-01, lab-02)" in str(done.exception)


def test_one_machine_is_compared_as_ever(tmp_path):
    lab(tmp_path, 1, lambda number: 1.1, figures=(PER_FRAME, LATENCY))
    found = json.loads(compare(tmp_path, *RELEASES, "--json"))
    assert found["over_machines"] == []
    assert [each["benchmark"] for each in found["benchmarks"]] == sorted((LATENCY, PER_FRAME))


def without_a_pinned_workload(history, name):
    """That machine's runs have seconds alone."""
    for path in (history / name).glob("*.json"):
        document = json.loads(path.read_text())
        for each in document["benchmarks"]:
            del each["extra_info"]["against_reference"]
        path.write_text(json.dumps(document))


def test_machines_that_are_judged_by_different_figures_are_different_lines_and_that_is_said(tmp_path):
    lab(tmp_path, 5, lambda number: 1.0, figures=(LATENCY, PER_FRAME))
    for name in ("lab-04", "lab-05"):
        without_a_pinned_workload(tmp_path / "history", name)
    found = json.loads(compare(tmp_path, *RELEASES, "--json"))
    counts = sorted((each["benchmark"], each["basis"], each["machines"]) for each in found["over_machines"])
    ratio, alone = BY_RATIO, "by seconds"
    assert counts == sorted((key, *each) for key in (LATENCY, PER_FRAME) for each in ((ratio, 3), (alone, 2)))
    said = (
        f"in the lines over all machines there is one by seconds (lab-04, lab-05) and one {BY_RATIO} (lab-01, lab-02, lab-03), "
        f"since not all have a ratio to one pinned workload: {LATENCY}, {PER_FRAME}"
    )
    assert found["notes"].count(said) == 1
    page = tmp_path / "it.html"
    for shown in (
        compare(tmp_path, *RELEASES),
        compare(tmp_path, *RELEASES, "--markdown"),
        compare(tmp_path, *RELEASES, f"--html={page}") and page.read_text(),
    ):
        assert re.search(r"3 by ratio: .*", shown)
        assert re.search(r"2 by seconds: .*", shown)


@pytest.mark.parametrize("machines", [2, 4])
def test_a_machine_that_is_in_no_line_over_machines_is_named(tmp_path, machines):
    lab(tmp_path, machines, lambda number: 1.0)
    last = f"lab-{machines:02d}"
    without_a_pinned_workload(tmp_path / "history", last)
    found = json.loads(compare(tmp_path, *RELEASES, "--json"))
    assert [each["machines"] for each in found["over_machines"]] == ([] if machines == 2 else [3])
    said = f"{last} is left out, since no other machine is judged by seconds: {LATENCY}"
    assert any(said in note for note in found["notes"]), found["notes"]
    assert ": 3 PASS" in compare(tmp_path, *RELEASES) or machines == 2
    lab(tmp_path, 4, lambda number: 1.0)
    found = json.loads(compare(tmp_path, *RELEASES, "--json"))
    assert not any("over all machines" in note for note in found["notes"]), "nothing to say where all are alike"


@pytest.mark.parametrize(("machines", "between"), [(3, 0.01), (10, 0.02), (40, 0.03)])
def test_the_interval_over_machines_holds_as_often_as_it_says(machines, between):
    rng = np.random.default_rng(machines)
    rule = Rule(0.05, 1.025, 1.05)
    wrong = 0
    for _ in range(400):
        ratios = np.exp(rng.normal(math.log(1.03), between, machines)).tolist()
        interval = _line(
            ("it", "fps", "", BY_RATIO), [of(ratio, place) for place, ratio in enumerate(ratios)], rule, varied=False
        )
        wrong += not interval.judgement.change.holds(1.03)
    assert wrong <= 60, "one in ten is what it says; 60 of 400 would be a chance of one in a thousand"


def of(ratio, place, outcome=Outcome.PASS, level=1.0):
    change = Interval(ratio, ratio, ratio, 0.99, 5)
    judgement = Judgement("it", Way.HISTORY, "A", outcome, change, 1.025)
    return Compared("it", "fps", "", judgement, BY_RATIO, (5, 5), (level, level * ratio), machine=f"lab-{place}")


def line(*own, metric="fps", basis=BY_RATIO, quantity=TIME):
    return _line(("it", metric, "", basis), own, Rule(0.05, 1.025, 1.05, quantity), varied=False)


def test_a_line_with_a_machine_that_fails_comes_before_a_larger_change_without():
    fails = line(*(of(1.0, place) for place in range(5)), of(1.1, 5, Outcome.FAIL))
    none = line(*(of(1.01, place) for place in range(6)))
    assert fails.judgement.word == none.judgement.word == "PASS"
    assert fails.judgement.change.ratio < none.judgement.change.ratio
    assert sorted([none, fails], key=_badness_of_all) == [fails, none]


def test_seconds_vary_more_between_machines_than_ratios_and_that_is_expected_of_few():
    own = [of(ratio, place) for place, ratio in enumerate((1.0, 1.001, 0.999))]
    ratio, alone = (line(*own, basis=basis).judgement.change for basis in (BY_RATIO, "by seconds"))
    assert math.log(alone.high / alone.low) > 2 * math.log(ratio.high / ratio.low)


def test_of_little_memory_a_change_counts_from_some_mib_on():
    own = [of(1.0, place, level=10.0) for place in range(3)]
    small = line(*own, metric="steady_bytes", quantity=MEMORY)
    assert small.judgement.floor == 1 + LEAST_MIB / 10


def test_one_machine_with_two_lines_is_not_several_machines():
    compared = (of(1.0, 1), of(1.1, 1))
    found = pooled(Comparison(None, None, compared, (), (), ()), 0.05)
    assert found.pooled == ()
    assert len(pooled(dataclasses.replace(found, compared=(*compared, of(1.0, 2))), 0.05).pooled) == 1
