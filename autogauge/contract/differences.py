"""Where the plugin is known to differ from a documented rule; the paragraphs: ``docs/findings.md``. Which claim fails, its study says.

A claim that fails by a known difference is an expected failure: its verdict stays FAIL, and names the difference. One that holds although
the difference is said to be seen always on this release fails its test: the list is out of date.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

FIRST, LAST = "0", "9999"


@dataclass(frozen=True)
class Difference:
    """One difference. ``key`` is its heading in ``docs/findings.md`` and the name of its script in ``docs/findings``.

    It is in the releases from ``since`` to ``until``, both included, as far as the numbers that are given say (``2025`` is all of
    2025). ``always`` is whether each run sees it; else it comes and goes.
    """

    key: str
    title: str
    since: str = FIRST
    until: str = LAST
    always: bool = True

    def is_in(self, openvino: str) -> bool:
        """Whether that release has it; ``openvino`` is as ``openvino.get_version()`` says it (``2026.4.1-22982-…``)."""
        here = numbers(openvino)
        since, until = numbers(self.since), numbers(self.until)
        return bool(here) and here[: len(since)] >= since and here[: len(until)] <= until


def numbers(release: str) -> tuple[int, ...]:
    """``2026.4.1-22982-…`` as ``(2026, 4, 1)``; empty for what is no release."""
    found = re.match(r"\d+(\.\d+)*", release)
    return tuple(map(int, found[0].split("."))) if found else ()


DIFFERENCES: tuple[Difference, ...] = (
    Difference("unknown-names", "a name in AUTO's list that is no device is passed over without a word"),
    Difference("blank-in-list", "a blank in AUTO's list loses a device without a word"),
    Difference("exclusion-by-part", "an exclusion takes out a device whose name is only a part of what is excluded"),
    Difference("absent-npu", "AUTO:NPU,CPU without an NPU does not go to the CPU"),
    Difference("absent-cpu-throws", "AUTO:CPU.1,GPU throws, and the GPU is never tried"),
    Difference("precision-from-path", "of a model that is compiled from its path the precision is not looked at"),
    Difference(
        "fp16-weights-no-device",
        "a model in FP16 has no device where the CPU does not tell FP16",
        always=False,  # its script sees it each time; the suite has not yet run on a CPU without FP16
    ),
    Difference(
        "stateful-from-path", "of a model that is compiled from its path the state is not looked at, and is lost"
    ),
    Difference("state-in-if", "state inside the body of an If is not looked at, and is lost"),
    Difference("gpu-alone-is-another", "AUTO:GPU is the discrete GPU, and GPU in any other list GPU.0", since="2026"),
    Difference("buffer-without-device", "a model from a buffer cannot be compiled without a device name"),
    Difference("no-opencl-throws", "AUTO:GPU,CPU throws where OpenCL is not installed", always=False),
    Difference(
        "unknown-properties-accepted",
        "AUTO compiles with a property that nobody knows, and says nothing",
    ),
    Difference(
        "compiled-model-tells-little",
        "a model compiled for AUTO does not tell most of what it was compiled with",
    ),
    Difference(
        "log-level-numbers",
        "OPENVINO_LOG_LEVEL counts from errors: 2 gives information, and not warnings",
    ),
    Difference(
        "log-level-stays",
        "LOG_LEVEL that one compile is given stays for every later model",
    ),
    Difference(
        "both-fallbacks-off",
        "with both fallbacks off AUTO:CPU throws",
        since="2025",
    ),
    Difference(
        "release-holds-python",
        "while a model that is let go of waits for its compile, no other Python thread runs",
    ),
    Difference(
        "cumulative-loses-requests",
        "with CUMULATIVE_THROUGHPUT requests fail, or never come back, when a device fails",
        always=False,
    ),
    Difference(
        "batched-requests-hang",
        "with automatic batching requests never come back when a device fails",
        until="2025",
        always=False,
    ),
    Difference(
        "both-off-keeps-the-cpu",
        "with both fallbacks off the CPU of the list still answers",
        until="2024",
    ),
    Difference(
        "num-streams-number",
        "NUM_STREAMS as a number silently leaves the GPU out",
    ),
    Difference(
        "cumulative-default-order",
        "CUMULATIVE_THROUGHPUT without names puts the CPU first",
    ),
    Difference(
        "refusal-drops-device",
        "a value that the accelerator refuses leaves it out, and nothing is said",
    ),
    Difference(
        "numbers-drop-gpu",
        "AUTO_BATCH_TIMEOUT or PERFORMANCE_HINT_NUM_REQUESTS as a number silently leaves the GPU out",
        until="2024",
    ),
    Difference(
        "device-hint-by-name",
        'a hint for "GPU" in DEVICE_PROPERTIES is ignored',
        since="2025",
    ),
    Difference(
        "device-properties-by-number",
        'properties for "GPU.0" in DEVICE_PROPERTIES are ignored',
        until="2024",
    ),
    Difference(
        "cumulative-any-precision",
        "CUMULATIVE_THROUGHPUT takes devices that lack the model's precision",
    ),
    Difference(
        "cumulative-priority-ignored",
        "a model of HIGH with CUMULATIVE_THROUGHPUT keeps no lower one off its devices",
    ),
    Difference(
        "bound-buffers-refused",
        "with DEVICE_BIND_BUFFER the first request is an error while the CPU helps",
    ),
    Difference(
        "warm-cache-helper",
        "with the accelerator's blob in the cache AUTO starts its CPU helper all the same",
        since="2025.2",
    ),
    Difference(
        "warm-cache-fallback-fails",
        "after a warm start in which the GPU was ready first, AUTO's fallback to the CPU is an error",
        since="2026",
        always=False,
    ),
    Difference(
        "warm-cache-no-fallback",
        "with the GPU's blob in the cache AUTO:GPU,CPU drops the CPU, and cannot fall back to it",
        since="2025.2",
    ),
    Difference(
        "useless-blob-no-helper",
        "a damaged blob keeps AUTO's CPU helper out",
        until="2024",
    ),
    Difference(
        "useless-blob-no-helper-in-a-list",
        "a damaged blob keeps the CPU helper of AUTO:GPU,CPU out",
    ),
    Difference(
        "foreign-blob-taken",
        "another model's blob under a model's name is loaded, and answers in its place",
    ),
    Difference(
        "gpu-blob-unchecked",
        "a GPU's blob with changed bytes is loaded: wrong answers, or the end of the process",
    ),
    Difference(
        "cache-blind-to-weights",
        "new weights beside an old .xml are not seen: the old model answers from the cache",
    ),
    Difference(
        "unwritable-cache-throws",
        "a cache folder that cannot be written makes the accelerator's compile fail, and AUTO lose it",
        until="2025",
    ),
    Difference(
        "unwritable-cache-throws-on-cpu",
        "a cache folder that cannot be written makes the CPU's compile fail",
        since="2025.2",
        until="2025",
    ),
    Difference(
        "partial-blob",
        "a blob that could not be written whole stays in the cache folder",
        until="2025",
    ),
    Difference(
        "async-queue-end",
        "letting go of a model after its AsyncInferQueue with a callback hangs",
        since="2026",
        always=False,
    ),
    Difference(
        "optimal-requests-early",
        "the number of requests that AUTO advises after the compile is its CPU helper's",
        always=False,  # a device may want no more than the helper
    ),
)


def known(keys: Iterable[str], openvino: str) -> Difference | None:
    """The first of these differences that is in that release; ``None`` where none is."""
    found = (by_key(key) for key in keys)
    return next((each for each in found if each is not None and each.is_in(openvino)), None)


def by_key(key: str) -> Difference | None:
    """The difference of that key."""
    return next((each for each in DIFFERENCES if each.key == key), None)
