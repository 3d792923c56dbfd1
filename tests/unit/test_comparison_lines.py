"""A line of a comparison by itself: its columns say what its verdict says, in every form; and each side says how its runs stand."""

import json
import math
import re

import pytest
from typer.testing import CliRunner

from autogauge.cli.main import app
from autogauge.history.standing_file import Standing
from autogauge.stats.prediction import level_of
from tests.histories import LATENCY, PER_FRAME, save, year

BOTH = ("lab-02/1", "lab-02/2")


@pytest.fixture
def compare(tmp_path):
    def printed(*words):
        where = (f"--history={tmp_path / 'history'}", f"--cache={tmp_path / 'cache'}")
        done = CliRunner().invoke(app, ["compare", *words, *where], env={"COLUMNS": "200"})
        assert done.exit_code == 0, done.output
        return done.output

    return printed


@pytest.fixture
def opposite(tmp_path):
    """Two runs, the second of which took less time, and twice as long as before beside the pinned workload."""
    folder = tmp_path / "history" / "lab-02"
    for days, (seconds, ratio, standing) in enumerate(
        ((0.0254, 2.0, Standing.QUARANTINED), (0.011, 4.0, Standing.PENDING))
    ):
        save(folder, {LATENCY: seconds}, ratios={LATENCY: ratio}, machine="lab-02", standing=standing, days=days)


def numbers(line):
    return [float(each) for each in re.findall(r"(?<![\w.])[-+]?\d+\.?\d*", line)]


@pytest.mark.usefixtures("opposite")
def test_what_is_judged_by_the_ratio_has_ratios_in_its_columns(compare, tmp_path):
    page = tmp_path / "page.html"
    text = compare(*BOTH, f"--html={page}")
    (line,) = (each for each in text.splitlines() if "FAIL" in each and LATENCY in each)
    assert numbers(line.partition("LATENCY")[2])[:3] == [2.0, 4.0, 100.0]
    assert "25.4, 11 (-56.7 %)" in line, "what it took stands beside it, with its own change"
    (heading,) = (each for each in text.splitlines() if "benchmark" in each)
    assert heading.split() == ["benchmark", "A/pinned", "B/pinned", "change", "interval", "ms", "runs"]
    assert "which are not what is judged" in " ".join(text.split())
    row = rf"\| ❌ FAIL \| {LATENCY} \| 2 \| 4 \| \+100\.0 % \| [^|]* \| 25\.4, 11 \(-56\.7 %\) \| 1, 1 \|"
    assert re.search(row, compare(*BOTH, "--markdown"))
    shown = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.read_text()))
    assert re.search(r"FAIL 2 4 \+100\.0 % [^a-z]* to [^a-z]* 25\.4, 11 \(-56\.7 %\) 1, 1", shown)
    assert "its seconds: -56.7 %" in shown


@pytest.mark.usefixtures("opposite")
def test_the_same_as_json_says_what_was_compared(compare):
    (each,) = json.loads(compare(*BOTH, "--json"))["benchmarks"]
    assert (each["compared"], each["compared_in"]) == ([2.0, 4.0], "ratios to the pinned workload")
    assert each["seconds"] == [0.0254, 0.011]
    assert each["notes"] == ["its seconds: -56.7 %"]


def test_sides_of_several_runs_say_their_seconds_too(compare, tmp_path):
    for slower, seconds, days in ((1.0, 0.02, 0), (1.3, 0.01, 20)):
        for run in range(6):
            wobble = 1 + 0.002 * run
            save(
                tmp_path / "history" / "lab-01",
                {LATENCY: seconds * wobble},
                ratios={LATENCY: slower * wobble},
                days=days + run,
            )
    (each,) = json.loads(compare("until=2026-01-10", "since=2026-01-11", "--json"))["benchmarks"]
    assert (each["verdict"], each["notes"]) == ("FAIL", ["its seconds: -50.0 %"])
    assert each["compared"][1] / each["compared"][0] == pytest.approx(each["ratio"])


def test_seconds_that_are_compared_are_the_levels_whose_quotient_is_the_change(compare, tmp_path):
    """Medians beside a change of trimmed means look like a mistake."""
    skewed = (1.0, 1.0, 1.0, 1.3, 1.3, 1.3, 1.01)
    for machine, factors in (("lab-01", skewed), ("lab-02", (1.02, 1.03, 1.01, 1.02, 1.03, 1.01))):
        for day, factor in enumerate(factors):
            save(tmp_path / "history" / machine, {LATENCY: 0.01 * factor}, machine=machine, days=day)
    sides = ("machine=lab-01", "machine=lab-02")
    (each,) = json.loads(compare(*sides, "--json"))["benchmarks"]
    assert each["compared_in"] == "seconds"
    assert each["compared"][1] / each["compared"][0] == pytest.approx(each["ratio"])
    assert each["compared"][0] == pytest.approx(math.exp(level_of([0.01 * factor for factor in skewed]).centre))
    (line,) = (each for each in compare(*sides).splitlines() if LATENCY in each)
    a, b, change = numbers(line.partition("LATENCY")[2])[:3]
    assert change == pytest.approx(100 * (b / a - 1), abs=0.1)


