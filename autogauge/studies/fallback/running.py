"""Cases of a device that fails while it infers: who answers instead, is anything lost, are the answers right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autogauge.probe.request import EmulatedGpu
from autogauge.probe.seen import Seen
from autogauge.probe.worker.hand_over import is_helper
from autogauge.rig.answered import LONG, all_right, failures, fault_met, lost
from autogauge.rig.cases import Case, Promise
from autogauge.rig.expecting import Expect, of_kind, saying
from autogauge.studies.fallback.building import CUMULATIVE, ONE_STREAM, THE_CPU
from autogauge.studies.fallback.startup import LIST, by_default

ONE, TWO = (EmulatedGpu(),), (EmulatedGpu(), EmulatedGpu())
OFF = {"ENABLE_RUNTIME_FALLBACK": False}
THROUGHPUT = {"PERFORMANCE_HINT": "THROUGHPUT", **ONE_STREAM}
UNBATCHED = {**THROUGHPUT, "ALLOW_AUTO_BATCHING": False}
IN_FLIGHT, MANY, GOOD = 4, 200, 20
LOAD, CUMULATIVE_LOAD = (IN_FLIGHT, MANY, GOOD), (8, 2000, 5)
"""Requests in flight, inferences in all, good launches before the fault. Cumulative requests are nearly all the CPU's: of 200 the GPU had
two on 2024.6.0, and met no fault."""
PATIENCE_S = 20.0
FAULT, INFERENCES = "launch-fault", 5

_DEADLINE = {"deadline_s": 120.0}
_LOST = ("cumulative-loses-requests",)

PROMISES = (
    Promise("fallback-is-on", "the run-time fallback is on by default", ("fallback-runtime-default-on",)),
    Promise(
        "fallback-answers-instead", "a request that fails is answered by the next device", ("fallback-runtime-retry",)
    ),
    Promise("fallback-takes-the-best-left", "the next device is the best that is left", ("fallback-runtime-order",)),
    Promise("fallback-answers-are-right", "answers that were given instead are right", ("fallback-runtime-right",)),
    Promise(
        "fallback-off-is-an-error", "with the fallback off a failed request is an error", ("fallback-runtime-off",)
    ),
    Promise(
        "fallback-alone-is-an-error",
        "where no device is left a failed request is an error",
        ("fallback-runtime-alone",),
    ),
    Promise("fallback-loses-nothing", "of requests in flight none is lost", ("fallback-runtime-nothing-lost",)),
    Promise(
        "fallback-loses-nothing-batched",
        "of batched requests in flight none is lost",
        ("fallback-runtime-nothing-lost",),
        differs=("batched-requests-hang",),
    ),
    Promise(
        "fallback-cumulative-answers",
        "a cumulative request that fails is answered by another device",
        ("fallback-runtime-cumulative",),
    ),
    Promise(
        "fallback-cumulative-loses-nothing",
        "of cumulative requests in flight none is lost",
        ("fallback-runtime-cumulative", "fallback-runtime-nothing-lost"),
        differs=("cumulative-loses-requests",),
    ),
    Promise("hang-passes", "once a hanging launch goes on, the next requests are answered", ()),
)


def cases() -> Sequence[Case]:
    """All of them."""
    return (*_answered(), *_refused(), *_in_flight(), *_hanging())


def _answered() -> Sequence[Case]:
    """A launch fails, and another device is there."""
    return (
        Case(
            "a launch fails",
            f"{LIST}; a launch fails after the hand-over",
            _after_the_hand_over(LIST, {}),
            (
                fault_met("fallback-answers-instead", FAULT),
                *_fell_back("fallback-answers-are-right"),
                by_default("fallback-is-on", "ENABLE_RUNTIME_FALLBACK"),
                Expect(
                    "fallback-answers-instead",
                    "who answered before",
                    _before,
                    of_kind("GPU"),
                ),
                *all_right("fallback-answers-instead", "after"),
                Expect(
                    "fallback-answers-instead",
                    "who answers then",
                    lambda seen: seen.value("after", "devices")[-1],
                    THE_CPU,
                ),
                Expect("fallback-answers-instead", "AUTO's log names it", _named, True),
                *all_right("fallback-answers-are-right", "after"),
            ),
            gpus=ONE,
        ),
        Case(
            "a launch fails, another GPU",
            "the first of two GPUs fails at a launch",
            _after_the_hand_over("AUTO:GPU.0,GPU.1,CPU", {}),
            (
                fault_met("fallback-takes-the-best-left", FAULT),
                *_fell_back("fallback-answers-are-right"),
                *all_right("fallback-takes-the-best-left", "after"),
                Expect(
                    "fallback-takes-the-best-left",
                    "who answers then",
                    lambda seen: seen.value("after", "devices")[-1],
                    "GPU.1",
                ),
                *all_right("fallback-answers-are-right", "after"),
            ),
            gpus=TWO,
        ),
    )


def _refused() -> Sequence[Case]:
    """A launch fails, and nobody may answer instead."""
    return (
        Case(
            "a launch fails, fallback off",
            f"{LIST} with the run-time fallback off",
            _after_the_hand_over(LIST, OFF),
            (*_all_refused("fallback-off-is-an-error"),),
            gpus=ONE,
        ),
        Case(
            "a launch fails, nobody left",
            "AUTO:GPU, which fails at a launch",
            _after_the_hand_over("AUTO:GPU", {}),
            _all_refused("fallback-alone-is-an-error"),
            gpus=ONE,
        ),
    )


def _in_flight() -> Sequence[Case]:
    """Several requests meanwhile; and cumulative ones."""
    return (
        _many("in flight", "fallback-loses-nothing", UNBATCHED, met=_fell_back("fallback-loses-nothing")),
        _many("in flight, batched", "fallback-loses-nothing-batched", THROUGHPUT, never=("batched-requests-hang",)),
        _many(
            "in flight, cumulative",
            "fallback-cumulative-loses-nothing",
            CUMULATIVE,
            load=CUMULATIVE_LOAD,
            failed=_LOST,
            never=_LOST,
        ),
        Case(
            "a launch fails, cumulative",
            f"{LIST}, cumulative, one request at a time",
            (
                *_after_the_hand_over(LIST, CUMULATIVE),
                {"do": "ask", "name": "left", "of": "a", "properties": ["EXECUTION_DEVICES"]},
                {
                    "do": "stream",
                    "name": "later",
                    "requests": 1,
                    "times": INFERENCES,
                    "patience_s": PATIENCE_S,
                    **_DEADLINE,
                },
                {"do": "count", "name": "count later"},
            ),
            (
                fault_met("fallback-cumulative-answers", FAULT),
                fault_met("fallback-answers-are-right", FAULT),
                Expect(
                    "fallback-answers-are-right",
                    "the GPU is left out from then on",
                    lambda seen: seen.value("left", "told", "EXECUTION_DEVICES") == ["CPU"] or None,
                    True,
                ),
                *all_right("fallback-cumulative-answers", "after", "later"),
                Expect(
                    "fallback-cumulative-answers",
                    "who is left",
                    lambda seen: seen.value("left", "told", "EXECUTION_DEVICES"),
                    ["CPU"],
                ),
                Expect(
                    "fallback-cumulative-answers",
                    "further failing launches of the GPU",
                    lambda seen: seen.value("count later", FAULT) - seen.value("count", FAULT),
                    0,
                ),
                *all_right("fallback-answers-are-right", "after"),
            ),
            gpus=ONE,
        ),
    )


def _hanging() -> Sequence[Case]:
    """A launch hangs, and goes on later."""
    return (
        Case(
            "a launch hangs",
            f"{LIST}; a launch hangs for a while",
            (
                *_compiled(LIST, {}),
                {"do": "fault", "what": "launch", "how": "hang"},
                {"do": "stream", "name": "meanwhile", "requests": 1, "times": 1, "patience_s": 1.0},
                {"do": "fault", "name": "again good", "what": "launch", "how": ""},
                {"do": "infer", "name": "after", "request": "new", "times": INFERENCES},
                {"do": "release"},
            ),
            (
                Expect(
                    "hang-passes",
                    "a request did not come back meanwhile",
                    lambda seen: seen.value("meanwhile", "never") == 1 or None,
                    True,
                ),
                *all_right("hang-passes", "after"),
            ),
            gpus=ONE,
        ),
    )


def _compiled(device: str, properties: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    return (
        {"do": "ask", "name": "defaults", "device": "AUTO", "properties": ["ENABLE_RUNTIME_FALLBACK"]},
        {"do": "expect", "model": "relu"},
        {"do": "compile", "model": "relu", "device": device, "properties": dict(properties)},
        {"do": "wait", **LONG},
        {"do": "infer", "name": "before", "times": INFERENCES},
    )


def _after_the_hand_over(device: str, properties: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """One request, in a thread of its own; every launch of the first GPU fails from after the hand-over on."""
    return (
        *_compiled(device, properties),
        {"do": "fault", "what": "launch", "how": "fail"},
        {"do": "stream", "name": "after", "requests": 1, "times": INFERENCES, "patience_s": PATIENCE_S, **_DEADLINE},
        {"do": "count"},
    )


def _many(
    called: str,
    claim: str,
    properties: Mapping[str, Any],
    *,
    load: tuple[int, int, int] = LOAD,
    failed: tuple[str, ...] = (),
    never: tuple[str, ...] = (),
    met: tuple[Expect, ...] | None = None,
) -> Case:
    """Several requests in flight while every launch begins to fail; ``failed`` and ``never`` excuse what is known of it."""
    requests, times, good = load
    return Case(
        f"a launch fails, {called}",
        f"{LIST}, {requests} requests {called}",
        (
            *_compiled(LIST, properties),
            {"do": "fault", "what": "launch", "how": "fail", "after": good},
            {
                "do": "stream",
                "name": "after",
                "requests": requests,
                "times": times,
                "patience_s": PATIENCE_S,
                **_DEADLINE,
            },
            {"do": "count"},
        ),
        (*(met or (fault_met(claim, FAULT),)), *all_right(claim, "after", failed=failed, never=never)),
        gpus=ONE,
    )


def _all_refused(claim: str) -> tuple[Expect, ...]:
    """The fault was met, and each inference is an error that says so."""
    return (
        fault_met(claim, FAULT),
        Expect(claim, "failed inferences", failures("after"), INFERENCES),
        Expect(claim, "requests that never came back", lost("after"), 0),
        Expect(claim, "answers", lambda seen: seen.value("after", "done"), 0),
        Expect(claim, "what they say", lambda seen: seen.value("after", "errors")[0], saying("cl", "gpu")),
    )


def _fell_back(claim: str) -> tuple[Expect, ...]:
    """The fault was met, and AUTO's log says that a request failed by it: where nothing failed nothing was answered instead."""
    return (
        fault_met(claim, FAULT),
        Expect(claim, "AUTO's log names a fallback", lambda seen: bool(seen.log.fallbacks) or None, True),
    )


def _before(seen: Seen) -> str | None:
    """Who answered before the fault; ``None`` while AUTO's helper still did."""
    found = (seen.value("before", "devices") or [None])[-1]
    return None if found is None or is_helper(found) else found


def _named(seen: Seen) -> bool | None:
    """Whether AUTO's log names a fallback; ``None`` where it says nothing at all."""
    return bool(seen.log.fallbacks) if seen.log.lines else None
