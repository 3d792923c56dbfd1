"""Cases of one device: what hints, streams, threads and numbers of requests come to, on the CPU and on an accelerator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autogauge.rig.cases import Case, Promise, Sees
from autogauge.rig.expecting import Expect, Wanted
from autogauge.rig.rig import Rig
from autogauge.studies.hinted.reading import (
    ALIKE,
    AT_ONCE,
    BOTH,
    CPU,
    EXACT,
    LATENCY,
    OPTIMAL,
    THROUGHPUT,
    UNBATCHED,
    Counts,
    ask,
    asked,
    both,
    by_log,
    compiled,
    devices,
    infer,
    of_device,
    one_stream,
    released,
    told,
    unless_alike,
    where,
    with_behind,
    wrong_of,
)
from autogauge.studies.hinted.values import checked_values, numbers, with_the_helper

ONE_REQUEST: Mapping[str, Any] = {"PERFORMANCE_HINT_NUM_REQUESTS": "1"}
ACCURATE: Mapping[str, Any] = {"EXECUTION_MODE_HINT": "ACCURACY"}
GIVEN_ON_THE_CPU: Mapping[str, tuple[tuple[str, str, Any], ...]] = {
    "given-pinning-wins": (("not pinned", "ENABLE_CPU_PINNING", False),),
    "given-affinity-wins": (("no affinity", "AFFINITY", "NONE"),),
    "number-of-requests-reaches-the-cpu": (("one request", "PERFORMANCE_HINT_NUM_REQUESTS", 1),),
    "one-stream-by-default": (("default", "NUM_STREAMS", 1),),
}
"""Which property the CPU is to have in which model, by promise."""
UNLIKE_ITSELF: Mapping[str, tuple[str, str, int]] = {
    "given-streams-win": ("high, one stream", "NUM_STREAMS", 1),
    "given-threads-win": ("one thread", "INFERENCE_NUM_THREADS", 1),
}
"""The same, where the CPU by itself has another value with THROUGHPUT: with one core it has not, and that is then not known."""
AS_MANY_AS_ALONE: Mapping[str, str] = {
    "given-streams-win": "low, two streams",
    "number-of-streams-on-the-cpu": "two as a number",
}
"""Models of two streams, where the CPU without AUTO makes two of them: with one core it makes one."""
PROMISES = (
    Promise(
        "default-hint-reaches-the-device",
        "without a hint AUTO's device is compiled with LATENCY",
        ("hint-default-latency", "hint-default-reaches-device"),
    ),
    Promise("one-stream-by-default", "with AUTO's default hint the CPU has one stream", ("hint-streams-default",)),
    Promise(
        "hint-reaches-the-device",
        "a device behind AUTO has the hint, and makes of it what it makes alone",
        ("hint-every-device", "hint-readable"),
    ),
    Promise(
        "requests-are-the-devices",
        "AUTO advises as many requests as its device does alone",
        ("hint-optimal-requests", "hint-readable"),
    ),
    Promise("one-device-infers", "with LATENCY and THROUGHPUT one device infers", ("hint-one-device",)),
    Promise("given-streams-win", "streams that are given override what the hint would choose", ("hint-explicit-wins",)),
    Promise("given-threads-win", "threads that are given reach the CPU beside a hint", ("hint-explicit-wins",)),
    Promise(
        "given-pinning-wins",
        "pinning that is given reaches the CPU beside a hint",
        ("hint-explicit-wins",),
        properties=(("CPU", "ENABLE_CPU_PINNING"),),
    ),
    Promise(
        "given-affinity-wins",
        "affinity that is given reaches the CPU beside a hint",
        ("hint-explicit-wins",),
        properties=(("CPU", "AFFINITY"),),
    ),
    Promise("number-of-streams-on-the-cpu", "NUM_STREAMS as a number reaches the CPU", ("hint-streams-number",)),
    Promise(
        "number-of-streams-on-the-accelerator",
        "NUM_STREAMS as a number reaches the accelerator",
        ("hint-streams-number",),
        differs=("num-streams-number",),
    ),
    Promise(
        "number-of-requests-reaches-the-cpu",
        "PERFORMANCE_HINT_NUM_REQUESTS on AUTO does on the CPU what it does there alone",
        ("hint-num-requests",),
    ),
    Promise(
        "number-of-requests-limits-the-batch",
        "two requests that are expected are a batch of two on the accelerator",
        ("hint-num-requests",),
    ),
    Promise(
        "number-of-requests-is-a-number",
        "PERFORMANCE_HINT_NUM_REQUESTS as a number reaches the accelerator",
        ("hint-num-requests",),
        differs=("numbers-drop-gpu",),
    ),
    Promise(
        "accuracy-is-exact",
        "with EXECUTION_MODE_HINT=ACCURACY answers are those of single precision",
        ("hint-execution-mode",),
    ),
    Promise(
        "counters-are-the-accelerators", "PERF_COUNT on AUTO gives the accelerator's counters", ("property-profiling",)
    ),
    Promise(
        "refusal-by-the-accelerator-is-told",
        "a value that the accelerator refuses is an error",
        ("property-wrong-value-told",),
        differs=("refusal-drops-device",),
    ),
    Promise(
        "thresholds-are-checked",
        "DEVICES_UTILIZATION_THRESHOLD takes percents, and nothing else",
        ("property-wrong-value-told",),
        properties=(("AUTO", "DEVICES_UTILIZATION_THRESHOLD"),),
    ),
    Promise(
        "bound-buffers-from-the-start",
        "with DEVICE_BIND_BUFFER requests are answered while the CPU helps",
        ("bind-buffer",),
        differs=("bound-buffers-refused",),
    ),
)


def cases(rig: Rig) -> tuple[Case, ...]:
    """One for the CPU, and some for an accelerator."""
    return _on_the_cpu(), checked_values(), _on_the_accelerator(rig), numbers(), with_the_helper()


def as_alone(promise: str, kind: str, hint: str, hinted: str, alone: str) -> tuple[Expect, ...]:
    """The model ``hinted`` is as ``alone``, compiled for the device without AUTO: its hint, and the number of its requests."""
    return (
        Expect(promise, f"the {kind}'s hint for {hint}", of_device(hinted, kind, "PERFORMANCE_HINT"), hint),
        Expect(
            promise,
            f"streams behind AUTO and alone, {kind}, {hint}",
            both(of_device(hinted, kind, "NUM_STREAMS"), asked(alone, "NUM_STREAMS")),
            ALIKE,
        ),
        Expect(
            "requests-are-the-devices",
            f"requests of AUTO and of the {kind} alone, {hint}",
            both(told(hinted, OPTIMAL), told(alone, OPTIMAL)),
            ALIKE,
        ),
    )


def _on_the_cpu() -> Case:
    on_auto = with_behind(
        compiled("default", CPU),
        compiled("low", CPU, LATENCY),
        compiled("high", CPU, THROUGHPUT),
        compiled("high, one stream", CPU, THROUGHPUT, {"NUM_STREAMS": "1"}),
        compiled("low, two streams", CPU, LATENCY, {"NUM_STREAMS": "2"}),
        compiled("two as a number", CPU, {"NUM_STREAMS": 2}),
        compiled("one thread", CPU, THROUGHPUT, {"INFERENCE_NUM_THREADS": 1}),
        compiled("not pinned", CPU, THROUGHPUT, {"ENABLE_CPU_PINNING": False}),
        compiled("no affinity", CPU, THROUGHPUT, {"AFFINITY": "NONE"}),
        compiled("one request", CPU, THROUGHPUT, ONE_REQUEST),
    )
    alone = (
        compiled("low alone", "CPU", LATENCY),
        compiled("high alone", "CPU", THROUGHPUT),
        compiled("one request alone", "CPU", THROUGHPUT, ONE_REQUEST),
        compiled("two streams alone", "CPU", LATENCY, {"NUM_STREAMS": "2"}),
    )
    exact = (
        {"do": "expect", "model": "conv"},
        compiled("accurate", CPU, ACCURATE, model="conv"),
        infer("accurate", 2),
    )
    asking = tuple(ask(each["name"], "NUM_STREAMS") for each in alone)
    return Case(
        "cpu-hints",
        "hints, streams and threads on the CPU",
        (*on_auto, *alone, *asking, *exact),
        (
            Expect("default-hint-reaches-the-device", "AUTO's hint", told("default", "PERFORMANCE_HINT"), "LATENCY"),
            Expect(
                "default-hint-reaches-the-device",
                "the CPU's hint",
                of_device("default", "CPU", "PERFORMANCE_HINT"),
                "LATENCY",
            ),
            *as_alone("hint-reaches-the-device", "CPU", "LATENCY", "low", "low alone"),
            *as_alone("hint-reaches-the-device", "CPU", "THROUGHPUT", "high", "high alone"),
            *_given(),
            Expect(
                "number-of-requests-reaches-the-cpu",
                "streams behind AUTO and alone",
                both(of_device("one request", "CPU", "NUM_STREAMS"), asked("one request alone", "NUM_STREAMS")),
                ALIKE,
            ),
            *_exact("accurate", "CPU"),
        ),
    )


def _given() -> tuple[Expect, ...]:
    """What the CPU has of what its model was given."""
    return (
        *(
            Expect(promise, f"{key} of the CPU: {name}", of_device(name, "CPU", key), wanted)
            for promise, each in GIVEN_ON_THE_CPU.items()
            for name, key, wanted in each
        ),
        *(
            Expect(
                promise,
                f"{key} of the CPU, which has another by itself: {name}",
                unless_alike(of_device(name, "CPU", key), of_device("high", "CPU", key)),
                wanted,
            )
            for promise, (name, key, wanted) in UNLIKE_ITSELF.items()
        ),
        *(
            Expect(
                promise,
                f"NUM_STREAMS of the CPU, which makes two alone: {name}",
                where(of_device(name, "CPU", "NUM_STREAMS"), asked("two streams alone", "NUM_STREAMS"), 2),
                2,
            )
            for promise, name in AS_MANY_AS_ALONE.items()
        ),
    )


def _exact(name: str, kind: str) -> tuple[Expect, ...]:
    """Answers of the model are those of single precision, and all of them were compared."""
    promise = "accuracy-is-exact"
    return (
        Expect(promise, f"wrong answers of the {kind}", wrong_of(f"infer {name}"), 0),
        Expect(promise, f"answers of the {kind} that were compared", told(f"infer {name}", "compared"), 2),
        Expect(promise, f"largest error of the {kind}", told(f"infer {name}", "largest_error"), EXACT),
    )


def _on_the_accelerator(rig: Rig) -> Case:
    on_auto = with_behind(
        compiled("default", BOTH, AT_ONCE),
        compiled("low", BOTH, AT_ONCE, LATENCY),
        compiled("high", BOTH, AT_ONCE, THROUGHPUT, UNBATCHED),
        compiled("low, two streams", BOTH, AT_ONCE, LATENCY, {"NUM_STREAMS": "2"}),
    )
    alone = (compiled("low alone", "GPU", LATENCY), compiled("high alone", "GPU", THROUGHPUT, UNBATCHED))
    asking = tuple(ask(each["name"], "NUM_STREAMS") for each in alone)
    used = {"low": "low", "high": "high, to infer"}
    inferring = (
        compiled(used["high"], BOTH, AT_ONCE, THROUGHPUT, UNBATCHED, one_stream(rig)),
        *(made for name in used.values() for made in (infer(name, 20), released(name))),
    )
    exact = (
        {"do": "expect", "model": "conv"},
        compiled("accurate", BOTH, AT_ONCE, ACCURATE, model="conv"),
        infer("accurate", 2),
    )
    counted = (
        compiled("counted", BOTH, AT_ONCE, {"PERF_COUNT": True}),
        infer("counted"),
        {"do": "profiling", "name": "profiling", "of": "counted"},
    )
    return Case(
        "gpu-hints",
        "hints and streams on the accelerator",
        (*on_auto, *alone, *asking, *inferring, *exact, *counted),
        (
            Expect(
                "default-hint-reaches-the-device",
                "the GPU's hint",
                of_device("default", "GPU", "PERFORMANCE_HINT"),
                "LATENCY",
            ),
            *as_alone("hint-reaches-the-device", "GPU", "LATENCY", "low", "low alone"),
            *as_alone("hint-reaches-the-device", "GPU", "THROUGHPUT", "high", "high alone"),
            *(
                Expect("one-device-infers", f"who did 20 inferences ({name})", by_log(name), Counts(GPU=20))
                for name in used.values()
            ),
            Expect("given-streams-win", "the GPU's streams", of_device("low, two streams", "GPU", "NUM_STREAMS"), 2),
            *_exact("accurate", "GPU"),
            Expect("counters-are-the-accelerators", "who answers", devices("counted"), ["GPU"]),
            Expect(
                "counters-are-the-accelerators",
                "operations with counters",
                told("profiling", "operations"),
                Wanted("at least one", lambda count: isinstance(count, int) and count > 0),
            ),
        ),
        Sees.ONE_GPU,
    )
