"""Measures conditions in warm processes by turns, in short slices, in random order within each round.

What is compared is measured in the same seconds, since on shared machines most of the noise is time. Identical processes differ too, by a
percent or by several, and what a process has of its own is in all of its rounds: so each serves some rounds and gives way to a fresh one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from autogauge.measuring.checking import StudyMistake
from autogauge.measuring.condition import CANDIDATE, Condition
from autogauge.measuring.harness import LATENCY, SHARE
from autogauge.measuring.metric import Metric
from autogauge.measuring.progress import Progress
from autogauge.measuring.result import Result, Sample
from autogauge.measuring.running import PerformanceMetrics
from autogauge.probe.request import Failure, ProbeFailed
from autogauge.rig.drivers import agreed_driver, tried
from autogauge.rig.fresh import FIL, Seen
from autogauge.rig.pool import ProbePool, WarmProbe

FPS = Metric("fps", "FPS", "frames per second", higher_is_better=True, seconds=1.0)
LATENCY_MS = Metric(LATENCY, "mean latency", "ms", seconds=1e-3, of_latencies=True)
INFERENCES = Metric("inferences", "inferences of a slice")
SHARE_OF_BOUND = Metric(SHARE, "share of the bound that was reached", higher_is_better=True)
METRICS = (FIL, FPS, LATENCY_MS, INFERENCES, SHARE_OF_BOUND)
"""What each slice gives."""
Drivers = dict[tuple[bool, int], str]
"""How requests are driven, by whether they are the pinned workload's and by how many they are."""
ObserveSlice = Callable[[Condition, Mapping[str, Any], WarmProbe], Seen]
"""Looks at a slice's reply, and at the process that gave it."""
Relieved = Callable[[Condition], bool]
"""Whether the condition's process has served, and gives way to a fresh one."""


def check_apart(result: Result) -> None:
    """Raise :class:`StudyMistake` where two conditions that are judged would be one process: same target, requests and runtime."""
    seen: dict[object, str] = {}
    for each in (condition for condition in result.conditions if condition.role == CANDIDATE):
        first = seen.setdefault((each.target.key, each.infer_requests, each.runs_on), each.name)
        if first != each.name:
            raise StudyMistake(
                f"the study {result.name!r} cannot be measured: {first!r} and {each.name!r} have the same target, requests and runtime, "
                "and one warm process would be both"
            )


