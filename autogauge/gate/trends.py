"""The trends of a history: each benchmark over a machine's runs, its levels, and since which run it is at the present one.

This is the one source of "since when": the pages draw it (``report.pages.trends`` has their words), the morning's page asks
:func:`present_level` and the alerts :func:`present_stretch`. Figures come from the indexes (``history.select``); whether a machine still
reports is ``history.reporting``'s.
"""

from __future__ import annotations

import datetime
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from autogauge.gate import levels
from autogauge.gate.beside import beside
from autogauge.gate.judgement import percent
from autogauge.history.index_rows import ACCEPTED
from autogauge.history.indexed import IndexedRun, Series, labels_of, run_and_day
from autogauge.history.labels import Labels
from autogauge.history.remembered import Remembered
from autogauge.history.standing_file import Standing
from autogauge.history.told_apart import Models
from autogauge.measuring.quantity import Quantity, quantity_of
from autogauge.plain import counted
from autogauge.stats.change_points import SHORTEST, SMALLEST, Levels, evidence_of
from autogauge.stats.patterns import Pattern

NEWS_DAYS, DAY_S = 30, 86_400.0
"""A change of level whose runs are accepted is news for so many days; one that is quarantined stays news."""
BY_CHANCE = 0.05
"""Changes of level that chance makes in a lab of noise alone, at most, on average: in a thousand trends it makes some, small ones."""


@dataclass(frozen=True)
class Identity:
    """What makes a trend one: the same benchmark of the same model (by its digest; ``model`` is what it is called) on the same machine."""

    machine: str
    model: str
    digest: str
    benchmark: str
    metric: str
    emulated: str = ""

    @property
    def named(self) -> tuple[str, ...]:
        """What tells it from others for good: the machine, the benchmark, the model by its files, and the emulated GPUs."""
        return self.machine, self.benchmark, self.digest or self.model, self.emulated


@dataclass(frozen=True)
class Stretch:
    """Runs at one level: places of the first and the last of them among the trend's runs. ``ratio`` is to the level before, if any.

    ``standings`` counts the runs by the benchmark's standing; ``standing`` is that of the newest run about which somebody has decided
    (the gate or a person), so of one that waits only where all do: a level that was accepted after a while is an accepted one.
    """

    first: int
    last: int
    level: float
    ratio: float | None
    standings: Counter[str]
    standing: str

    @property
    def is_nobodys(self) -> bool:
        """Whether all of its runs are quarantined: then it was nobody's level."""
        return {*self.standings} == {str(Standing.QUARANTINED)}

    def count(self) -> str:
        """How many runs, and how they stand: ``21 runs, quarantined``."""
        text = counted(sum(self.standings.values()), "run")
        if len(self.standings) == 1:
            return text if self.standing == ACCEPTED else f"{text}, {self.standing}"
        others = [f"{number} {name}" for name, number in self.standings.items() if name != ACCEPTED]
        return f"{text}, {' and '.join(others)}"