@pytest.mark.usefixtures("opposite")
def test_runs_that_are_named_say_how_they_stand_in_every_form(compare, tmp_path):
    said = [
        f"A: its one run is quarantined (slow) in {LATENCY}; compared all the same",
        f"B: its one run is pending (slow) in {LATENCY}; compared all the same",
    ]
    assert json.loads(compare(*BOTH, "--json"))["notes"] == said
    page = tmp_path / "page.html"
    text = compare(*BOTH, f"--html={page}")
    for each in said:
        assert each in text
        assert each in compare(*BOTH, "--markdown")
        assert each in page.read_text()


def test_of_runs_that_are_asked_for_whatever_their_standing_the_odd_ones_are_counted(compare, tmp_path):
    year(tmp_path / "history", runs=3)
    save(tmp_path / "history" / "lab-01", {LATENCY: 0.01}, standing=Standing.QUARANTINED, days=9)
    notes = json.loads(compare("machine=lab-01 standing=*", "lab-01/1", "--json"))["notes"]
    assert f"A: 1 of 4 runs are quarantined in {LATENCY}; compared all the same" in notes
    assert not any(note.startswith("B: ") for note in notes), "an accepted run needs no word"


def test_a_machine_that_mixes_levels_is_said_to_beside_another_machine(compare, tmp_path):
    year(tmp_path / "history", machine="lab-01", runs=13)
    year(tmp_path / "history", machine="lab-01", runs=7, slower=1.15, days=14)
    year(tmp_path / "history", machine="lab-02", runs=10)
    sides = ("machine=lab-01", "machine=lab-02")
    notes = json.loads(compare(*sides, "--json"))["notes"]
    assert any(
        note.startswith("A mixes levels in all 2 benchmarks") and "with run 14 (15 Jan 2026)" in note for note in notes
    )
    assert not any(note.startswith("B mixes levels") for note in notes)
    assert any(note.startswith("B mixes") for note in json.loads(compare(*reversed(sides), "--json"))["notes"])


def test_levels_of_seconds_alone_count_where_seconds_are_compared(compare, tmp_path):
    """The machine became slower as a whole: its ratios did not move, and its seconds are what another machine is compared with."""
    for day in range(20):
        wobble = 1 + 0.002 * (day * 7 % 5)
        seconds = 0.01 * wobble * (1.3 if day >= 10 else 1.0)
        save(tmp_path / "history" / "lab-01", {LATENCY: seconds}, ratios={LATENCY: wobble}, days=day)
    save(tmp_path / "history" / "lab-02", {LATENCY: 0.01}, machine="lab-02")
    notes = json.loads(compare("machine=lab-01", "machine=lab-02", "--json"))["notes"]
    assert any(note.startswith(f"A mixes levels in {LATENCY}") and "run 11 (" in note for note in notes)


def test_two_machines_on_one_side_are_no_two_levels(compare, tmp_path):
    year(tmp_path / "history", machine="old-01", runs=8)
    year(tmp_path / "history", machine="old-02", runs=8, slower=2.0, days=30)
    year(tmp_path / "history", machine="new", runs=8)
    notes = json.loads(compare("machine=old-*", "machine=new", "--json"))["notes"]
    assert not any("mixes levels" in note or "alternates" in note for note in notes), notes


@pytest.mark.parametrize("runs", [1, 6])
def test_the_last_lines_say_how_sure_it_is_and_from_where_on_it_counts(compare, tmp_path, runs):
    """Memory and AUTO's price take less of the error than a time, whichever line comes first: all together it is 1 %."""
    figures = {"AUTO's memory": 0.01, LATENCY: 0.01, PER_FRAME: 0.008}
    for machine in ("lab-01", "lab-02"):
        for day in range(runs):
            save(
                tmp_path / "history" / machine,
                {key: each * (1 + 0.001 * day) for key, each in figures.items()},
                machine=machine,
                days=day,
            )
    told = " ".join(compare("lab-01", "lab-02").split())
    assert "where nothing changed, at most 1 % of such comparisons fail in any of its lines" in told
    counts = "from +5.0 % on, since B is one run" if runs == 1 else "from +2.5 % on"
    assert f"a change counts {counts} " in f"{told} "
