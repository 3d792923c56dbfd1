"""The trends of a history: what makes one, its levels over all of its runs whatever their standing, and what is seen beside them.

How they are shown is left to ``trends_page``.
"""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from autogauge.gate.comparison import BY_RATIO, by_itself
from autogauge.gate.judgement import percent
from autogauge.history.index_rows import ACCEPTED
from autogauge.history.indexed import IndexedRun, Series, labels_of
from autogauge.history.labels import Labels
from autogauge.history.told_apart import Models, differing
from autogauge.measuring.quantity import Quantity, quantity_of
from autogauge.stats.change_points import SHORTEST, Levels, levels_of_siblings
from autogauge.stats.patterns import Alternation, Pattern, patterns_of, patterns_of_siblings

NEAR = 2
"""A change of level that lies within so many runs of a change of the surroundings may be due to it."""
WORTH_SAYING = 1.025
"""The newest quarantined runs are said where they lie further from the level than this."""


@dataclass(frozen=True)
class Identity:
    """What makes a trend one: the same benchmark of the same model (by its digest; ``model`` is what it is called) on the same machine."""

    machine: str
    model: str
    digest: str
    benchmark: str
    metric: str
    emulated: str = ""


@dataclass(frozen=True)
class Stretch:
    """Runs at one level: places of the first and the last of them among the trend's runs. ``ratio`` is to the level before, if any.

    ``standings`` counts the runs by the benchmark's standing.
    """

    first: int
    last: int
    level: float
    ratio: float | None
    standings: Counter[str]

    @property
    def standing(self) -> str:
        """That of all of its runs; empty where they differ."""
        return next(iter(self.standings)) if len(self.standings) == 1 else ""

    def count(self) -> str:
        """How many runs, and how they stand: ``21 runs, quarantined``."""
        runs = sum(self.standings.values())
        text = "1 run" if runs == 1 else f"{runs} runs"
        if self.standing:
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
        if not self.by_ratio:
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

    def in_order(self) -> Trend:
        """The same by the order of the runs, knowing whether levels are of ratios."""
        order = sorted(range(len(self.runs)), key=lambda place: self.runs[place])
        found = Trend(
            self.identity,
            [self.runs[place] for place in order],
            [self.seconds[place] for place in order],
            [self.ratios[place] for place in order],
            [self.pinned[place] for place in order],
            [self.standings[place] for place in order],
            [self.releases[place] for place in order],
            self.labels,
        )
        workload = found._workload()
        found.by_ratio = bool(workload) and found.pinned.count(workload) > len(found.runs) - SHORTEST
        return found

    def take_levels(self, levels: Levels) -> None:
        """Keep these levels of ``values`` as stretches of all runs."""
        used = self.used
        ends = [*levels.starts[1:], len(used)]
        ratios = [None, *(change.ratio for change in levels.changes)]
        self.stretches = tuple(
            Stretch(
                used[start],
                used[end - 1],
                level,
                ratio,
                Counter(self.standings[used[place]] for place in range(start, end)),
            )
            for start, end, level, ratio in zip(levels.starts, ends, levels.levels, ratios, strict=True)
        )


def trends_of(figures: Iterable[Series], runs: Sequence[IndexedRun]) -> list[Trend]:
    """The trends in these figures, by machine, model and benchmark, with their levels; ``runs`` in the order of time."""
    places = {(run.path.parent, run.id): place for place, run in enumerate(runs)}
    models = Models(runs)
    called = [models.called(run) for run in runs]
    found: dict[Identity, Trend] = {}
    newest: dict[Identity, int] = {}
    for each in figures:
        columns = (each.runs.tolist(), each.seconds.tolist(), each.ratios.tolist())
        rows = zip(*columns, each.pinned, each.standings, each.releases, strict=True)
        own: dict[tuple[str, str, str, str], Trend] = {}
        for run_id, seconds, ratio, workload, standing, release in rows:
            place = places[each.folder, run_id]
            run = runs[place]
            kind = (run.machine, called[place], run.digest, run.emulated)
            if kind not in own:
                identity = Identity(*kind[:3], each.key, each.metric, run.emulated)
                own[kind] = found.setdefault(identity, Trend(identity))
            trend = own[kind]
            trend.runs.append(place)
            trend.seconds.append(seconds)
            trend.ratios.append(ratio)
            trend.pinned.append(workload)
            trend.standings.append(standing)
            trend.releases.append(release.partition("-")[0] or run.release)
        for trend in own.values():
            if (last := max(trend.runs)) > newest.get(trend.identity, -1):
                newest[trend.identity] = last
                trend.labels = labels_of(each)
    ordered = sorted(
        found.values(), key=lambda trend: (trend.identity.machine, trend.identity.model, trend.identity.benchmark)
    )
    ordered = [trend.in_order() for trend in ordered]
    _look(ordered)
    return ordered


