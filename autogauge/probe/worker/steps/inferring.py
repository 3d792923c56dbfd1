"""Steps that infer: ``expect`` (the right answers), ``infer`` (one request), ``stream`` (several in flight)."""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, Any

from autogauge.probe.worker.answers import Answers
from autogauge.probe.worker.api import execution_devices
from autogauge.probe.worker.steps.failures import Failures

if TYPE_CHECKING:
    from autogauge.probe.worker.steps.stage import Stage

    Step = dict[str, Any]

clock = time.perf_counter
F32 = {"INFERENCE_PRECISION_HINT": "f32"}
MOST_VALUES = 16
"""So many first values of an output are told: tiny models have no more."""
TICK_S = 0.05


def expect(stage: Stage, step: Step) -> dict[str, Any]:
    """The CPU's answer to ``model`` in f32 is the right one from now on, for ``fill`` and ``shape`` as in ``infer``."""
    compiled = stage.core.compile_model(stage.core.read_model(stage.models[step["model"]]), "CPU", dict(F32))
    request = compiled.create_infer_request()
    fill(stage, compiled, request, step)
    request.infer()
    stage.right[step["model"]] = [
        request.get_output_tensor(index).data.copy() for index in range(len(compiled.outputs))
    ]
    return {"outputs": values(request, compiled)}


def fill(stage: Stage, compiled: Any, request: Any, step: Step) -> list[Any]:
    """Give a request its inputs; returns them, since they must live as long."""
    tensors = [stage.ov.Tensor(each) for each in stage.inputs(compiled, step.get("fill"), step.get("shape"))]
    for index, tensor in enumerate(tensors):
        request.set_input_tensor(index, tensor)
    return tensors


def values(request: Any, compiled: Any) -> list[list[float]]:
    """The first values of each output."""
    outputs = (request.get_output_tensor(index).data for index in range(len(compiled.outputs)))
    return [[float(each) for each in output.reshape(-1)[:MOST_VALUES]] for output in outputs]


def infer(stage: Stage, step: Step) -> dict[str, Any]:
    """Infer ``times`` times with one request of the model kept as ``of``, which is kept too; ``every_s`` between them.

    Told: ``devices`` in the order in which they answered, without repeats in a row (``transition`` where another stood there after than
    before), ``answers`` (first output's first value of each, the first 64), ``outputs`` of the last, ``compared``, ``wrong`` and
    ``largest_error`` against ``expect`` (``None`` where nothing was compared), ``errors``, ``latencies_ms`` (minimum, median).
    """
    name = step.get("of", "a")
    compiled = stage.compiled[name]
    key = name + "/" + step.get("request", "")
    if key not in stage.requests or step.get("anew"):
        stage.requests[key] = compiled.create_infer_request()
    request = stage.requests[key]
    tensors = fill(stage, compiled, request, step)
    right = Answers(stage.right.get(stage.model_of[name], []))
    is_known = stage.model_of[name] in stage.right
    found = Found()
    for number in range(step.get("times", 1)):
        if number and step.get("every_s"):
            time.sleep(step["every_s"])
        found.one(compiled, request, right if is_known else None, [each.data for each in tensors])
    return {**found.told(), "outputs": values(request, compiled) if found.done else []}


class Found(Failures):
    """What became of inferences, by any number of threads."""

    def __init__(self) -> None:
        super().__init__()
        self.done = self.compared = self.wrong = 0
        self.devices: list[str] = []
        self.largest = 0.0
        self.ended_at = clock()
        """When the last one ended, well or not."""
        self.answers: list[float] = []
        self.latencies: list[float] = []

    def one(self, compiled: Any, request: Any, right: Answers | None, inputs: list[Any]) -> None:
        """One synchronous inference."""
        try:
            before = execution_devices(compiled)
            if right is not None:
                right.spoil(request, inputs)
            began = clock()
            request.infer()
            self.add(clock() - began, before, execution_devices(compiled), request, right)
        except Exception as error:
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """An inference that did not come to its end, whatever of it went wrong."""
        super().fail(error)
        self.ended_at = clock()

    def add(self, took_s: float, before: Any, after: Any, request: Any, right: Answers | None) -> None:
        """An inference that ended."""
        error, good = (0.0, True) if right is None else right.compare(request)
        first = request.get_output_tensor(0).data.reshape(-1)
        with self.lock:
            self.done += 1
            self.ended_at = clock()
            self.latencies.append(took_s * 1e3)
            name = ",".join(before or ["unknown"]) if before == after else "transition"
            if not self.devices or self.devices[-1] != name:
                self.devices.append(name)
            if len(self.answers) < 64 and first.size:
                self.answers.append(float(first[0]))
            if right is not None:
                self.compared += 1
                self.wrong += not good
                self.largest = max(self.largest, 1e38 if math.isnan(error) else error)

    def told(self) -> dict[str, Any]:
        """All of it, as JSON."""
        ordered = sorted(self.latencies)
        return {
            **super().told(),
            "done": self.done,
            "devices": self.devices[:64],
            "answers": self.answers,
            "compared": self.compared,
            "wrong": self.wrong if self.compared else None,
            "largest_error": self.largest if self.compared else None,
            "latencies_ms": [ordered[0], ordered[len(ordered) // 2]] if ordered else [],
        }


def stream(stage: Stage, step: Step) -> dict[str, Any]:
    """Keep ``requests`` in flight, a thread each, ``times`` inferences in all or for ``seconds``; ``never`` is how many never came back.

    One is lost, and told as such, where no inference at all has ended for ``patience_s`` seconds (after ``seconds``). Whatever goes
    wrong in a thread is an inference that failed.
    """
    name = step.get("of", "a")
    compiled = stage.compiled[name]
    is_known = stage.model_of[name] in stage.right
    found, stop_at = Found(), clock() + step.get("seconds", 1e9)
    left = [step.get("times", 1 << 60)]
    lock = threading.Lock()

    def keep() -> None:
        try:
            request = compiled.create_infer_request()
            tensors = fill(stage, compiled, request, step)
            right = Answers(stage.right[stage.model_of[name]]) if is_known else None
        except Exception as error:
            found.fail(error)
            return
        while clock() < stop_at:
            with lock:
                if left[0] <= 0:
                    return
                left[0] -= 1
            found.one(compiled, request, right, [each.data for each in tensors])

    threads = [threading.Thread(target=keep, daemon=True) for _ in range(step["requests"])]
    for thread in threads:
        thread.start()
    last, patience_s = clock() + step.get("seconds", 0.0), step.get("patience_s", 20.0)
    for thread in threads:
        while thread.is_alive() and clock() < max(last, found.ended_at) + patience_s:
            thread.join(TICK_S)
    return {**found.told(), "never": sum(thread.is_alive() for thread in threads)}


KINDS = {"expect": expect, "infer": infer, "stream": stream}