@dataclass
class Trend:
    """A benchmark over the runs of a machine, in their order. ``runs`` are indices into the history's runs; NaN for no ratio."""

    identity: Identity
    runs: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    pinned: list[str] = field(default_factory=list)
    standings: list[str] = field(default_factory=list)
    verdicts: list[str] = field(default_factory=list)
    """What the gate said of the benchmark in each of the runs, empty where it said nothing."""
    releases: list[str] = field(default_factory=list)
    """The OpenVINO release of each figure without its build: the benchmark's own, else its run's."""
    labels: Labels = field(default_factory=dict)
    """Those that the newest run gives the benchmark."""
    by_ratio: bool = False
    """Whether levels are of the ratio to the pinned workload: the accepted runs all have it, and no others are enough for a level."""
    stretches: tuple[Stretch, ...] = ()
    pattern: Pattern | None = None

    @property
    def quantity(self) -> Quantity:
        """What its figures are of; ``seconds`` are MiB where it is memory."""
        return quantity_of(self.identity.metric)

    @property
    def used(self) -> list[int]:
        """The places of the runs whose figures make the levels."""
        if not self.by_ratio or len(set(self.pinned)) == 1:
            return list(range(len(self.runs)))
        workload = self._workload()
        return [place for place, each in enumerate(self.pinned) if each == workload]

    @property
    def values(self) -> list[float]:
        """The figures that make the levels: ratios, or seconds."""
        return [(self.ratios if self.by_ratio else self.seconds)[place] for place in self.used]

    def accepted(self) -> list[int]:
        """The places of the runs in which the benchmark is accepted."""
        return [place for place, standing in enumerate(self.standings) if standing == ACCEPTED]

    def _workload(self) -> str:
        """The pinned workload of the accepted runs, or of all where none is; empty where there is none, or several."""
        pinned = {self.pinned[place] for place in self.accepted() or range(len(self.runs))}
        return next(iter(pinned)) if len(pinned) == 1 else ""

    def take(self, series: Series, places: Sequence[int], releases: Sequence[str]) -> None:
        """Add figures of runs in these places of all; ``releases`` are those of all runs, without their builds."""
        self.runs += places
        self.seconds += series.seconds.tolist()
        self.ratios += series.ratios.tolist()
        self.pinned += series.pinned
        self.standings += series.standings
        self.verdicts += series.verdicts
        own = zip(series.releases, places, strict=True)
        self.releases += [release.partition("-")[0] if release else releases[place] for release, place in own]

    def in_order(self) -> Trend:
        """The same by the order of the runs, knowing whether levels are of ratios."""
        return self.at(sorted(range(len(self.runs)), key=lambda place: self.runs[place]))

    def at(self, order: Sequence[int]) -> Trend:
        """The runs in these places, in this order, without levels."""
        found = Trend(
            self.identity,
            [self.runs[place] for place in order],
            [self.seconds[place] for place in order],
            [self.ratios[place] for place in order],
            [self.pinned[place] for place in order],
            [self.standings[place] for place in order],
            [self.verdicts[place] for place in order],
            [self.releases[place] for place in order],
            self.labels,
        )
        workload = found._workload()
        found.by_ratio = bool(workload) and found.pinned.count(workload) > len(found.runs) - SHORTEST
        return found

    def take_levels(self, found: Levels) -> None:
        """Keep these levels of ``values`` as stretches of all runs."""
        used = self.used
        ends = [*found.starts[1:], len(used)]
        ratios = [None, *(change.ratio for change in found.changes)]
        stretches = []
        for start, end, level, ratio in zip(found.starts, ends, found.levels, ratios, strict=True):
            standings = [self.standings[place] for place in used[start:end]]
            stretches.append(
                Stretch(used[start], used[end - 1], level, ratio, Counter(standings), _newest_decided(standings))
            )
        self.stretches = tuple(stretches)


def _newest_decided(standings: Sequence[str]) -> str:
    """The last of them that is not waiting for another run; where all are, that."""
    return next((each for each in reversed(standings) if each != Standing.PENDING), standings[-1])


