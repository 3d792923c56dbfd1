"""What is said of the trends of a history: their changes of level, and what is seen beside them. What a trend is, is ``gate.trends``'s.

How they are shown is left to ``trends_page``.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from autogauge.gate.beside import beside
from autogauge.gate.compared import BY_RATIO, by_itself
from autogauge.gate.judgement import percent
from autogauge.gate.own_baseline import OwnBaselines
from autogauge.gate.trends import Trend
from autogauge.history.indexed import IndexedRun, run_and_day
from autogauge.stats.change_points import SHORTEST
from autogauge.stats.patterns import Alternation

WORTH_SAYING = 1.025
"""The newest quarantined runs are said where they lie further from what was before than this."""


def change_in_words(trend: Trend, at: int, runs: Sequence[IndexedRun]) -> str:
    """A change of level of that trend: how much, since which run, how these stand, and what else changed there."""
    stretch = trend.stretches[at]
    run = runs[trend.runs[stretch.first]]
    ratio = stretch.ratio or 1.0
    quantity = trend.quantity
    basis = BY_RATIO if trend.by_ratio else by_itself(quantity)
    return (
        f"{trend.identity.benchmark} became {quantity.more if ratio > 1 else quantity.less} on {_machine(trend)} "
        f"({percent(ratio)} of {quantity.name}, {basis}) since {run_and_day(run)}, openvino {trend.releases[stretch.first] or 'unknown'}, "
        f"{trend.identity.model or 'no model’s name'}: {stretch.count()}{_beside(trend, stretch.first, runs)}"
    )


def changes_in_words(
    shown: Sequence[tuple[Mapping[str, Any], Trend]], runs: Sequence[IndexedRun]
) -> list[tuple[str, str]]:
    """Every change of level, the newest first: the trend that it is in, and what it is in words."""
    found = [
        (trend.runs[stretch.first], str(each["id"]), change_in_words(trend, at, runs))
        for each, trend in shown
        for at, stretch in enumerate(trend.stretches)
        if at
    ]
    return [(name, words) for _, name, words in sorted(found, key=lambda each: -each[0])]


def brief(trend: Trend, at: int, runs: Sequence[IndexedRun]) -> str:
    """The same beside its own chart: ``slower by 10.0 % since run 20 (20 Jan 2026), 21 runs, quarantined``."""
    stretch = trend.stretches[at]
    since = run_and_day(runs[trend.runs[stretch.first]])
    return f"{_how_far(trend, at)} since {since}, {stretch.count()}{_beside(trend, stretch.first, runs)}"


def briefest(trend: Trend, at: int, runs: Sequence[IndexedRun]) -> str:
    """The same for a table: ``slower by 10.0 % since run 20, 21 runs, quarantined``."""
    stretch = trend.stretches[at]
    return f"{_how_far(trend, at)} since run {runs[trend.runs[stretch.first]].number}, {stretch.count()}"


def _how_far(trend: Trend, at: int) -> str:
    ratio = trend.stretches[at].ratio or 1.0
    return f"{trend.quantity.more if ratio > 1 else trend.quantity.less} by {percent(ratio).lstrip('+-')}"


def newest_in_words(trend: Trend, baselines: OwnBaselines) -> str:
    """The newest quarantined runs, where they lie elsewhere than what was before and make no level of their own yet; else empty.

    How far the newest one is from its own baseline: the same figure as on the morning's page.
    """
    if not trend.stretches or trend.stretches[-1].is_nobodys:
        return ""
    used, values = trend.used, trend.values
    count = 0
    while count < len(used) and trend.standings[used[-1 - count]] == "quarantined":
        count += 1
    if not count:
        return ""
    change = baselines.change_of(trend)
    # Without an accepted run there is only the level, of which these are a part.
    ratio = statistics.median(values[-count:]) / trend.stretches[-1].level if change is None else change
    if 1 / WORTH_SAYING < ratio < WORTH_SAYING:
        return ""
    newest = "the newest run is" if count == 1 else f"the newest {count} runs are"
    which = "" if count == 1 or change is None else "the newest one "
    against = "the level of all runs" if change is None else "its own baseline (its accepted runs)"
    few = f", too few for a level of {'its' if count == 1 else 'their'} own" if count < SHORTEST else ""
    return f"{newest} quarantined, {which}{percent(ratio)} of {trend.quantity.name} against {against}{few}"


def pattern_in_words(trend: Trend, runs: Sequence[IndexedRun]) -> str:
    """What is seen beside the levels; empty for nothing."""
    pattern = trend.pattern
    if pattern is None:
        return ""
    first = runs[trend.runs[trend.used[pattern.first]]]
    since = f" since {run_and_day(first)}" if pattern.first else ""
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


def _beside(trend: Trend, first: int, runs: Sequence[IndexedRun]) -> str:
    """What changed of the surroundings with that run of the trend, or with one of its neighbours: a clause for a sentence."""
    found = beside([runs[place] for place in trend.runs], trend.releases, first)
    return f"; {found}" if found else ""


def seen_in_words(shown: Sequence[tuple[Mapping[str, Any], Trend]]) -> list[tuple[str, str]]:
    """What else is seen in the trends: which one, and what in words."""
    return [
        (str(each["id"]), f"{of.benchmark} on {of.machine or 'a machine without a name'}, {of.model}: {words}")
        for each, trend in shown
        for of in (trend.identity,)
        for words in each["seen"]
    ]
