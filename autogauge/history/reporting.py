"""Which machines still report: each one's last run, how often it usually measures, and whether it has been quiet for too long.

This is the one source of "stale" and "not reporting" for the morning's page and the alerts. What a run says is not looked at here.

The rule (:data:`RULE` puts it into words): a machine's usual gap is that between the days on which it measured, of the newest 30
gaps the longest but for one in ten (so weekends count, and several runs on one day are one day); it is taken as 7 days where it
has measured on fewer than four days. It is *stale* when its last run is older than twice that, and *not reporting* when it is older
than four times that. With ``--stale-after=DAYS`` it is stale after so many days, and not reporting after twice as many.

Ages are counted from ``now``, so a run that says that it was measured later than now (and an hour) tells no age: such a machine's clock is
ahead, and its runs from the future are named.
"""

from __future__ import annotations

import datetime
import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from autogauge.history.indexed import IndexedRun, run_and_day, run_and_moment
from autogauge.plain import counted

REPORTING, STALE, SILENT, UNDATED = "reporting", "stale", "not reporting", "no date"
"""What a machine is; ``UNDATED`` where none of its runs has a date that can be believed."""
GAPS, MOST_OF_THEM = 30, 0.9
FEWEST_DAYS, UNKNOWN_GAP_DAYS = 4, 7.0
STALE_GAPS, SILENT_TIMES = 2.0, 2.0
AHEAD_S = 3600.0
"""By how much a run may lie in the future: clocks differ, and a run is dated when it begins."""
DAY_S = 86_400.0
RULE = (
    "A machine is stale when its last run is older than twice its usual gap between days with runs, and not reporting when it is older "
    "than four times that. The usual gap is taken as a week where it has measured on fewer than four days."
)


def rule_in_words(stale_after_days: float | None = None) -> str:
    """The rule that counts, for whoever reads the page."""
    if stale_after_days is None:
        return f"{RULE} Another rule: --stale-after=DAYS."
    return (
        f"A machine is stale when its last run is older than {stale_after_days:g} days, and not reporting when it is older than "
        f"{SILENT_TIMES * stale_after_days:g} days (--stale-after)."
    )


@dataclass(frozen=True)
class Reporting:
    """A machine of the history and when it was last heard of.

    ``last`` is its newest run whose date is not in the future, ``age_s`` how long ago that was; ``None`` where there is none. ``ahead`` are
    the runs that lie in the future, ``unreadable`` those that cannot be read, ``newer`` among them those that only a newer autogauge can.
    ``gap_s`` is the usual gap, ``None`` where it is not known yet. ``hiding`` are those ``ahead`` after which, by their numbers, none
    came with a date to believe: a clock that was set since hides nothing.
    """

    machine: str
    state: str
    last: IndexedRun | None
    age_s: float | None
    gap_s: float | None
    stale_after_s: float
    runs: int
    ahead: tuple[IndexedRun, ...] = ()
    unreadable: tuple[IndexedRun, ...] = ()
    hiding: tuple[IndexedRun, ...] = ()

    @property
    def newer(self) -> tuple[IndexedRun, ...]:
        """The runs that a newer autogauge saved, which this one cannot read."""
        return tuple(run for run in self.unreadable if run.newer)

    @property
    def is_late(self) -> bool:
        """Whether it should have been heard of since: stale, or not reporting."""
        return self.state in (STALE, SILENT)

    @property
    def is_unclear(self) -> bool:
        """Whether nobody can tell from its runs' dates if it still reports: none can be believed, or the newest lie in the future."""
        return self.last is None or bool(self.hiding)

    def clock_words(self) -> str:
        """What is wrong with its runs' dates, in words; empty for nothing."""
        if not self.ahead:
            return "none of its runs has a date that can be believed" if self.last is None else ""
        some = f"{counted(len(self.ahead), 'run')} in the future, the newest {run_and_moment(self.ahead[-1])}"
        return f"its clock is ahead: {some}" if self.hiding else f"its clock was ahead: {some}, and later ones are not"

    def words(self) -> str:
        """Its state in words: ``not reporting: last run 41 (3 Nov 2026), 23 days ago (usually every day)``."""
        if self.last is None or self.last.when is None or self.age_s is None:
            return f"{self.state}: none of its runs has a date that can be believed"
        usual = "" if self.gap_s is None else f" (usually every {span_in_words(self.gap_s, every=True)})"
        return f"{self.state}: last {run_and_day(self.last)}, {span_in_words(self.age_s)} ago{usual}"


