"""The study of the schedule policy: to which device CUMULATIVE_THROUGHPUT gives a request, by AUTO's log when a model is let go of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from autogauge.probe.request import EmulatedGpu
from autogauge.rig.cases import Case, CaseStudy, Promise, Sees
from autogauge.rig.expecting import Expect, one_of
from autogauge.rig.rig import Rig
from autogauge.studies.hinted.reading import (
    AT_ONCE,
    BOTH,
    CUMULATIVE,
    EVERY_ONE,
    LATENCY,
    SOME_BY_EACH,
    THROUGHPUT,
    UNBATCHED,
    Counts,
    Made,
    by_log,
    by_log_with_numbers,
    compiled,
    infer,
    of_step,
    one_gpu_stream,
    one_stream,
    released,
    returned,
    together,
)

ALL: Mapping[str, Any] = {**CUMULATIVE, **UNBATCHED}
IN_ORDER: Mapping[str, Any] = {"SCHEDULE_POLICY": "DEVICE_PRIORITY"}
BY_TURNS: Mapping[str, Any] = {"SCHEDULE_POLICY": "ROUND_ROBIN"}
ONE_BY_ONE, REQUESTS, ROUNDS = 30, 6, 30
BETWEEN_S = 0.003
"""Between inferences that are one at a time: AUTO takes a device for busy until it has its request back, a little after the answer."""


class Policy(CaseStudy):
    """One request at a time, and more than a device takes at a time."""

    name = "schedule policy"
    promises: ClassVar[tuple[Promise, ...]] = (
        Promise(
            "first-device-first",
            "with DEVICE_PRIORITY one request at a time is always the first device's",
            ("policy-device-priority", "cumulative-priority"),
        ),
        Promise(
            "best-device-first-without-names",
            "without names the first device is the best one",
            ("policy-device-priority", "selection-discrete-first"),
            differs=("cumulative-default-order",),
        ),
        Promise("no-policy-is-device-priority", "without a policy it is DEVICE_PRIORITY", ("policy-default",)),
        Promise(
            "busy-device-is-passed-over",
            "with DEVICE_PRIORITY a request that finds the first device busy is the next one's",
            ("policy-device-priority", "cumulative-priority"),
        ),
        Promise(
            "devices-by-turns",
            "with ROUND_ROBIN one request at a time is each device's by turns",
            ("policy-round-robin",),
        ),
        Promise(
            "devices-by-turns-on-two-gpus",
            "with ROUND_ROBIN three devices have a third each, and two GPUs half each",
            ("policy-round-robin",),
        ),
        Promise(
            "by-turns-loses-nothing",
            "with ROUND_ROBIN and several requests every device infers, and each request is answered",
            ("policy-round-robin",),
        ),
        Promise(
            "policy-of-auto-holds",
            "a policy that is set on AUTO holds for models that are compiled later",
            ("policy-round-robin", "property-global"),
        ),
        Promise(
            "policy-changes-nothing-else", "with another hint a policy changes nothing", ("policy-cumulative-only",)
        ),
    )

    def cases(self, rig: Rig) -> Sequence[Case]:
        """In the order of the promises."""
        every, both_gpus = {**ALL, **one_gpu_stream(rig)}, {**ALL, **one_stream(rig)}
        return _in_order(every), _by_turns(every), _two_gpus(both_gpus), _another_hint(one_stream(rig))


def _one_by_one(name: str, device: str, *properties: Mapping[str, Any], times: int = ONE_BY_ONE) -> tuple[Made, ...]:
    return compiled(name, device, *properties), infer(name, times, BETWEEN_S), released(name)


def _at_once(name: str, device: str, *properties: Mapping[str, Any]) -> tuple[Made, ...]:
    return compiled(name, device, *properties), together(name, REQUESTS, ROUNDS), released(name)


def _in_order(every: Mapping[str, Any]) -> Case:
    return Case(
        "device-priority",
        "DEVICE_PRIORITY",
        (
            *_one_by_one("gpu first", BOTH, every, IN_ORDER),
            *_one_by_one("cpu first", "AUTO:CPU,GPU", every, IN_ORDER),
            *_one_by_one("no policy", BOTH, every),
            *_one_by_one("no names", "AUTO", every, IN_ORDER),
            *_at_once("busy", BOTH, every, IN_ORDER),
        ),
        (
            Expect(
                "first-device-first", f"who did {ONE_BY_ONE}, GPU first", by_log("gpu first"), Counts(GPU=ONE_BY_ONE)
            ),
            Expect(
                "first-device-first", f"who did {ONE_BY_ONE}, CPU first", by_log("cpu first"), Counts(CPU=ONE_BY_ONE)
            ),
            Expect(
                "best-device-first-without-names",
                f"who did {ONE_BY_ONE}, no names",
                by_log("no names"),
                Counts(GPU=ONE_BY_ONE),
                ("cumulative-default-order",),
                as_known=one_of(Counts(CPU=ONE_BY_ONE)),
            ),
            Expect(
                "no-policy-is-device-priority",
                f"who did {ONE_BY_ONE}, GPU first",
                by_log("no policy"),
                Counts(GPU=ONE_BY_ONE),
            ),
            Expect(
                "busy-device-is-passed-over",
                f"who did {REQUESTS * ROUNDS}, {REQUESTS} at once, GPU first",
                by_log("busy"),
                SOME_BY_EACH,
            ),
            Expect("busy-device-is-passed-over", "requests", returned("busy", REQUESTS), EVERY_ONE),
        ),
        Sees.ONE_GPU,
    )


def _by_turns(every: Mapping[str, Any]) -> Case:
    half = ONE_BY_ONE // 2
    return Case(
        "round-robin",
        "ROUND_ROBIN",
        (
            *_one_by_one("turns", BOTH, every, BY_TURNS),
            *_at_once("busy", BOTH, every, BY_TURNS),
            {"do": "set", "device": "AUTO", "properties": dict(BY_TURNS)},
            *_one_by_one("later", BOTH, every),
        ),
        (
            Expect("devices-by-turns", f"who did {ONE_BY_ONE}", by_log("turns"), Counts(GPU=half, CPU=half)),
            Expect(
                "by-turns-loses-nothing",
                f"who did {REQUESTS * ROUNDS}, {REQUESTS} at once",
                by_log("busy"),
                SOME_BY_EACH,
            ),
            Expect("by-turns-loses-nothing", "requests", returned("busy", REQUESTS), EVERY_ONE),
            Expect("policy-of-auto-holds", f"who did {ONE_BY_ONE}", by_log("later"), Counts(GPU=half, CPU=half)),
        ),
        Sees.ONE_GPU,
    )


def _two_gpus(every: Mapping[str, Any]) -> Case:
    promise, third, half = "devices-by-turns-on-two-gpus", ONE_BY_ONE // 3, ONE_BY_ONE // 2
    return Case(
        "round-robin-two-gpus",
        "ROUND_ROBIN on two GPUs",
        (
            *_one_by_one("three", "AUTO:GPU.0,GPU.1,CPU", every, BY_TURNS),
            *_one_by_one("two", "AUTO:GPU.0,GPU.1", every, BY_TURNS),
        ),
        (
            Expect(
                promise,
                f"who did {ONE_BY_ONE}, two GPUs and the CPU",
                by_log_with_numbers("three"),
                Counts({"GPU.0": third, "GPU.1": third, "CPU": third}),
            ),
            Expect(
                promise,
                f"who did {ONE_BY_ONE}, two GPUs",
                by_log_with_numbers("two"),
                Counts({"GPU.0": half, "GPU.1": half}),
            ),
        ),
        gpus=(EmulatedGpu(), EmulatedGpu()),
    )


def _another_hint(streams: Mapping[str, Any]) -> Case:
    promise = "policy-changes-nothing-else"
    hints = {"LATENCY": LATENCY, "THROUGHPUT": {**THROUGHPUT, **UNBATCHED, **streams}}
    return Case(
        "another-hint",
        "a policy beside another hint",
        tuple(made for name, hint in hints.items() for made in _one_by_one(name, BOTH, AT_ONCE, hint, BY_TURNS)),
        (
            *(
                Expect(promise, f"who did {ONE_BY_ONE} with {name}", by_log(name), Counts(GPU=ONE_BY_ONE))
                for name in hints
            ),
            *(
                Expect(
                    promise, f"AUTO's hint, {name}", of_step(name, lambda step: step.value["PERFORMANCE_HINT"]), name
                )
                for name in hints
            ),
        ),
        Sees.GPU,
    )


POLICY = Policy()