def trends_of(
    figures: Iterable[Series], runs: Sequence[IndexedRun], remembered: Remembered | None = None
) -> list[Trend]:
    """The trends in these figures, by machine, model and benchmark, with their levels; ``runs`` in the order of time.

    With what is ``remembered`` (``Selection.remembered``) levels that were found before are not looked for again.
    """
    places: dict[Path, dict[int, int]] = defaultdict(dict)
    for place, run in enumerate(runs):
        places[run.path.parent][run.id] = place
    models = Models(runs)
    kinds = [(run.machine, models.called(run), run.digest, run.emulated) for run in runs]
    releases = [run.release for run in runs]
    found: dict[Identity, Trend] = {}
    newest: dict[Identity, int] = {}
    for each in figures:
        of_folder = places[each.folder]
        at = [of_folder[run_id] for run_id in each.runs.tolist()]
        own: dict[tuple[str, str, str, str], Trend] = {}
        for kind in dict.fromkeys([kinds[place] for place in at]):
            part, own_places = each, at
            if any(kinds[place] != kind for place in at):  # a folder with several machines or models
                chosen = [number for number, place in enumerate(at) if kinds[place] == kind]
                part, own_places = each.at(chosen), [at[number] for number in chosen]
            identity = Identity(*kind[:3], each.key, each.metric, kind[3])
            own[kind] = found.setdefault(identity, Trend(identity))
            own[kind].take(part, own_places, releases)
        for trend in own.values():
            if (last := max(trend.runs)) > newest.get(trend.identity, -1):
                newest[trend.identity] = last
                trend.labels = labels_of(each)
    ordered = sorted(
        found.values(), key=lambda trend: (trend.identity.machine, trend.identity.model, trend.identity.benchmark)
    )
    ordered = [trend.in_order() for trend in ordered]
    _look(ordered, remembered)
    return ordered


def until(
    trends: Sequence[Trend], runs: Sequence[IndexedRun], latest: datetime.datetime, remembered: Remembered | None = None
) -> list[Trend]:
    """The same trends without the runs that are dated later: these come last, whenever they were measured, and hide what is newer.

    A trend that has no other runs keeps them.
    """
    found, cut = list(trends), []
    for place, trend in enumerate(trends):
        kept = [at for at, run in enumerate(trend.runs) if (when := runs[run].when) is None or when <= latest]
        if kept and len(kept) < len(trend.runs):
            found[place] = trend.at(kept)
            cut.append(found[place])
    _look(cut, remembered)
    return found


def _look(trends: Sequence[Trend], remembered: Remembered | None) -> None:
    """Find levels and patterns; benchmarks of the same runs are looked at together."""
    siblings: dict[tuple[str, str, str, str], list[Trend]] = defaultdict(list)
    for trend in trends:
        each = trend.identity
        siblings[each.machine, each.model, each.digest, each.emulated].append(trend)
    for family in siblings.values():
        places = [[trend.runs[place] for place in trend.used] for trend in family]
        found = levels.of_family([trend.values for trend in family], places, remembered)
        for trend, (own, pattern) in zip(family, found, strict=True):
            trend.take_levels(own)
            trend.pattern = pattern


@dataclass(frozen=True)
class PresentLevel:
    """The level that a benchmark is at now, where it is not the one that it began at.

    ``ratio`` is to the level before (above 1: slower, or larger), ``since`` the first run at the level, ``release`` the OpenVINO release
    that the benchmark was measured with in it, empty for unknown. It is confirmed by its length: a stretch has four runs or more
    (``stats.change_points.SHORTEST``). As more runs come, ``since`` may move by a run or two: who remembers a level compares with that in
    mind (``stats.change_points.NEAR``).
    """

    identity: Identity
    ratio: float
    since: IndexedRun
    release: str
    stretch: Stretch
    beside: str = ""
    """What else changed with that run or one of its neighbours (``gate.beside``); empty for nothing."""
    evidence: float = math.inf
    """How much speaks for it, in variances (``stats.change_points.evidence_of``): who looks at a thousand trends sees some by chance."""
    runs: int = 1
    """How many runs the trend has: a level may begin with any of them."""

    @property
    def quantity(self) -> Quantity:
        """What its figures are of."""
        return quantity_of(self.identity.metric)

    @property
    def worse(self) -> bool:
        """Whether it is slower, or larger, than before."""
        return self.ratio > 1

    @property
    def is_accepted(self) -> bool:
        """Whether its runs are."""
        return self.stretch.standing == ACCEPTED

    def is_sure(self, trends: int) -> bool:
        """Whether so much speaks for it that it is hardly chance, where so many trends like its own are looked at (``BY_CHANCE``)."""
        return self.evidence > 2 * math.log(trends * self.runs / BY_CHANCE)

    def words(self) -> str:
        """Since when, in words: ``slower by 6.0 % since run 41 (3 Nov 2026), openvino 2026.4.1``."""
        way = self.quantity.more if self.worse else self.quantity.less
        release = f", openvino {self.release}" if self.release else ""
        return f"{way} by {percent(self.ratio).lstrip('+-')} since {run_and_day(self.since)}{release}"


