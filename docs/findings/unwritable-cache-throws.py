"""A cache folder that cannot be written makes a compile for the GPU fail, and AUTO goes without the GPU.

Rule: none is written down. The cache saves time, and where it cannot, a compile is to take the time that it takes without one.
Expected: with a file in the place of CACHE_DIR's folder (a read-only folder or a full disk do the same) the GPU compiles, and AUTO hands
over to it.
Seen: compiling for the GPU throws "Failed to write ... bytes to stream". Inside AUTO that is a failed compile: the CPU answers for good,
and nothing says so. The CPU by itself: unwritable-cache-throws-on-cpu.py.
Releases: 2024.6.0, 2025.4.1. 2026.4.1 goes on without a cache.
Needs: openvino and numpy, and a GPU.
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

DEADLINE_S = 10

core = ov.Core()
if not any(name.startswith("GPU") for name in core.available_devices):
    print("skipped: there is no GPU")
    sys.exit(77)
data = ops.parameter([1, 8], np.float32)
model = ov.Model([ops.relu(data)], [data], "relu")


def answering(device: str, properties: dict[str, str]) -> str:
    """Who answers in the end, or what compiling says."""
    try:
        compiled = core.compile_model(model, device, properties)
    except RuntimeError as error:
        return f"an error ({str(error).strip().splitlines()[-1]})"
    deadline = time.monotonic() + DEADLINE_S
    while compiled.get_property("EXECUTION_DEVICES") == ["(CPU)"] and time.monotonic() < deadline:
        time.sleep(0.01)
    compiled.create_infer_request().infer({0: np.ones((1, 8), np.float32)})
    return str(compiled.get_property("EXECUTION_DEVICES")[0])


print(f"openvino {ov.__version__}")
is_seen = False
with tempfile.TemporaryDirectory() as folder:
    for number, device in enumerate(("GPU", "AUTO:GPU,CPU")):
        place = Path(folder) / f"file-{number}"
        place.write_text("no folder")
        without, beside = answering(device, {}), answering(device, {"CACHE_DIR": str(place)})
        print(f"expected: {device}: {without}")
        print(f"seen: {device}: {beside}")
        is_seen = is_seen or beside != without
sys.exit(is_seen)
