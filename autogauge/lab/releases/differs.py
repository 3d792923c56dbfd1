"""What two releases say differently of one compile: requests, streams, threads, precision, devices. Asked of probes that end then."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from autogauge.probe.request import ProbeFailed, ProbeRequest
from autogauge.rig.workload import Setup
from autogauge.targets import Target

ASKED = (
    "OPTIMAL_NUMBER_OF_INFER_REQUESTS",
    "NUM_STREAMS",
    "INFERENCE_NUM_THREADS",
    "INFERENCE_PRECISION_HINT",
    "EXECUTION_MODE_HINT",
    "PERFORMANCE_HINT",
    "EXECUTION_DEVICES",
    "ENABLE_CPU_PINNING",
    "ENABLE_HYPER_THREADING",
    "SCHEDULING_CORE_TYPE",
)
CPU = "CPU"


def properties_of(setup: Setup, target: Target, deadline_s: float) -> dict[str, str] | None:
    """What the target's compiled model says of itself, and what the CPU's does with the same hint: AUTO hands little of it through.

    By property, ``CPU: `` before those of the CPU; one that a release does not know is left out. ``None`` where nothing was told.
    """
    of_cpu = Target.with_hint(CPU, target.hint)
    steps: list[Mapping[str, Any]] = []
    for name, each in (("own", target), ("cpu", of_cpu)):
        properties = dict(each.properties)
        steps.append({"do": "compile", "model": "model", "device": each.device, "properties": properties, "as": name})
        steps.append({"do": "wait", "of": name})
        steps += [{"do": "ask", "of": name, "properties": [key], "name": f"{name} {key}"} for key in ASKED]
    request = ProbeRequest(
        "case", steps=tuple(steps), models={"model": str(setup.workload.model.path)}, deadline_s=deadline_s
    )
    with contextlib.suppress(ProbeFailed):
        seen = setup.launcher.run_case(request, "properties")
        found = {
            f"{'CPU: ' * (name == 'cpu')}{key}": seen.value(f"{name} {key}", "told", key)
            for name in ("own", "cpu")
            for key in ASKED
        }
        return {key: _in_words(value) for key, value in found.items() if value is not None} or None
    return None


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """The properties in which two releases differ: name, before, after; what one of them does not know is ``–``."""
    return [
        (key, before.get(key, "–"), after.get(key, "–"))
        for key in dict.fromkeys((*before, *after))
        if before.get(key) != after.get(key)
    ]


def _in_words(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
