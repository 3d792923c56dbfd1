"""Steps about the choice of a device: ``devices`` (which there are), ``select`` (a model compiled, asked who answers, and let go of)."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING, Any

from autogauge.probe.worker.api import ask, describe_devices, execution_devices
from autogauge.probe.worker.steps.basic import log_at_information
from autogauge.probe.worker.steps.inferring import fill
from autogauge.probe.worker.subject import wait_for_accelerator

if TYPE_CHECKING:
    from autogauge.probe.worker.steps.stage import Stage

    Step = dict[str, Any]

clock = time.perf_counter


def devices(stage: Stage, step: Step) -> dict[str, Any]:
    """Each device that OpenVINO sees, with its kind of memory, its capabilities, and its architecture, which names a GPU's vendor."""
    found = describe_devices(stage.core)
    for each in found:
        each["architecture"] = ask(stage.core, (each["name"], "DEVICE_ARCHITECTURE")) or ""
    return {"there": found}


def select(stage: Stage, step: Step) -> dict[str, Any]:
    """Compile, wait until no helper answers any more (at most ``longest_s``), infer ``times`` times, and let go.

    ``model``, ``device``, ``properties`` and ``from`` are as in ``compile``; ``beforehand`` are properties that AUTO is given on the Core,
    and that are taken back after. Told: ``first``, ``end`` and ``after`` (``EXECUTION_DEVICES`` after the compile, after the wait, and
    after the inferences), ``priorities``, ``failed`` (what an inference said), ``compile_s``, ``waited_s``, ``release_s``.
    """
    log_at_information(stage, step)
    beforehand = dict(step.get("beforehand", {}))
    if beforehand:
        stage.core.set_property("AUTO", beforehand)
    try:
        return _select(stage, step)
    finally:
        if beforehand:
            stage.core.set_property("AUTO", dict.fromkeys(beforehand, ""))


def _select(stage: Stage, step: Step) -> dict[str, Any]:
    began = clock()
    compiled = stage.compile(
        step["model"], step.get("device"), dict(step.get("properties", {})), step.get("from", "object")
    )
    told: dict[str, Any] = {"compile_s": round(clock() - began, 4), "first": execution_devices(compiled)}
    began = clock()
    wait_for_accelerator(compiled, step.get("longest_s", 10.0))
    told["waited_s"] = round(clock() - began, 4)
    told["end"] = execution_devices(compiled)
    told["priorities"] = ask(compiled, "MULTI_DEVICE_PRIORITIES")
    told["failed"] = ""
    request = compiled.create_infer_request()
    tensors = fill(stage, compiled, request, step)
    try:
        for _ in range(step.get("times", 2)):
            request.infer()
    except Exception as error:
        told["failed"] = "{}: {}".format(type(error).__name__, str(error).strip())[:500]
    told["after"] = told["devices"] = execution_devices(compiled)
    began = clock()
    del request, compiled, tensors
    gc.collect()
    told["release_s"] = round(clock() - began, 4)
    return told


KINDS = {"devices": devices, "select": select}