def present_stretch(trend: Trend) -> Stretch | None:
    """The runs since which a benchmark is at its present level, or beyond; ``None`` where that is where it was before.

    ``ratio`` is to the last level before that somebody accepted a run of (to the one just before where there is none): what
    nobody accepted was nobody's level. A slowdown of which a part was mended is there since it began.
    """
    *before, last = trend.stretches or (None,)
    if last is None or not before:
        return None
    base = max((place for place, each in enumerate(before) if ACCEPTED in each.standings), default=len(before) - 1)
    ratio = last.level / before[base].level
    if 1 / (1 + SMALLEST) < ratio < 1 + SMALLEST:
        return None
    first, standings = last.first, last.standings
    for each in reversed(before[base + 1 :]):
        if (each.level < last.level) if ratio > 1 else (each.level > last.level):
            break
        first, standings = each.first, each.standings + standings
    return replace(last, first=first, ratio=ratio, standings=standings)


def present_level(trend: Trend, runs: Sequence[IndexedRun]) -> PresentLevel | None:
    """Since which run a benchmark is at its present level, and how far that is from the one before; ``None`` where it never changed.

    ``trend`` is one of :func:`trends_of`, ``runs`` are those that it was given. What the level is compared with, see
    :func:`present_stretch`.
    """
    if (stretch := present_stretch(trend)) is None or stretch.ratio is None:
        return None
    since = runs[trend.runs[stretch.first]]
    changed = beside([runs[place] for place in trend.runs], trend.releases, stretch.first)
    release, evidence = trend.releases[stretch.first], _evidence(trend, stretch.first)
    return PresentLevel(trend.identity, stretch.ratio, since, release, stretch, changed, evidence, len(trend.runs))


def news_level(trend: Trend, runs: Sequence[IndexedRun], now: datetime.datetime) -> PresentLevel | None:
    """The present level where it is news: what is accepted is news for ``NEWS_DAYS``, what is not stays news; ``None`` for none."""
    level = present_level(trend, runs)
    if level is None or not level.is_accepted:
        return level
    day = level.since.when
    return level if day and (now - day).total_seconds() <= NEWS_DAYS * DAY_S else None


def without_rejected(trend: Trend, is_rejected: Callable[[int], bool]) -> Trend:
    """The trend without the newest levels that nothing but runs makes which a person rejected: they are no level of the benchmark's.

    ``is_rejected`` tells it of a place in the trend; it is asked where all runs of a level are quarantined.
    """
    kept, used = list(trend.stretches), trend.used
    while kept and kept[-1].is_nobodys:
        if not all(is_rejected(place) for place in used if kept[-1].first <= place <= kept[-1].last):
            break
        kept.pop()
    return trend if len(kept) == len(trend.stretches) else replace(trend, stretches=tuple(kept))


def _evidence(trend: Trend, first: int) -> float:
    """How much speaks for the level that begins with that run, against the stretch before it."""
    used = trend.used
    begin = max(each.first for each in trend.stretches if each.first < first)
    return evidence_of(trend.values, used.index(begin), used.index(first))


def in_order_of_time(runs: Iterable[IndexedRun]) -> list[IndexedRun]:
    """The runs of several machines as :func:`trends_of` wants them: the oldest first, those without a date before all."""
    return sorted(runs, key=lambda run: (run.when.timestamp() if run.when else 0.0, str(run.path)))
