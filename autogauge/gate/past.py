"""Judging against history: where the accepted runs say that the next one should lie, and whether it does.

A figure is judged by its ratio to the pinned workload measured in the same rounds, where both sides have one, since that has little of the
machine's mood in it; else by itself, with the wide interval that time asks for. The method is ``stats.prediction``'s; which runs
are judged against is ``history.baseline``'s.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
from dataclasses import dataclass

from autogauge.gate.judgement import Judgement, Way, percent
from autogauge.history.records import SavedBenchmark
from autogauge.stats.intervals import Interval
from autogauge.stats.prediction import level_of
from autogauge.stats.verdicts import Outcome

SMALLEST = 1.10
"""The change that a judgement against history is to find: one that it could not have found is no PASS."""
SUSPICION = 20.0
"""How many times the error of a verdict a suspicion may have: it only asks for another measurement."""
RATIO_SPREAD, ABSOLUTE_SPREAD = 0.015, 0.08
"""What is expected of the variation between runs before they have shown theirs: of ratios to the pinned workload, and of seconds."""


@dataclass(frozen=True)
class Figure:
    """One benchmark of one run, as it is judged: seconds, and the ratio to the pinned workload where there is one."""

    seconds: float
    reference: str | None = None
    ratio: float | None = None
    error: float = 0.0

    @classmethod
    def of(cls, saved: SavedBenchmark) -> Figure:
        """The figure of a saved benchmark."""
        beside = saved.against_reference
        if beside is None:
            return cls(saved.median_s)
        return cls(saved.median_s, beside.reference, beside.ratio, beside.error)

    def together(self, other: Figure) -> Figure:
        """This figure and another measurement of the same thing as one."""
        seconds = math.sqrt(self.seconds * other.seconds)
        if self.ratio is None or other.ratio is None:
            return Figure(seconds)
        return Figure(
            seconds, self.reference, math.sqrt(self.ratio * other.ratio), math.hypot(self.error, other.error) / 2
        )


@dataclass(frozen=True)
class Past:
    """The accepted runs of one benchmark: those at its present level, newest last, and those before it."""

    figures: tuple[Figure, ...] = ()
    earlier: tuple[Figure, ...] = ()
    runs: str = ""


@dataclass(frozen=True)
class Rule:
    """How strict: ``error`` is how often one benchmark may be called slower when it is not.

    ``floor`` is the smallest ratio called a change, ``smallest`` the one that is to be found.
    """

    error: float
    floor: float
    smallest: float = SMALLEST


def judge(benchmark: str, now: Figure, past: Past, rule: Rule) -> Judgement:
    """What history says about that figure."""
    if not past.figures:
        none = Judgement(benchmark, Way.HISTORY, "history", None, None, rule.floor)
        return none.noted("there is no accepted run with it yet")
    by_ratio, interval = _change(now, past, rule.error)
    judgement = Judgement(
        benchmark,
        Way.HISTORY,
        f"{past.runs}, by the ratio to the pinned workload" if by_ratio else f"{past.runs}, by its seconds",
        outcome(interval, rule),
        interval,
        rule.floor,
    )
    if by_ratio:
        seconds = now.seconds / statistics.median(each.seconds for each in past.figures)
        judgement = judgement.noted(f"{percent(seconds)} of its seconds")
    return judgement


def is_suspicious(now: Figure, past: Past, rule: Rule) -> bool:
    """Whether to measure again before judging: a verdict that a laxer rule would give."""
    if not past.figures:
        return False
    lax = dataclasses.replace(rule, error=min(0.1, rule.error * SUSPICION))
    _, interval = _change(now, past, lax.error)
    return outcome(interval, lax) is Outcome.FAIL or interval.high < 1 / rule.floor


def judge_again(benchmark: str, now: Figure, again: Figure, past: Past, rule: Rule) -> Judgement:
    """The judgement after a second measurement: slower only if that alone is suspicious too, and both together are slower."""
    both = judge(benchmark, now.together(again), past, rule)
    if both.outcome is Outcome.FAIL and not is_suspicious(again, past, rule):
        both = dataclasses.replace(both, outcome=Outcome.INCONCLUSIVE).noted(
            "the second measurement alone does not say so"
        )
    return dataclasses.replace(both, measured_again=True)


def _change(now: Figure, past: Past, error: float) -> tuple[bool, Interval]:
    """Whether it is by ratio, and the change with its interval."""
    same = [each for each in past.figures if each.ratio is not None and each.reference == now.reference]
    by_ratio = now.ratio is not None and len(same) >= min(3, len(past.figures)) and bool(same)
    if by_ratio:
        values = [each.ratio for each in same if each.ratio is not None]
        before = [each.ratio for each in past.earlier if each.ratio is not None and each.reference == now.reference]
        value = now.ratio or 0.0
        usual = statistics.median(each.error for each in same)
        more_variance = now.error**2 - usual**2
    else:
        values = [each.seconds for each in past.figures]
        before = [each.seconds for each in past.earlier]
        value, more_variance = now.seconds, 0.0
    level = level_of(values, before, prior_spread=RATIO_SPREAD if by_ratio else ABSOLUTE_SPREAD)
    moved = math.log(value) - level.centre
    reach = level.reach(1 - error, more_variance)
    return by_ratio, Interval(
        math.exp(moved), math.exp(moved - reach), math.exp(min(moved + reach, 700.0)), 1 - 2 * error, level.runs
    )


def outcome(interval: Interval, rule: Rule) -> Outcome:
    """What an interval of costs comes to by that rule."""
    if interval.low > 1 and interval.ratio > rule.floor:
        return Outcome.FAIL
    return Outcome.PASS if interval.high < rule.smallest else Outcome.INCONCLUSIVE
