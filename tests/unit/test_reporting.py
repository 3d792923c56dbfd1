"""Which machines still report: by their own rhythm or by a number of days; clocks that are ahead; runs of a newer autogauge."""

import contextlib
import dataclasses
import datetime
import json
from collections import Counter
from pathlib import Path

import pytest

from autogauge.gate.trends import Identity, Stretch, Trend, in_order_of_time, present_level, present_stretch, trends_of
from autogauge.history import reporting
from autogauge.history.indexed import IndexedRun
from autogauge.history.select import Histories
from autogauge.history.where import Where
from tests.cases import each_of
from tests.histories import LATENCY, PER_FRAME, save, year
from tests.properties import for_all

NOW = datetime.datetime(2026, 11, 26, 9, tzinfo=datetime.timezone.utc)
DAY = datetime.timedelta(days=1)


def run_dated(when, number, machine):
    """A run of which nothing but its date is asked."""
    path = Path(f"history/{machine}/{number:04d}_run.json")
    return IndexedRun(number, path, number, when, machine, *[""] * 9, foreign=False, verdict="", benchmarks=1)


def of(*days_ago, stale_after=None, machine="lab-01"):
    """What a machine is whose runs are so many days old."""
    runs = [run_dated(NOW - each * DAY, number, machine) for number, each in enumerate(days_ago, 1)]
    return reporting.machines(runs, NOW, stale_after)[machine]


@pytest.mark.parametrize(
    ("days_ago", "state"),
    [
        (range(20, 0, -1), reporting.REPORTING),
        (range(21, 1, -1), reporting.REPORTING),
        (range(22, 2, -1), reporting.STALE),
        (range(24, 4, -1), reporting.SILENT),
        ([7 * week for week in range(8, 0, -1)], reporting.REPORTING),
        ([2 + 7 * week for week in range(8, 1, -1)], reporting.STALE),
        ([day for day in range(40, 3, -1) if day % 7 not in (5, 6)], reporting.REPORTING),
        ([3], reporting.REPORTING),
        ([15], reporting.STALE),
        ([29], reporting.SILENT),
        ([9.2, 9.1, 9], reporting.REPORTING),
    ],
    ids=[
        *("nightly", "a night left out", "stale", "silent", "weekly", "two weeks", "not at weekends"),
        *("one run", "one run, two weeks ago", "one run, a month ago", "three of one day"),
    ],
)
def test_a_machines_own_rhythm_says_when_it_is_overdue(days_ago, state):
    assert of(*days_ago).state == state


def test_several_runs_on_one_day_are_no_rhythm_of_minutes():
    found = of(*(day - hour / 24 for day in range(10, 1, -1) for hour in range(6)))
    assert (found.state, found.gap_s) == (reporting.REPORTING, 86_400)


def test_its_rhythm_is_that_of_its_newest_runs():
    weekly, nightly = range(600, 40, -7), range(40, 0, -1)
    assert of(*weekly, *nightly).gap_s == 86_400
    assert of(*(day + 600 for day in nightly), *weekly).gap_s == 7 * 86_400


def test_its_last_run_is_the_newest_by_its_date_whatever_the_numbers_are():
    found = of(5, 4, 3, 9, 8)
    assert (found.last.number, found.age_s) == (3, 3 * 86_400)


def test_a_number_of_days_is_the_rule_where_one_is_given():
    assert [of(each, stale_after=3).state for each in (2.9, 3.1, 5.9, 6.1)] == [
        *(reporting.REPORTING, reporting.STALE, reporting.STALE, reporting.SILENT)
    ]
    assert "older than 3 days, and not reporting when it is older than 6 days" in reporting.rule_in_words(3)


def test_its_words_say_when_it_was_last_heard_of():
    assert of(*range(30, 9, -1)).words() == "not reporting: last run 21 (16 Nov 2026), 10 days ago (usually every day)"


def test_a_run_from_the_future_is_named_and_is_no_sign_of_life():
    found = of(*range(30, 9, -1), -400)
    assert [run.number for run in found.ahead] == [22]
    assert (found.state, found.last and found.last.number) == (reporting.SILENT, 21)
    assert of(-2).state == reporting.UNDATED
    assert not of(-0.03).ahead, "clocks may differ by an hour"


def test_a_clock_that_was_set_since_hides_nothing():
    """One run of a year from now, and every night's since: it reports, and that is clear."""
    found = of(10, 9, -400, *range(7, 0, -1))
    assert ([run.number for run in found.ahead], found.hiding, found.is_unclear) == ([3], (), False)
    assert found.clock_words().startswith("its clock was ahead: 1 run in the future, the newest run 3 (")
    again = of(10, 9, -400, *range(7, 0, -1), -1)
    assert ([run.number for run in again.hiding], again.is_unclear) == ([11], True)
    assert again.clock_words().startswith("its clock is ahead: 2 runs in the future")


