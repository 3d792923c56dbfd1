"""The A/A self-check: the same condition twice, as if it were two. An interval that misses 1 shows a fault of the method.

It uses the machinery of the other studies unchanged; what is done about a miss is left to the caller.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import ClassVar

from autogauge.measuring.claim import Claim, Ratio
from autogauge.measuring.condition import HERE, Condition
from autogauge.measuring.metric import Metric
from autogauge.measuring.plan import Plan
from autogauge.measuring.progress import Progress
from autogauge.measuring.result import Result
from autogauge.rig import fresh, warm
from autogauge.rig.rig import Rig
from autogauge.rig.study import Amount, Study, Turns
from autogauge.rig.workload import Setup
from autogauge.targets import Target

NAMES = ("A", "A again")
CONFIDENCE = 0.99
AGAIN = "again"
"""The same runtime and model under another name: else one process would be both conditions."""


class SelfCheck(Study):
    """One target twice, for so many replicates, with no more than ``longest_s`` seconds for each."""

    compared: ClassVar[tuple[Metric, ...]]
    longest_s: ClassVar[float]

    def __init__(self, target: Target, replicates: int) -> None:
        self._target, self._replicates = target, replicates

    def amount(self, rig: Rig) -> Amount:
        """Exactly so many replicates, and one look at the end."""
        replicates = self._replicates
        return Amount(Plan(looks=(replicates,), budget_s=replicates * self.longest_s, confidence=CONFIDENCE))

    def conditions(self, rig: Rig) -> tuple[Condition, ...]:
        """The target, twice."""
        rig.setups.setdefault(AGAIN, Setup(rig.launcher, rig.workload))
        sides = zip(NAMES, (HERE, AGAIN), strict=True)
        return tuple(Condition(name, self._target, runs_on=runs_on) for name, runs_on in sides)

    def claims(self, rig: Rig, conditions: Sequence[Condition]) -> tuple[Claim, ...]:
        """Carriers of the comparison: only their intervals are used, so the bound is 1 and the side does not matter."""
        return tuple(
            Ratio(
                f"a-a-{each.name}", "the same condition twice is the same", each, *NAMES, relation="at most", bound=1.0
            )
            for each in self.compared
        )


class WarmSelfCheck(SelfCheck):
    """Two warm processes of one target by turns, each giving way to a fresh one after some rounds."""

    name = "A/A of steady speed"
    metrics = warm.METRICS
    compared = (warm.FPS, warm.LATENCY_MS)
    longest_s = 10.0
    is_relayed = True

    @contextlib.contextmanager
    def open(self, rig: Rig, result: Result, progress: Progress) -> Iterator[Turns]:
        """Slices of warm processes."""
        with rig.warm(result, progress) as turns:
            yield turns


class FreshSelfCheck(SelfCheck):
    """Two fresh processes of one target in each block."""

    name = "A/A of first inference latency"
    metrics = fresh.METRICS
    compared = (fresh.FIL,)
    longest_s = 60.0

    @contextlib.contextmanager
    def open(self, rig: Rig, result: Result, progress: Progress) -> Iterator[Turns]:
        """Fresh processes, nothing cached."""
        yield rig.fresh(result, progress)
