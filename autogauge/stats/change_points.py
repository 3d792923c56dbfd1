"""Where the level of a benchmark changed for good, over the runs of its history. What is done about it is left to the report.

The figures' logarithms are cut into stretches of constant level by penalised least squares (PELT, from ``ruptures``), after lone outliers
were drawn in, with the noise estimated from differences of neighbouring runs, which a step hardly touches, and with an allowance for
neighbours that resemble each other. The penalty is chosen on noise alone: ``benchmarks/change_points.py`` prints how often it is wrong,
and how soon it sees a step, beside other methods.

Sources: R. Killick, P. Fearnhead and I. Eckley, "Optimal detection of changepoints with a linear computational cost" (2012); C. Truong, L.
Oudre and N. Vayatis, "Selective review of offline change point detection methods" (2020; ruptures); J. von Neumann, "Distribution
of the ratio of the mean square successive difference to the variance" (1941) for the noise from differences.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from autogauge.stats.prediction import shrinkage

FEWEST = 8
"""Runs below which nothing is said."""
SHORTEST = 4
"""Runs of a stretch: three bad runs are no level."""
WINDOW, MOST_DEVIATIONS = 5, 2.0
"""A run that lies further from the median of its neighbourhood than this many standard deviations is drawn in to there."""
PENALTY, PENALTY_SLOPE = 12.0, 2.0
"""Of one more stretch: ``PENALTY + PENALTY_SLOPE * log(runs / 100)``, in variances; chosen on noise alone."""
ALIKE = 1.28
"""Neighbours resemble each other when their correlation is beyond this many of its standard errors (one in ten by chance)."""
AT_ONCE = 2000
"""Runs that are cut at once; windows overlap by half of that at most."""
LEAST_NOISE = 0.002
"""Relative standard deviation between runs below which no benchmark is believed to be."""
SIBLING_PENALTY, NEAR = 7.0, 2
"""Of a change that a sibling (another benchmark of the same runs) shows within so many runs of there: so much less evidence will do."""
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
    return _levels(logs, [0, *_cuts(logs)] if len(logs) >= FEWEST else [0])


def levels_of_siblings(series: Sequence[Sequence[float]], runs: Sequence[Sequence[int]]) -> list[Levels]:
    """The levels of several benchmarks that the same runs measured; ``runs`` are the runs' places in time, ascending, of each series.

    Benchmarks of one run move together. So a change that one of them shows by itself lowers the bar for the others, there and nowhere
    else: noise that is called a change in one of them is looked for at one place more in each of the others.
    Raises ``ValueError`` for what is no figure.
    """
    alone = [levels_of(each) for each in series]
    changed = {own[change.first] for own, each in zip(runs, alone, strict=True) for change in each.changes}
    if not changed:
        return alone
    return [
        _levels(np.log(np.asarray(values, dtype=float)), _with_siblings(values, own, each.starts, changed))
        if len(values) >= FEWEST
        else each
        for values, own, each in zip(series, runs, alone, strict=True)
    ]


def _with_siblings(values: Sequence[float], runs: Sequence[int], starts: Sequence[int], changed: set[int]) -> list[int]:
    """The starts, with those that siblings show and this series does not contradict."""
    logs = np.log(np.asarray(values, dtype=float))
    found = list(starts)
    steady, noise = _steady(logs)
    for run in sorted(changed):
        at = bisect.bisect_left(runs, run)
        if all(abs(at - start) > NEAR for start in found):
            begin = max(start for start in (0, *found) if start <= at)
            end = min(start for start in (*found, len(logs)) if start > at) if at < len(logs) else len(logs)
            places = range(max(begin + SHORTEST, at - NEAR), min(end - SHORTEST, at + NEAR) + 1)
            if not places:
                continue
            best = max(places, key=lambda place: _evidence(steady[begin:end], place - begin, noise))
            factor = _alike(steady / noise, 1.0, sorted({*found[1:], best}))
            if _evidence(steady[begin:end], best - begin, noise) > factor * SIBLING_PENALTY:
                found = sorted([*found, best])
    return found


def _evidence(values: Floats, place: int, noise: float) -> float:
    """By how much two levels with the second beginning at ``place`` fit better than one, in variances."""
    apart = float(values[place:].mean() - values[:place].mean()) / noise
    return apart**2 / (1 / place + 1 / (len(values) - place))


def evidence_of(figures: Sequence[float], begin: int, place: int) -> float:
    """By how much two levels, of which the second begins at ``place``, fit the figures from ``begin`` on better than one.

    Twice the logarithm of the likelihood ratio, with the noise as it is within the levels and the likeness of neighbours allowed for. Noise
    alone exceeds ``x`` at a given place less often than ``exp(-x / 2)``, or hardly more often where runs are few.
    """
    own = _steady(np.log(np.asarray(figures, dtype=float)))[0][begin:]
    count, cut = len(own), place - begin
    within = float(cut * np.var(own[:cut]) + (count - cut) * np.var(own[cut:]))
    within = max(within, count * LEAST_NOISE**2)
    between = float(own[cut:].mean() - own[:cut].mean()) ** 2 * cut * (count - cut) / count
    return count * math.log1p(between / within) / _alike(own, math.sqrt(within / count), [cut])


def _levels(logs: Floats, starts: list[int]) -> Levels:
    starts = _without_small(logs, starts)
    levels = _medians(logs, starts)
    changes = tuple(
        Change(start, math.exp(new - old)) for start, old, new in zip(starts[1:], levels, levels[1:], strict=False)
    )
    return Levels(tuple(starts), tuple(math.exp(level) for level in levels), changes)


def _steady(logs: Floats) -> tuple[Floats, float]:
    """The series with lone outliers drawn in, and the noise between neighbouring runs."""
    noise = noise_of(logs)
    steady = drawn_in(logs, noise)
    return steady, max(noise, float(np.std(np.diff(steady))) / math.sqrt(2))


def noise_of(logs: Floats) -> float:
    """The standard deviation between neighbouring runs: winsorized, of the differences, over the square root of two."""
    ordered = np.sort(np.diff(logs))
    cut = int(WINSORIZED * len(ordered))
    inner = np.clip(ordered, ordered[cut], ordered[len(ordered) - 1 - cut])
    deviation = math.sqrt(float(np.var(inner)) / shrinkage(cut / len(ordered)) / 2)
    return max(LEAST_NOISE, deviation)


def _cuts(logs: Floats) -> list[int]:
    """Where a new stretch begins.

    Cut twice: what is left within the stretches of the first cut says whether neighbours resemble each other, which makes noise look like
    levels; the penalty of the second is larger by as much.
    """
    steady, noise = _steady(logs)
    cuts = _cut(steady / noise, 1.0)
    factor = _alike(steady, noise, cuts) if cuts else 1.0
    return _cut(steady / noise, factor) if factor > 1 else cuts


def _cut(values: Floats, factor: float) -> list[int]:
    """The cuts by PELT, whose time grows with the square of a stretch's length: a long series is cut window by window."""
    import ruptures

    penalty = factor * (PENALTY + PENALTY_SLOPE * max(0.0, math.log(len(values) / 100)))
    cuts: list[int] = []
    begin = 0
    while True:
        part = values[begin : begin + AT_ONCE]
        search = ruptures.KernelCPD(kernel="linear", min_size=SHORTEST).fit((part - part.mean()).reshape(-1, 1))
        found = [begin + int(each) for each in search.predict(pen=penalty)[:-1]]
        end = begin + AT_ONCE
        if end >= len(values):
            return cuts + found
        cuts += [cut for cut in found if cut < end - AT_ONCE // 4]  # what is near the edge is looked at again
        begin = max(begin + AT_ONCE // 2, cuts[-1] if cuts else 0)


def _alike(values: Floats, noise: float, cuts: Sequence[int]) -> float:
    """By how much the variance of a level is larger than ``noise`` squared over its runs: at least 1."""
    bounds = [0, *cuts, len(values)]
    rest = np.concatenate([values[i:j] - values[i:j].mean() for i, j in itertools.pairwise(bounds)])
    squares = float((rest**2).sum())
    if not squares:
        return 1.0
    degrees = max(1, len(values) - len(bounds) + 1)
    factor = max(1.0, squares / degrees / noise**2)
    correlation = float((rest[1:] * rest[:-1]).sum()) / squares + (len(bounds) - 1) / len(
        values
    )  # each mean takes some away
    if correlation > ALIKE / math.sqrt(len(values)):
        correlation = min(correlation, 0.9)
        factor *= (1 + correlation) / (1 - correlation)
    return factor


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
