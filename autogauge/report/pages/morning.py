"""What the morning's page of a lab says: of each machine its benchmarks, what became worse since when, and which machines are quiet.

Levels are ``gate.trends``'s, and whether a machine reports is ``history.reporting``'s. How it is drawn is left to ``morning_page``.
"""

from __future__ import annotations

import datetime
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from autogauge.gate.judgement import percent
from autogauge.gate.own_baseline import OwnBaselines
from autogauge.gate.trends import PresentLevel, Trend, until
from autogauge.gate.unjudged import Coverage, Looked, Unjudged, coverage, look
from autogauge.history import reporting
from autogauge.history.index_rows import ACCEPTED
from autogauge.history.indexed import IndexedRun, run_and_day
from autogauge.history.records import VERDICTS
from autogauge.history.remembered import Remembered
from autogauge.history.reporting import Reporting, span_in_words

FAILS, WORSE, OPEN, UNKNOWN, QUIET, PERHAPS, BETTER, FINE = range(8)
"""How bad a cell is, the worst first: worse and not accepted; worse and accepted; open; judged by nothing; no run for long; changed by what
may be chance; better; as before."""
ALIKE = 3
"""So many machines, or benchmarks, with the same change are one line."""
FAIL, PENDING, QUARANTINED = "FAIL", "pending", "quarantined"


@dataclass(frozen=True)
class Cell:
    """One benchmark of one model on one machine, by its newest run that is not dated in the future.

    ``change`` is that run's figure over its own baseline (``gate.own_baseline``; above 1: slower, or larger); ``None`` where there is none.
    ``since`` is its present level where that is news. ``state`` is ``stale`` or ``not reporting`` where this benchmark has no run for long,
    by its own usual gap where that is longer than the machine's; ``machine_is_late`` whether its whole machine has none. ``place`` is the
    trend's among all.
    """

    place: int
    trend: Trend
    last: IndexedRun
    verdict: str
    standing: str
    change: float | None
    since: PresentLevel | None
    state: str
    age_s: float | None
    machine_is_late: bool = False
    others: int = 0
    """How many more models and emulated GPUs it stands for, which report as it does: none of them is worse."""
    is_sure: bool = True
    """Whether so much speaks for its present level that it is hardly chance, as many trends as there are (``gate.trends``)."""
    gone: tuple[Cell, ...] = ()
    """Those of other models and emulated GPUs that have had no run for long, and that it is shown in place of."""
    unjudged: Unjudged | None = None
    """Why nothing judged its newest run; ``None`` where something did."""

    @property
    def reports(self) -> bool:
        """Whether it is measured as often as it should be, as far as anybody knows."""
        return self.state not in (reporting.STALE, reporting.SILENT)

    def called(self, *, model: bool) -> str:
        """The benchmark by its key; with its ``model``, where the machine measures several, and always with the emulated GPUs."""
        each = self.trend.identity
        more = ", ".join(filter(None, (each.model if model else "", each.emulated)))
        return f"{each.benchmark} ({more})" if more else each.benchmark

    @property
    def is_rejected(self) -> bool:
        """Whether a person said that its newest run does not count, so that nobody is asked about it again."""
        return self.unjudged is not None and self.unjudged.is_rejected

    @property
    def rank(self) -> int:
        """How bad it is."""
        if (self.since and self.since.worse and self.since.stretch.standing != ACCEPTED) or (
            self.verdict == FAIL and self.standing != ACCEPTED and not self.is_rejected
        ):
            return FAILS
        if self.since and self.since.worse and self.is_sure:
            return WORSE
        if self.standing != ACCEPTED:
            return OPEN
        if self.unjudged and not self.since:
            return UNKNOWN
        if not self.reports:
            return QUIET
        return (BETTER if self.is_sure else PERHAPS) if self.since else FINE

    @property
    def size(self) -> float:
        """By how much it is worse, as a ratio; what is most certain counts."""
        return self.since.ratio if self.since else self.change or 1.0

    @property
    def tags(self) -> tuple[str, ...]:
        """What it is found by on the page."""
        found = [
            ("fails", self.rank == FAILS),
            ("slower", self.rank in (FAILS, WORSE)),
            ("better", self.rank == BETTER),
            ("perhaps", self.rank == PERHAPS),
        ]
        found += [(QUARANTINED, self.standing == QUARANTINED), ("late", self.state != reporting.REPORTING)]
        found += [("unjudged", self.unjudged is not None)]
        return tuple(name for name, holds in found if holds)

    def said(self) -> str:
        """All of it in words, for whoever points at it."""
        release = self.trend.releases[-1]
        parts = [f"{self.trend.identity.benchmark} on {self.trend.identity.machine}"]
        parts += [self.trend.identity.model] if self.trend.identity.model else []
        parts += [self.trend.identity.emulated] if self.trend.identity.emulated else []
        parts.append(f"gate: {self.verdict or 'not judged'}, {self.standing}")
        parts += (
            [f"{percent(self.change)} against its own baseline"]
            if self.change is not None
            else ["no figure to compare with"]
        )
        parts += [self.unjudged.in_words()] if self.unjudged else []
        parts += [f"{self.since.words()}{'' if self.is_sure else ', which may be chance'}"] if self.since else []
        parts += [self.since.beside] if self.since and self.since.beside else []
        age = f", {span_in_words(self.age_s)} ago" if self.age_s is not None else ""
        parts.append(f"last in {run_and_day(self.last)}{age}{f', openvino {release}' if release else ''}")
        parts += [self.state] if self.state != reporting.REPORTING else []
        parts += [f"the worst of {self.others + 1} (models, or emulated GPUs) that report"] if self.others else []
        if self.gone:
            worst = min(self.gone, key=lambda each: each.rank)
            parts.append(f"{len(self.gone)} more had no run for long ({worst.called(model=True)}: {worst.briefly()})")
        return "; ".join(parts)

    def briefly(self) -> str:
        """The same in a few words: its level where that is news, and what the gate said."""
        return self.since.words() if self.since else f"gate: {self.verdict or 'not judged'}, {self.standing}"


