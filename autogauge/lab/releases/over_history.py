"""The trend over releases from saved runs: of each benchmark on a machine where each release's level lies, and with which one it changed.

Runs are the sample, as in ``gate.comparison``: of each release the accepted ones, or all where none is, since the runs of a slower release
are seldom accepted. Each release is held against one of them, and all of these pairs of a machine and model share an error, so that all
intervals hold at once and may be read together (``lab.matrix.levels``).

Unlike in a matrix the releases were measured at different times. What else changed then is told (``gate.beside``), and need not be told.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autogauge.gate.beside import beside
from autogauge.gate.compared import BY_RATIO, by_itself
from autogauge.gate.gate import FAMILY_ERROR
from autogauge.gate.past import RATIO_SPREAD, Rule
from autogauge.gate.trends import Identity, Trend
from autogauge.history.index_rows import ACCEPTED
from autogauge.history.indexed import IndexedRun
from autogauge.lab.matrix import levels
from autogauge.lab.matrix.levels import Seen, Step
from autogauge.lab.releases.figures import ALIKE, FASTER, OPEN, SLOWER
from autogauge.lab.releases.named import order_of
from autogauge.stats.intervals import Interval
from autogauge.stats.two_levels import ratio_of_levels

BASE = "base"


@dataclass(frozen=True)
class Level:
    """A release in the runs of one benchmark. ``cost`` is the ratio to the base's level, ``None`` for the base itself.

    ``figure`` is the median of its runs, in seconds (MiB of memory); ``accepted`` says whether they are accepted ones; ``first`` is the
    place of its first run among those of the trend.
    """

    release: str
    runs: int
    figure: float
    cost: Interval | None
    word: str
    accepted: bool
    first: int


@dataclass(frozen=True)
class OverReleases:
    """A benchmark over releases, the oldest first. ``besides`` says of a release what else changed near its first run."""

    identity: Identity
    basis: str
    base: str
    levels: tuple[Level, ...]
    steps: tuple[Step, ...]
    besides: Mapping[str, str]
    smallest_change: float
    more: str = "slower"
    less: str = "faster"

    @property
    def title(self) -> str:
        """What it is of: benchmark, machine, model."""
        own = self.identity
        return " · ".join(filter(None, (own.benchmark, own.machine, own.model, own.emulated)))

    def way(self, is_more: bool) -> str:
        """Slower or faster; of memory larger or smaller."""
        return self.more if is_more else self.less

    def in_words(self, level: Level) -> str:
        """The verdict as tables show it."""
        if level.word == ALIKE:
            return f"no difference larger than {100 * self.smallest_change:.3g} %"
        return self.way(level.word == SLOWER) if level.word in (SLOWER, FASTER) else level.word

    def to_json(self) -> dict[str, Any]:
        """All of it as data; ratios are to the base, above 1 is slower (larger)."""
        own = self.identity
        return {
            "benchmark": own.benchmark,
            "metric": own.metric,
            "machine": own.machine,
            "model": own.model,
            "digest": own.digest,
            "emulated": own.emulated,
            "basis": self.basis,
            "base": self.base,
            "releases": [
                {
                    "release": each.release,
                    "runs": each.runs,
                    "accepted": each.accepted,
                    "median": each.figure,
                    "verdict": self.in_words(each),
                    "ratio": each.cost.ratio if each.cost else None,
                    "interval": [each.cost.low, each.cost.high] if each.cost else None,
                }
                for each in self.levels
            ],
            "levels": [
                {
                    "after": step.after,
                    "by": step.by,
                    "is_slower": step.is_slower,
                    "ratio": list(step.ratios),
                    "beside": self.besides.get(step.by) or None,
                }
                for step in self.steps
            ],
        }


def over_releases(
    trends: Iterable[Trend], runs: Sequence[IndexedRun], smallest_change: float, base: str = ""
) -> list[OverReleases]:
    """Of every trend with two releases or more; those with a change first, then by name.

    ``runs`` are those that the trends point at, in the order of time. ``base`` is the release that the others are held against, where a
    trend has it; else the newest that it has.
    """
    gathered = [(trend, of_release) for trend in trends if len(of_release := _by_release(trend)) > 1]
    pairs: dict[tuple[str, ...], int] = defaultdict(int)
    for trend, of_release in gathered:
        pairs[_place(trend)] += len(of_release) - 1
    found = [
        _over(trend, of_release, runs, FAMILY_ERROR / pairs[_place(trend)] / 2, smallest_change, base)
        for trend, of_release in gathered
    ]
    return sorted(found, key=lambda each: (not each.steps, dataclasses.astuple(each.identity)))


def _place(trend: Trend) -> tuple[str, ...]:
    own = trend.identity
    return own.machine, own.model, own.digest, own.emulated


def _by_release(trend: Trend) -> dict[str, list[int]]:
    """The places of the runs that count, by release, the oldest release first."""
    found: dict[str, list[int]] = defaultdict(list)
    for place in trend.used:
        if trend.releases[place]:
            found[trend.releases[place]].append(place)
    return {
        release: [each for each in found[release] if trend.standings[each] == ACCEPTED] or found[release]
        for release in sorted(found, key=order_of)
    }


def _over(
    trend: Trend,
    of_release: Mapping[str, Sequence[int]],
    runs: Sequence[IndexedRun],
    error: float,
    smallest_change: float,
    wanted: str,
) -> OverReleases:
    base = wanted if wanted in of_release else [*of_release][-1]
    figures = trend.ratios if trend.by_ratio else trend.seconds
    rule = Rule(error, 1 + smallest_change / 2, 1 + smallest_change, trend.quantity)
    rule = rule.beside(trend.seconds[place] for place in of_release[base])
    found = []
    for release, places in of_release.items():
        cost = None
        if release != base:
            cost = ratio_of_levels(
                [figures[place] for place in places],
                [figures[place] for place in of_release[base]],
                error,
                prior_spread=RATIO_SPREAD if trend.by_ratio else rule.spread,
            )
        found.append(
            Level(
                release,
                len(places),
                statistics.median(trend.seconds[place] for place in places),
                cost,
                BASE if cost is None else _word(cost, rule),
                all(trend.standings[place] == ACCEPTED for place in places),
                min(places),
            )
        )
    seen = [
        Seen(each.release, each.cost.low, each.cost.high) if each.cost else Seen(each.release, 1.0, 1.0)
        for each in found
    ]
    steps = tuple(levels.steps(seen))
    own_runs = [runs[place] for place in trend.runs]
    first = {each.release: each.first for each in found}
    return OverReleases(
        trend.identity,
        BY_RATIO if trend.by_ratio else by_itself(trend.quantity),
        base,
        tuple(found),
        steps,
        {step.by: beside(own_runs, [""] * len(own_runs), first[step.by]) for step in steps},
        smallest_change,
        trend.quantity.more,
        trend.quantity.less,
    )


def _word(cost: Interval, rule: Rule) -> str:
    """As in a matrix: beyond doubt, and by more than half of what is looked for, as far as one can tell."""
    if not cost.holds(1.0) and abs(math.log(cost.ratio)) > math.log(rule.floor):
        return SLOWER if cost.ratio > 1 else FASTER
    return ALIKE if 1 / rule.smallest <= cost.low and cost.high <= rule.smallest else OPEN
