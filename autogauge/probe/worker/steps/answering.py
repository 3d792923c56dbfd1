"""Steps that hold answers against more than one device's: ``reference``, ``answers``; and ``states`` of a request.

``expect`` and ``infer`` know one right answer. Here AUTO's are held against those of every device that it may choose, for inputs of several
shapes, by who answered: the helper, the device, or one of them while the other took over.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from autogauge.probe.worker.answers import Answers
from autogauge.probe.worker.api import execution_devices
from autogauge.probe.worker.steps.failures import Failures
from autogauge.probe.worker.steps.inferring import MOST_VALUES

if TYPE_CHECKING:
    from autogauge.probe.worker.steps.stage import Stage

    Step = dict[str, Any]

clock = time.perf_counter
TRANSITION = "transition"
NEAREST = "nearest"
APART = 1e38
"""In place of a distance that is none: not a number, or another shape."""


def reference(stage: Stage, step: Step) -> dict[str, Any]:
    """What ``device`` answers to ``model`` with ``properties``, for each of ``shapes``; ``answers`` are held against it later."""
    name, device = step["model"], step["device"]
    compiled = stage.compile(name, device, dict(step.get("properties", {})), "object")
    request = compiled.create_infer_request()
    outputs = []
    for tensors in _inputs(stage, compiled, step):
        _give(request, tensors)
        request.infer()
        outputs.append([request.get_output_tensor(index).data.copy() for index in range(len(compiled.outputs))])
    stage.kept.setdefault("references", {}).setdefault(name, {})[device] = outputs
    return {"devices": execution_devices(compiled), "shapes": [[list(each.shape) for each in one] for one in outputs]}


def _inputs(stage: Stage, compiled: Any, step: Step) -> list[list[Any]]:
    """Tensors for each of ``shapes``; where there are none, for the model's own."""
    shapes = step.get("shapes") or [None]
    return [[stage.ov.Tensor(each) for each in stage.inputs(compiled, step.get("fill"), shape)] for shape in shapes]


def _give(request: Any, tensors: list[Any]) -> None:
    for index, tensor in enumerate(tensors):
        request.set_input_tensor(index, tensor)


def answers(stage: Stage, step: Step) -> dict[str, Any]:
    """Rounds of ``requests`` inferences of the model kept as ``of``, by ``way``: ``sync``, ``async`` or ``queue``.

    ``sync`` infers one after the other, ``async`` starts all requests and waits for each, ``queue`` does the same by an
    ``AsyncInferQueue`` without a callback. Rounds go on, ``every_s`` apart, until AUTO's helper has been released, at most ``longest_s``,
    and then ``after`` more. ``shapes`` are taken by turns from inference to inference.

    Told: ``devices`` in the order in which they answered; ``by`` each of them how many inferences were ``done``, and how far they were
    ``off`` at most from each ``reference``, in parts of its largest value (``nearest``: each from the one that it was nearest to);
    ``failed`` and ``errors``.
    """
    compiled = stage.compiled[step.get("of", "a")]
    references = stage.kept.get("references", {}).get(stage.model_of[step.get("of", "a")], {})
    rounds = Rounds(stage, compiled, step, references)
    stop_at, left = clock() + step.get("longest_s", 20.0), step.get("after", 1)
    while left:
        is_helped = any(each.startswith("(") for each in execution_devices(compiled) or ())
        if is_helped and clock() > stop_at:
            break
        rounds.one()
        left -= not is_helped
        time.sleep(step.get("every_s", 0.005))
    return rounds.told()


