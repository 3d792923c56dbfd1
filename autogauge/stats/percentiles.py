"""Latency percentiles, given only where there are enough samples for one.

Source: MLPerf Inference's LoadGen, early stopping: a percentile may be reported when, at 99 % confidence, at most one sample
above it could not have come about otherwise. That gives at least 11 samples for p50, 64 for p90, 662 for p99.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

CONFIDENCE = 0.99
REPORTED = (50, 90, 99)


@lru_cache(maxsize=16)
def fewest_samples(percent: float) -> int:
    """The smallest n with P(at most one of n samples lies above the percentile) <= 1 - CONFIDENCE.

    ``percent`` lies strictly between 0 and 100; anything else is a ``ValueError``.
    """
    if not 0 < percent < 100:
        raise ValueError(f"{percent} is not between 0 and 100")
    below = percent / 100

    def odds(samples: int) -> float:
        """Binomial probability of none or one above: b^n + n (1 - b) b^(n-1), in logarithms against underflow."""
        return math.exp(samples * math.log(below)) * (1 + samples * (1 - below) / below)

    high = 2
    while odds(high) > 1 - CONFIDENCE:
        high *= 2
    low = high // 2
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if odds(middle) > 1 - CONFIDENCE else (low, middle)
    return low


def percentile(samples: npt.ArrayLike, percent: float) -> float:
    """A percentile of the samples (shape ``(n,)``, not empty), in their unit, that is too low as often as too high.

    By the median-unbiased plotting position, type 8 of R. J. Hyndman and Y. Fan, "Sample quantiles in statistical packages", The American
    Statistician 1996: the usual linear one is below the true p99 of 662 samples in more than half of all cases.
    """
    return float(np.percentile(np.asarray(samples, float), percent, method="median_unbiased"))


def percentiles(samples: npt.ArrayLike) -> dict[str, float | None]:
    """p50, p90 and p99 of the samples (shape ``(n,)``), in their unit; ``None`` where there are too few of them."""
    values = np.asarray(samples, float)
    return {
        f"p{percent}": float(np.percentile(values, percent)) if len(values) >= fewest_samples(percent) else None
        for percent in REPORTED
    }
