"""Where the level of a benchmark changed for good, over the runs of its history. What is done about it is left to the report.

The figures' logarithms are cut into stretches of constant level by penalised least squares (PELT, from ``ruptures``), after lone outliers
were drawn in and with the noise estimated from differences of neighbouring runs, which a step hardly touches. The penalty is chosen on
noise alone: ``benchmarks/change_points.py`` prints how often it is wrong, and how soon it sees a step, beside other methods.

Sources: R. Killick, P. Fearnhead and I. Eckley, "Optimal detection of changepoints with a linear computational cost" (2012); C. Truong, L.
Oudre and N. Vayatis, "Selective review of offline change point detection methods" (2020; ruptures); J. von Neumann, "Distribution
of the ratio of the mean square successive difference to the variance" (1941) for the noise from differences.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from autogauge.stats.prediction import shrinkage

FEWEST = 8
"""Runs below which nothing is said."""
SHORTEST = 3
"""Runs of a stretch: two bad runs are no level."""
WINDOW, MOST_DEVIATIONS = 5, 2.5
"""A run that lies further from the median of its neighbourhood than this many standard deviations is drawn in to there."""
PENALTY, PENALTY_SLOPE = 11.0, 2.0
"""Of one more stretch: ``PENALTY + PENALTY_SLOPE * log(runs / 100)``, in variances; chosen on noise alone."""
LEAST_NOISE = 0.002
"""Relative standard deviation between runs below which no benchmark is believed to be."""
SMALLEST = 0.01
"""A change of level below this is nobody's business, however certain."""
WINSORIZED = 0.1

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Change:
    """A change of level. ``first`` is the index of the first run at the new level, ``ratio`` the new level over the old one."""

    first: int
    ratio: float


@dataclass(frozen=True)
class Levels:
    """The stretches of a series: where each begins (the first at 0), its level (median, the figures' unit), the changes between them."""

    starts: tuple[int, ...]
    levels: tuple[float, ...]
    changes: tuple[Change, ...]


def levels_of(figures: Sequence[float]) -> Levels:
    """The levels of these figures (positive, any unit), in the order of the runs. Raises ``ValueError`` for what is no figure."""
    values = np.asarray(figures, dtype=float)
    if not np.isfinite(values).all() or (values <= 0).any():
        raise ValueError("a level needs positive finite figures")
    if not len(values):
        return Levels((), (), ())
    logs = np.log(values)
    starts = [0, *_cuts(logs)] if len(logs) >= FEWEST else [0]
    starts = _without_small(logs, starts)
    levels = _medians(logs, starts)
    changes = tuple(
        Change(start, math.exp(new - old)) for start, old, new in zip(starts[1:], levels, levels[1:], strict=False)
    )
    return Levels(tuple(starts), tuple(math.exp(level) for level in levels), changes)


def noise_of(logs: Floats) -> float:
    """The standard deviation between neighbouring runs: winsorized, of the differences, over the square root of two."""
    ordered = np.sort(np.diff(logs))
    cut = int(WINSORIZED * len(ordered))
    inner = np.clip(ordered, ordered[cut], ordered[len(ordered) - 1 - cut])
    deviation = math.sqrt(float(np.var(inner)) / shrinkage(cut / len(ordered)) / 2)
    return max(LEAST_NOISE, deviation)


def _cuts(logs: Floats) -> list[int]:
    """Where a new stretch begins."""
    import ruptures

    noise = noise_of(logs)
    steady = drawn_in(logs, noise) / noise
    penalty = PENALTY + PENALTY_SLOPE * max(0.0, math.log(len(logs) / 100))
    search = ruptures.KernelCPD(kernel="linear", min_size=SHORTEST).fit(steady.reshape(-1, 1) - steady.mean())
    return [int(each) for each in search.predict(pen=penalty)[:-1]]


def drawn_in(logs: Floats, noise: float) -> Floats:
    """The series with lone outliers brought to the edge of what their neighbourhood allows; a lasting step is no outlier."""
    half = WINDOW // 2
    padded = np.concatenate([logs[half:0:-1], logs, logs[-2 : -half - 2 : -1]])
    centre = np.median(np.lib.stride_tricks.sliding_window_view(padded, WINDOW), axis=1)
    reach = MOST_DEVIATIONS * noise
    return np.asarray(np.clip(logs, centre - reach, centre + reach))


def _without_small(logs: Floats, starts: list[int]) -> list[int]:
    """The stretches with neighbours joined whose levels are the same for all that matters."""
    while len(starts) > 1:
        steps = np.abs(np.diff(_medians(logs, starts)))
        smallest = int(np.argmin(steps))
        if steps[smallest] >= math.log1p(SMALLEST):
            break
        del starts[smallest + 1]
    return starts


def _medians(logs: Floats, starts: Sequence[int]) -> list[float]:
    return [float(np.median(logs[begin:end])) for begin, end in zip(starts, [*starts[1:], len(logs)], strict=True)]
