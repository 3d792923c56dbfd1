"""How far two groups of runs lie apart: the ratio of their levels with its interval. What the ratio means is left to ``gate.comparison``.

Both levels are trimmed means of logarithms, as in ``prediction``; the spread between runs is pooled over both groups, and moderated by
the same prior, so that one run on either side gives an interval too: a wide one.

Sources: K. K. Yuen, "The two-sample trimmed t for unequal population variances" (1974), here with a pooled variance, since both groups are
measured alike; the moderation is G. K. Smyth's (2004), see ``prediction``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from autogauge.stats.intervals import Interval
from autogauge.stats.prediction import level_of


def ratio_of_levels(
    numerators: Sequence[float],
    denominators: Sequence[float],
    error: float,
    *,
    prior_spread: float,
    more_variances: tuple[float, float] = (0.0, 0.0),
) -> Interval:
    """The ratio of the levels of two groups of figures (positive, any unit).

    ``error`` is how often either bound may be wrong; ``prior_spread`` the relative standard deviation between runs that is expected.
    ``more_variances`` say by how much one figure of either group is less certain than runs usually are (squared standard errors); below 0
    for what is more certain, which is believed down to half of the variance between runs, as in ``prediction``. Raises ``ValueError``
    for an empty group or for what is no figure.
    """
    from scipy.special import stdtrit

    above = level_of(numerators, denominators, prior_spread=prior_spread)
    below = level_of(denominators, numerators, prior_spread=prior_spread)
    apart = above.centre - below.centre
    spread, degrees = max((above.spread, above.degrees), (below.spread, below.degrees))
    own = [max(spread**2 / 2, spread**2 + more) for more in more_variances]
    reach = float(stdtrit(degrees, 1 - error)) * math.sqrt(own[0] / above.kept + own[1] / below.kept)
    return Interval(
        math.exp(apart),
        math.exp(apart - reach),
        math.exp(min(apart + reach, 700.0)),
        1 - 2 * error,
        above.runs + below.runs,
    )
