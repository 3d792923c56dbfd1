"""What a result says of a claim: ratios and medians by their interval, facts and bounds on every sample by what breaks them.

The statistics are ``stats``'; what allows for the harness and for devices that did not answer is asked of ``harness`` and ``answered``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from autogauge.measuring import answered, findings, harness
from autogauge.measuring.claim import WITHIN, Bound, Claim, Difference, Fact, Ratio, Verdict, in_digits
from autogauge.stats.changes import judge_change, judge_likeness
from autogauge.stats.intervals import Interval, median_within, paired_difference, paired_ratio
from autogauge.stats.verdicts import Outcome, outcome_of

if TYPE_CHECKING:
    from autogauge.measuring.result import Result, Sample


def evidence_for(result: Result, claim: Claim) -> int:
    """How many samples a claim rests on so far; of a ratio or a difference complete pairs."""
    if isinstance(claim, (Ratio, Difference)):
        return len(result.pairs(claim))
    if isinstance(claim, Bound) and not claim.every:
        return len(_figures(result, claim))
    return sum(1 for _ in _turns(result, claim))


def interval(result: Result, claim: Claim) -> Interval | None:
    """The interval of the claim's figures so far; ``None`` without any, and for a claim about every sample.

    A ratio has none either where a figure is not above 0: no ratio can be made of that.
    """
    if isinstance(claim, Fact) or not claim.is_looked_at:
        return None
    plan = result.plan_of(claim)
    # The last look may spend the rest.
    elapsed_s = plan.budget_s if evidence_for(result, claim) >= plan.looks[-1] else result.elapsed_s
    looked_at_once = claim.name in result.controls  # with all of its error
    confidence = (
        plan.confidence if looked_at_once else plan.confidence_at(elapsed_s, result.looked.get(claim.name, 0.0))
    )
    if isinstance(claim, Bound):
        bounded = _figures(result, claim)
        return median_within(bounded, confidence) if any(map(math.isfinite, bounded)) else None
    pairs = result.pairs(claim)
    if isinstance(claim, Difference):
        if not pairs or not all(math.isfinite(figure) for pair in pairs for figure in pair):
            return None
        figures, base = map(list, zip(*pairs, strict=True))
        return paired_difference(figures, base, confidence, neighbours=True)
    if not pairs or any(not _has_a_logarithm(figure) for pair in pairs for figure in pair):
        return None
    numerators, denominators = zip(*pairs, strict=True)
    return paired_ratio(numerators, denominators, confidence, neighbours=True)


def _figures(result: Result, claim: Bound) -> list[float]:
    """The figures that a median is of, one a sample; of warm processes one a process."""
    if claim.metric.of_process:
        return result.of_processes(claim.condition, claim.metric.name)
    return [sample.figures.get(claim.metric.name, math.nan) for sample in result.samples(claim.condition)]


def verdict_so_far(result: Result, claim: Claim) -> Verdict:
    """The claim's outcome with its evidence, by what is measured so far."""
    sentences = tuple(findings.sentences(result, *claim.conditions))
    failed = len({index for index, _, _ in result.failures(*claim.conditions)})
    interrupted = result.state == "interrupted"
    samples = evidence_for(result, claim)
    if isinstance(claim, Fact) or (isinstance(claim, Bound) and claim.every):
        broken, unknown, seen = _of_every_sample(result, claim)
        outcome = Outcome.INCONCLUSIVE if failed or unknown or not samples else Outcome.PASS
        outcome, worst, remark = (Outcome.FAIL if broken else outcome), None, ""
        if isinstance(claim, Bound):
            worst = _worst(result, claim)
            alone = None if worst is None else Interval(worst, worst, worst, 1.0, samples)
            outcome, remark = _allowed_for(result, claim, outcome, alone)
        return Verdict(
            claim, outcome, None, samples, sentences, failed, interrupted, remark, broken, worst, unknown, seen
        )
    outcome, found, remark = _of_interval(result, claim, interval(result, claim))
    unknown = _without_a_figure(result, claim) if isinstance(claim, Bound) else ()
    return Verdict(claim, outcome, found, samples, sentences, failed, interrupted, remark, unknown=unknown)


def _of_interval(
    result: Result, claim: Ratio | Difference | Bound, found: Interval | None
) -> tuple[Outcome, Interval | None, str]:
    if isinstance(claim, Ratio) and found is None and (why := _no_ratio(result, claim)):
        return Outcome.INCONCLUSIVE, None, why
    outcome = outcome_of(claim, found)
    if isinstance(claim, Ratio) and claim in result.changes and found is not None:
        numerators, denominators = zip(*result.pairs(claim), strict=True)
        if claim.relation == WITHIN:
            better = claim.metric.higher_is_better
            outcome, found = judge_likeness(numerators, denominators, claim, found.confidence, higher_is_better=better)
        else:
            outcome, found = judge_change(numerators, denominators, claim, found.confidence)
    if claim not in result.claims:
        return outcome, found, ""
    outcome, remark = _allowed_for(result, claim, outcome, found)
    return outcome, found, "; ".join(filter(None, (remark, _of_its_processes(result, claim, outcome))))


def _of_its_processes(result: Result, claim: Ratio | Difference | Bound, outcome: Outcome) -> str:
    """What a reader must know of the processes that a bound rests on: which part of them breaks it all the same, or what was too few."""
    if not isinstance(claim, Bound) or not (claim.metric.of_process or claim.metric.per_process):
        return ""
    found = _figures(result, claim)
    beyond = sum(not _is_within(claim, each) for each in found if not math.isnan(each))
    if outcome is Outcome.PASS and beyond:
        return f"the median keeps to it, and {beyond} of {claim.metric.count(len(found))} did not"
    serving = result.facts.get(claim.condition, {}).get("on_duty")
    if outcome is Outcome.INCONCLUSIVE and isinstance(serving, int) and 0 < serving < claim.metric.of_process:
        return f"the process on duty had served {serving} inferences in the end"
    return ""


