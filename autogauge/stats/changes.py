"""Did one condition become worse than the other? Two looks at the same pairs, since noise that comes and goes hides much from the first.

The first is the interval of the pairs (``intervals``): every pair counts. The second is the same interval of *quiet* pairs: of every
four neighbouring rounds each side's best. Disturbances only ever make a sample worse, so where they hit many samples, but
seldom four in a row, the best ones tell the change much sooner; a change that is only there now and then they do not see. So either of the
two may say FAIL, and only the first one PASS. They share the error equally.

FAIL: the interval excludes that nothing changed, and the change is above the floor, which is the claim's bound, as far as one can tell.
PASS: the whole interval is within the floor.

That a quiet pair's ratio is as likely above its true value as below, which is all that the interval asks for, follows from the
same symmetry as for pairs: what disturbs one side of a round could as well have disturbed the other.
"""

from __future__ import annotations

from collections.abc import Sequence

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
    best = max if claim.relation == "at least" else min
    starts = range(0, len(numerators) - NEIGHBOURS + 1, NEIGHBOURS)
    if starts:
        above = [best(numerators[start : start + NEIGHBOURS]) for start in starts]
        below = [best(denominators[start : start + NEIGHBOURS]) for start in starts]
        interval = paired_ratio(above, below, shared, neighbours=True)
        if _is_worse(claim, interval):
            return Outcome.FAIL, interval
    within = outcome_of(claim, every) is Outcome.PASS
    return Outcome.PASS if within else Outcome.INCONCLUSIVE, every


def _is_worse(claim: Bounded, interval: Interval) -> bool:
    """Whether it is worse beyond doubt, and by more than the floor as far as one can tell."""
    if claim.relation == "at most":
        return interval.low > 1 and interval.ratio > claim.bound
    return interval.high < 1 and interval.ratio < claim.bound