def machines(
    runs: Iterable[IndexedRun], now: datetime.datetime, stale_after_days: float | None = None
) -> dict[str, Reporting]:
    """Every machine that has a run here, by name, in the order of names; also those whose runs cannot be read.

    A run that cannot be read counts for the machine of its folder (the name that others there have, else the folder's); where it
    says when it was measured, it counts for the machine's age too: the machine does report. ``now`` has a time zone.
    """
    every = list(runs)
    by_machine: dict[str, list[IndexedRun]] = defaultdict(list)
    for machine, run in zip(names_of(every), every, strict=True):
        by_machine[machine].append(run)
    return {machine: _reporting(machine, own, now, stale_after_days) for machine, own in sorted(by_machine.items())}


def names_of(runs: Sequence[IndexedRun]) -> list[str]:
    """For which machine each run counts: its own; of one that cannot be read that of its folder's others, else the folder's name."""
    if all(run.machine for run in runs):  # nearly always, and paths are slow to compare
        return [run.machine for run in runs]
    of_folder = {run.path.parent: run.machine for run in runs if run.machine}
    return [
        run.machine or ("" if run.readable else of_folder.get(run.path.parent, run.path.parent.name)) for run in runs
    ]


def state_at(age_s: float, stale_after_s: float) -> str:
    """What something is whose last run is so old."""
    if age_s <= stale_after_s:
        return REPORTING
    return STALE if age_s <= SILENT_TIMES * stale_after_s else SILENT


def of_benchmark(
    runs: Sequence[IndexedRun], machine: Reporting, now: datetime.datetime, stale_after_days: float | None = None
) -> tuple[str, float | None]:
    """What a benchmark of a machine is by its runs, the newest last, and how old that one is (s), ``None`` where its clock is ahead.

    One that is measured more seldom than its machine (a weekly model of a nightly one) has a usual gap of its own.
    """
    when = runs[-1].when
    age_s = (now - when).total_seconds() if when else None
    if age_s is None or age_s < -AHEAD_S:
        return UNDATED, None
    age_s = max(0.0, age_s)
    state = state_at(age_s, machine.stale_after_s)
    if state != REPORTING and stale_after_days is None:
        own_gap_s = usual_gap_s([run.when for run in runs if run.when]) or 0.0
        state = state_at(age_s, max(machine.stale_after_s, STALE_GAPS * own_gap_s))
    return state, age_s


def usual_gap_s(moments: Sequence[datetime.datetime]) -> float | None:
    """How long it usually is from one day with runs to the next, in seconds; ``None`` where there are too few such days."""
    days = sorted({moment.date().toordinal() for moment in moments})
    if len(days) < FEWEST_DAYS:
        return None
    gaps = sorted(later - earlier for earlier, later in itertools.pairwise(days[-GAPS - 1 :]))
    return DAY_S * gaps[math.ceil(MOST_OF_THEM * len(gaps)) - 1]


def span_in_words(seconds: float, *, every: bool = False) -> str:
    """A span as one says it: ``5 hours``, ``1 day``, ``23 days``; with ``every``: ``day``, ``3 days``."""
    hours = seconds / 3600
    count, unit = (hours / 24, "day") if hours >= 24 else (hours, "hour")
    whole = int(count)
    if whole < 1:
        return "less than an hour"
    if whole == 1:
        return unit if every else f"1 {unit}"
    return f"{whole} {unit}s"


def _reporting(machine: str, runs: Sequence[IndexedRun], now: datetime.datetime, days: float | None) -> Reporting:
    latest = now + datetime.timedelta(seconds=AHEAD_S)
    dated = sorted((run for run in runs if run.when), key=lambda run: (run.when, run.number))
    ahead = tuple(run for run in dated if run.when and run.when > latest)
    past = [run for run in dated if run.when and run.when <= latest]
    gap_s = usual_gap_s([run.when for run in past if run.when])
    stale_after_s = (
        DAY_S * days if days is not None else STALE_GAPS * (DAY_S * UNKNOWN_GAP_DAYS if gap_s is None else gap_s)
    )
    last = past[-1] if past else None
    age_s = max(0.0, (now - last.when).total_seconds()) if last and last.when else None
    state = UNDATED if age_s is None else state_at(age_s, stale_after_s)
    unreadable = tuple(run for run in runs if not run.readable)
    newest = {run.path.parent: run.number for run in past}
    hiding = tuple(run for run in ahead if run.number > newest.get(run.path.parent, -1))
    return Reporting(machine, state, last, age_s, gap_s, stale_after_s, len(runs), ahead, unreadable, hiding)
