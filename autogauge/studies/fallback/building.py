"""Cases of a device whose build fails or hangs: who answers instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autogauge.probe.request import EmulatedGpu
from autogauge.probe.seen import Seen
from autogauge.rig.answered import LONG, all_right, fault_met, last_device
from autogauge.rig.cases import Case, Promise
from autogauge.rig.expecting import NO_ERROR, Expect, Wanted, of_kind, saying
from autogauge.studies.fallback.startup import LIST, OFF

FAILING = EmulatedGpu(build="fail")
BOTH_OFF = {**OFF, "ENABLE_RUNTIME_FALLBACK": False}
ONE_STREAM = {"NUM_STREAMS": "1"}
"""With two, the emulated GPU alone was seen to hang now and then, without AUTO."""
CUMULATIVE = {"PERFORMANCE_HINT": "CUMULATIVE_THROUGHPUT", **ONE_STREAM}
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
FAULT, AFTER_FAULT_S = "build-fault", 1.0
COUNTED = {"do": "count", "gpu": 0, "until": FAULT, "within_s": 60.0, "deadline_s": 120.0}
"""Waits for the first GPU's build to meet its fault."""


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
            _steps("AUTO:GPU.0,GPU.1,CPU", {}, LONG),
            (
                fault_met("build-fails-next-gpu-answers", FAULT),
                fault_met("build-answers-are-right", FAULT),
                Expect(
                    "build-fails-next-gpu-answers", "who answers in the end", last_device("later", "GPU.1"), "GPU.1"
                ),
                *all_right("build-answers-are-right", "at once", "later"),
            ),
            gpus=(FAILING, EmulatedGpu()),
        ),
        Case(
            "build fails: nobody left",
            "AUTO:GPU, which does not build",
            _steps("AUTO:GPU", {}),
            (
                fault_met("build-fails-everywhere-is-an-error", FAULT),
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
                fault_met("build-fails-both-off-is-an-error", FAULT),
                Expect(
                    "build-fails-both-off-is-an-error",
                    "what compiling says",
                    lambda seen: seen.error("compile"),
                    saying("gpu"),
                    ("both-off-keeps-the-cpu",),
                    as_known=NO_ERROR,
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
                COUNTED,
                {"do": "infer", "name": "at once", "times": 20},
                {"do": "fault", "what": "build", "how": ""},
                {"do": "wait", **LONG},
                {"do": "infer", "name": "later", "times": 5},
                {"do": "release"},
            ),
            (
                *(
                    fault_met(claim, FAULT)
                    for claim in ("build-hangs-cpu-answers", "build-goes-on-gpu-answers", "build-answers-are-right")
                ),
                Expect(
                    "build-hangs-cpu-answers", "who answers", lambda seen: seen.value("at once", "devices"), ["(CPU)"]
                ),
                *all_right("build-hangs-cpu-answers", "at once"),
                Expect("build-goes-on-gpu-answers", "who answers in the end", last_device("later"), of_kind("GPU")),
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
            fault_met("build-fails-next-answers", FAULT),
            fault_met("build-answers-are-right", FAULT),
            Expect("build-fails-next-answers", "who answers in the end", _whoever, THE_CPU),
            *all_right("build-fails-next-answers", "later"),
            *all_right("build-answers-are-right", "at once", "later"),
        ),
        gpus=(FAILING,),
    )


def _steps(
    device: str, properties: Mapping[str, Any], wait: Mapping[str, Any] | None = None
) -> tuple[Mapping[str, Any], ...]:
    """``wait`` is how long an accelerator may take to answer; without it none is to come, and the CPU helper may be asked soon."""
    return (
        {"do": "expect", "model": "relu"},
        {"do": "compile", "model": "relu", "device": device, "properties": dict(properties)},
        {"do": "infer", "name": "at once", "times": 5},
        COUNTED,
        {"do": "wait", **(wait or {"longest_s": AFTER_FAULT_S})},
        {"do": "infer", "name": "later", "times": 5},
        {"do": "release"},
    )


def _whoever(seen: Seen) -> str | None:
    """Who answered last: after the fault that may be the helper too."""
    devices: list[str] = seen.value("later", "devices") or []
    return devices[-1] if devices else None
