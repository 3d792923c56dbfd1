"""What this machine can resolve: the smallest change that a comparison side by side finds in a given time, and how long a change takes.

From an A/A self-check, by the rule of ``side_by_side``: a change is found when its interval excludes 1 and its estimate is beyond the
floor, which is half of the change, in the first measurement and again in the second; the time is that of both. Measuring is left to
``studies.selfcheck``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from autogauge.gate.side_by_side import AGAIN, FIRST_LOOK, FIRST_SHARE, FIRST_TIME, LOOKS_APART, MOST_FIRST_TIME
from autogauge.stats.intervals import Interval
from autogauge.stats.sequential import SPENDING

POWER = 0.95
"""How often a change is to be found that is there, by both measurements."""
LONGEST_S = 1e6


@dataclass(frozen=True)
class Resolution:
    """How precisely one figure is compared on a machine.

    ``spread`` is the standard deviation of one pair's logarithmic ratio as the interval sees it (neighbours allowed for, wild pairs
    hardly counted); ``pair_s`` is how many seconds a pair takes; ``error`` how often one comparison may be wrong; ``first_look`` how many
    pairs a look needs.
    """

    spread: float
    pair_s: float
    error: float
    first_look: int = FIRST_LOOK

    @classmethod
    def of(cls, interval: Interval, pair_s: float, error: float, first_look: int = FIRST_LOOK) -> Resolution | None:
        """From the interval of an A/A comparison, the replicates in the order measured; ``None`` when it is unbounded."""
        if not 0 < interval.low <= interval.high < math.inf:
            return None
        reach = math.log(interval.high / interval.low) / 2
        width = NormalDist().inv_cdf((1 + interval.confidence) / 2)
        return cls(reach * math.sqrt(interval.replicates) / width, pair_s, error, first_look)

    def change_in(self, seconds: float) -> float | None:
        """The smallest change (a fraction) found with ``POWER`` in so many seconds a pair; ``None`` where that is too short for a look."""
        first, second = (int(share * seconds / self.pair_s) for share in (FIRST_SHARE, 1 - FIRST_SHARE))
        if min(first, second) < self.first_look:
            return None
        # Found: log(1 + c) > reach, and log(1 + c) - log(1 + c / 2) > how far the estimate may be off; with c the change.
        first_time = min(MOST_FIRST_TIME, FIRST_TIME * self.error)
        beyond_doubt = math.exp(max(self._reach(first, first_time), self._reach(second, AGAIN))) - 1
        off = math.exp(self._off(min(first, second)))
        return max(beyond_doubt, 2 * (off - 1) / (2 - off)) if off < 2 else None

    def seconds_for(self, change: float) -> float | None:
        """How long that change takes to be found with ``POWER``; ``None`` when not within eleven days."""
        low, high = self.first_look * self.pair_s / (1 - FIRST_SHARE), LONGEST_S
        if not self._finds(change, high):
            return None
        while high / low > 1.01:
            middle = math.sqrt(low * high)
            low, high = (low, middle) if self._finds(change, middle) else (middle, high)
        return high

    def _finds(self, change: float, seconds: float) -> bool:
        found = self.change_in(seconds)
        return found is not None and found <= change

    def _reach(self, pairs: int, error: float) -> float:
        """How far from 1 a change must be for one measurement to be sure of it, with the share of ``POWER`` that it has to have."""
        # Of a look at the end of the time, for the interval of all pairs.
        at_the_end = error / 2 * (1 - LOOKS_APART**-SPENDING)
        return NormalDist().inv_cdf(1 - at_the_end) * self.spread / math.sqrt(pairs) + self._off(pairs)

    def _off(self, pairs: int) -> float:
        """How far below the true change an estimate lies at most, with the share of ``POWER`` that a measurement has to have."""
        return NormalDist().inv_cdf(math.sqrt(POWER)) * self.spread / math.sqrt(pairs)
