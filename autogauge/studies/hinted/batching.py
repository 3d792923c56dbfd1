"""Cases of automatic batching: when the accelerator batches. A device that does tells ``AUTO_BATCH_TIMEOUT``, and no streams."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from autogauge.probe.seen import Seen
from autogauge.rig.cases import Case, Promise, Sees
from autogauge.rig.expecting import Expect, at_least, at_most
from autogauge.rig.rig import Rig
from autogauge.studies.hinted.reading import (
    AT_ONCE,
    BOTH,
    CUMULATIVE,
    EVERY_ONE,
    LATENCY,
    NOT_TOLD,
    ONLY_THE_CPU,
    THROUGHPUT,
    UNBATCHED,
    Reader,
    compiled,
    devices,
    of_device,
    one_stream,
    returned,
    together,
    with_behind,
)

TIMEOUT = "AUTO_BATCH_TIMEOUT"
DEFAULT_MS, GIVEN_MS = 1000, 300
WHOLE, PART, PART_ROUNDS = 4, 3, 4
LEAST_MS, MOST_MS = 0.9 * GIVEN_MS, 2 * GIVEN_MS
"""What is between is the timeout that was given, and not the default one. The batch's clock runs on by itself: what comes in its middle
waits for what is left of it, so the longest of some rounds that follow one another is the whole timeout."""
BUSY = 0.1
"""The part of the machine's time that others may take, before a wait that is too long says nothing."""
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
        "with automatic batching requests that fill no batch are answered, at the latest after the timeout",
        ("batching-timeout",),
    ),
    Promise(
        "a-batch-waits-its-timeout",
        "a batch that is not full waits as long as AUTO_BATCH_TIMEOUT says, and no longer",
        ("batching-timeout",),
    ),
)


def cases(rig: Rig) -> tuple[Case, ...]:
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
        compiled("timeout", BOTH, AT_ONCE, THROUGHPUT, {TIMEOUT: str(GIVEN_MS)}, one_stream(rig)),
        compiled("timeout as a number", BOTH, AT_ONCE, THROUGHPUT, {TIMEOUT: GIVEN_MS}),
    )
    # AUTO takes the batch that the GPU advises, which may be one request: that a batch waits is seen with one of four.
    batch = compiled("batch", f"BATCH:GPU({WHOLE})", THROUGHPUT, {TIMEOUT: str(GIVEN_MS)}, one_stream(rig))
    parts = tuple(together(name, PART, PART_ROUNDS) for name in ("timeout", "batch"))
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
            (*models, batch, together("timeout", WHOLE, 5), *parts),
            (
                *(
                    Expect(
                        promise,
                        f"{TIMEOUT} of the GPU: {name}",
                        of_device(name, "GPU", TIMEOUT),
                        timeout,
                        ("numbers-drop-gpu",) if promise == "timeout-is-a-number" else (),
                        as_known=ONLY_THE_CPU,
                    )
                    for promise, each in wanted.items()
                    for name, timeout in each.items()
                ),
                Expect("throughput-batches", "who answers", devices("high"), ["GPU"]),
                *_waits(),
            ),
            Sees.GPU,
        ),
    )


def _waits() -> tuple[Expect, ...]:
    """What becomes of requests that fill no batch, as AUTO batches them and where a batch is four."""
    answered, waits = "part-of-a-batch-is-answered", "a-batch-waits-its-timeout"
    shortest, longest = f"shortest wait of {PART} in ms", f"longest wait of {PART} in ms"
    return (
        *(
            Expect(answered, f"{count} requests at once", returned("timeout", count), EVERY_ONE)
            for count in (WHOLE, PART)
        ),
        Expect(answered, shortest, waits_ms("timeout", min), at_most(MOST_MS, "ms")),
        Expect(waits, f"{PART} requests at once", returned("batch", PART), EVERY_ONE),
        Expect(waits, longest, waits_ms("batch", max), at_least(LEAST_MS, "ms")),
        Expect(waits, shortest, waits_ms("batch", min), at_most(MOST_MS, "ms")),
    )


def waits_ms(name: str, of_all: Callable[[Iterable[float]], float]) -> Reader:
    """Reads the longest or shortest time in which the requests of that model that fill no batch were answered, in milliseconds.

    ``None`` where one was not answered, or where it took too long on a machine that was busy with something else.
    """

    def read(seen: Seen) -> float | None:
        told = seen.value(f"{PART} of {name}")
        if told["never"] or told["failed"] or len(told["rounds_s"]) < PART_ROUNDS:
            return None
        found = 1e3 * of_all(told["rounds_s"])
        return None if found > MOST_MS and not was_quiet(seen) else found

    return read


def was_quiet(seen: Seen) -> bool:
    """Whether others left the machine's processors to the case's process; not where that is not known."""
    beside = seen.surroundings
    wall_s, others_s, steal_s = (beside.get(key) for key in ("wall_s", "others_cpu_s", "steal_s"))
    if not wall_s or others_s is None:
        return False
    return others_s + (steal_s or 0.0) <= BUSY * wall_s
