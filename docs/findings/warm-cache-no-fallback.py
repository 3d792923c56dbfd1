"""With a warm cache AUTO:GPU,CPU drops the CPU: there is nothing to fall back to.

Rule: ENABLE_RUNTIME_FALLBACK is on by default: where inference fails on the chosen device, AUTO takes the next one of the list (OpenVINO's
documentation, "Automatic Device Selection", table of setup options). The page makes no exception for a cached model.
Expected: the candidates (MULTI_DEVICE_PRIORITIES) are the same from a cold start and from a warm one.
Seen: from a warm one the CPU is not among them. A GPU that fails then fails the request, and each one after it; from a cold start the CPU
answers. With plain `AUTO` the CPU stays.
Releases: 2025.4.1, 2026.4.1. 2024.6.0 keeps the rule.
Needs: openvino and numpy, and a GPU.
Exit status: 1 when the difference is seen, 0 when it is not, 77 when there is no GPU.
"""

import sys
import tempfile
import time

import numpy as np
import openvino as ov

try:
    from openvino import opset13 as ops
except ImportError:  # 2024
    from openvino.runtime import opset13 as ops

DEADLINE_S = 60

if not any(name.startswith("GPU") for name in ov.Core().available_devices):
    print("skipped: there is no GPU")
    sys.exit(77)
data = ops.parameter([1, 8], np.float32)
model = ov.Model([ops.relu(data)], [data], "relu")


def candidates(device: str, folder: str) -> tuple[str, bool]:
    """Among which AUTO may choose, once the accelerator answers; and whether that came from the cache."""
    compiled = ov.Core().compile_model(model, device, {"CACHE_DIR": folder})
    deadline = time.monotonic() + DEADLINE_S
    while compiled.get_property("EXECUTION_DEVICES") == ["(CPU)"] and time.monotonic() < deadline:
        time.sleep(0.01)
    return str(compiled.get_property("MULTI_DEVICE_PRIORITIES")), bool(compiled.get_property("LOADED_FROM_CACHE"))


print(f"openvino {ov.__version__}")
is_seen = False
for device in ("AUTO", "AUTO:GPU,CPU"):
    with tempfile.TemporaryDirectory() as folder:
        cold, _ = candidates(device, folder)
        warm, is_cached = candidates(device, folder)
    print(f"expected: {device}: {cold}, as from a cold start")
    print(f"seen: {device}: {warm} (loaded from the cache: {is_cached})")
    is_seen = is_seen or ("CPU" in cold and "CPU" not in warm)
sys.exit(is_seen)