def _look(trends: Sequence[Trend]) -> None:
    """Find levels and patterns; benchmarks of the same runs are looked at together."""
    siblings: dict[tuple[str, str, str, str], list[Trend]] = defaultdict(list)
    for trend in trends:
        each = trend.identity
        siblings[each.machine, each.model, each.digest, each.emulated].append(trend)
    for family in siblings.values():
        levels = levels_of_siblings(
            [trend.values for trend in family], [[trend.runs[place] for place in trend.used] for trend in family]
        )
        same_runs: dict[tuple[int, ...], list[tuple[Trend, Levels]]] = defaultdict(list)
        for trend, own in zip(family, levels, strict=True):
            trend.take_levels(own)
            same_runs[tuple(trend.runs[place] for place in trend.used)].append((trend, own))
        for group in same_runs.values():
            patterns = (
                patterns_of_siblings([trend.values for trend, _ in group], [own.starts for _, own in group])
                if len(group) > 1
                else [patterns_of(group[0][0].values, group[0][1].starts)]
            )
            for (trend, _), pattern in zip(group, patterns, strict=True):
                trend.pattern = pattern


def change_in_words(trend: Trend, at: int, runs: Sequence[IndexedRun]) -> str:
    """A change of level of that trend: how much, since which run, how these stand, and what else changed there."""
    stretch = trend.stretches[at]
    run = runs[trend.runs[stretch.first]]
    ratio = stretch.ratio or 1.0
    quantity = trend.quantity
    basis = BY_RATIO if trend.by_ratio else by_itself(quantity)
    return (
        f"{trend.identity.benchmark} became {quantity.more if ratio > 1 else quantity.less} on {_machine(trend)} "
        f"({percent(ratio)} of {quantity.name}, {basis}) since {run_in_words(run)}, openvino {trend.releases[stretch.first] or 'unknown'}, "
        f"{trend.identity.model or 'no model’s name'}: {stretch.count()}{_beside(trend, stretch.first, runs)}"
    )


def brief(trend: Trend, at: int, runs: Sequence[IndexedRun]) -> str:
    """The same beside its own chart."""
    return briefest(trend, at, runs) + _beside(trend, trend.stretches[at].first, runs)


def briefest(trend: Trend, at: int, runs: Sequence[IndexedRun]) -> str:
    """The same for a table: ``slower by 10.0 % since run 0020, 21 runs, quarantined``."""
    stretch = trend.stretches[at]
    ratio = stretch.ratio or 1.0
    way = trend.quantity.more if ratio > 1 else trend.quantity.less
    return f"{way} by {percent(ratio).lstrip('+-')} since run {runs[trend.runs[stretch.first]].number:04d}, {stretch.count()}"


def newest_in_words(trend: Trend) -> str:
    """The newest quarantined runs, where they lie elsewhere than the level and make none of their own yet; else empty."""
    if not trend.stretches or trend.stretches[-1].standing not in ("", ACCEPTED):
        return ""
    used, values = trend.used, trend.values
    count = 0
    while count < len(used) and trend.standings[used[-1 - count]] == "quarantined":
        count += 1
    if not count:
        return ""
    ratio = statistics.median(values[-count:]) / trend.stretches[-1].level
    if 1 / WORTH_SAYING < ratio < WORTH_SAYING:
        return ""
    newest = "the newest run is" if count == 1 else f"the newest {count} runs are"
    few = f", too few for a level of {'its' if count == 1 else 'their'} own" if count < SHORTEST else ""
    return f"{newest} quarantined, {percent(ratio)} of {trend.quantity.name} against the level{few}"


def pattern_in_words(trend: Trend, runs: Sequence[IndexedRun]) -> str:
    """What is seen beside the levels; empty for nothing."""
    pattern = trend.pattern
    if pattern is None:
        return ""
    first = runs[trend.runs[trend.used[pattern.first]]]
    since = f" since {run_in_words(first)}" if pattern.first else ""
    if isinstance(pattern, Alternation):
        each_way = f"±{50 * (pattern.apart - 1):.1f} %"
        by = "from run to run" if pattern.regular else "without a rule"
        return f"alternates {by} between two levels {percent(pattern.apart).lstrip('+')} apart ({each_way}){since}"
    times = pattern.times
    words = "about twice" if 1 < times < 2.5 else "about half" if 0.4 < times < 1 else f"{times:.2g} times"
    return (
        f"{words} as variable{since} (standard deviation between runs {100 * pattern.before:.1f} % before, "
        f"{100 * pattern.after:.1f} % from there on)"
    )


def _machine(trend: Trend) -> str:
    return trend.identity.machine or "a machine without a name"


def run_in_words(run: IndexedRun) -> str:
    """A run by its number and day."""
    return f"run {run.number:04d} of {run.when:%Y-%m-%d}" if run.when else f"run {run.number:04d}"


def _beside(trend: Trend, first: int, runs: Sequence[IndexedRun]) -> str:
    """What changed of the surroundings with that run of the trend, or with one of its neighbours: a clause for a sentence."""
    for place in sorted(
        range(max(1, first - NEAR), min(len(trend.runs), first + NEAR + 1)), key=lambda at: abs(at - first)
    ):
        before, after = runs[trend.runs[place - 1]], runs[trend.runs[place]]
        clauses = differing(before, after)
        old, new = trend.releases[place - 1], trend.releases[place]
        if old != new and old and new:
            clauses.append(f"openvino changed from {old} to {new}")
        if clauses:
            prints = "the fingerprint changed with" if before.fingerprint != after.fingerprint else "with"
            more = f" and {len(clauses) - 4} more" if len(clauses) > 4 else ""
            return f"; {prints} run {after.number:04d}: {'; '.join(clauses[:4])}{more}"
    return ""
