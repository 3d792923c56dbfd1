"""Steps that make, ask and let go: ``compile``, ``wait``, ``ask``, ``set``, ``release``, ``memory``, ``sleep``."""

from __future__ import annotations

import gc
import os
import threading
import time
from typing import TYPE_CHECKING, Any

from autogauge.probe.worker.api import ask, describe_devices, execution_devices
from autogauge.probe.worker.machine import peak_memory_bytes, resident_memory_bytes
from autogauge.probe.worker.subject import wait_for_accelerator

if TYPE_CHECKING:
    from autogauge.probe.worker.steps.stage import Stage

    Step = dict[str, Any]

clock = time.perf_counter
TICK_S = 0.005
TOLD = (
    "MULTI_DEVICE_PRIORITIES",
    "PERFORMANCE_HINT",
    "OPTIMAL_NUMBER_OF_INFER_REQUESTS",
    "LOADED_FROM_CACHE",
    "ENABLE_STARTUP_FALLBACK",
    "ENABLE_RUNTIME_FALLBACK",
)
"""What a compiled model is always asked."""


def told(compiled: Any) -> dict[str, Any]:
    """What a compiled model says of itself: ``devices`` that answer now, and some properties by name; ``None`` for one it has not."""
    return {"devices": execution_devices(compiled), **{name: ask(compiled, name) for name in TOLD}}


def log_at_information(stage: Stage, step: Step) -> None:
    """Let AUTO say what it does from now on, at the level ``log`` (default: ``LOG_INFO``); once in a process."""
    if not stage.kept.get("logs"):
        stage.core.set_property("AUTO", {"LOG_LEVEL": step.get("log", "LOG_INFO")})
        stage.kept["logs"] = True


def compile_(stage: Stage, step: Step) -> dict[str, Any]:
    """``model`` for ``device`` (none: none is named) with ``properties``, ``from`` object, path or buffer; kept ``as``."""
    log_at_information(stage, step)
    name, began = step.get("as", "a"), clock()
    compiled = stage.compile(
        step["model"], step.get("device"), dict(step.get("properties", {})), step.get("from", "object")
    )
    took = clock() - began
    stage.compiled[name], stage.model_of[name] = compiled, step["model"]
    return {"compile_s": took, **told(compiled)}


def wait(stage: Stage, step: Step) -> dict[str, Any]:
    """Until an accelerator answers for the model kept as ``of`` (not AUTO's helper any more), at most ``longest_s`` seconds."""
    compiled, began = stage.compiled[step.get("of", "a")], clock()
    wait_for_accelerator(compiled, step.get("longest_s", 20.0))
    return {"waited_s": clock() - began, **told(compiled)}


def ask_(stage: Stage, step: Step) -> dict[str, Any]:
    """``properties`` of the model kept as ``of``, or of ``device``; without either, the devices that there are.

    ``told`` has their values, ``refused`` what was said of those that could not be asked.
    """
    if "of" not in step and "device" not in step:
        return {"available": describe_devices(stage.core)}
    found: dict[str, Any] = {}
    refused: dict[str, str] = {}
    for name in step["properties"]:
        source = stage.compiled[step["of"]] if "of" in step else stage.core
        arguments = (name,) if "of" in step else (step["device"], name)
        try:
            found[name] = source.get_property(*arguments)
        except Exception as error:
            refused[name] = str(error).strip()[:500]
    return {"told": plain_all(found), "refused": refused}


def plain_all(found: dict[str, Any]) -> dict[str, Any]:
    """Properties as JSON; of a dictionary of properties (``SUPPORTED_PROPERTIES``) the names."""
    from autogauge.probe.worker.api import plain

    return {name: sorted(value) if isinstance(value, dict) else plain(value) for name, value in found.items()}


def set_(stage: Stage, step: Step) -> None:
    """``properties`` of ``device`` on the Core, or of the model kept as ``of``."""
    if "of" in step:
        stage.compiled[step["of"]].set_property(dict(step["properties"]))
    else:
        stage.core.set_property(step["device"], dict(step["properties"]))


def release(stage: Stage, step: Step) -> dict[str, Any]:
    """Let go of the model kept as ``of`` and of its requests; AUTO says then what each device did.

    ``others_waited_s`` is how long another Python thread, which wants to go on every few milliseconds, was kept from it at most.
    """
    name = step.get("of", "a")
    stage.requests = {key: each for key, each in stage.requests.items() if key.split("/")[0] != name}
    compiled = stage.compiled.pop(name)
    waits, is_over = [0.0], threading.Event()

    def tick() -> None:
        last = clock()
        while not is_over.wait(TICK_S):
            now = clock()
            waits[0], last = max(waits[0], now - last), now
        waits[0] = max(waits[0], clock() - last)

    ticking = threading.Thread(target=tick, daemon=True)
    ticking.start()
    time.sleep(2 * TICK_S)
    began = clock()
    del compiled
    gc.collect()
    took = clock() - began
    is_over.set()
    ticking.join(1.0)
    return {"release_s": took, "others_waited_s": waits[0]}


def memory(stage: Stage, step: Step) -> dict[str, Any]:
    """Resident and peak memory in bytes, threads of the process (its own and the library's), open files."""
    return {
        "resident_bytes": resident_memory_bytes(),
        "peak_bytes": peak_memory_bytes(),
        "threads": len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else threading.active_count(),
        "files": len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else None,
    }


def sleep(stage: Stage, step: Step) -> None:
    """For so many ``seconds``."""
    time.sleep(step["seconds"])


KINDS = {
    "compile": compile_,
    "wait": wait,
    "ask": ask_,
    "set": set_,
    "release": release,
    "memory": memory,
    "sleep": sleep,
}
