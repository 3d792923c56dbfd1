"""Measures conditions in fresh processes, one at a time, from their start to the first result.

FIL happens once in a process, so a replicate is a block with one fresh process a condition. Every compile is cold: OpenVINO's
cache is off and the GPU driver's kernel cache is a private empty folder; with a ``cache`` of the study's own it is filled first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autogauge.measuring.condition import Condition
from autogauge.measuring.metric import Metric
from autogauge.measuring.progress import Progress
from autogauge.measuring.result import Check, Result, Sample
from autogauge.probe.log import AutoLog
from autogauge.probe.request import ProbeFailed
from autogauge.rig.pool import DEADLINE_S, ProbePool
from autogauge.rig.workload import Setup

FIL = Metric(
    "fil_s",
    "FIL",
    "s",
    per_process=True,
    seconds=1.0,
    written_in="ms",
    means="FIL is the first inference latency: from the call of compile_model to the first result; a warm process has one",
)
PHASES = (
    Metric("import_s", "importing openvino", "s", per_process=True, seconds=1.0),
    Metric("core_s", "creating the Core", "s", per_process=True, seconds=1.0),
    Metric("read_s", "reading the model", "s", per_process=True, seconds=1.0),
    Metric("compile_s", "compiling", "s", per_process=True, seconds=1.0),
    Metric("first_inference_s", "first inference", "s", per_process=True, seconds=1.0),
)
"""The parts of a process from its start to its first result; the last two are FIL."""
DESTROY = Metric("destroy_s", "destroying the model", "s", per_process=True, seconds=1.0)
PEAK_MEMORY = Metric("peak_memory_bytes", "peak memory", "bytes", per_process=True)
METRICS = (FIL, *PHASES, DESTROY, PEAK_MEMORY)
"""What each process gives."""


@dataclass(frozen=True)
class Seen:
    """What a study sees in a turn beside its usual figures: figures of its own, and whether facts hold, by the claim's name."""

    figures: Mapping[str, float] = field(default_factory=dict)
    checks: Mapping[str, Check] = field(default_factory=dict)


Observe = Callable[[Condition, Mapping[str, Any], AutoLog], Seen]
"""Looks at a probe's reply and at AUTO's log."""


class FreshTurns:
    """Each turn is a fresh process; with ``cache``, a folder, from a ``CACHE_DIR`` that was filled before."""

    def __init__(
        self,
        result: Result,
        setup_of: Callable[[Condition], Setup],
        progress: Progress,
        *,
        deadline_s: float = DEADLINE_S,
        cache: Path | None = None,
        observe: Observe | None = None,
    ) -> None:
        self._result, self._setup_of, self._progress = result, setup_of, progress
        self._deadline_s, self._cache, self._observe = deadline_s, cache, observe
        self._failed_to_fill: dict[str, ProbeFailed] = {}

    def prepare(self) -> None:
        """Compile every condition into the cache, waiting for the accelerator where AUTO has one; a failure is told at its first turn."""
        if self._cache is None:
            return
        for number, condition in enumerate(self._result.conditions):
            self._progress.advance(f"filling the cache: {condition.name}", number, len(self._result.conditions), None)
            setup = self._setup_of(condition)
            pool = ProbePool(
                setup.launcher, setup.workload, warm_up_s=0.05, deadline_s=self._deadline_s, cache=self._cache
            )
            try:
                pool.warm(condition.target)
            except ProbeFailed as error:
                self._failed_to_fill[condition.name] = error
            finally:
                pool.close()

    def measure(self, condition: Condition) -> Sample:
        """One process, from its start to its first result."""
        if failed := self._failed_to_fill.pop(condition.name, None):
            raise failed
        setup = self._setup_of(condition)
        request = setup.workload.request(
            "once",
            condition.target,
            deadline_s=self._deadline_s,
            cache=self._cache or "off",
            await_accelerator=self._cache is not None,
            accelerator_wait_s=self._deadline_s / 2,
        )
        reply, log = setup.launcher.run_once(request, f"fil-{condition.name}")
        facts = self._result.facts.setdefault(condition.name, {"auto_logs": []})
        facts.setdefault("loaded_from_cache", []).append(reply["loaded_from_cache"])
        facts.update(openvino=reply["openvino"], infer_requests=reply["optimal_infer_requests"], hint=reply["hint"])
        if log.lines:
            facts["auto_logs"].append(log.to_json())
        seen = self._observe(condition, reply, log) if self._observe else Seen()
        seconds = reply["seconds"]
        answered = {*(reply["execution_devices_before"] or ()), *(reply["execution_devices"] or ())}
        return Sample(
            figures={
                **{each.name: float(seconds[each.name.removesuffix("_s")]) for each in (*PHASES, FIL)},
                **({"destroy_s": float(reply["destroy_s"])} if "destroy_s" in reply else {}),
                "peak_memory_bytes": float(reply["peak_memory_bytes"] or 0),
                **seen.figures,
            },
            surroundings=reply["surroundings"],
            execution_devices=tuple(sorted(answered)),
            checks=seen.checks,
        )
