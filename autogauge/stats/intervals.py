"""An interval for a ratio or a difference from paired replicates: the Hodges-Lehmann estimate with the exact signed-rank interval.

Sources: J. L. Hodges and E. L. Lehmann, "Estimates of location based on rank tests" (1963); M. Hollander, D. A. Wolfe and
E. Chicken, "Nonparametric Statistical Methods", section 3.3 (Tukey's interval). Chosen over a bootstrap because its coverage
is exact for as few as six replicates, whatever the distribution (given symmetry of the paired log ratios), and because a
few disturbed replicates hardly move it. What an interval means for a claim is left to ``verdicts``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np

FEWEST_FOR_CORRELATION = 12
EXACT_UP_TO = 60  # pairs; above, the normal approximation differs from the exact ranks by less than one


@dataclass(frozen=True)
class Interval:
    """A ratio with its confidence interval, from so many paired replicates: ``low`` may be 0 and ``high`` infinite.

    Also a difference or a median with its own, in ``ratio``'s place: both ends may be infinite.
    """

    ratio: float
    low: float
    high: float
    confidence: float
    replicates: int

    def holds(self, ratio: float) -> bool:
        """Whether ``ratio`` lies in the interval."""
        return self.low <= ratio <= self.high


def paired_ratio(
    numerators: Sequence[float], denominators: Sequence[float], confidence: float, *, neighbours: bool = False
) -> Interval:
    """The ratio of two conditions measured in pairs, with its two-sided interval.

    Both sequences have one value a replicate, all positive and finite, in the same unit. With too few replicates for the
    confidence asked, the interval is ``(0, inf)``: nothing can be said. With ``neighbours`` the replicates are in the order measured,
    and the interval allows for neighbours that resemble each other (:func:`neighbours_factor`).
    Raises ``ValueError`` for anything else.
    """
    if len(numerators) != len(denominators):
        raise ValueError(f"{len(numerators)} numerators and {len(denominators)} denominators are not pairs")
    if not len(numerators):
        raise ValueError("no replicates")
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence of {confidence} is not between 0 and 1")
    pairs = np.array([numerators, denominators], dtype=float)
    if not np.isfinite(pairs).all() or (pairs <= 0).any():
        raise ValueError("a ratio needs positive finite samples")
    logs = np.log(pairs[0]) - np.log(pairs[1])
    centre, low, high = _location(logs, confidence, neighbours=neighbours)
    if not math.isfinite(low):
        return Interval(math.exp(centre), 0.0, math.inf, confidence, len(logs))
    return Interval(math.exp(centre), math.exp(low), math.exp(high), confidence, len(logs))


def paired_difference(
    figures: Sequence[float], base: Sequence[float], confidence: float, *, neighbours: bool = False
) -> Interval:
    """By how much the figures of one condition are above those of another measured in pairs, with the two-sided interval.

    As :func:`paired_ratio`, of the differences themselves, which may have any sign: exact where they lie symmetrically around their
    middle. Both sequences have one finite value a replicate, in the same unit. With too few replicates both ends are infinite.
    Raises ``ValueError`` for anything else.
    """
    if len(figures) != len(base):
        raise ValueError(f"{len(figures)} figures and {len(base)} to compare them with are not pairs")
    if not len(figures):
        raise ValueError("no replicates")
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence of {confidence} is not between 0 and 1")
    apart = np.asarray(figures, dtype=float) - np.asarray(base, dtype=float)
    if not np.isfinite(apart).all():
        raise ValueError("a difference needs finite samples")
    return Interval(*_location(apart, confidence, neighbours=neighbours), confidence, len(apart))


def _location(
    values: np.ndarray[tuple[int], np.dtype[np.float64]], confidence: float, *, neighbours: bool
) -> tuple[float, float, float]:
    """The Hodges-Lehmann estimate of where the values lie, with both ends of its interval; infinite ends where there are too few."""
    averages = _walsh_averages(values)
    centre = float(np.median(averages))
    rank = _lower_rank(len(values), confidence)
    if rank < 1:
        return centre, -math.inf, math.inf
    factor = neighbours_factor([float(each) for each in values]) if neighbours else 1.0
    low = centre - factor * (centre - averages[rank - 1])
    return centre, float(low), float(centre + factor * (averages[-rank] - centre))


def neighbours_factor(values: Sequence[float]) -> float:
    """By how much an interval for these values, in the order measured, is to be widened because neighbours resemble each other.

    The square root of the integrated autocorrelation time, at least 1: the correlations of the values' ranks (so that a wild one counts
    for no more than its place) are summed up to the first that is not positive, as in C. J. Geyer, "Practical Markov chain Monte
    Carlo" (1992). With fewer than ``FEWEST_FOR_CORRELATION`` values nothing can be said, and the factor is 1.
    """
    count = len(values)
    if count < FEWEST_FOR_CORRELATION:
        return 1.0
    return _widening(
        np.argsort(np.argsort(np.asarray(values, dtype=float), kind="stable"), kind="stable").astype(float)
    )


def _widening(ranks: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """The factor for these ranks, in the order measured; 1 where all are the same."""
    count = len(ranks)
    ranks = ranks - ranks.mean()
    total = float(ranks @ ranks)
    if total == 0:
        return 1.0
    time = 1.0
    for lag in range(1, count // 4 + 1):
        correlation = float(ranks[:-lag] @ ranks[lag:]) / total
        if correlation <= 0:
            break
        time += 2 * correlation
    return math.sqrt(time)


def fewest_replicates(confidence: float) -> int:
    """The smallest number of pairs that can give a bounded interval at that confidence."""
    return math.ceil(1 - math.log2(1 - confidence))


def _walsh_averages(
    values: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The sorted means of every pair of values, each value with itself included; shape ``(n (n + 1) / 2,)``."""
    first, second = np.triu_indices(len(values))
    return np.sort((values[first] + values[second]) / 2)


