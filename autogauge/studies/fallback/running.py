"""Cases of a device that fails while it infers: who answers instead, is anything lost, are the answers right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autogauge.probe.request import EmulatedGpu
from autogauge.rig.cases import Case, Promise
from autogauge.rig.expecting import Expect, at_least, of_kind, saying
from autogauge.studies.fallback.building import CUMULATIVE, THE_CPU
from autogauge.studies.fallback.startup import LIST, all_right, by_default

ONE, TWO = (EmulatedGpu(),), (EmulatedGpu(), EmulatedGpu())
OFF = {"ENABLE_RUNTIME_FALLBACK": False}
THROUGHPUT = {"PERFORMANCE_HINT": "THROUGHPUT", "NUM_STREAMS": "1"}
"""One stream: with two, the emulated GPU alone was seen to hang now and then, without AUTO."""
UNBATCHED = {**THROUGHPUT, "ALLOW_AUTO_BATCHING": False}
IN_FLIGHT, MANY, GOOD = 4, 200, 20
PATIENCE_S = 8.0

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
        differs=("cumulative-loses-requests",),
    ),
    Promise(
        "fallback-cumulative-loses-nothing",
        "of cumulative requests in flight none is lost",
        ("fallback-runtime-cumulative", "fallback-runtime-nothing-lost"),
        differs=("cumulative-loses-requests",),
    ),
    Promise("hang-passes", "when a hanging launch goes on, its request and the next ones are answered", ()),
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
                _met_a_fault("fallback-answers-instead"),
                by_default("fallback-is-on", "ENABLE_RUNTIME_FALLBACK"),
                Expect(
                    "fallback-answers-instead",
                    "who answered before",
                    lambda seen: seen.value("before", "devices")[-1],
                    of_kind("GPU"),
                ),
                _all_back("fallback-answers-instead"),
                Expect("fallback-answers-instead", "failed inferences", lambda seen: seen.value("after", "failed"), 0),
                Expect(
                    "fallback-answers-instead",
                    "who answers then",
                    lambda seen: seen.value("after", "devices")[-1],
                    THE_CPU,
                ),
                Expect("fallback-answers-instead", "AUTO's log names it", lambda seen: bool(seen.log.fallbacks), True),
                *all_right("fallback-answers-are-right", "after"),
            ),
            gpus=ONE,
        ),
        Case(
            "a launch fails, another GPU",
            "the first of two GPUs fails at a launch",
            _after_the_hand_over("AUTO:GPU.0,GPU.1,CPU", {}),
            (
                _met_a_fault("fallback-takes-the-best-left"),
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
            (
                Expect("fallback-off-is-an-error", "failed inferences", lambda seen: seen.value("after", "failed"), 5),
                Expect(
                    "fallback-off-is-an-error",
                    "what they say",
                    lambda seen: seen.value("after", "errors")[0],
                    saying("cl", "gpu"),
                ),
            ),
            gpus=ONE,
        ),
        Case(
            "a launch fails, nobody left",
            "AUTO:GPU, which fails at a launch",
            _after_the_hand_over("AUTO:GPU", {}),
            (Expect("fallback-alone-is-an-error", "failed inferences", lambda seen: seen.value("after", "failed"), 5),),
            gpus=ONE,
        ),
    )


def _in_flight() -> Sequence[Case]:
    """Several requests meanwhile; and cumulative ones."""
    return (
        _many("in flight", "fallback-loses-nothing", UNBATCHED),
        _many("in flight, batched", "fallback-loses-nothing-batched", THROUGHPUT),
        _many("in flight, cumulative", "fallback-cumulative-loses-nothing", CUMULATIVE),
        Case(
            "a launch fails, cumulative",
            f"{LIST}, cumulative, one request at a time",
            _after_the_hand_over(LIST, CUMULATIVE),
            (
                _met_a_fault("fallback-cumulative-answers"),
                Expect(
                    "fallback-cumulative-answers", "failed inferences", lambda seen: seen.value("after", "failed"), 0
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
                {"do": "infer", "name": "after", "request": "new", "times": 5},
                {"do": "release"},
            ),
            (
                Expect(
                    "hang-passes",
                    "requests that did not come back meanwhile",
                    lambda seen: seen.value("meanwhile", "never"),
                    1,
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
        {"do": "wait"},
        {"do": "infer", "name": "before", "times": 5},
    )


def _after_the_hand_over(device: str, properties: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """One request, in a thread of its own; every launch of the first GPU fails from after the hand-over on."""
    return (
        *_compiled(device, properties),
        {"do": "fault", "what": "launch", "how": "fail"},
        {"do": "stream", "name": "after", "requests": 1, "times": 5, "patience_s": PATIENCE_S},
        {"do": "count"},
    )


def _many(called: str, claim: str, properties: Mapping[str, Any]) -> Case:
    """Several requests in flight while every launch begins to fail."""
    return Case(
        f"a launch fails, {called}",
        f"{LIST}, {IN_FLIGHT} requests {called}",
        (
            *_compiled(LIST, properties),
            {"do": "fault", "what": "launch", "how": "fail", "after": GOOD},
            {"do": "stream", "name": "after", "requests": IN_FLIGHT, "times": MANY, "patience_s": PATIENCE_S},
            {"do": "count"},
        ),
        (
            _met_a_fault(claim),
            Expect(claim, "failed inferences", lambda seen: seen.value("after", "failed"), 0),
            _all_back(claim),
            Expect(claim, "answers", lambda seen: seen.value("after", "done"), at_least(MANY)),
            Expect(claim, "wrong answers", lambda seen: seen.value("after", "wrong"), 0),
        ),
        gpus=ONE,
    )


def _all_back(claim: str) -> Expect:
    """None is still waited for."""
    return Expect(claim, "requests that never came back", lambda seen: seen.value("after", "never"), 0)


def _met_a_fault(claim: str) -> Expect:
    """The fault was really met: else a good answer says nothing."""
    return Expect(claim, "a launch failed", lambda seen: seen.value("count", "launch-fault") > 0, True)