class Rounds(Failures):
    """Rounds of inferences, and what became of them by who answered."""

    def __init__(self, stage: Stage, compiled: Any, step: Step, references: dict[str, list[Any]]) -> None:
        super().__init__()
        self._compiled, self._way, self._count = compiled, step.get("way", "sync"), step.get("requests", 1)
        self._inputs = _inputs(stage, compiled, step)
        self._references = {
            device: [Answers(outputs) for outputs in of_shapes] for device, of_shapes in references.items()
        }
        self._queue = stage.ov.AsyncInferQueue(compiled, self._count) if self._way == "queue" else None
        self._requests = (
            list(self._queue) if self._queue else [compiled.create_infer_request() for _ in range(self._count)]
        )
        self._turn = 0
        self.devices: list[str] = []
        self.by: dict[str, dict[str, Any]] = {}

    def one(self) -> None:
        """One round. A request that fails is told; the others count."""
        before = execution_devices(self._compiled)
        turns = [(self._turn + number) % len(self._inputs) for number in range(self._count)]
        self._turn += self._count
        for request, turn in zip(self._requests, turns):  # noqa: B905, Python 3.8
            for known in self._references.values():
                known[turn].spoil(request, [each.data for each in self._inputs[turn]])
                break  # what nobody answered is not a number, whoever was to answer
        done = {"sync": self._one_by_one, "async": self._at_once, "queue": self._by_queue}[self._way](turns)
        after = execution_devices(self._compiled)
        name = ",".join(before or ["unknown"]) if before == after else TRANSITION
        if done and self.devices[-1:] != [name]:
            self.devices.append(name)
        for request, turn in done:
            self._enter(name, request, turn)

    def _one_by_one(self, turns: list[int]) -> list[tuple[Any, int]]:
        def infer(request: Any, turn: int) -> None:
            _give(request, self._inputs[turn])
            request.infer()

        return self._each(infer, turns)

    def _at_once(self, turns: list[int]) -> list[tuple[Any, int]]:
        def start(request: Any, turn: int) -> None:
            _give(request, self._inputs[turn])
            request.start_async()

        started = self._each(start, turns)
        return [pair for pair in started if self._went_well(lambda request: request.wait(), pair[0])]

    def _by_queue(self, turns: list[int]) -> list[tuple[Any, int]]:
        queue: Any = self._queue
        for turn in turns:
            self._went_well(lambda turn: queue.start_async(dict(enumerate(self._inputs[turn])), turn), turn)
        if not self._went_well(lambda waited: waited.wait_all(), queue):
            return []
        return [(request, queue.userdata[index]) for index, request in enumerate(queue)]

    def _each(self, do: Any, turns: list[int]) -> list[tuple[Any, int]]:
        pairs = list(zip(self._requests, turns))  # noqa: B905, Python 3.8
        return [pair for pair in pairs if self._went_well(lambda each: do(*each), pair)]

    def _went_well(self, do: Any, given: Any) -> bool:
        try:
            do(given)
        except Exception as error:
            self.fail(error)
            return False
        return True

    def _enter(self, name: str, request: Any, turn: int) -> None:
        found = self.by.setdefault(name, {"done": 0, "off": {}})
        found["done"] += 1
        off = {}
        for device, of_shapes in self._references.items():
            apart = of_shapes[turn].compare(request)[0]
            off[device] = APART if math.isnan(apart) else min(apart, APART)
        if off:
            off[NEAREST] = min(off.values())
        for device, apart in off.items():
            found["off"][device] = max(apart, found["off"].get(device, 0.0))

    def told(self) -> dict[str, Any]:
        """All of it, as JSON."""
        return {
            "done": sum(each["done"] for each in self.by.values()),
            "devices": self.devices[:64],
            "by": self.by,
            **super().told(),
        }


def states(stage: Stage, step: Step) -> dict[str, Any]:
    """Ask the states of the request that ``infer`` kept, after each is ``reset``, or ``set`` to a number, where the step says so."""
    request = stage.requests[step.get("of", "a") + "/" + step.get("request", "")]
    variables = request.query_state()
    for variable in variables:
        if step.get("reset"):
            variable.reset()
        if "set" in step:
            filled = variable.state.data.copy()
            filled[...] = step["set"]
            variable.state = stage.ov.Tensor(filled)
    found = [each.state.data.reshape(-1)[:MOST_VALUES] for each in request.query_state()]
    return {"count": len(variables), "values": [[float(value) for value in each] for each in found]}


KINDS = {"reference": reference, "answers": answers, "states": states}
