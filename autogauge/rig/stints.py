"""What each warm process gave as a whole while it served, and when it has served enough and gives way to a fresh one.

A process has something of its own in all of its rounds (``docs/measuring.md``), so what is claimed of a figure by itself, and not of a
ratio within rounds, rests on processes: each gives one figure, in the last round that it serves. A percentile takes so many inferences of
that process that it can be told (``stats.percentiles.fewest_samples``), and the process serves until it has them.

Sources: T. Kalibera and R. Jones, "Rigorous benchmarking in reasonable time" (ISMM 2013): repeat where the variance arises. Warm processes
give way to fresh ones in every study of speed, the fresh one started first (``rig.pool.ProbePool.renew``, ``docs/gate-choices.md``); there
what is compared is within rounds, and the processes' own is in its error. Here it is the sample. The interval is for the median of all
processes, by order statistics, whatever their distribution (``stats.intervals.median_within``); ``benchmarks/bound_coverage.py`` tries it.

What is compared process by process gives way together: a fast side would else have served in the first minutes, and the machine's drift
would be in one side alone.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autogauge.measuring.condition import Condition
from autogauge.measuring.metric import Metric
from autogauge.measuring.result import Result
from autogauge.rig.pool import WarmProbe
from autogauge.stats.percentiles import fewest_samples, percentile

ON_DUTY = "on_duty"
"""The fact: how many inferences the process that serves last has given."""
PROCESS_FPS = Metric(
    "process_fps",
    "FPS by process",
    "frames per second",
    higher_is_better=True,
    per_process=True,
    seconds=1.0,
    of_process=1,
)
PROCESS_MEAN = Metric("process_mean_ms", "mean latency by process", "ms", per_process=True, seconds=1e-3, of_process=1)


def percentile_of(percent: int) -> Metric:
    """The metric of a percentile of a process's latencies."""
    return Metric(
        f"process_p{percent}_ms",
        f"p{percent} latency by process",
        "ms",
        per_process=True,
        seconds=1e-3,
        of_process=fewest_samples(percent),
    )


PERCENTILES = {percent: percentile_of(percent) for percent in (50, 90, 95, 99)}
METRICS = (PROCESS_FPS, PROCESS_MEAN, *PERCENTILES.values())
"""What a process that has served can give."""


@dataclass
class _Stint:
    """What the process on duty has given so far; ``rounds`` is after how many it may give way, ``number`` how many gave way before it."""

    probe: WarmProbe
    rounds: int
    number: int = 0
    served: int = 0
    seconds: float = 0.0
    frames: float = 0.0
    latencies_ms: list[float] = field(default_factory=list)
    has_served: bool = False
    is_over: bool = False


class Stints:
    """Watches slices (``observe``) and says when a process gives way (``is_over``). ``metrics`` are what its last round is to have."""

    def __init__(
        self,
        result: Result,
        rounds: int,
        metrics: Iterable[Metric],
        needed: Mapping[str, int],
        compared: Iterable[Collection[str]] = (),
    ) -> None:
        """``needed`` is how many inferences a process must serve, by condition; where nothing is claimed of processes, none.

        ``compared`` are names of conditions whose processes are compared, first with first, and so on.
        """
        self._result, self._rounds, self._needed = result, rounds, needed
        self._metrics = {each.name for each in metrics}
        self._stints: dict[str, _Stint] = {}
        self._together = _joined(compared)
        self._shuffled = random.Random(result.seed)

    def is_over(self, condition: Condition) -> bool:
        """Whether the process on duty has served."""
        found = self._stints.get(condition.name)
        return found is not None and found.is_over

    def observe(self, condition: Condition, reply: Mapping[str, Any], probe: WarmProbe) -> dict[str, float]:
        """Take a slice in; returns the figures of the process in the last round that it serves, and nothing before."""
        stint = self._stints.get(condition.name)
        if stint is None:  # later ones change in different rounds if the first ones do
            more = self._shuffled.randrange(max(1, self._rounds))
            stint = self._stints[condition.name] = _Stint(probe, self._rounds + more)
        elif stint.probe is not probe:
            number = stint.number + stint.is_over  # one that died is served for by the next
            stint = self._stints[condition.name] = _Stint(probe, self._rounds, number)
        stint.served += 1
        stint.seconds += reply["counted_s"]
        stint.frames += reply["fps"] * reply["counted_s"]
        stint.latencies_ms += reply["latencies_ms"]
        inferences = len(stint.latencies_ms)
        self._result.facts.setdefault(condition.name, {})[ON_DUTY] = inferences
        stint.has_served = stint.served >= stint.rounds and inferences >= self._needed.get(condition.name, 0)
        stint.is_over = stint.has_served and not self._is_waited_for(condition.name, stint.number)
        return self._figures(stint) if stint.is_over else {}

    def _is_waited_for(self, name: str, number: int) -> bool:
        """Whether another one's process of that number, which this one's is compared with, has still to serve."""
        rounds = self._result.replicates
        for other in self._together.get(name, ()):
            if other == name or (rounds and other not in rounds[-1].samples):  # decided, or it fails: nobody waits
                continue
            stint = self._stints.get(other)
            if stint is None or stint.number < number or (stint.number == number and not stint.has_served):
                return True
        return False

    def _figures(self, stint: _Stint) -> dict[str, float]:
        latencies = np.asarray(stint.latencies_ms)
        found = {}
        if stint.seconds > 0:
            found[PROCESS_FPS.name] = stint.frames / stint.seconds
        if len(latencies):
            found[PROCESS_MEAN.name] = float(latencies.mean())
        for percent, metric in PERCENTILES.items():
            if len(latencies) >= metric.of_process:
                found[metric.name] = percentile(latencies, percent)
        return {name: figure for name, figure in found.items() if name in self._metrics}


def _joined(compared: Iterable[Collection[str]]) -> dict[str, frozenset[str]]:
    """Of each name all those that it is compared with, be it by way of others; itself among them."""
    found: dict[str, frozenset[str]] = {}
    for names in compared:
        joined = frozenset(names).union(*(found.get(name, ()) for name in names))
        found.update(dict.fromkeys(joined, joined))
    return found
