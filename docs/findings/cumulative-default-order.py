"""CUMULATIVE_THROUGHPUT without device names gives requests to the CPU first, and to the GPUs after it.

Rule: "With CUMULATIVE_THROUGHPUT, AUTO loads the network model to all available devices ... and then runs inference on them based on the
default or specified priority"; the default priority is dGPU, iGPU, CPU (OpenVINO's documentation, "Automatic Device Selection").
Expected: `AUTO` with CUMULATIVE_THROUGHPUT has the order of `AUTO` with any other hint: GPU, CPU.
Seen: CPU, GPU: the order in which the machine lists its devices. One request at a time goes to the CPU alone.
Releases: 2024.6.0, 2025.4.1, 2026.4.1.
Needs: openvino and numpy, and a GPU.
Exit status: 1 when the difference is seen, 0 when it is not, 77 when there is no GPU.
"""

import sys

import numpy as np
import openvino as ov

try:
    from openvino import opset13 as ops
except ImportError:  # 2024
    from openvino.runtime import opset13 as ops


core = ov.Core()
if not any(name.startswith("GPU") for name in core.available_devices):
    print("skipped: there is no GPU")
    sys.exit(77)
data = ops.parameter([1, 8], np.float32)
model = ov.Model([ops.relu(data)], [data], "relu")


def order(hint: str) -> list[str]:
    """AUTO's candidates in their order."""
    compiled = core.compile_model(model, "AUTO", {"PERFORMANCE_HINT": hint})
    return compiled.get_property("MULTI_DEVICE_PRIORITIES").split(",")


expected, seen = order("THROUGHPUT"), order("CUMULATIVE_THROUGHPUT")
print(f"openvino {ov.__version__}")
print("expected:", ", ".join(expected))
print("seen:", ", ".join(seen))
sys.exit(seen != expected)