@dataclass(frozen=True)
class Row:
    """A machine: whether it reports, and its benchmarks by name."""

    reporting: Reporting
    cells: Mapping[str, Cell] = field(default_factory=dict)
    every: tuple[Cell, ...] = ()
    """Also those of other models and emulated GPUs, as far as they report."""

    @property
    def several(self) -> bool:
        """Whether a benchmark alone does not tell what was measured: there are several models of one."""
        return any(cell.others or cell.gone for cell in self.cells.values())

    @property
    def machine(self) -> str:
        """Its name."""
        return self.reporting.machine

    @property
    def rank(self) -> tuple[int, float, str]:
        """What is worst comes first: what became worse, then machines that are quiet, then what is open."""
        best = [min((each.rank for each in self.cells.values()), default=FINE)]
        if (
            self.reporting.state in (reporting.SILENT, reporting.UNDATED)
            or self.reporting.newer
            or self.reporting.hiding
        ):
            best.append(WORSE)
        if self.reporting.is_late or self.reporting.unreadable:
            best.append(QUIET)
        worst = max((each.size for each in self.cells.values() if each.rank in (FAILS, WORSE)), default=0.0)
        return min(best), -worst, self.machine

    @property
    def tags(self) -> set[str]:
        """What it is found by on the page."""
        late = {"late"} if self.reporting.is_late or self.reporting.last is None else set()
        late |= set() if self.cells else {"unjudged"}
        return late.union(*(each.tags for each in self.cells.values()))


@dataclass(frozen=True)
class News:
    """Cells that became worse alike: one benchmark on several machines, or several benchmarks on one machine."""

    cells: tuple[Cell, ...]

    @property
    def rank(self) -> tuple[int, float]:
        """What is worst comes first: what is not accepted, then what is most, all machines and benchmarks together."""
        return min(each.rank for each in self.cells), -sum(math.log(each.size) for each in self.cells)


@dataclass(frozen=True)
class Morning:
    """A lab as it is at one moment: its machines, the worst first, and what became worse."""

    now: datetime.datetime
    rows: tuple[Row, ...]
    benchmarks: tuple[str, ...]
    news: tuple[News, ...]
    stale_after_days: float | None = None
    looked: tuple[Looked, ...] = ()

    @property
    def coverage(self) -> Coverage:
        """Of how many machines anything was judged, and why not of the others."""
        return coverage([row.machine for row in self.rows], self.looked)

    def coverage_of(self, machine: str) -> Coverage:
        """The same of that machine alone."""
        return coverage([machine], [each for each in self.looked if each.machine == machine])

    @property
    def perhaps(self) -> int:
        """How many cells changed so little that it may be chance."""
        return sum(cell.rank == PERHAPS for row in self.rows for cell in row.cells.values())

    @property
    def quiet(self) -> list[Reporting]:
        """The machines of which there is something to say beside their figures: the quiet ones, clocks ahead, runs not readable."""
        order = (reporting.SILENT, reporting.UNDATED, reporting.STALE, reporting.REPORTING)
        found = [each.reporting for each in self.rows]
        found = [each for each in found if each.is_late or each.last is None or each.ahead or each.unreadable]
        return sorted(found, key=lambda each: (order.index(each.state), -(each.age_s or 0), each.machine))


