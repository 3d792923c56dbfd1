"""A warm cache does not keep AUTO from starting the CPU helper.

Rule: "AUTO starts inference with the CPU of the system by default unless there is model cached for the best suited device" (OpenVINO's
documentation, "Automatic Device Selection", "How AUTO Works").
Expected: with the GPU's blob in CACHE_DIR, AUTO loads the GPU from it and starts no CPU helper.
Seen: plain `AUTO` starts the helper all the same ("will load CPU for accelerator" in its log), although the GPU is loaded from the cache.
`AUTO:GPU,CPU` on the same cache does not.
Releases: 2025.4.1, 2026.4.1. 2024.6.0 keeps the rule.
Needs: openvino and numpy, and a GPU. AUTO's log is caught from file descriptor 1.
Exit status: 1 when the difference is seen, 0 when it is not, 77 when there is no GPU.
"""

import os
import sys
import tempfile
import time

import numpy as np
import openvino as ov

try:
    from openvino import opset13 as ops
except ImportError:  # 2024
    from openvino.runtime import opset13 as ops


WARM, DEADLINE_S = 5, 60

core = ov.Core()
if not any(name.startswith("GPU") for name in core.available_devices):
    print("skipped: there is no GPU")
    sys.exit(77)
data = ops.parameter([1, 8], np.float32)
model = ov.Model([ops.relu(data)], [data], "relu")


def starts_helper(device: str, folder: str) -> tuple[bool, bool]:
    """Whether AUTO, compiled with that cache, starts its helper; and whether the device came from the cache."""
    core = ov.Core()
    core.set_property({"CACHE_DIR": folder})
    core.set_property("AUTO", {"LOG_LEVEL": "LOG_INFO"})
    sys.stdout.flush()
    with tempfile.TemporaryFile() as log:
        own = os.dup(1)
        os.dup2(log.fileno(), 1)
        try:
            compiled = core.compile_model(model, device)
            deadline = time.monotonic() + DEADLINE_S
            while compiled.get_property("EXECUTION_DEVICES") == ["(CPU)"] and time.monotonic() < deadline:
                time.sleep(0.01)
            is_cached = bool(compiled.get_property("LOADED_FROM_CACHE"))
            del compiled
        finally:
            os.dup2(own, 1)
            os.close(own)
        log.seek(0)
        return b"will load CPU for accelerator" in log.read(), is_cached


print(f"openvino {ov.__version__}")
is_seen = False
for device in ("AUTO", "AUTO:GPU,CPU"):
    with tempfile.TemporaryDirectory() as folder:
        cold, _ = starts_helper(device, folder)
        warm = [starts_helper(device, folder) for _ in range(WARM)]
    cached = [helped for helped, is_cached in warm if is_cached]
    print(
        f"expected: {device}: no helper in {len(cached)} starts from the cache (cold: {'a helper' if cold else 'no helper'})"
    )
    print(f"seen: {device}: a helper in {sum(cached)}")
    is_seen = is_seen or any(cached)
sys.exit(is_seen)
