"""Cases of properties for one device alone (``DEVICE_PROPERTIES``), by the names that a device has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autogauge.rig.cases import Case, Promise, Sees
from autogauge.rig.expecting import Expect, one_of
from autogauge.rig.rig import Rig
from autogauge.studies.hinted.reading import (
    AT_ONCE,
    BOTH,
    CPU,
    CUMULATIVE,
    LATENCY,
    THROUGHPUT,
    UNBATCHED,
    ask,
    asked,
    compiled,
    of_device,
    unless_alike,
    where,
    with_behind,
)

APPLIED, HINT = ("device-properties-applied",), ("device-properties-hint",)
PROMISES = (
    Promise("properties-reach-the-cpu", "properties for the CPU reach the CPU", APPLIED),
    Promise("properties-reach-each", "properties for two devices reach each its own", APPLIED),
    Promise("properties-reach-the-gpu-by-name", 'properties for "GPU" reach the GPU', APPLIED),
    Promise(
        "properties-reach-the-gpu-by-number",
        'properties for "GPU.0" reach the GPU',
        (*APPLIED, "selection-gpu-alias"),
        differs=("device-properties-by-number",),
    ),
    Promise("hint-reaches-the-cpu", "a hint for the CPU holds for it, also beside another hint", HINT),
    Promise(
        "hint-reaches-the-gpu-by-name",
        'a hint for "GPU" holds for the GPU',
        (*HINT, "selection-gpu-alias"),
        differs=("device-hint-by-name",),
    ),
    Promise(
        "hint-reaches-the-gpu-by-number",
        'a hint for "GPU.0" holds for the GPU',
        (*HINT, "selection-gpu-alias"),
        differs=("device-properties-by-number",),
    ),
)
TWO_STREAMS: Mapping[str, Any] = {"NUM_STREAMS": "2"}


def cases(rig: Rig) -> tuple[Case, ...]:
    """One for the CPU, one for an accelerator."""
    return _of_the_cpu(), _of_the_accelerator()


def apart(**devices: Mapping[str, Any]) -> Mapping[str, Any]:
    """Properties by device; ``GPU_0`` stands for ``GPU.0``."""
    return {"DEVICE_PROPERTIES": {name.replace("_", "."): dict(each) for name, each in devices.items()}}


def differs_of(promise: str) -> tuple[str, ...]:
    """The known differences of that promise."""
    return next(each.differs for each in PROMISES if each.name == promise)


def _of_the_cpu() -> Case:
    return Case(
        "cpu-apart",
        "properties for the CPU alone",
        (
            *with_behind(
                compiled("streams", CPU, apart(CPU=TWO_STREAMS)),
                compiled("as text", CPU, {"DEVICE_PROPERTIES": "{CPU:{NUM_STREAMS:2}}"}),
                compiled("high", CPU, apart(CPU=THROUGHPUT)),
                compiled("low beside high", CPU, THROUGHPUT, apart(CPU=LATENCY)),
            ),
            *(compiled("two alone", "CPU", TWO_STREAMS), ask("two alone", "NUM_STREAMS")),
        ),
        (
            *(
                Expect(
                    "properties-reach-the-cpu",
                    f"streams of the CPU, which makes two alone: {name}",
                    where(of_device(name, "CPU", "NUM_STREAMS"), asked("two alone", "NUM_STREAMS"), 2),
                    2,
                )
                for name in ("streams", "as text")
            ),
            Expect(
                "hint-reaches-the-cpu",
                "THROUGHPUT for the CPU",
                of_device("high", "CPU", "PERFORMANCE_HINT"),
                "THROUGHPUT",
            ),
            Expect(
                "hint-reaches-the-cpu",
                "LATENCY for the CPU, THROUGHPUT for AUTO",
                of_device("low beside high", "CPU", "PERFORMANCE_HINT"),
                "LATENCY",
            ),
        ),
    )


def _of_the_accelerator() -> Case:
    each = {"CPU": {"NUM_STREAMS": "1"}, "GPU": {"NUM_STREAMS": "1"}}
    return Case(
        "gpu-apart",
        "properties for the GPU alone",
        with_behind(
            compiled("by name", BOTH, AT_ONCE, apart(GPU=TWO_STREAMS)),
            compiled("by number", BOTH, AT_ONCE, apart(GPU_0=TWO_STREAMS)),
            compiled("hint by name", BOTH, AT_ONCE, UNBATCHED, apart(GPU=THROUGHPUT)),
            compiled("hint by number", BOTH, AT_ONCE, UNBATCHED, apart(GPU_0=THROUGHPUT)),
            compiled("each", BOTH, CUMULATIVE, UNBATCHED, apart(**each)),
            compiled("nothing apart", BOTH, CUMULATIVE, UNBATCHED),
        ),
        (
            *(
                Expect(
                    "properties-reach-each",
                    f"streams of the {kind}, which has others by itself",
                    unless_alike(
                        of_device("each", kind, "NUM_STREAMS"), of_device("nothing apart", kind, "NUM_STREAMS")
                    ),
                    1,
                )
                for kind in each
            ),
            *(
                Expect(
                    f"properties-reach-the-gpu-{name.replace(' ', '-')}",
                    f"the GPU's streams, two given {name}",
                    of_device(name, "GPU", "NUM_STREAMS"),
                    2,
                    differs_of(f"properties-reach-the-gpu-{name.replace(' ', '-')}"),
                    as_known=one_of(1),
                )
                for name in ("by name", "by number")
            ),
            *(
                Expect(
                    f"hint-reaches-the-gpu-{name.replace(' ', '-')}",
                    f"the GPU's hint, THROUGHPUT given {name}",
                    of_device(f"hint {name}", "GPU", "PERFORMANCE_HINT"),
                    "THROUGHPUT",
                    differs_of(f"hint-reaches-the-gpu-{name.replace(' ', '-')}"),
                    as_known=one_of("LATENCY"),
                )
                for name in ("by name", "by number")
            ),
        ),
        Sees.ONE_GPU,
    )