def morning_of(
    trends: Sequence[Trend],
    runs: Sequence[IndexedRun],
    heard_of: Iterable[IndexedRun],
    now: datetime.datetime,
    stale_after_days: float | None = None,
    remembered: Remembered | None = None,
) -> Morning:
    """What is to be seen in these trends (of ``runs``, as ``gate.trends.trends_of`` takes them) of the machines of ``heard_of``.

    Runs that are dated in the future say nothing of now: a trend is taken without them where it has others.
    """
    machines = reporting.machines(heard_of, now, stale_after_days)
    latest = now + datetime.timedelta(seconds=reporting.AHEAD_S)
    baselines = OwnBaselines(runs)
    now_trends = until(trends, runs, latest, remembered)
    looked = look(now_trends, runs, machines, now, stale_after_days)
    cells: dict[str, dict[str, list[Cell]]] = {machine: defaultdict(list) for machine in machines}
    for place, (trend, each) in enumerate(zip(now_trends, looked, strict=True)):
        identity = trend.identity
        since = baselines.news_level(trend, now)
        found = _cell(place, trend, runs, machines[identity.machine], since, each, baselines.change_of(trend))
        found = replace(found, is_sure=since is None or since.is_sure(len(trends)))
        cells[identity.machine][identity.benchmark].append(found)
    rows = sorted((_row(machines[machine], own) for machine, own in cells.items()), key=lambda row: row.rank)
    worse = [cell for row in rows for cell in row.every if cell.rank in (FAILS, WORSE)]
    names = sorted({name for row in rows for name in row.cells})
    return Morning(now, tuple(rows), tuple(names), tuple(news_of(worse)), stale_after_days, tuple(looked))


def _row(machine: Reporting, own: Mapping[str, Sequence[Cell]]) -> Row:
    """A machine with its benchmarks. Of several models the ones that still report are shown: what is measured no more hides nothing."""
    shown: dict[str, Cell] = {}
    every: list[Cell] = []
    for name, cells in sorted(own.items()):
        kept = [each for each in cells if each.reports] or list(cells)
        gone = tuple(each for each in cells if each not in kept)
        worst = min(kept, key=lambda each: (each.rank, -each.size))
        shown[name] = replace(worst, others=len(kept) - 1, gone=gone)
        every += [shown[name], *(each for each in kept if each is not worst)]
    return Row(machine, shown, tuple(every))


def news_of(cells: Sequence[Cell]) -> list[News]:
    """What became worse in as few lines as say it: the largest groups of what changed alike first, what is left by itself."""
    groups: dict[tuple[str, ...], list[Cell]] = defaultdict(list)
    for cell in cells:
        for key in _alike(cell):
            groups[key].append(cell)
    left = {cell.place for cell in cells}
    found = []
    for group in sorted(groups.values(), key=len, reverse=True):
        own = tuple(cell for cell in group if cell.place in left)
        if len(own) >= ALIKE:
            found.append(News(own))
            left -= {cell.place for cell in own}
    found += [News((cell,)) for cell in cells if cell.place in left]
    return sorted(found, key=lambda each: each.rank)


def _alike(cell: Cell) -> Iterator[tuple[str, ...]]:
    """The lines that a change may stand in: that of its benchmark with that release, and that of its machine since that run."""
    identity = cell.trend.identity
    how = "level" if cell.since else "newest"
    release = cell.since.release if cell.since else cell.trend.releases[-1]
    run = cell.since.since if cell.since else cell.last
    kind = (how, cell.trend.quantity.more, str(cell.rank))
    yield ("benchmark", identity.benchmark, identity.digest or identity.model, identity.emulated, release, *kind)
    yield ("machine", identity.machine, str(run.path), *kind)


def _cell(
    place: int,
    trend: Trend,
    runs: Sequence[IndexedRun],
    machine: Reporting,
    since: PresentLevel | None,
    looked: Looked,
    change: float | None,
) -> Cell:
    """A trend by its newest run. One whose machine's clock is ahead is as old as nobody knows."""
    verdict = trend.verdicts[-1] if trend.verdicts[-1] in VERDICTS else ""
    return Cell(
        place,
        trend,
        runs[trend.runs[-1]],
        verdict,
        trend.standings[-1],
        change,
        since,
        looked.state,
        looked.age_s,
        machine.is_late,
        unjudged=looked.unjudged,
    )
