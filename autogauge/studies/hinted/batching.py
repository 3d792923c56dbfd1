"""Cases of automatic batching: when the accelerator batches. A device that does tells ``AUTO_BATCH_TIMEOUT``, and no streams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autogauge.rig.cases import Case, Promise, Sees
from autogauge.rig.expecting import Expect
from autogauge.studies.hinted.reading import (
    AT_ONCE,
    BOTH,
    CUMULATIVE,
    EVERY_ONE,
    LATENCY,
    NOT_TOLD,
    THROUGHPUT,
    UNBATCHED,
    compiled,
    devices,
    of_device,
    returned,
    together,
    with_behind,
)

TIMEOUT = "AUTO_BATCH_TIMEOUT"
DEFAULT_MS, GIVEN_MS = 1000, 300
WHOLE, PART = 4, 3
PROMISES = (
    Promise(
        "throughput-batches", "with THROUGHPUT and CUMULATIVE_THROUGHPUT the accelerator batches", ("batching-on",)
    ),
    Promise("batching-is-turned-off", "ALLOW_AUTO_BATCHING=false turns batching off", ("batching-off",)),
    Promise("latency-batches-nothing", "with LATENCY the accelerator does not batch", ("batching-latency-none",)),
    Promise("paths-are-not-batched", "a model from a path is not batched", ("batching-path-none",)),
    Promise("dynamic-models-are-not-batched", "a dynamic model is not batched", ("batching-dynamic-none",)),
    Promise("timeout-reaches-the-batch", "AUTO_BATCH_TIMEOUT reaches the batch", ("batching-timeout",)),
    Promise(
        "timeout-is-a-number",
        "AUTO_BATCH_TIMEOUT as a number reaches the batch",
        ("batching-timeout",),
        differs=("numbers-drop-gpu",),
    ),
    Promise(
        "part-of-a-batch-is-answered",
        "requests that do not fill a batch are answered after its timeout",
        ("batching-timeout",),
        differs=("batched-requests-hang",),
    ),
)


def cases() -> tuple[Case, ...]:
    """All models in one process."""
    models = with_behind(
        compiled("high", BOTH, AT_ONCE, THROUGHPUT),
        compiled("all", BOTH, CUMULATIVE),
        compiled("off", BOTH, AT_ONCE, THROUGHPUT, UNBATCHED),
        compiled("all, off", BOTH, CUMULATIVE, UNBATCHED),
        compiled("low", BOTH, AT_ONCE, LATENCY),
        compiled("low, allowed", BOTH, AT_ONCE, LATENCY, {"ALLOW_AUTO_BATCHING": True}),
        compiled("path", BOTH, AT_ONCE, THROUGHPUT, given="path"),
        compiled("dynamic", BOTH, AT_ONCE, THROUGHPUT, model="dynamic"),
        compiled("timeout", BOTH, AT_ONCE, THROUGHPUT, {TIMEOUT: str(GIVEN_MS)}),
        compiled("timeout as a number", BOTH, AT_ONCE, THROUGHPUT, {TIMEOUT: GIVEN_MS}),
    )
    wanted: Mapping[str, Mapping[str, Any]] = {
        "throughput-batches": {"high": DEFAULT_MS, "all": DEFAULT_MS},
        "batching-is-turned-off": {"off": NOT_TOLD, "all, off": NOT_TOLD},
        "latency-batches-nothing": {"low": NOT_TOLD, "low, allowed": NOT_TOLD},
        "paths-are-not-batched": {"path": NOT_TOLD},
        "dynamic-models-are-not-batched": {"dynamic": NOT_TOLD},
        "timeout-reaches-the-batch": {"timeout": GIVEN_MS},
        "timeout-is-a-number": {"timeout as a number": GIVEN_MS},
    }
    return (
        Case(
            "batching",
            "automatic batching on the accelerator",
            (*models, together("timeout", WHOLE, 5), together("timeout", PART, 2)),
            (
                *(
                    Expect(promise, f"{TIMEOUT} of the GPU: {name}", of_device(name, "GPU", TIMEOUT), timeout)
                    for promise, each in wanted.items()
                    for name, timeout in each.items()
                ),
                Expect("throughput-batches", "who answers", devices("high"), ["GPU"]),
                *(
                    Expect(
                        "part-of-a-batch-is-answered",
                        f"{count} requests at once",
                        returned("timeout", count),
                        EVERY_ONE,
                    )
                    for count in (WHOLE, PART)
                ),
            ),
            Sees.GPU,
        ),
    )
