"""The study of model priority: which device a model gets beside others, by what AUTO's log selects when it is compiled.

What lives on one Core counts for the next one too, so each case has a process of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from autogauge.probe.request import EmulatedGpu
from autogauge.probe.seen import Step
from autogauge.rig.cases import Case, CaseStudy, Promise, Sees
from autogauge.rig.expecting import Expect, one_of
from autogauge.rig.rig import Rig
from autogauge.studies.hinted.reading import (
    BOTH,
    CUMULATIVE,
    NONE_BY_LOG,
    UNBATCHED,
    Made,
    Reader,
    compiled,
    kind_of,
    of_step,
    refused,
    released,
    said,
)

TWO_GPUS = (EmulatedGpu(), EmulatedGpu())
AND_A_DISCRETE_ONE = (EmulatedGpu(), EmulatedGpu(discrete=True))


class Priority(CaseStudy):
    """Models that are compiled one after another, and which device each of them gets."""

    name = "model priority"
    promises: ClassVar[tuple[Promise, ...]] = (
        Promise(
            "high-medium-low",
            "HIGH gets the discrete GPU, MEDIUM the integrated one, LOW the CPU",
            ("priority-example", "priority-high-first", "priority-lower-elsewhere"),
        ),
        Promise(
            "lower-goes-elsewhere",
            "beside a model of HIGH, lower ones go to the next device",
            ("priority-high-first", "priority-lower-elsewhere"),
        ),
        Promise("higher-is-not-kept-away", "a model of LOW keeps no higher one away", ("priority-high-first",)),
        Promise("equals-share", "models of one priority share the best device", ("priority-equal-shares",)),
        Promise("no-priority-is-medium", "a model without a priority counts as MEDIUM", ("priority-default",)),
        Promise(
            "released-with-the-last",
            "the device is free again when the last model of HIGH is gone, and not before",
            ("priority-released",),
        ),
        Promise(
            "counts-while-compiling",
            "a model of HIGH occupies its device while that still compiles",
            ("priority-lower-elsewhere",),
        ),
        Promise(
            "counts-for-every-core",
            "a model of HIGH counts for models of another Core, until it is gone",
            ("priority-lower-elsewhere", "priority-released"),
        ),
        Promise(
            "only-device-is-taken",
            "a model of LOW whose only device is occupied gets it all the same",
            ("priority-lower-elsewhere",),
        ),
        Promise(
            "counts-on-all-its-devices",
            "a model of HIGH with CUMULATIVE_THROUGHPUT keeps lower ones off each of its devices",
            ("priority-lower-elsewhere",),
            differs=("cumulative-priority-ignored",),
        ),
        Promise("wrong-priority-is-an-error", "a priority that is none is an error", ("property-wrong-value-told",)),
    )

    def cases(self, rig: Rig) -> Sequence[Case]:
        """Two GPUs, one GPU, and none."""
        return (*_each_once(), *_several_on_two_gpus(), *_one_gpu(), *_gone_or_elsewhere(), _wrong())


def model(name: str, priority: str = "", device: str = "AUTO") -> Made:
    """Compile a model of that priority; an empty one gives none."""
    return compiled(name, device, {"MODEL_PRIORITY": priority} if priority else {})


def chosen(name: str) -> Reader:
    """Reads which device AUTO's log says that it selected for that model; by its kind."""
    exactly = exact(name)

    def reader(seen: Any) -> Any:
        found = exactly(seen)
        return found if found is None or found.startswith("an error") else kind_of(found)

    return reader


def exact(name: str) -> Reader:
    """The same, by the device's own name."""

    def read(step: Step) -> Any:
        if step.log.selected:
            return step.log.selected[0]
        return NONE_BY_LOG if step.log.lines else None

    return of_step(name, read)


def _each_once() -> tuple[Case, ...]:
    def three() -> tuple[Made, ...]:
        return model("high", "HIGH"), model("medium", "MEDIUM"), model("low", "LOW")

    def expected(promise: str, *devices: str) -> tuple[Expect, ...]:
        names = ("high", "medium", "low")
        return tuple(
            Expect(promise, f"the device of {name.upper()}", exact(name), device)
            for name, device in zip(names, devices, strict=True)
        )

    best_alone = ("low", "LOW"), ("medium", "MEDIUM"), ("high", "HIGH")
    return (
        Case(
            "discrete-gpu",
            "a discrete GPU, an integrated one and the CPU",
            three(),
            expected("high-medium-low", "GPU.1", "GPU.0", "CPU"),
            gpus=AND_A_DISCRETE_ONE,
        ),
        Case(
            "two-gpus",
            "two GPUs and the CPU",
            three(),
            expected("lower-goes-elsewhere", "GPU.0", "GPU.1", "CPU"),
            gpus=TWO_GPUS,
        ),
        Case(
            "rising",
            "LOW first, then higher ones",
            tuple(model(*each) for each in best_alone),
            expected("higher-is-not-kept-away", "GPU.0", "GPU.0", "GPU.0"),
            gpus=TWO_GPUS,
        ),
    )


