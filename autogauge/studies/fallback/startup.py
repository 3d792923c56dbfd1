"""Cases of the start: who answers first, who later, and what letting go of a model waits for. The GPU builds as slowly as it is told to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autogauge.probe.request import EmulatedGpu
from autogauge.probe.seen import Seen, name_of
from autogauge.rig.answered import LONG, all_of_kind, all_right, every_device, last_device
from autogauge.rig.cases import Case, Promise, Sees
from autogauge.rig.expecting import Expect, Wanted, at_least, at_most, of_kind

SLOW_S = 2.0
SLOW = (EmulatedGpu(build=f"slow:{SLOW_S:g}"),)
OFF = {"ENABLE_STARTUP_FALLBACK": False}
LIST = "AUTO:GPU,CPU"
ON = Wanted("on", lambda value: str(value).upper() in ("TRUE", "YES"))
HELPER = ["(CPU)"]

PROMISES = (
    Promise("startup-cpu-answers-first", "while the GPU compiles, AUTO's CPU helper answers", ("startup-cpu-first",)),
    Promise("startup-helper-is-marked", "a CPU that only helps stands in brackets", ("startup-helper-marked",)),
    Promise("startup-hands-over", "when the GPU is ready it answers", ("startup-hand-over",)),
    Promise(
        "startup-lets-go-of-the-helper", "after the hand-over the helper is let go of", ("startup-helper-released",)
    ),
    Promise("startup-fallback-is-on", "the start-up fallback is on by default", ("startup-default-on",)),
    Promise(
        "startup-off-has-no-helper",
        "with the start-up fallback off every answer is the chosen device's",
        ("startup-off", "startup-off-one-device"),
    ),
    Promise("startup-unlisted-cpu-helps-not", "a CPU that is not in the list does not help", ("startup-cpu-unlisted",)),
    Promise("startup-release-waits", "letting go of a model waits for its compile", ("startup-destroy-waits",)),
    Promise(
        "startup-release-leaves-python",
        "while that waits, other Python threads go on",
        ("startup-destroy-leaves-python",),
        differs=("release-holds-python",),
    ),
    Promise("startup-answers-are-right", "every answer of the start is right", ("startup-hand-over-seamless",)),
)


def by_default(claim: str, name: str) -> Expect:
    """That property of AUTO is on where nobody set it."""
    return Expect(claim, f"{name} of AUTO", lambda seen: seen.value("defaults", "told", name), ON)


def started(device: str | None, properties: Mapping[str, object], *, times: int = 5) -> tuple[Mapping[str, Any], ...]:
    """Steps: compile, infer at once, wait for the accelerator, infer again, let go."""
    return (
        {"do": "ask", "name": "defaults", "device": "AUTO", "properties": ["ENABLE_STARTUP_FALLBACK"]},
        {"do": "expect", "model": "relu"},
        {"do": "compile", "model": "relu", "device": device, "properties": dict(properties)},
        {"do": "infer", "name": "at once", "times": times},
        {"do": "wait", **LONG},
        {"do": "infer", "name": "later", "times": times},
        {"do": "release"},
    )


def first_device(seen: Seen) -> object:
    """Who answered the first inference."""
    return (seen.value("at once", "devices") or [None])[0]


def cases() -> Sequence[Case]:
    """All of them."""
    return (*_helping(), *_without_help(), *_let_go_of())


def _helping() -> Sequence[Case]:
    """The helper answers first, the GPU later."""
    return (
        Case(
            "helper",
            f"{LIST}, the GPU builds slowly",
            started(LIST, {}),
            (
                Expect("startup-cpu-answers-first", "who answers first", first_device, "(CPU)"),
                Expect(
                    "startup-cpu-answers-first",
                    "AUTO's log starts a helper",
                    _helper_started,
                    True,
                ),
                Expect(
                    "startup-helper-is-marked",
                    "who answers after compiling",
                    lambda seen: seen.value("compile", "devices"),
                    HELPER,
                ),
                Expect(
                    "startup-hands-over",
                    "who answers in the end",
                    last_device("later"),
                    of_kind("GPU"),
                ),
                Expect(
                    "startup-lets-go-of-the-helper",
                    "AUTO's log lets go of it",
                    _let_go_of_helper,
                    True,
                ),
                by_default("startup-fallback-is-on", "ENABLE_STARTUP_FALLBACK"),
                *all_right("startup-answers-are-right", "at once", "later"),
            ),
            gpus=SLOW,
        ),
    )


def _without_help() -> Sequence[Case]:
    """Nobody helps: the CPU is out, or the fallback is off."""
    return (
        *(
            Case(
                f"no helper: {called}",
                f"{device or 'AUTO'}{' and the start-up fallback off' if properties else ''}",
                started(device, properties),
                (
                    Expect(claim, "who answers at once", every_device("at once"), all_of_kind("GPU")),
                    Expect(claim, "who answers later", every_device("later"), all_of_kind("GPU")),
                    Expect(claim, "AUTO's log starts a helper", _helper_started, False),
                    *all_right("startup-answers-are-right", "at once", "later"),
                ),
                gpus=SLOW,
            )
            for called, device, properties, claim in (
                ("off", LIST, OFF, "startup-off-has-no-helper"),
                ("only the GPU", "AUTO:GPU", {}, "startup-unlisted-cpu-helps-not"),
                ("without the CPU", "AUTO:-CPU", {}, "startup-unlisted-cpu-helps-not"),
            )
        ),
    )


def _let_go_of() -> Sequence[Case]:
    """Letting go of a model early; and a machine without a GPU."""
    return (
        Case(
            "let go of early",
            f"{LIST}, let go of while the GPU builds",
            (
                {"do": "compile", "model": "relu", "device": LIST},
                {"do": "infer", "name": "at once"},
                {"do": "release"},
            ),
            (
                Expect(
                    "startup-release-waits",
                    "how long it took, in seconds",
                    _waited_for_build,
                    at_least(SLOW_S / 4, "s"),
                ),
                Expect(
                    "startup-release-leaves-python",
                    "how long another thread was kept waiting, in seconds",
                    lambda seen: (
                        seen.value("release", "others_waited_s")
                        if seen.value("release", "release_s") > SLOW_S / 4
                        else None
                    ),
                    at_most(SLOW_S / 8, "s"),
                    ("release-holds-python",),
                ),
            ),
            gpus=SLOW,
        ),
        Case(
            "no accelerator",
            "AUTO where there is no GPU",
            started("AUTO", {}),
            (
                Expect(
                    "startup-helper-is-marked", "who answers", lambda seen: seen.value("at once", "devices"), ["CPU"]
                ),
                *all_right("startup-answers-are-right", "at once", "later"),
            ),
            sees=Sees.CPU_ONLY,
        ),
    )


def _waited_for_build(seen: Seen) -> float | None:
    """How long letting go took; ``None`` where the build may have been nearly over by then, on a busy machine."""
    took_s = sum(step.seconds or 0.0 for step in seen.steps if name_of(step.asked) != "release")
    found: float | None = seen.value("release", "release_s")
    return found if first_device(seen) == "(CPU)" and took_s < SLOW_S / 2 else None


def _let_go_of_helper(seen: Seen) -> bool | None:
    """Whether the log says so; ``None`` where it says nothing, or the accelerator never answered."""
    if not seen.log.lines or not last_device("later")(seen):
        return None
    return seen.log.cpu_helper_released


def _helper_started(seen: Seen) -> bool | None:
    return seen.log.cpu_helper_started if seen.log.lines else None
