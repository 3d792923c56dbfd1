"""A blob that is of no use keeps AUTO:GPU,CPU from starting the CPU helper, and the first inference waits for the GPU's compile.

Rule: "AUTO starts inference with the CPU of the system by default unless there is model cached for the best suited device" (OpenVINO's
documentation, "Automatic Device Selection", "How AUTO Works"). A damaged blob is no cached model: the GPU compiles anew.
Expected: with an empty file in place of the GPU's blob, AUTO starts the CPU helper, as with an empty cache.
Seen: `AUTO:GPU,CPU` starts no helper and waits until the GPU has compiled. AUTO looks only whether the file is there.
Releases: 2024.6.0, 2025.4.1, 2026.4.1.
Needs: openvino and numpy, and a GPU. AUTO's log is caught from file descriptor 1.
Exit status: 1 when the difference is seen, 0 when it is not, 77 when there is no GPU.
"""

import os
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


DEVICE, DEADLINE_S = "AUTO:GPU,CPU", 60

core = ov.Core()
if not any(name.startswith("GPU") for name in core.available_devices):
    print("skipped: there is no GPU")
    sys.exit(77)
data = ops.parameter([1, 8], np.float32)
model = ov.Model([ops.relu(data)], [data], "relu")


def start(folder: str) -> tuple[bool, bool, float]:
    """Whether AUTO, compiled with that cache, starts its helper; whether the device came from the cache; seconds until the first answer."""
    core = ov.Core()
    core.set_property({"CACHE_DIR": folder})
    core.set_property("AUTO", {"LOG_LEVEL": "LOG_INFO"})
    sys.stdout.flush()
    with tempfile.TemporaryFile() as log:
        own = os.dup(1)
        os.dup2(log.fileno(), 1)
        try:
            begun = time.monotonic()
            compiled = core.compile_model(model, DEVICE)
            compiled(np.ones((1, 8), np.float32))
            first_s = time.monotonic() - begun
            while compiled.get_property("EXECUTION_DEVICES") == ["(CPU)"] and time.monotonic() < begun + DEADLINE_S:
                time.sleep(0.01)
            is_cached = bool(compiled.get_property("LOADED_FROM_CACHE"))
            del compiled
        finally:
            os.dup2(own, 1)
            os.close(own)
        log.seek(0)
        return b"will load CPU for accelerator" in log.read(), is_cached, first_s


print(f"openvino {ov.__version__}")
with tempfile.TemporaryDirectory() as folder:
    start(folder)
    for blob in Path(folder).glob("*.blob"):
        blob.write_bytes(b"")
    has_helper, is_cached, first_s = start(folder)
print(f"expected: {DEVICE} with empty blobs: the CPU helps")
print(
    f"seen: {'a helper' if has_helper else 'no helper'}, first answer after {first_s:.3f} s, loaded from the cache: {is_cached}"
)
sys.exit(not (has_helper or is_cached))
