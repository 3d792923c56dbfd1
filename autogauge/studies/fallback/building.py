"""Cases of a device whose build fails or hangs: who answers instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autogauge.probe.request import EmulatedGpu
from autogauge.probe.seen import Seen
from autogauge.rig.cases import Case, Promise
from autogauge.rig.expecting import Expect, Wanted, of_kind, saying
from autogauge.studies.fallback.startup import LIST, OFF, all_right

FAILING = EmulatedGpu(build="fail")
BOTH_OFF = {**OFF, "ENABLE_RUNTIME_FALLBACK": False}
CUMULATIVE = {"PERFORMANCE_HINT": "CUMULATIVE_THROUGHPUT"}
THE_CPU = Wanted("the CPU, helping or not", lambda value: str(value).strip("()") == "CPU")

PROMISES = (
    Promise(
        "build-fails-next-answers", "where a build fails the next device of the list answers", ("fallback-build-next",)
    ),
    Promise("build-fails-next-gpu-answers", "where a GPU's build fails the next GPU answers", ("fallback-build-next",)),
    Promise(
        "build-fails-everywhere-is-an-error",
        "where no device builds, compiling is an error",
        ("fallback-build-none-told",),
    ),
    Promise(
        "build-fails-both-off-is-an-error",
        "with both fallbacks off the CPU is no way out",
        ("fallback-both-off",),
        differs=("both-off-keeps-the-cpu",),
    ),
    Promise("build-hangs-cpu-answers", "while a build hangs the CPU goes on answering", ("fallback-build-hang",)),
    Promise("build-goes-on-gpu-answers", "when the hanging build goes on, AUTO hands over", ("startup-hand-over",)),
    Promise("build-answers-are-right", "whoever answers, the answers are right", ("fallback-build-next",)),
)
WAIT_S = 4.0


def cases() -> Sequence[Case]:
    """All of them."""
    return (*_failing(), *_hanging())


def _failing() -> Sequence[Case]:
    """A build fails."""
    return (
        *(
            _instead(called, properties, device)
            for called, properties, device in (
                ("helping", {}, LIST),
                ("start-up fallback off", OFF, LIST),
                ("cumulative", CUMULATIVE, LIST),
                ("default list", {}, "AUTO"),
            )
        ),
        Case(
            "build fails: the next GPU",
            "the first of two GPUs does not build",
            _steps("AUTO:GPU.0,GPU.1,CPU", {}),
            (
                _met_a_fault("build-fails-next-gpu-answers"),
                Expect("build-fails-next-gpu-answers", "who answers in the end", _in_the_end, "GPU.1"),
                *all_right("build-answers-are-right", "at once", "later"),
            ),
            gpus=(FAILING, EmulatedGpu()),
        ),
        Case(
            "build fails: nobody left",
            "AUTO:GPU, which does not build",
            _steps("AUTO:GPU", {}),
            (
                Expect(
                    "build-fails-everywhere-is-an-error",
                    "what compiling says",
                    lambda seen: seen.error("compile"),
                    saying("gpu"),
                ),
            ),
            gpus=(FAILING,),
        ),
        Case(
            "build fails: both fallbacks off",
            f"{LIST} with both fallbacks off; the GPU does not build",
            _steps(LIST, BOTH_OFF),
            (
                Expect(
                    "build-fails-both-off-is-an-error",
                    "what compiling says",
                    lambda seen: seen.error("compile"),
                    saying("gpu"),
                ),
            ),
            gpus=(FAILING,),
        ),
    )


def _hanging() -> Sequence[Case]:
    """A build hangs, and goes on later."""
    return (
        Case(
            "build hangs",
            f"{LIST}; the GPU's build hangs, and goes on later",
            (
                {"do": "expect", "model": "relu"},
                {"do": "compile", "model": "relu", "device": LIST},
                {"do": "wait", "name": "in vain", "longest_s": 1.0},
                {"do": "infer", "name": "at once", "times": 20},
                {"do": "fault", "what": "build", "how": ""},
                {"do": "wait", "longest_s": 20.0},
                {"do": "infer", "name": "later", "times": 5},
                {"do": "release"},
            ),
            (
                Expect(
                    "build-hangs-cpu-answers", "who answers", lambda seen: seen.value("at once", "devices"), ["(CPU)"]
                ),
                Expect("build-hangs-cpu-answers", "answers", lambda seen: seen.value("at once", "done"), 20),
                Expect("build-goes-on-gpu-answers", "who answers in the end", _in_the_end, of_kind("GPU")),
                *all_right("build-answers-are-right", "at once", "later"),
            ),
            gpus=(EmulatedGpu(build="hang"),),
        ),
    )


def _instead(called: str, properties: Mapping[str, Any], device: str) -> Case:
    """The GPU does not build, and the CPU is to answer."""
    return Case(
        f"build fails: {called}",
        f"{device} ({called}); the GPU does not build",
        _steps(device, properties),
        (
            _met_a_fault("build-fails-next-answers"),
            Expect("build-fails-next-answers", "who answers in the end", _in_the_end, THE_CPU),
            *all_right("build-answers-are-right", "at once", "later"),
        ),
        gpus=(FAILING,),
    )


def _steps(device: str, properties: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    return (
        {"do": "expect", "model": "relu"},
        {"do": "compile", "model": "relu", "device": device, "properties": dict(properties)},
        {"do": "infer", "name": "at once", "times": 5},
        {"do": "wait", "longest_s": WAIT_S},
        {"do": "infer", "name": "later", "times": 5},
        {"do": "count", "gpu": 0},
        {"do": "release"},
    )


def _met_a_fault(claim: str) -> Expect:
    """The fault was really met: else a good answer says nothing."""
    return Expect(claim, "the GPU's build failed", lambda seen: seen.value("count", "build-fault") > 0, True)


def _in_the_end(seen: Seen) -> object:
    return seen.value("later", "devices")[-1]
