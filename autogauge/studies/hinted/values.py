"""Cases of values that are checked, that one device takes and another may not, and of buffers that are bound while the CPU helps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autogauge.rig.cases import Case, Sees
from autogauge.rig.expecting import NO_ERROR, Expect, one_of, saying
from autogauge.studies.hinted.reading import (
    AT_ONCE,
    BOTH,
    CPU,
    ONLY_THE_CPU,
    OPTIMAL,
    THROUGHPUT,
    compiled,
    devices,
    infer,
    of_device,
    refused,
    said,
    told,
    with_behind,
    wrong_of,
)
from autogauge.targets import F32


def checked_values() -> Case:
    """Thresholds of use, some of which cannot be."""

    def percent(value: Any) -> Mapping[str, Any]:
        return {"DEVICES_UTILIZATION_THRESHOLD": value}

    promise = "thresholds-are-checked"
    return Case(
        "thresholds",
        "thresholds of use",
        (
            compiled("80 percent", CPU, percent({"CPU": 80})),
            infer("80 percent"),
            compiled("300 percent", CPU, percent({"CPU": 300})),
            compiled("below zero", CPU, percent("{CPU:-1}")),
            compiled("no percents", CPU, percent("much")),
        ),
        (
            Expect(promise, "a threshold of 80 percent", said("80 percent"), NO_ERROR),
            Expect(promise, "inferences with it", told("infer 80 percent", "done"), 1),
            *(
                Expect(promise, name, said(name), refused("DEVICES_UTILIZATION_THRESHOLD"))
                for name in ("300 percent", "below zero", "no percents")
            ),
        ),
    )


def numbers() -> Case:
    """Values that one device takes and another may not."""
    no_values = {
        "a timeout below zero": ("AUTO_BATCH_TIMEOUT", {**THROUGHPUT, "AUTO_BATCH_TIMEOUT": "-3"}),
        "streams that are no number": ("NUM_STREAMS", {"DEVICE_PROPERTIES": {"GPU": {"NUM_STREAMS": "many"}}}),
    }
    return Case(
        "gpu-numbers",
        "numbers that go to the accelerator",
        (
            *with_behind(compiled("two streams", BOTH, AT_ONCE, {"NUM_STREAMS": 2})),
            compiled("two requests", BOTH, AT_ONCE, THROUGHPUT, {"PERFORMANCE_HINT_NUM_REQUESTS": "2"}),
            compiled("two as a number", BOTH, AT_ONCE, THROUGHPUT, {"PERFORMANCE_HINT_NUM_REQUESTS": 2}),
            *(compiled(name, BOTH, AT_ONCE, properties) for name, (_, properties) in no_values.items()),
        ),
        (
            Expect(
                "number-of-streams-on-the-accelerator",
                "the GPU's streams",
                of_device("two streams", "GPU", "NUM_STREAMS"),
                2,
                ("num-streams-number",),
                as_known=ONLY_THE_CPU,
            ),
            Expect("number-of-requests-limits-the-batch", "AUTO's requests", told("two requests", OPTIMAL), 2),
            Expect("number-of-requests-limits-the-batch", "who answers", devices("two requests"), ["GPU"]),
            Expect(
                "number-of-requests-is-a-number",
                "who answers",
                devices("two as a number"),
                ["GPU"],
                ("numbers-drop-gpu",),
                as_known=one_of(["CPU"]),
            ),
            *(
                Expect(
                    "refusal-by-the-accelerator-is-told",
                    name,
                    said(name),
                    refused(word),
                    ("refusal-drops-device",),
                    as_known=NO_ERROR,
                )
                for name, (word, _) in no_values.items()
            ),
        ),
        Sees.GPU,
    )


def with_the_helper() -> Case:
    """DEVICE_BIND_BUFFER, from the first request on."""
    promise, differs, says = (
        "bound-buffers-from-the-start",
        ("bound-buffers-refused",),
        saying("oversubs", "binder mode"),
    )
    return Case(
        "bound-buffers",
        "bound buffers while the CPU helps",
        (
            {"do": "expect", "model": "relu"},
            compiled("bound", BOTH, {"DEVICE_BIND_BUFFER": True}, F32),
            infer("bound"),
        ),
        (
            Expect(promise, "the first request", said("infer bound"), NO_ERROR, differs, as_known=says),
            Expect(promise, "wrong answers", wrong_of("infer bound"), 0, differs, as_known=says),
        ),
        Sees.GPU,
    )