def _allowed_for(
    result: Result, claim: Ratio | Difference | Bound, outcome: Outcome, found: Interval | None
) -> tuple[Outcome, str]:
    """The outcome when the harness's own cost is allowed for, and who answered; and what a reader must know of both.

    A fact is asked neither: what a turn has to say of it was said where it was measured.
    """
    # Of a difference what the harness takes from both sides alike is no part.
    outcome, remark = (
        (outcome, "") if isinstance(claim, Difference) else harness.allow_for(result, claim, outcome, found)
    )
    outcome, empty = answered.allow_for(result, claim, outcome)
    return outcome, "; ".join(filter(None, (empty, remark)))


def _has_a_logarithm(figure: float) -> bool:
    return math.isfinite(figure) and figure > 0


def _no_ratio(result: Result, claim: Ratio) -> str:
    """Why no ratio can be made of what was measured; empty where it can, or where nothing was."""
    for name in claim.conditions:
        if (samples := result.samples(name)) and not any(claim.metric.name in each.figures for each in samples):
            return f"no sample of {name} has that figure ({claim.metric.name})"
    for pair in result.pairs(claim):
        for name, figure in zip(claim.conditions, pair, strict=True):
            if not _has_a_logarithm(figure):
                return f"{name} once gave {figure:g}{claim.metric.unit and ' '}{claim.metric.unit}, of which no ratio can be made"
    return ""


def _turns(result: Result, claim: Bound | Fact) -> Iterator[tuple[str, str, Sample]]:
    """Condition, a turn of it in words, and what it gave: every one that a claim about every sample is about.

    A turn that was measured again since others disturbed it counts as well, unless it is a time that is bounded: a wrong answer stays one.
    """
    is_a_time = isinstance(claim, Bound) and claim.metric.seconds is not None
    several = len(claim.conditions) > 1
    only = claim.metric.name if isinstance(claim, Bound) and claim.metric.of_process else ""
    for replicate in result.replicates:
        for name in claim.conditions:
            place = f"{name}, replicate {replicate.index}" if several else f"replicate {replicate.index}"
            for sample, where in (
                (replicate.disturbed.get(name), f"{place} (disturbed)"),
                (replicate.samples.get(name), place),
            ):
                if sample is None or (only and only not in sample.figures):
                    continue
                if sample is not replicate.disturbed.get(name) or only or not is_a_time:
                    yield name, where, sample


def _of_every_sample(result: Result, claim: Bound | Fact) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Which samples break the claim, of which nothing is known, and what was seen in the others; a sentence each."""
    broken: list[str] = []
    unknown: list[str] = []
    seen, silent = [], dict.fromkeys(claim.conditions)
    for name, place, sample in _turns(result, claim):
        silent.pop(name, None)
        holds, why = _in_figure(sample, claim) if isinstance(claim, Bound) else _in_check(sample, claim)
        if holds:
            seen.append(why)
        else:
            (broken if holds is False else unknown).append(f"{place}{': ' if why else ''}{why}")
    if silent and len(silent) < len(claim.conditions):
        unknown += [f"{name} was not measured" for name in silent]
    return tuple(broken), tuple(unknown), tuple(dict.fromkeys(filter(None, seen)))


def _in_check(sample: Sample, claim: Fact) -> tuple[bool | None, str]:
    """Whether the fact holds in the sample, and what was seen."""
    check = sample.checks.get(claim.name)
    return (None, "nothing was said of it") if check is None else (check.holds, _in_one_line(check.why))


def _in_figure(sample: Sample, claim: Bound) -> tuple[bool | None, str]:
    """Whether the sample's figure is on the claimed side; in words only where it is not."""
    check = sample.checks.get(claim.name)
    why = _in_one_line(check.why) if check else ""
    figure = sample.figures.get(claim.metric.name, math.nan)
    if math.isnan(figure) or (math.isinf(figure) and _is_within(claim, figure)):
        return None, why or "it has no such figure"
    if _is_within(claim, figure):
        return True, ""
    return False, f"{in_digits(figure)}{claim.metric.unit and ' '}{claim.metric.unit}" + (f" ({why})" if why else "")


def _in_one_line(words: str) -> str:
    """As evidence has it: an exception's text may have several lines."""
    return " ".join(words.split())


def _is_within(claim: Bound, figure: float) -> bool:
    return figure <= claim.bound if claim.relation == "at most" else figure >= claim.bound


def _worst(result: Result, claim: Bound) -> float | None:
    """The figure nearest to the bound, or furthest beyond it; ``None`` where that is no number."""
    figures = [sample.figures.get(claim.metric.name, math.nan) for _, _, sample in _turns(result, claim)]
    known = [figure for figure in figures if not math.isnan(figure)]
    if not known:
        return None
    worst = max(known) if claim.relation == "at most" else min(known)
    return worst if math.isfinite(worst) else None


def _without_a_figure(result: Result, claim: Bound) -> tuple[str, ...]:
    """The samples that leave a median open, a sentence each."""
    found = []
    for replicate in () if claim.metric.of_process else result.replicates:
        sample = replicate.samples.get(claim.condition)
        if sample is not None and not math.isfinite(sample.figures.get(claim.metric.name, math.nan)):
            check = sample.checks.get(claim.name)
            why = _in_one_line(check.why) if check else ""
            found.append(f"replicate {replicate.index}: {why or 'it has no such figure'}")
    return tuple(found)
