"""Where the next run should lie, from the runs before it: the runs are the random effect, not the rounds inside them.

The level is the trimmed mean of the runs' logarithms and their variance the winsorized one, so that one bad run in ten moves neither much;
the variance is then moderated by a prior that stands for a few runs, so that three runs which happen to agree do not
promise what three runs cannot; the bound is Student's for one more observation. Judging by it is left to ``gate.past``.

Sources: R. R. Wilcox, "Introduction to Robust Estimation and Hypothesis Testing", chapter 3 (trimmed means, winsorized
variances; Tukey and McLaughlin's degrees of freedom); G. K. Smyth, "Linear models and empirical Bayes methods" (2004)
(the moderated variance); W. Q. Meeker, G. J. Hahn and L. A. Escobar, "Statistical Intervals" (the prediction interval). The
derivation is on the page ``docs/gate-choices.md``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

TRIMMED_SHARE = 0.1
"""Of the runs at either end, once there are ``TRIM_FROM`` of them; then at least one."""
TRIM_FROM = 5
PRIOR_SPREAD = 0.02
"""Relative standard deviation of a figure between runs where nothing is known yet."""
PRIOR_DEGREES = 3.0


@dataclass(frozen=True)
class Level:
    """The level of a benchmark over its runs, on the logarithmic scale: centre, standard deviation between runs, degrees of freedom."""

    centre: float
    spread: float
    degrees: float
    runs: int
    kept: float

    def reach(self, confidence: float, more_variance: float = 0.0) -> float:
        """How far above the centre one more run may lie (logarithm), one-sided, at that confidence.

        ``more_variance`` is by how much the new run's own figure is less certain than those of the level (its squared standard error less
        theirs); below 0 for one that is more certain, which is believed down to half of the level's variance.
        """
        from scipy.special import stdtrit

        own = max(self.spread**2 / 2, self.spread**2 + more_variance)
        return float(stdtrit(self.degrees, confidence)) * math.sqrt(own + self.spread**2 / self.kept)

    def of_centre(self, confidence: float) -> float:
        """How far from the centre the true level may lie (logarithm), one-sided, at that confidence: Student's."""
        from scipy.special import stdtrit

        return float(stdtrit(self.degrees, confidence)) * self.spread / math.sqrt(self.kept)


def level_of(
    figures: Sequence[float],
    others: Sequence[float] = (),
    *,
    prior_spread: float = PRIOR_SPREAD,
    prior_degrees: float = PRIOR_DEGREES,
) -> Level:
    """The level of these figures (positive, any unit). Raises ``ValueError`` for none or for what is no figure.

    ``others`` are figures of the same benchmark at an earlier level: they tell how much runs vary, not where they lie.
    """
    if not len(figures):
        raise ValueError("no runs")
    values = np.array([*figures, *others], dtype=float)
    if not np.isfinite(values).all() or (values <= 0).any():
        raise ValueError("a level needs positive finite figures")
    now = np.log(np.asarray(figures, dtype=float))
    centre, squares, degrees = _robust(now)
    kept = degrees + 1
    if len(others) > 1:
        _, more, more_degrees = _robust(np.log(np.asarray(others, dtype=float)))
        squares, degrees = squares + more, degrees + more_degrees
    total = degrees + prior_degrees
    spread = math.sqrt((squares + prior_degrees * prior_spread**2) / total)
    return Level(centre, spread, total, len(figures), kept)


def _robust(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, float, float]:
    """Trimmed mean, sum of squares that estimates (degrees × variance), and degrees of freedom."""
    count = len(values)
    trimmed = max(1, int(TRIMMED_SHARE * count)) if count >= TRIM_FROM else 0
    ordered = np.sort(values)
    inner = ordered[trimmed : count - trimmed]
    winsorized = np.clip(ordered, inner[0], inner[-1])
    variance = float(np.var(winsorized, ddof=1)) if count > 1 else 0.0
    degrees = float(count - 2 * trimmed - 1)
    return float(inner.mean()), degrees * variance / shrinkage(trimmed / count), degrees


def shrinkage(share: float) -> float:
    """The variance of a standard normal variable winsorized by ``share`` at either end."""
    if not share:
        return 1.0
    normal = NormalDist()
    bound = normal.inv_cdf(1 - share)
    return (1 - 2 * share) - 2 * bound * normal.pdf(bound) + 2 * share * bound**2