def test_whether_a_clock_was_set_since_is_asked_of_the_folder_whose_numbers_these_are():
    runs = [run_dated(NOW + 400 * DAY, 7, "old-name"), run_dated(NOW - DAY, 9, "lab-01")]
    runs = [dataclasses.replace(run, machine="lab-01") for run in runs]
    assert reporting.machines(runs, NOW)["lab-01"].is_unclear
    runs.append(dataclasses.replace(run_dated(NOW - 2 * DAY, 8, "old-name"), machine="lab-01"))
    assert not reporting.machines(runs, NOW)["lab-01"].is_unclear


@for_all(lambda st: (st.lists(st.floats(-10, 1000), max_size=50), st.one_of(st.none(), st.floats(0.01, 100))))
def test_every_machine_is_something_and_what_ran_just_now_reports(days_ago, stale_after):
    runs = [run_dated(NOW - each * DAY, number, "lab-01") for number, each in enumerate(days_ago, 1)]
    quiet = run_dated(None, 1, "lab-02")
    found = reporting.machines([*runs, quiet], NOW, stale_after)
    assert set(found) == ({"lab-01"} if runs else set()) | {"lab-02"}
    assert found["lab-02"].state == reporting.UNDATED
    assert sum(each.runs for each in found.values()) == len(runs) + 1
    alive = reporting.machines([*runs, run_dated(NOW, 99, "lab-01")], NOW, stale_after)["lab-01"]
    assert alive.state == reporting.REPORTING


def test_a_machine_whose_runs_a_newer_autogauge_saved_reports_and_they_are_counted(tmp_path):
    year(tmp_path / "history", machine="lab-01", runs=5)
    for folder, days in (("lab-01", 5), ("lab-02", 3)):
        path = save(tmp_path / "history" / folder, {LATENCY: 0.01}, machine=folder, days=days)
        document = json.loads(path.read_text())
        document["autogauge"]["schema"] = 99
        path.write_text(json.dumps(document))
    (tmp_path / "history" / "lab-01" / "0099_half.json").write_text('{"benchmarks": [')
    with contextlib.ExitStack() as stack:
        found = Histories(stack, tmp_path / "history", tmp_path / "cache").all(Where())
        now = datetime.datetime(2026, 1, 7, tzinfo=datetime.timezone.utc)
        machines = reporting.machines([*found.runs, *found.unreadable], now)
        assert {name: (each.state, len(each.newer), len(each.unreadable)) for name, each in machines.items()} == {
            "lab-01": (reporting.REPORTING, 1, 2),
            "lab-02": (reporting.REPORTING, 1, 1),
        }
        assert machines["lab-01"].last.number == 6


def at_levels(*levels):
    """A trend at these levels, ten runs each, and whether somebody accepted a run of it."""
    trend, before = Trend(Identity("lab-01", "m", "f" * 16, LATENCY, "FIL")), None
    for place, (level, *standings) in enumerate(levels):
        counted = Counter({each: 10 // len(standings) for each in standings})
        ratio = level / before if before else None
        trend.stretches += (Stretch(10 * place, 10 * place + 9, level, ratio, counted, standings[-1]),)
        before = level
    return trend


@each_of(
    ("levels", "ratio", "first"),
    [
        ([(1.0, "accepted"), (1.2, "quarantined"), (1.1, "quarantined")], 1.1, 10),
        ([(1.0, "accepted"), (1.2, "quarantined"), (1.3, "quarantined")], 1.3, 20),
        ([(1.0, "accepted"), (1.2, "quarantined"), (1.0, "accepted")], None, None),
        ([(1.0, "accepted"), (1.2, "quarantined", "accepted"), (1.3, "quarantined")], 1.3 / 1.2, 20),
        ([(1.0, "quarantined"), (1.2, "quarantined"), (1.32, "quarantined")], 1.1, 20),
        ([(1.0, "accepted"), (0.8, "quarantined"), (0.9, "quarantined")], 0.9, 10),
        ([(1.0, "accepted")], None, None),
        ([], None, None),
    ],
)
def test_the_present_level_is_told_from_the_last_one_that_somebody_accepted(levels, ratio, first):
    found = present_stretch(at_levels(*levels))
    if ratio is None:
        assert found is None
        return
    assert (found.ratio, found.first, found.last) == (pytest.approx(ratio), first, 10 * len(levels) - 1)
    assert sum(found.standings.values()) == found.last - found.first + 1


def test_the_present_level_says_since_which_run(tmp_path):
    year(tmp_path / "history", runs=20, openvino="2026.3.0")
    year(tmp_path / "history", runs=8, slower=1.06, days=25)
    with contextlib.ExitStack() as stack:
        found = Histories(stack, tmp_path / "history", tmp_path / "cache").all(Where())
        runs = in_order_of_time(found.runs)
        levels = {each.identity.benchmark: present_level(each, runs) for each in trends_of(found.figures(), runs)}
    assert set(levels) == {LATENCY, PER_FRAME}
    for level in levels.values():
        assert level.worse
        assert level.since.number == 21
        assert level.stretch.standing == "accepted"
        assert level.words() == "slower by 6.0 % since run 21 (26 Jan 2026), openvino 2026.4.1"
