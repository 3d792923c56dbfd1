"""The study of outputs: AUTO answers what the device answers that it chose, before, across and after the hand-over.

Everything is computed in f32. Each way to infer has a compiled model of its own, since a hand-over happens once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from autogauge.probe.worker.hand_over import is_helper
from autogauge.rig.answered import (
    LONG,
    exactly,
    failed,
    handed_over,
    hinted,
    is_device,
    near,
    off,
    off_at_all,
    order,
)
from autogauge.rig.cases import Case, CaseStudy, Promise, Sees
from autogauge.rig.expecting import Expect
from autogauge.rig.rig import Rig
from autogauge.targets import CUMULATIVE, F32, LATENCY, THROUGHPUT

HINTS = (LATENCY, THROUGHPUT, CUMULATIVE)
MODELS = {"FP32": "chain", "INT8": "int8"}
WAYS = {"sync": 1, "async": 4, "queue": 4}
"""How to infer, with how many requests at once."""
IN_WORDS = {
    "sync": "one request, synchronously",
    "async": "four requests in flight",
    "queue": "an AsyncInferQueue of four",
}
AFTER = 10
"""Rounds after the hand-over."""
AT_ONCE = {"PERFORMANCE_HINT_NUM_REQUESTS": "4", "AUTO_BATCH_TIMEOUT": "20"}
"""Beside a hint for throughput: batches of four, so that requests in flight fill one and single ones wait 20 ms and not 1 s."""

HELPER, DEVICE, ACROSS = "helper-as-cpu", "device-as-itself", "right-across-hand-over"
ASYNCHRONOUS, EVERY_HINT, INT8, ALONE = "asynchronous-as-synchronous", "every-hint-alike", "int8-as-device", "cpu-alone"

Step = Mapping[str, Any]


class Outputs(CaseStudy):
    """A case for each hint and precision; one for several inputs and outputs; one with the CPU alone."""

    name = "AUTO's outputs"
    promises: ClassVar[tuple[Promise, ...]] = (
        Promise(HELPER, "while the CPU helps, AUTO answers exactly what the CPU answers", ("outputs-helper",)),
        Promise(
            DEVICE, "after the hand-over AUTO answers exactly what the device answers by itself", ("outputs-device",)
        ),
        Promise(ACROSS, "across the hand-over every request is answered, and right", ("outputs-across-hand-over",)),
        Promise(ASYNCHRONOUS, "requests in flight are answered like single ones", ("outputs-asynchronous",)),
        Promise(
            EVERY_HINT, "with every hint AUTO answers what the CPU answers, but for rounding", ("outputs-every-hint",)
        ),
        Promise(INT8, "an INT8 model is answered as the device that answers does it by itself", ("outputs-int8",)),
        Promise(
            ALONE,
            "on the CPU alone AUTO answers exactly what the CPU answers, with every hint and in every way",
            ("outputs-device", "outputs-every-hint", "outputs-asynchronous", "outputs-int8"),
        ),
    )

    def cases(self, rig: Rig) -> Sequence[Case]:
        """All of them."""
        helped = [_helped(hint, precision, rig) for precision in MODELS for hint in HINTS]
        return (*helped, _several(), _alone())


def _helped(hint: str, precision: str, rig: Rig) -> Case:
    """AUTO with that hint on a machine with a GPU."""
    model = MODELS[precision]
    ways = _ways(hint, precision)
    properties = {**hinted(hint, rig), **({} if hint == LATENCY else AT_ONCE)}
    own_properties = {**properties, "PERFORMANCE_HINT": THROUGHPUT if hint == CUMULATIVE else hint}
    steps: list[Step] = [
        {"do": "reference", "model": model, "device": "CPU", "properties": F32},
        {"do": "reference", "model": model, "device": "GPU", "properties": own_properties},
    ]
    for way in ways:
        steps += _infer(way, model, "AUTO", properties)
    expects = [each for way in ways for each in _expected(way, hint, precision)]
    title = f"{precision}, {hint}"
    labels = {"hint": hint, "precision": precision}
    return Case(title, f"an {precision} model with {hint}", tuple(steps), tuple(expects), Sees.GPU, labels=labels)


def _ways(hint: str, precision: str) -> Sequence[str]:
    """Not every way with every hint and precision: the emulated GPU compiles for a second each time."""
    if hint == LATENCY:
        return tuple(WAYS) if precision == "FP32" else ("sync", "async")
    return ("sync", "async") if precision == "FP32" else ("async",)


def _infer(way: str, model: str, device: str, properties: Step, given: str = "object") -> list[Step]:
    """A model of its own, inferred in that way until the accelerator answers and somewhat longer."""
    compiled = {"do": "compile", "as": way, "model": model, "device": device, "properties": properties, "from": given}
    how = way.partition(" ")[0]
    rounds = {"do": "answers", "of": way, "way": how, "requests": WAYS[how], "after": AFTER, **LONG}
    return [compiled, rounds, {"do": "release", "of": way}]


def _expected(way: str, hint: str, precision: str) -> Iterator[Expect]:
    """What is expected of one way to infer."""
    step, how = f"answers {way}", f"{IN_WORDS[way]}: "
    own = INT8 if precision == "INT8" else ""
    if hint == CUMULATIVE:
        yield Expect(own or EVERY_HINT, f"{how}off from the nearest device", off_at_all(step), near)
    else:
        yield Expect(own or HELPER, f"{how}the helper, off from the CPU", off(step, is_helper, "CPU"), exactly)
        wanted = exactly if hint == LATENCY else near  # with THROUGHPUT the GPU batches, now more and now fewer
        yield Expect(own or DEVICE, f"{how}the device, off from the GPU", off(step, is_device, "GPU"), wanted)
        yield Expect(ACROSS, f"{how}who answered", order(step), handed_over)
    yield Expect(ACROSS, f"{how}requests that failed", failed(step), 0)
    yield Expect(ACROSS, f"{how}any answer, off from the nearest device", off_at_all(step), near)
    if not own:
        yield Expect(EVERY_HINT, f"{how}the device, off from the CPU", off(step, is_device, "CPU"), near)
    if way != "sync":
        yield Expect(ASYNCHRONOUS, f"{how}any answer, off from the nearest device", off_at_all(step), near)
        yield Expect(ASYNCHRONOUS, f"{how}requests that failed", failed(step), 0)


def _several() -> Case:
    """Two inputs and two outputs, from an object, a path and a buffer."""
    steps: list[Step] = [
        {"do": "reference", "model": "several", "device": device, "properties": F32} for device in ("CPU", "GPU")
    ]
    expects = []
    for given in ("object", "path", "buffer"):
        way = f"sync {given}"
        steps += _infer(way, "several", "AUTO", F32, given)
        read = (f"answers {way}", f"from {given}: ")
        expects += [
            Expect(HELPER, f"{read[1]}the helper, off from the CPU", off(read[0], is_helper, "CPU"), exactly),
            Expect(DEVICE, f"{read[1]}the device, off from the GPU", off(read[0], is_device, "GPU"), exactly),
            Expect(ACROSS, f"{read[1]}any answer, off from the nearest device", off_at_all(read[0]), near),
            Expect(ACROSS, f"{read[1]}requests that failed", failed(read[0]), 0),
        ]
    return Case("several outputs", "two inputs and two outputs", tuple(steps), tuple(expects), Sees.GPU)


def _alone() -> Case:
    """Every hint and way and precision on the CPU alone: nothing is handed over, so one process does."""
    steps: list[Step] = []
    expects = []
    for model in (*MODELS.values(), "several"):
        steps.append({"do": "reference", "model": model, "device": "CPU", "properties": F32})
        for hint in HINTS:
            for way in WAYS:
                name = f"{way} {model} {hint}"
                steps += _infer(name, model, "AUTO", {**F32, "PERFORMANCE_HINT": hint})
                what = f"{model}, {hint}, {IN_WORDS[way]}: "
                expects += [
                    Expect(ALONE, f"{what}off from the CPU", off(f"answers {name}", is_device, "CPU"), exactly),
                    Expect(ALONE, f"{what}requests that failed", failed(f"answers {name}"), 0),
                ]
    return Case("the CPU alone", "only the CPU", tuple(steps), tuple(expects), Sees.CPU_ONLY)


OUTPUTS = Outputs()
