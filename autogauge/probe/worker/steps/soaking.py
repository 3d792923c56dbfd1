"""Steps that go on for long: ``cycles`` (compile, infer, let go), ``flow`` (no pause), ``many`` (models), ``threads`` (compiling at once).

Each tells what the process held meanwhile: memory in KiB, threads, open files. AUTO's log is off: it keeps memory for each inference.
"""

from __future__ import annotations

import gc
import threading
import time
from typing import TYPE_CHECKING, Any

from autogauge.probe.worker.answers import Answers
from autogauge.probe.worker.api import execution_devices
from autogauge.probe.worker.steps.basic import memory
from autogauge.probe.worker.steps.failures import MOST_ERRORS, Failures
from autogauge.probe.worker.steps.inferring import fill
from autogauge.probe.worker.subject import wait_for_accelerator

if TYPE_CHECKING:
    from collections.abc import Callable

    from autogauge.probe.worker.steps.stage import Stage

    Step = dict[str, Any]

clock = time.perf_counter
MOST_HELD = 600
"""So many readings of what the process holds are told; of more, every second, third … one."""


class Held:
    """What the process held, reading by reading."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.rows: list[dict[str, Any]] = []

    def read(self) -> None:
        """Once more."""
        self.rows.append(memory(self._stage, {}))

    def told(self) -> dict[str, Any]:
        """In columns; ``each`` says of how many readings one is told."""
        each = -(-len(self.rows) // MOST_HELD) or 1
        rows = self.rows[::each]
        return {
            "each": each,
            "resident_kib": [None if row["resident_bytes"] is None else row["resident_bytes"] >> 10 for row in rows],
            "threads": [row["threads"] for row in rows],
            "files": [row["files"] for row in rows],
        }


class Tally(Failures):
    """What became of inferences and compiles, by any number of threads."""

    def __init__(self) -> None:
        super().__init__()
        self.done = self.wrong = 0
        self.devices: dict[str, int] = {}

    def infer(self, stage: Stage, compiled: Any, step: Step, right: Answers, request: Any = None) -> Any:
        """One inference, held against what is right; returns the request, a new one where none is given.

        Whatever goes wrong is counted as failed, and ``None`` returned: the next inference makes a request of its own.
        """
        try:
            if request is None:
                request = compiled.create_infer_request()
                request.kept = fill(stage, compiled, request, step)
            right.spoil(request, [each.data for each in request.kept])
            request.infer()
            good = right.compare(request)[1]
        except Exception as error:
            self.fail(error)
            return None
        with self.lock:
            self.done += 1
            self.wrong += not good
        return request

    def guarded(self, work: Callable[[], None]) -> Callable[[], None]:
        """For a thread: an error that ends ``work`` is counted as failed, where Python would only print it."""

        def guard() -> None:
            try:
                work()
            except Exception as error:
                self.fail(error)

        return guard

    def ended_on(self, compiled: Any) -> None:
        """Count who answers at last."""
        name = ",".join(execution_devices(compiled) or ["unknown"])
        with self.lock:
            self.devices[name] = self.devices.get(name, 0) + 1

    def told(self) -> dict[str, Any]:
        """All of it; ``wrong`` is ``None`` where nothing was compared."""
        return {
            **super().told(),
            "done": self.done,
            "wrong": self.wrong if self.done else None,
            "ended_on": self.devices,
        }


def _compile(stage: Stage, step: Step) -> Any:
    return stage.compile(step["model"], step["device"], dict(step.get("properties", {})), step.get("from", "object"))


def cycles(stage: Stage, step: Step) -> dict[str, Any]:
    """Compile ``model`` for ``device``, infer ``infer`` times, let go; ``times`` times, or for ``seconds``, whichever is sooner.

    With ``wait`` each cycle waits for the accelerator, at most ``longest_s``, and infers once more; with ``early`` nothing is inferred:
    the model is let go of while it may still be compiled.
    """
    tally, held, stop_at = Tally(), Held(stage), clock() + step.get("seconds", 1e9)
    count, right = 0, _right(stage, step)
    while count < step.get("times", 1 << 60) and clock() < stop_at:
        try:
            compiled = _compile(stage, step)
        except Exception as error:
            tally.fail(error)
            if tally.failed > MOST_ERRORS:
                break
            continue
        request = None
        for _ in range(0 if step.get("early") else step.get("infer", 1)):
            request = tally.infer(stage, compiled, step, right, request)
        if step.get("wait"):
            wait_for_accelerator(compiled, step.get("longest_s", 20.0))
            request = tally.infer(stage, compiled, step, right, request)
        tally.ended_on(compiled)
        del request, compiled
        gc.collect()
        held.read()
        count += 1
    return {"count": count, **tally.told(), **held.told()}


def _right(stage: Stage, step: Step) -> Answers:
    return Answers(stage.right[step["model"]])


def flow(stage: Stage, step: Step) -> dict[str, Any]:
    """``requests`` in flight without pause for ``seconds`` on one compiled model; what is held is read once a second.

    ``never`` is how many did not come back within ``patience_s`` after that; ``longest_gap_s`` how long none came back at most.
    """
    compiled = _compile(stage, step)
    tally, held, stop_at = Tally(), Held(stage), clock() + step["seconds"]

    def keep() -> None:
        request, right = None, _right(stage, step)
        while clock() < stop_at and tally.failed <= MOST_ERRORS:
            request = tally.infer(stage, compiled, step, right, request)

    threads = [threading.Thread(target=tally.guarded(keep), daemon=True) for _ in range(step["requests"])]
    for thread in threads:
        thread.start()
    gap, last, done = 0.0, clock(), 0
    while clock() < stop_at:
        time.sleep(min(1.0, max(0.0, stop_at - clock())))
        held.read()
        if tally.done > done:
            done, last = tally.done, clock()
        gap = max(gap, clock() - last)
    patience = clock() + step.get("patience_s", 20.0)
    for thread in threads:
        thread.join(max(0.0, patience - clock()))
    tally.ended_on(compiled)
    never = sum(thread.is_alive() for thread in threads)
    return {"never": never, "longest_gap_s": gap, **tally.told(), **held.told()}


def many(stage: Stage, step: Step) -> dict[str, Any]:
    """``models`` compiled models at once on one Core, each inferred once; then all are let go of. ``times`` times, or for ``seconds``."""
    tally, held, stop_at = Tally(), Held(stage), clock() + step.get("seconds", 1e9)
    count, right = 0, _right(stage, step)
    while count < step.get("times", 1 << 60) and clock() < stop_at and tally.failed <= MOST_ERRORS:
        alive: list[Any] = []
        try:
            alive.extend(_compile(stage, step) for _ in range(step["models"]))
        except Exception as error:
            tally.fail(error)
        for compiled in alive:
            tally.infer(stage, compiled, step, right)
            tally.ended_on(compiled)
        del alive
        compiled = None
        gc.collect()
        held.read()
        count += 1
    return {"count": count, **tally.told(), **held.told()}


def threads(stage: Stage, step: Step) -> dict[str, Any]:
    """Rounds of ``threads`` threads on one Core, all at once: each compiles, infers and lets go, ``repeats`` times (two).

    ``times`` rounds, or for ``seconds``; what is held is read between them. ``never`` is how many did not come to their end
    ``patience_s`` after that.
    """
    tally, held, stop_at = Tally(), Held(stage), clock() + step.get("seconds", 1e9)
    patience = clock() + step.get("seconds", 0.0) + step.get("patience_s", 60.0)
    count = never = 0

    def work() -> None:
        right = _right(stage, step)
        for _ in range(step.get("repeats", 2)):
            compiled = _compile(stage, step)
            tally.infer(stage, compiled, step, right)
            tally.ended_on(compiled)
            del compiled

    while not never and count < step.get("times", 1 << 60) and clock() < stop_at and tally.failed <= MOST_ERRORS:
        working = [threading.Thread(target=tally.guarded(work), daemon=True) for _ in range(step["threads"])]
        for thread in working:
            thread.start()
        for thread in working:
            thread.join(max(0.0, patience - clock()))
        never = sum(thread.is_alive() for thread in working)
        if not never:
            del working, thread
            gc.collect()
            held.read()
            count += 1
    return {"never": never, "count": count, **tally.told(), **held.told()}


KINDS = {"cycles": cycles, "flow": flow, "many": many, "threads": threads}
