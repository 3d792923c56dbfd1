"""AUTO keeps memory for every inference while its log level is LOG_INFO or higher, as long as the compiled model lives.

Rule: none says that a log costs memory (OpenVINO's documentation, "Debugging Auto-Device Plugin"): an obvious fault.
Expected: the process does not grow by inferring.
Seen: AUTO keeps the start and the end of every inference, 32 to 36 bytes each, for one line of its log at destruction: 2.8 GB a day at 1000
inferences a second. 2025 and 2026 do so only where AUTO has several devices.
Releases: 2024.6.0, 2025.4.1, 2026.4.1.
Needs: openvino and numpy, Linux. No GPU: a second CPU named XCPU stands for it.
Exit status: 1 when the difference is seen, 0 when it is not, 77 where there is no /proc.
"""

import resource
import sys
from pathlib import Path

import numpy as np
import openvino as ov

try:
    from openvino import opset13 as ops
except ImportError:  # 2024
    from openvino.runtime import opset13 as ops

WARM_UP, INFERENCES = 5_000, 40_000
STATM = Path("/proc/self/statm")


def resident() -> int:
    """Bytes of this process in memory."""
    return int(STATM.read_text().split()[1]) * resource.getpagesize()


if not STATM.exists():
    print("skipped: there is no /proc/self/statm")
    sys.exit(77)
core = ov.Core()
core.register_plugin("openvino_intel_cpu_plugin", "XCPU")
data = ops.parameter([1, 8], np.float32)
model = ov.Model([ops.relu(data)], [data], "relu")


def kept(level: str) -> float:
    """Bytes that stay of each inference, at that log level of AUTO."""
    core.set_property("AUTO", {"LOG_LEVEL": level})
    compiled = core.compile_model(model, "AUTO:XCPU,CPU")
    request, inputs = compiled.create_infer_request(), {0: np.ones((1, 8), np.float32)}
    for _ in range(WARM_UP):
        request.infer(inputs)
    before = resident()
    for _ in range(INFERENCES):
        request.infer(inputs)
    return (resident() - before) / INFERENCES


silent, talking = kept("LOG_NONE"), kept("LOG_INFO")
core.set_property("AUTO", {"LOG_LEVEL": "LOG_NONE"})
print(f"openvino {ov.__version__}")
print("expected: under 8 bytes an inference with LOG_INFO")
print(f"seen: {talking:.1f} bytes an inference with LOG_INFO, {silent:.1f} with LOG_NONE")
sys.exit(talking >= 8)
