"""Judging beside a reference: each condition has a twin that runs on the reference, in the same rounds. Measuring them is the studies'."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from autogauge.gate.judgement import Judgement, Way
from autogauge.measuring.claim import Ratio
from autogauge.measuring.condition import REFERENCE, TWIN, Condition
from autogauge.measuring.metric import Metric
from autogauge.measuring.plan import Plan
from autogauge.measuring.quantity import quantity_of
from autogauge.measuring.result import Result
from autogauge.runtimes.reference import Reference
from autogauge.stats.intervals import Interval
from autogauge.stats.sequential import geometric_looks
from autogauge.stats.verdicts import Outcome

FIRST_TIME, MOST_FIRST_TIME, AGAIN = 10.0, 0.1, 0.05
"""How often the first measurement may be wrong (so many times the error of a comparison), and the second: both have to be, and they
are of different processes at different times, so that together they are half as often wrong as is allowed."""
FIRST_SHARE = 0.6
"""Of a comparison's time, for the first measurement; the second may be wrong more often and needs less."""
FIRST_LOOK, FIRST_WARM_LOOK, LAST_LOOK, LOOKS_APART = 24, 48, 6000, 1.4
"""Pairs at the first look, of fresh processes and of warm ones, which have given way to fresh ones a few times by then."""


def twins(conditions: Sequence[Condition], reference: Reference) -> tuple[Condition, ...]:
    """The conditions' twins on the reference, each once."""
    return tuple(
        dataclasses.replace(
            each,
            name=each.name + TWIN,
            role=REFERENCE,
            runs_on=REFERENCE,
            recorded=False,
            target=reference.target(each.target),
            title=f"{reference.device or each.title or each.target.device or 'AUTO'} (reference)",
        )
        for each in conditions
    )


def claim(condition: str, metric: Metric, floor: float) -> Ratio:
    """That the candidate's figure is not worse than its twin's by more than the floor (a ratio of costs, above 1)."""
    return Ratio(
        f"{condition}-{metric.name}-not-slower".lower(),
        f"{condition} is not slower than the reference",
        metric,
        condition,
        condition + TWIN,
        "at least" if metric.higher_is_better else "at most",
        1 / floor if metric.higher_is_better else floor,
    )


def plan(budget_s: float, error: float, first_look: int = FIRST_LOOK) -> Plan:
    """When to look at the first measurement; ``budget_s`` is for both measurements together.

    ``error`` is how often one comparison may be wrong on one side, all looks at both measurements together.
    """
    looks = geometric_looks(first_look, LAST_LOOK, LOOKS_APART)
    confidence = 1 - 2 * min(MOST_FIRST_TIME, FIRST_TIME * error)
    return Plan(looks, FIRST_SHARE * budget_s, confidence, by_time=True)


def plan_again(first: Plan, elapsed_s: float) -> Plan:
    """The plan of the second measurement, in what is left of the time."""
    left_s = first.budget_s / FIRST_SHARE - min(elapsed_s, first.budget_s)
    return dataclasses.replace(first, budget_s=left_s, confidence=1 - 2 * AGAIN)


def anew(result: Result, seed: int) -> Result:
    """The study to be measured once more, on a suspicion, in what is left of the time."""
    again = result.anew(seed)
    if again.change_plan is not None:
        again.change_plan = plan_again(again.change_plan, result.elapsed_s)
    return again


def has_twin(result: Result, condition: str) -> bool:
    """Whether that condition is measured beside its twin there."""
    return any(each.name == condition + TWIN for each in result.conditions)


def judge(result: Result, condition: str, metric: Metric, benchmark: str, floor: float, against: str) -> Judgement:
    """What the study says about that condition beside its twin."""
    name = claim(condition, metric, floor).name
    found = next((each for each in result.changes if each.name == name), None)
    if found is None:
        none = Judgement(benchmark, Way.SIDE_BY_SIDE, against, None, None, floor, quantity=quantity_of(metric.name))
        return none.noted("it has no twin in this study")
    verdict = result.verdict(found)
    judgement = Judgement(
        benchmark,
        Way.SIDE_BY_SIDE,
        against,
        verdict.outcome,
        cost_of(verdict.interval, metric),
        floor,
        cannot_measure=verdict.interval is None,
        quantity=quantity_of(metric.name),
    )
    for sentence in verdict.failures:
        judgement = judgement.noted(sentence)
    broke_off = verdict.outcome is Outcome.INCONCLUSIVE and verdict.failed_replicates > 0
    return dataclasses.replace(judgement, cannot_measure=judgement.cannot_measure or broke_off)


def cost_of(interval: Interval | None, metric: Metric) -> Interval | None:
    """The interval as a ratio of costs: turned over where a higher figure is better."""
    if interval is None or not metric.higher_is_better:
        return interval
    return dataclasses.replace(
        interval,
        ratio=1 / interval.ratio,
        low=1 / interval.high if interval.high else 0.0,
        high=1 / interval.low if interval.low else float("inf"),
    )