@lru_cache(maxsize=256)
def _lower_rank(pairs: int, confidence: float) -> int:
    """Which Walsh average (from 1) is the lower bound; 0 when even the smallest would not be low enough.

    The largest k with P(W <= k - 1) <= (1 - confidence) / 2, where W is the signed-rank statistic under symmetry.
    """
    tail = (1 - confidence) / 2
    if pairs > EXACT_UP_TO:
        mean = pairs * (pairs + 1) / 4
        deviation = math.sqrt(pairs * (pairs + 1) * (2 * pairs + 1) / 24)
        return max(0, math.floor(mean - NormalDist().inv_cdf(1 - tail) * deviation))
    cumulative = np.cumsum(_signed_rank_probabilities(pairs))
    return int(np.searchsorted(cumulative, tail * (1 + 1e-12), side="right"))


def _signed_rank_probabilities(pairs: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """P(W = w) for w from 0 to n (n + 1) / 2: each rank is in the sum or not, with equal odds."""
    probabilities = np.ones(1)
    for rank in range(1, pairs + 1):
        without = np.concatenate([probabilities, np.zeros(rank)])
        shifted = np.concatenate([np.zeros(rank), probabilities])
        probabilities = (without + shifted) / 2
    return probabilities


def median_within(values: Sequence[float], confidence: float) -> Interval:
    """The median of the values, in the order measured, with its two-sided interval by order statistics; of any sign and distribution.

    A value that is not finite is not known: it counts as the lowest for the lower end and as the highest for the upper one, so that
    nothing rests on it. Neighbours that resemble each other push both ends outwards: the number of values below the median then varies
    by ``neighbours_factor`` more, and so does the place of each end. An end is infinite where there are too few values.
    Source: as ``median_interval``. Raises ``ValueError`` where no value is known.
    """
    from scipy.special import bdtr

    ordered, known = np.asarray(values, dtype=float), np.isfinite(np.asarray(values, dtype=float))
    if not known.any():
        raise ValueError("no known values have no median")
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence of {confidence} is not between 0 and 1")
    count = len(ordered)
    below = np.asarray(bdtr(np.arange(count // 2), count, 0.5))
    place = int((below <= (1 - confidence) / 2 * (1 + 1e-12)).sum())  # of the lower end, from 1; 0: there is none
    if place and count >= FEWEST_FOR_CORRELATION:
        middle = (count + 1) / 2
        place = math.floor(middle - _widening(_middle_ranks(ordered)) * (middle - place))
    low, high = -math.inf, math.inf
    if place > 0:
        low = float(np.sort(np.where(known, ordered, -math.inf))[place - 1])
        high = float(np.sort(np.where(known, ordered, math.inf))[-place])
    return Interval(float(np.median(ordered[known])), low, high, confidence, count)


def _middle_ranks(
    values: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Each value's rank, equal ones sharing the middle of theirs: a stable order would make a trend of them."""
    values = np.where(np.isfinite(values), values, math.inf)
    in_order = np.sort(values)
    ranks = (np.searchsorted(in_order, values, "left") + np.searchsorted(in_order, values, "right")) / 2
    return np.asarray(ranks, dtype=float)


def median_interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float]:
    """An interval for the median of independent values by order statistics, whatever their distribution.

    The lowest and the highest value where there are too few for that confidence (under six for 95 %). Raises ``ValueError`` for none.
    Source: M. Hollander, D. A. Wolfe and E. Chicken, "Nonparametric Statistical Methods", section 3.6 (Thompson and Savur).
    """
    from scipy.special import bdtr

    if not values:
        raise ValueError("no values have no median")
    ordered, count = sorted(values), len(values)
    below = np.asarray(
        bdtr(np.arange(count // 2), count, 0.5)
    )  # the probability that at most k values lie below the median
    outside = int((below <= (1 - confidence) / 2).sum())
    return ordered[max(0, outside - 1)] if outside else ordered[0], ordered[-outside] if outside else ordered[-1]
