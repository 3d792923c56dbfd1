"""A model with state, compiled from a file's path: AUTO's fallbacks stay on, and the state is silently lost.

Rule: the state of a model is kept from one inference to the next in one infer request (OpenVINO's documentation, "Stateful models"). AUTO
gives such a model no help of the CPU ("Automatic Device Selection", "How AUTO Works"); neither page makes an exception for a path.
Expected: an accumulator gives 1, 2, 3, ... when ones are added in one infer request; whether it is compiled from an object or a path.
Seen: from a path the CPU helper answers first, and at the hand-over to the GPU the sum begins anew: 1, 2, 3, 1, 2. Before the hand-over
the inferences may go to two requests by turns (1, 1, 2, 2). Nothing warns.
Releases: 2024.6.0, 2025.4.1, 2026.4.1.
Needs: openvino and numpy, and a GPU. From an object the same GPU gives the right sums.
Exit status: 1 when the difference is seen, 0 when it is not, 77 when there is no GPU.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import openvino as ov

try:
    from openvino import opset13 as ops
except ImportError:  # 2024
    from openvino.runtime import opset13 as ops

DEADLINE_S, AFTER = 60, 5

core = ov.Core()
if not any(name.startswith("GPU") for name in core.available_devices):
    print("skipped: there is no GPU")
    sys.exit(77)
data = ops.parameter([1], np.float32)
added = ops.add(ops.read_value(ops.constant(np.zeros(1, np.float32)), "sum", np.float32, [1]), data)
model = ov.Model([ops.result(added)], [ops.assign(added, "sum")], [data], "accumulator")


def answers(source: object) -> list[int]:
    """The sums of one request: until the GPU has answered, and some more."""
    compiled = core.compile_model(source, "AUTO:GPU,CPU")
    request, sums = compiled.create_infer_request(), []
    deadline, left = time.monotonic() + DEADLINE_S, AFTER
    while left and time.monotonic() < deadline:
        left -= compiled.get_property("EXECUTION_DEVICES") != ["(CPU)"]
        sums.append(int(next(iter(request.infer({0: np.ones(1, np.float32)}).values()))[0]))
    return sums


def breaks(sums: list[int]) -> int:
    """How often a sum is not the one before it plus one."""
    return sum(each != before + 1 for before, each in zip([0, *sums[:-1]], sums, strict=True))


with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "accumulator.xml"
    ov.save_model(model, path, compress_to_fp16=False)
    from_object, from_path = answers(model), answers(str(path))
print(f"openvino {ov.__version__}")
print(f"expected: each sum is one more than the one before (from the object: {breaks(from_object)} breaks)")
print(f"seen: from the path, {breaks(from_path)} breaks in {len(from_path)} sums, the last ones:", *from_path[-8:])
sys.exit(breaks(from_path) > 0)
