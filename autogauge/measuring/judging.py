"""What a result says of a claim: ratios and medians by their interval, facts and bounds on every sample by what breaks them.

The statistics are ``stats``'; what allows for the harness and for devices that did not answer is asked of ``harness`` and ``answered``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autogauge.measuring import answered, harness
from autogauge.measuring.claim import Bound, Claim, Fact, Ratio, Verdict
from autogauge.stats.changes import judge_change
from autogauge.stats.intervals import Interval, paired_ratio
from autogauge.stats.verdicts import Outcome, outcome_of

if TYPE_CHECKING:
    from autogauge.measuring.result import Result, Sample


def evidence_for(result: Result, claim: Claim) -> int:
    """How many samples a claim rests on so far; of a ratio complete pairs."""
    if isinstance(claim, Ratio):
        return len(result.pairs(claim))
    if isinstance(claim, Bound):
        return len(result.figures(claim.condition, claim.metric.name))
    return len(_checked(result, claim))


def interval(result: Result, claim: Claim) -> Interval | None:
    """The interval of the claim's figures so far; ``None`` without any, and for a claim that asks every sample.

    A median is a ratio to 1: the same estimate, with the same allowance for neighbours.
    """
    if not claim.is_looked_at or isinstance(claim, Fact):
        return None
    if isinstance(claim, Ratio):
        pairs = result.pairs(claim)
    else:
        pairs = [(figure, 1.0) for figure in result.figures(claim.condition, claim.metric.name)]
    if not pairs:
        return None
    numerators, denominators = zip(*pairs, strict=True)
    plan = result.plan_of(claim)
    # The last look may spend the rest.
    elapsed_s = plan.budget_s if len(pairs) >= plan.looks[-1] else result.elapsed_s
    confidence = plan.confidence_at(elapsed_s, result.looked.get(claim.name, 0.0))
    return paired_ratio(numerators, denominators, confidence, neighbours=True)


def verdict_so_far(result: Result, claim: Claim) -> Verdict:
    """The claim's outcome with its evidence, by what is measured so far."""
    failures = result.failures(*claim.conditions)
    sentences = tuple(dict.fromkeys(f"{name}: {failure.sentence()}" for _, name, failure in failures))
    failed = len({index for index, _, _ in failures})
    interrupted = result.state == "interrupted"
    if not claim.is_looked_at:
        outcome, broken, unknown, worst = _of_every_sample(result, claim)
        samples = evidence_for(result, claim)
        return Verdict(claim, outcome, None, samples, sentences, failed, interrupted, unknown, broken, worst)
    found = interval(result, claim)
    outcome, found, remark = _of_interval(result, claim, found)
    return Verdict(claim, outcome, found, evidence_for(result, claim), sentences, failed, interrupted, remark)


def _of_interval(result: Result, claim: Claim, found: Interval | None) -> tuple[Outcome, Interval | None, str]:
    assert not isinstance(claim, Fact)
    outcome = outcome_of(claim, found)
    if isinstance(claim, Ratio) and claim in result.changes and found is not None:
        numerators, denominators = zip(*result.pairs(claim), strict=True)
        outcome, found = judge_change(numerators, denominators, claim, found.confidence)
    if claim not in result.claims:
        return outcome, found, ""
    remark = ""
    if isinstance(claim, Ratio):
        outcome, remark = harness.allow_for(result, claim, outcome, found)
    outcome, empty = answered.allow_for(result, claim, outcome)
    return outcome, found, "; ".join(filter(None, (empty, remark)))


def _of_every_sample(result: Result, claim: Claim) -> tuple[Outcome, tuple[str, ...], str, float | None]:
    """The outcome, which samples break the claim, why nothing is known where that is so, and the sample worst for a bound."""
    if isinstance(claim, Bound):
        figures = result.figures(claim.condition, claim.metric.name)
        if not figures:
            return Outcome.INCONCLUSIVE, (), "", None
        worst = max(figures) if claim.relation == "at most" else min(figures)
        places = [place for place, figure in enumerate(figures) if not _is_within(claim, figure)]
        broken = tuple(f"replicate {place}: {figures[place]:g}" for place in places)
        return (Outcome.FAIL if broken else Outcome.PASS), broken, "", worst
    checks = _checked(result, claim)
    broken = tuple(
        f"{name}, replicate {index}{': ' if why else ''}{why}" for index, name, holds, why in checks if holds is False
    )
    if broken:
        return Outcome.FAIL, broken, "", None
    unknown = [why for _, _, holds, why in checks if holds is None]
    if unknown or not checks or _unseen(result, claim):
        return Outcome.INCONCLUSIVE, (), "; ".join(dict.fromkeys(filter(None, unknown))), None
    return Outcome.PASS, (), "", None


def _is_within(claim: Bound, figure: float) -> bool:
    return figure <= claim.bound if claim.relation == "at most" else figure >= claim.bound


def _checked(result: Result, claim: Claim) -> list[tuple[int, str, bool | None, str]]:
    """Replicate, condition, and what the sample says of a fact, wherever it says anything."""
    found = []
    for replicate in result.replicates:
        for name in claim.conditions:
            sample: Sample | None = replicate.samples.get(name)
            if sample is not None and claim.name in sample.checks:
                check = sample.checks[claim.name]
                found.append((replicate.index, name, check.holds, check.why))
    return found


def _unseen(result: Result, claim: Claim) -> bool:
    """Whether one of its conditions never said anything of it: of that the fact is not known."""
    seen = {name for _, name, _, _ in _checked(result, claim)}
    return not seen >= set(claim.conditions)
