"""Looking at the evidence while it comes in, without being wrong more often for it: how much of the error each look may spend.

Every look of a comparison gets a share of the error that the comparison may make in all, so that stopping at any of them keeps it
(Bonferroni, which asks nothing of how the looks depend on each other). Equal shares suit a few planned looks. Where it is not known how
many replicates the time allows, the error is spent by the time that has passed: K. K. G. Lan and D. L. DeMets, "Discrete sequential
boundaries for clinical trials", Biometrika 1983, with the square of the time, of the family of K. Kim and D. L. DeMets, "Design and
analysis of group sequential tests based on the type I error spending rate function", Biometrika 1987. How much time has passed does not
depend on what was measured, which is what that asks for. What is looked at is left to ``verdicts``.
"""

from __future__ import annotations

import math

SPENDING = 2.0
"""The power of the time that has passed by which the error is spent: most of it is left for the late looks, which know most."""
LEAST = 1e-9
"""The share of a look that comes at no time after the one before."""


def geometric_looks(first: int, last: int, factor: float = 1.4) -> tuple[int, ...]:
    """Numbers of replicates to look at, from the first to the last, each about ``factor`` times the one before.

    Raises ``ValueError`` unless ``1 <= first <= last`` and the factor is above 1.
    """
    if not 1 <= first <= last or factor <= 1:
        raise ValueError(f"no looks go from {first} to {last} by a factor of {factor}")
    found = [first]
    while found[-1] < last:
        found.append(min(last, max(found[-1] + 1, math.ceil(found[-1] * factor))))
    return tuple(found)


def share_by_time(elapsed_s: float, budget_s: float, looked: float) -> float:
    """The share of the error that a look may spend after so much of the time; ``looked`` is the share of the time at the look before."""
    passed = min(1.0, elapsed_s / budget_s) if budget_s > 0 else 1.0
    return max(LEAST, float(passed**SPENDING - looked**SPENDING))