class WarmTurns:
    """Measures each condition's turn as a slice of its warm probe, and prints intervals as they become complete."""

    def __init__(
        self,
        result: Result,
        pool: ProbePool | Mapping[str, ProbePool],
        progress: Progress,
        *,
        slice_s: float,
        interval_s: float,
        drivers: Drivers | None = None,
        observe: ObserveSlice | None = None,
        relieved: Relieved | None = None,
    ) -> None:
        """``drivers`` holds what an earlier measurement of the same study has chosen, and is filled with what this one chooses.

        ``relieved`` says, before a turn, whether the condition's process gives way; without it that goes by rounds (``relay_rounds``).
        """
        self._result, self._pool, self._progress = result, pool, progress
        self._observe, self._relieved = observe, relieved
        self._drivers: Drivers = {} if drivers is None else drivers
        self._pinned = {condition.beside for condition in result.conditions if condition.beside}
        self._slice_s = slice_s
        self._shuffled = random.Random(result.seed)
        self._served: dict[str, int] = {}
        self._trials: dict[str, list[dict[str, list[float]]]] = {}
        self._failed_at_start: dict[
            str, ProbeFailed
        ] = {}  # told at the condition's first turn; the next one tries again
        self._metrics = {condition.name: PerformanceMetrics(interval_s) for condition in result.conditions}

    def prepare(self) -> None:
        """Compile and warm up every condition before the first round, so that rounds are short from the first one on.

        In random order: of identical processes the one started first is slower, which must not always meet the same side of a comparison.
        """
        conditions = self._result.conditions
        alike: dict[tuple[bool, int], list[WarmProbe]] = {}
        for number, condition in enumerate(self._shuffled.sample(conditions, len(conditions))):
            self._progress.advance(f"compiling {condition.name}", number, len(conditions), None)
            try:
                probe = self._warm(condition)
                alike.setdefault(self._kind(condition, probe), []).append(probe)
            except ProbeFailed as error:
                self._failed_at_start[condition.name] = error
        for kind, probes in alike.items():
            self._drivers.setdefault(kind, self._driver_for(kind, probes))

    def _driver_for(self, kind: tuple[bool, int], probes: Sequence[WarmProbe]) -> str:
        """The driver for probes of one kind. The pinned workload's is always the usual one: history rests on its being the same."""
        is_pinned, _ = kind
        return probes[0].drivers[0] if is_pinned and probes[0].drivers else agreed_driver(probes)

    def _kind(self, condition: Condition, probe: WarmProbe) -> tuple[bool, int]:
        """Conditions of one kind are driven alike, so that a comparison is not one of drivers: the pinned workload's apart."""
        return condition.name in self._pinned, probe.infer_requests

    def _drive(self, condition: Condition, probe: WarmProbe) -> None:
        """Let the probe drive its requests as its kind does."""
        kind = self._kind(condition, probe)
        driver = self._drivers.setdefault(kind, self._driver_for(kind, [probe]))
        if probe.driver != driver:
            self._pool_of(condition).drive_by(condition.target, driver, condition.infer_requests)

    def _tried(self, condition: Condition, probe: WarmProbe) -> dict[str, Any]:
        """What the drivers gave in the trials of all processes of this condition so far: one trial alone has its luck."""
        trials = self._trials.setdefault(condition.name, [])
        if probe.trial and not any(each is probe.trial for each in trials):
            trials.append(probe.trial)
        return {"drivers_tried": tried(trials, probe.drivers)} if trials else {}

    def _warm(self, condition: Condition) -> WarmProbe:
        return self._pool_of(condition).warm(condition.target, condition.infer_requests)

    def _pool_of(self, condition: Condition) -> ProbePool:
        return self._pool[condition.name] if isinstance(self._pool, Mapping) else self._pool

    def _on_duty(self, condition: Condition) -> WarmProbe:
        """The condition's warm process: a fresh one where the last has served its rounds. Not all of them change in the same round."""
        if self._relieved is not None:
            pool = self._pool_of(condition)
            serve = pool.renew if self._relieved(condition) else pool.warm
            return serve(condition.target, condition.infer_requests)
        after, name = self._result.relay_rounds, condition.name
        if not after:
            return self._warm(condition)
        served = self._served.setdefault(name, self._shuffled.randrange(after))
        if served >= after:
            self._served[name] = 1
            return self._pool_of(condition).renew(condition.target, condition.infer_requests)
        self._served[name] = served + 1
        return self._warm(condition)

    def measure(self, condition: Condition) -> Sample:
        """A slice of the condition's warm process."""
        if failed := self._failed_at_start.pop(condition.name, None):
            raise failed
        probe = self._on_duty(condition)
        self._drive(condition, probe)
        reply = probe.slice(self._slice_s)
        latencies: list[float] = reply["latencies_ms"]
        if not latencies:
            raise ProbeFailed(Failure("garbage", "slice", f"no inference ended within {self._slice_s:g} s"))
        before = self._result.facts.get(condition.name, {})
        self._result.facts[condition.name] = {**before, **_facts(probe), **self._tried(condition, probe)}
        latency_ms = sum(latencies) / len(latencies)
        metrics = self._metrics[condition.name]
        seen = self._observe(condition, reply, probe) if self._observe else Seen()
        if metrics.update(reply["fps"], reply["counted_s"], latencies):
            self._progress.say(f"{condition.name}: {metrics.line()}")
        return Sample(
            figures={
                "fps": float(reply["fps"]),
                LATENCY: latency_ms,
                "inferences": float(len(latencies)),
                SHARE: reply["inferences_per_second"] * latency_ms / 1e3 / probe.infer_requests,
                **seen.figures,
            },
            surroundings=reply["surroundings"],
            execution_devices=tuple(reply["execution_devices"] or ()),
            latencies_ms=np.asarray(latencies, np.float32),
            checks=seen.checks,
        )


def _facts(probe: WarmProbe) -> dict[str, Any]:
    seconds = probe.facts["seconds"]
    return {
        "infer_requests": probe.infer_requests,
        "openvino": probe.facts["openvino"],
        "hint": probe.facts["hint"],
        "driver": probe.driver,
        "processors": probe.facts["processors"],
        "fil_s": seconds["fil"],
        "compile_s": seconds["compile"],
        "peak_memory_bytes": probe.facts["peak_memory_bytes"],
        "state": probe.facts.get("state"),
    }
