"""What a series does that is no change of level: it alternates between two levels, or varies more (or less) from some run on.

Both are looked for in what is left once the levels (``change_points``) are taken out. How often noise alone is called one of the two,
and how often each is found, is printed by ``benchmarks/change_points.py``.

Sources: M. S. Bartlett, "On the theoretical specification and sampling properties of autocorrelated time-series" (1946) for the first
autocorrelation's error; C. Inclán and G. C. Tiao, "Use of cumulative sums of squares for retrospective detection of changes of variance"
(1994), here as a likelihood ratio whose distribution is found by permuting the runs, so that heavy tails are no change.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FEWEST = 16
"""Runs below which nothing is said."""
MOST_RUNS = 500
"""The newest so many are looked at."""
BEYOND, LEAST_OPPOSED = 3.3, 0.5
"""Neighbours are opposed when their correlation is below zero by so many of its standard errors, and by so much."""
APART, LEAST_SHARE, FEWEST_SWITCHES = 5.0, 0.3, 4
"""Two levels: so many deviations within them apart, the smaller with this share of the runs, and so many changes between them."""
SMALLEST = 0.01
"""Levels that are less than this apart are nobody's business."""
SHORTEST = 8
"""Runs on either side of a change of variation."""
LEAST_TIMES = 1.6
"""A standard deviation that grew, or shrank, by less than this is not said."""
ERROR, PERMUTATIONS = 0.005, 1999
IN_TURN = (100, 400, 400, 500, PERMUTATIONS - 1400)
"""Permutations that are made before it is asked whether too many of them were as large already."""
CLEARLY_NOTHING = 6.0
"""A likelihood ratio below this is reached by more than ``ERROR`` of all permutations whatever the figures: none are made."""
OWN_EVIDENCE = 4.0
"""A likelihood ratio of a benchmark's own, at the run with which its siblings became more or less variable."""
WITHIN = 3.0
"""Squares are taken of what lies within so many deviations: a lone bad run is no variation that doubled."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Alternation:
    """Runs lie on two levels by turns, from the run with index ``first`` on. ``apart`` is the upper level over the lower one."""

    first: int
    apart: float
    regular: bool


@dataclass(frozen=True)
class Variation:
    """From the run with index ``first`` on the standard deviation between runs is ``times`` that before."""

    first: int
    times: float
    before: float
    after: float


Pattern = Alternation | Variation


def patterns_of(figures: Sequence[float], starts: Sequence[int]) -> Pattern | None:
    """What the figures (positive, any unit) do beside their levels, which begin at ``starts``."""
    return _pattern_in(*_rest(figures, starts))


def _pattern_in(rest: Floats | None, skipped: int) -> Pattern | None:
    if rest is None:
        return None
    return _moved(_alternation(rest) or _variation(_squares(rest)), skipped)


def patterns_of_siblings(series: Sequence[Sequence[float]], starts: Sequence[Sequence[int]]) -> list[Pattern | None]:
    """The same of several benchmarks of equal length that the same runs measured.

    Runs become more variable in all their benchmarks, so what is too little in each by itself may be enough in all together.
    """
    rests = [_rest(values, own) for values, own in zip(series, starts, strict=True)]
    found = [_pattern_in(*rest) for rest in rests]
    plain = [
        place for place, each in enumerate(found) if not isinstance(each, Alternation) and rests[place][0] is not None
    ]
    if len(plain) < 2:
        return found
    squares = {place: _squares(rest) for place in plain if (rest := rests[place][0]) is not None}
    together = _variation(np.mean([each / each.mean() for each in squares.values()], axis=0))
    if together is not None:
        for place in plain:
            own = squares[place]
            cut = together.first
            if found[place] is None and float(_likelihood_ratios(own[None, :])[0, cut - SHORTEST]) > OWN_EVIDENCE:
                alike = _as_variation(own, cut)
                if (alike.times > 1) == (together.times > 1):
                    found[place] = _moved(alike, rests[place][1])
    return found


def _rest(figures: Sequence[float], starts: Sequence[int]) -> tuple[Floats | None, int]:
    """What is left of the newest figures without their levels, and how many older ones were passed over; ``None`` for too few."""
    if len(figures) < FEWEST:
        return None, 0
    logs = np.log(np.asarray(figures, dtype=float))
    bounds = [*starts, len(logs)]
    rest = np.concatenate([logs[i:j] - np.median(logs[i:j]) for i, j in itertools.pairwise(bounds)])
    skipped = max(0, len(rest) - MOST_RUNS)
    return rest[skipped:], skipped


def _moved(found: Pattern | None, places: int) -> Pattern | None:
    return found and dataclasses.replace(found, first=found.first + places if found.first or places == 0 else 0)


def _alternation(rest: Floats) -> Alternation | None:
    quarters = np.quantile(
        rest, [0.25, 0.75]
    )  # their middle lies between two levels, where the median lies on one of them
    rest = _within(rest - float(quarters.mean()))
    squares = float((rest**2).sum())
    if not squares:
        return None
    opposed = -rest[1:] * rest[:-1]
    if float(opposed.sum()) / squares > max(LEAST_OPPOSED, BEYOND / math.sqrt(len(rest))):
        begin = _begin_of(opposed)
        own = rest[begin:]
        apart = float(np.median(np.abs(np.diff(own))))
        return Alternation(begin, math.exp(apart), regular=True) if apart > math.log1p(SMALLEST) else None
    return _two_levels(rest)


def _begin_of(opposed: Floats) -> int:
    """Where the stretch of opposed neighbours begins that weighs most; 0 where that is nearly at the beginning."""
    weights = opposed - float(np.quantile(opposed, 0.9)) / 4
    tails = np.cumsum(weights[::-1])[::-1]
    begin = int(np.argmax(tails))
    return begin if begin >= SHORTEST and len(opposed) - begin >= SHORTEST else 0


def _two_levels(rest: Floats) -> Alternation | None:
    """Two levels between which runs jump without a rule: the cut of the ordered figures that leaves least within both parts."""
    ordered = np.sort(rest)
    count = len(ordered)
    sizes = np.arange(1, count)
    sums = np.cumsum(ordered)[:-1]
    total, total_squares = float(ordered.sum()), float((ordered**2).sum())
    within = total_squares - sums**2 / sizes - (total - sums) ** 2 / (count - sizes)
    least = max(2, math.ceil(LEAST_SHARE * count))
    within[: least - 1], within[count - least :] = np.inf, np.inf
    cut = int(np.argmin(within)) + 1
    deviation = math.sqrt(max(0.0, float(within[cut - 1])) / max(1, count - 2))
    apart = float(ordered[cut:].mean() - ordered[:cut].mean())
    upper = rest > (ordered[cut - 1] + ordered[cut]) / 2
    switches = int((upper[1:] != upper[:-1]).sum())
    if apart > max(APART * deviation, math.log1p(SMALLEST)) and switches >= max(FEWEST_SWITCHES, count // 6):
        return Alternation(0, math.exp(apart), regular=False)
    return None


def _squares(rest: Floats) -> Floats:
    squares = _within(rest) ** 2
    return np.asarray(np.maximum(squares, max(1e-12, 0.01 * float(squares.mean()))))


def _variation(squares: Floats) -> Variation | None:
    if len(squares) < 2 * SHORTEST:
        return None
    ratios = _likelihood_ratios(squares[None, :])[0]
    cut = int(np.argmax(ratios))
    found = _as_variation(squares, cut + SHORTEST)
    if ratios[cut] < CLEARLY_NOTHING or max(found.times, 1 / found.times) < LEAST_TIMES:
        return None
    rng = np.random.default_rng(0)  # the same figures shall always be called the same
    most = ERROR * (1 + PERMUTATIONS) - 1
    as_large = 0
    for count in IN_TURN:  # as all at once would, but for what is decided before
        shuffled = rng.permuted(np.tile(squares, (count, 1)), axis=1)
        as_large += int((_likelihood_ratios(shuffled).max(axis=1) >= ratios[cut]).sum())
        if as_large > most:
            return None
    return found


def _as_variation(squares: Floats, first: int) -> Variation:
    before, after = math.sqrt(float(squares[:first].mean())), math.sqrt(float(squares[first:].mean()))
    return Variation(first, after / before, before, after)


def _likelihood_ratios(squares: Floats) -> Floats:
    """Of two variances against one, for each row and each run that the second may begin with; shape ``(rows, runs - 2 SHORTEST + 1)``."""
    count = squares.shape[1]
    sums = np.cumsum(squares, axis=1)
    total = sums[:, -1:]
    sizes = np.arange(SHORTEST, count - SHORTEST + 1)
    left = sums[:, SHORTEST - 1 : count - SHORTEST]
    return np.asarray(
        count * np.log(total / count)
        - sizes * np.log(left / sizes)
        - (count - sizes) * np.log(np.maximum(total - left, 1e-300) / (count - sizes))
    )


def _within(rest: Floats) -> Floats:
    """Lone outliers drawn in to what all runs together allow: one bound for all, so that runs may be permuted."""
    reach = WITHIN * max(1e-9, float(np.median(np.abs(rest))) / 0.6745)
    return np.asarray(np.clip(rest, -reach, reach))
