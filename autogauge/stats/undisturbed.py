"""The ratio of two costs as they are undisturbed: of the means of the lowest samples, which were taken by turns.

What else a machine does only ever takes time: the disturbances are above the distribution of a cost, and on shared machines they can
be most of it. The lowest samples are those of the quietest moments. Both sides are measured in the same rounds, so that what the
machine does for minutes (its frequency, a neighbour in the cache) is in both and leaves the ratio. A bound for such a ratio is left to
``prediction``; a comparison that must see every kind of change, also one of the worse half only, uses ``intervals``.

Source of the thought: J. Chen and J. Revels, "Robust benchmarking in noisy environments" (2016), who take the minimum; the mean of
the lowest few is less at the mercy of one of them. Which share serves best was measured: ``python -m benchmarks.calibration choices``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

SHARE = 0.15
"""Of the samples, at least one."""
FEWEST = 6
RESAMPLES = 200
_SEED = 20261124


def undisturbed_ratio(numerators: Sequence[float], denominators: Sequence[float]) -> tuple[float, float]:
    """The ratio of the geometric means of the lowest ``SHARE`` of either side, and the standard error of its logarithm.

    Both have one cost a round, all positive and finite, in the same unit. The error is a bootstrap's over rounds, with always the same
    draws. Raises ``ValueError`` for fewer than ``FEWEST`` rounds or for anything else.
    """
    if len(numerators) != len(denominators) or len(numerators) < FEWEST:
        raise ValueError(f"{len(numerators)} and {len(denominators)} costs are not {FEWEST} rounds or more")
    costs = np.array([numerators, denominators], dtype=float)
    if not np.isfinite(costs).all() or (costs <= 0).any():
        raise ValueError("a ratio needs positive finite costs")
    logs = np.log(costs)
    drawn = np.random.default_rng(_SEED).integers(0, logs.shape[1], (RESAMPLES, logs.shape[1]))
    above, below = lowest(logs)
    resampled = lowest(logs[:, drawn])
    return math.exp(above - below), float(np.std(resampled[0] - resampled[1], ddof=1))


def lowest(values: npt.NDArray[Any], share: float = SHARE) -> npt.NDArray[Any]:
    """The mean of the lowest share of the values, along the last axis."""
    count = max(1, math.ceil(share * values.shape[-1]))
    return np.asarray(np.partition(values, count - 1, axis=-1)[..., :count].mean(axis=-1))
