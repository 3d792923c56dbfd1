"""Does a series grow? Its slope with an interval, which outliers and steps of the allocator do not carry away.

Sources: H. Theil, "A rank-invariant method of linear and polynomial regression analysis" (1950); P. K. Sen, "Estimates of the regression
coefficient based on Kendall's tau" (1968), as ``scipy.stats.theilslopes`` has them. The interval takes readings for independent, which
readings of one process are not quite: it is to be held against a bound that is far above nothing, not against zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

CONFIDENCE = 0.99
FEWEST = 10
"""Readings below which nothing is said."""


@dataclass(frozen=True)
class Slope:
    """By how much a series grows from one reading to the next; ``low`` and ``high`` are its interval."""

    each: float
    low: float
    high: float
    readings: int

    def __sub__(self, other: Slope) -> Slope:
        """By how much more it grows than another; the interval is wide enough for both."""
        return Slope(
            self.each - other.each,
            self.low - other.high,
            self.high - other.low,
            min(self.readings, other.readings),
        )

    def __mul__(self, steps: float) -> Slope:
        """By how much it grows in so many steps; ``steps`` is not negative."""
        return Slope(self.each * steps, self.low * steps, self.high * steps, self.readings)

    def __str__(self) -> str:
        return f"{self.each:.3g} ({self.low:.3g} to {self.high:.3g}, {self.readings} readings)"


def slope(values: Sequence[float], every: int = 1, confidence: float = CONFIDENCE) -> Slope | None:
    """The slope of readings, ``every`` so many steps one, per step; ``None`` of fewer than ``FEWEST``."""
    if len(values) < FEWEST:
        return None
    from scipy.stats import theilslopes  # loading it takes longer than collecting all tests

    found = theilslopes(list(values), [place * every for place in range(len(values))], confidence)
    return Slope(float(found.slope), float(found.low_slope), float(found.high_slope), len(values))
