"""Did one condition become worse than the other, or do they differ at all? Two looks at the same pairs, since noise hides much from one.

The first is the interval of the pairs (``intervals``): every pair counts. The second is the same interval of *quiet* pairs: of every
four neighbouring rounds each side's best. Disturbances only ever make a sample worse, so where they hit many samples, but
seldom four in a row, the best ones tell the change much sooner; a change that is only there now and then they do not see. So either of the
two may say FAIL, and only the first one PASS. They share the error equally.

FAIL: the interval excludes that nothing changed, and the change is above the floor, which is the claim's bound, as far as one can tell.
PASS: the whole interval is within the floor.

Where two conditions are to be told apart whichever is the better one (:func:`judge_likeness`), both ways are looked at alike.

That a quiet pair's ratio is as likely above its true value as below, which is all that the interval asks for, follows from the
same symmetry as for pairs: what disturbs one side of a round could as well have disturbed the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from autogauge.stats.intervals import Interval, paired_ratio
from autogauge.stats.verdicts import Bounded, Outcome, outcome_of

NEIGHBOURS = 4


def judge_change(
    numerators: Sequence[float], denominators: Sequence[float], claim: Bounded, confidence: float
) -> tuple[Outcome, Interval]:
    """The outcome, and the interval that it rests on. The replicates are in the order measured.

    Raises ``ValueError`` for what is no pairs of positive finite samples.
    """
    shared = (1 + confidence) / 2
    every = paired_ratio(numerators, denominators, shared, neighbours=True)
    if _is_worse(claim, every):
        return Outcome.FAIL, every
    if quiet := _quiet(numerators, denominators, max if claim.relation == "at least" else min):
        interval = paired_ratio(*quiet, shared, neighbours=True)
        if _is_worse(claim, interval):
            return Outcome.FAIL, interval
    within = outcome_of(claim, every) is Outcome.PASS
    return Outcome.PASS if within else Outcome.INCONCLUSIVE, every


def judge_likeness(
    numerators: Sequence[float],
    denominators: Sequence[float],
    claim: Bounded,
    confidence: float,
    *,
    higher_is_better: bool,
) -> tuple[Outcome, Interval]:
    """Whether the two sides are alike within the claim's bound, a factor either way, and the interval that this rests on.

    FAIL: the interval excludes 1, and they differ by more than half of the bound (its root) as far as one can tell. PASS: the whole
    interval is within the bound. ``higher_is_better`` says which of a side's samples are the quiet ones. The replicates are in the order
    measured. Raises ``ValueError`` for what is no pairs of positive finite samples.
    """
    shared = (1 + confidence) / 2
    every = paired_ratio(numerators, denominators, shared, neighbours=True)
    if _differs(every, claim.bound):
        return Outcome.FAIL, every
    if quiet := _quiet(numerators, denominators, max if higher_is_better else min):
        interval = paired_ratio(*quiet, shared, neighbours=True)
        if _differs(interval, claim.bound):
            return Outcome.FAIL, interval
    return (Outcome.PASS if outcome_of(claim, every) is Outcome.PASS else Outcome.INCONCLUSIVE), every


def _quiet(
    numerators: Sequence[float], denominators: Sequence[float], best: Callable[[Sequence[float]], float]
) -> tuple[list[float], list[float]] | None:
    """The best of each side of every few neighbours; ``None`` where there are too few for one."""
    starts = range(0, len(numerators) - NEIGHBOURS + 1, NEIGHBOURS)
    if not starts:
        return None
    above, below = ([best(side[start : start + NEIGHBOURS]) for start in starts] for side in (numerators, denominators))
    return above, below


def _differs(interval: Interval, bound: float) -> bool:
    """Whether the sides differ beyond doubt, and by more than half of the bound as far as one can tell."""
    return not interval.holds(1.0) and abs(math.log(interval.ratio)) > math.log(bound) / 2


def _is_worse(claim: Bounded, interval: Interval) -> bool:
    """Whether it is worse beyond doubt, and by more than the floor as far as one can tell."""
    if claim.relation == "at most":
        return interval.low > 1 and interval.ratio > claim.bound
    return interval.high < 1 and interval.ratio < claim.bound