def _several_on_two_gpus() -> tuple[Case, ...]:
    cumulative = "counts-on-all-its-devices"
    return (
        Case(
            "two-of-each",
            "two models of each priority",
            (
                *(model(f"high {number}", "HIGH") for number in (1, 2)),
                *(model(f"medium {number}", "MEDIUM") for number in (1, 2)),
            ),
            (
                *(Expect("equals-share", f"the device of HIGH, {n}", exact(f"high {n}"), "GPU.0") for n in (1, 2)),
                *(Expect("equals-share", f"the device of MEDIUM, {n}", exact(f"medium {n}"), "GPU.1") for n in (1, 2)),
            ),
            gpus=TWO_GPUS,
        ),
        Case(
            "on-all-gpus",
            "a model of HIGH on both GPUs at once",
            (
                compiled("high", "AUTO:GPU.0,GPU.1", {"MODEL_PRIORITY": "HIGH"}, CUMULATIVE, UNBATCHED),
                model("medium", "MEDIUM"),
            ),
            (
                Expect(
                    cumulative,
                    "devices of HIGH",
                    of_step("high", lambda step: step.value["devices"]),
                    ["GPU.0", "GPU.1"],
                ),
                Expect(
                    cumulative,
                    "the device of MEDIUM",
                    exact("medium"),
                    "CPU",
                    ("cumulative-priority-ignored",),
                    as_known=one_of("GPU.0"),
                ),
            ),
            gpus=TWO_GPUS,
        ),
    )


def _one_gpu() -> tuple[Case, ...]:
    only = "only-device-is-taken"
    return (
        Case(
            "one-gpu",
            "one GPU and the CPU",
            (model("high", "HIGH"), model("medium", "MEDIUM"), model("low", "LOW"), model("alone", "LOW", "AUTO:GPU")),
            (
                Expect("lower-goes-elsewhere", "the device of HIGH", chosen("high"), "GPU"),
                Expect("lower-goes-elsewhere", "the device of MEDIUM", chosen("medium"), "CPU"),
                Expect("lower-goes-elsewhere", "the device of LOW", chosen("low"), "CPU"),
                Expect(only, "the device of LOW on AUTO:GPU", chosen("alone"), "GPU"),
            ),
            Sees.ONE_GPU,
        ),
        Case(
            "no-priority",
            "a model without a priority",
            (model("plain"), model("low", "LOW"), released("plain"), model("later", "LOW")),
            (
                Expect("no-priority-is-medium", "its device", chosen("plain"), "GPU"),
                Expect("no-priority-is-medium", "the device of LOW beside it", chosen("low"), "CPU"),
                Expect("no-priority-is-medium", "the device of LOW when it is gone", chosen("later"), "GPU"),
            ),
            Sees.ONE_GPU,
        ),
    )


def _gone_or_elsewhere() -> tuple[Case, ...]:
    last, core = "released-with-the-last", "counts-for-every-core"
    return (
        Case(
            "released",
            "two models of HIGH that go",
            (
                *(model("first", "HIGH"), model("second", "HIGH"), model("beside two", "MEDIUM")),
                *(released("first"), model("beside one", "MEDIUM")),
                *(released("second"), model("beside none", "MEDIUM")),
            ),
            (
                Expect(last, "the device of MEDIUM beside two of HIGH", chosen("beside two"), "CPU"),
                Expect(last, "beside one", chosen("beside one"), "CPU"),
                Expect(last, "beside none", chosen("beside none"), "GPU"),
            ),
            Sees.ONE_GPU,
        ),
        Case(
            "compiling",
            "a model of HIGH that still compiles",
            (compiled("high", BOTH, {"MODEL_PRIORITY": "HIGH"}, model="chain"), model("medium", "MEDIUM")),
            (
                Expect(
                    "counts-while-compiling",
                    "who answers for HIGH",
                    of_step("high", lambda step: step.value["devices"]),
                    ["(CPU)"],
                ),
                Expect("counts-while-compiling", "the device of MEDIUM", chosen("medium"), "CPU"),
            ),
            Sees.ONE_GPU,
        ),
        Case(
            "another-core",
            "another Core of the process",
            (
                *(model("high", "HIGH"), {"do": "another-core"}, model("medium", "MEDIUM")),
                *(released("high"), model("later", "MEDIUM")),
            ),
            (
                Expect(core, "the device of HIGH", chosen("high"), "GPU"),
                Expect(core, "the device of MEDIUM on another Core", chosen("medium"), "CPU"),
                Expect(core, "the device of MEDIUM when it is gone", chosen("later"), "GPU"),
            ),
            Sees.ONE_GPU,
        ),
    )


def _wrong() -> Case:
    promise = "wrong-priority-is-an-error"
    return Case(
        "no-such-priority",
        "priorities that there are not",
        (
            *(model(value, value, "AUTO:CPU") for value in ("URGENT", "high")),
            compiled("a number", "AUTO:CPU", {"MODEL_PRIORITY": 1}),
        ),
        tuple(Expect(promise, name, said(name), refused("MODEL_PRIORITY")) for name in ("URGENT", "high", "a number")),
    )


PRIORITY = Priority()
