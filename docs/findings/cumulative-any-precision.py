"""CUMULATIVE_THROUGHPUT takes a device that lacks the model's precision; with LATENCY AUTO leaves it out.

Rule: AUTO checks the precision of the model, and takes devices that have it; CUMULATIVE_THROUGHPUT takes all of those ("How AUTO Works";
AUTO Plugin Architecture: devices are filtered by their capabilities).
Expected: a model in half precision does not go to the GPU that does not name FP16 among its capabilities.
Seen: it goes there, and is computed in single precision.
Releases: 2024.6.0, 2025.4.1, 2026.4.1.
Needs: openvino and numpy, and a GPU without FP16.
Exit status: 1 when the difference is seen, 0 when it is not, 77 when there is no such GPU.
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
if "FP16" in core.get_property("GPU", "OPTIMIZATION_CAPABILITIES"):
    print("skipped: the GPU has FP16")
    sys.exit(77)
data = ops.parameter([1, 3, 8, 8], np.float32)
weights = ops.constant(np.full((4, 3, 3, 3), 0.25, np.float16))
half = ops.convolution(ops.convert(data, "f16"), weights, [1, 1], [1, 1], [1, 1], [1, 1])
model = ov.Model([ops.convert(half, "f32")], [data], "half")
properties = {"PERFORMANCE_HINT": "CUMULATIVE_THROUGHPUT", "ALLOW_AUTO_BATCHING": False}
compiled = core.compile_model(model, "AUTO:GPU,CPU", properties)
seen = compiled.get_property("EXECUTION_DEVICES")
print(f"openvino {ov.__version__}")
print("expected: the GPU, which lacks FP16, is not among the devices of a model in half precision")
print(f"seen: its devices are {', '.join(seen)}")
sys.exit(any(name.startswith("GPU") for name in seen))
