"""OPTIMAL_NUMBER_OF_INFER_REQUESTS, asked after the compile, is the CPU helper's: the GPU is never kept busy with it.

Rule: "using the hints assumes that the application queries ov::optimal_number_of_infer_requests to create and run the returned number of
requests simultaneously" (OpenVINO's documentation, "High-level Performance Hints").
Expected: with THROUGHPUT the number that AUTO tells after the compile is enough for the device that it hands over to.
Seen: it tells 1 while the CPU helps, and 4 once the GPU answers. AsyncInferQueue asks at its creation, and stays at 1 for its life.
Releases: 2024.6.0, 2025.4.1, 2026.4.1.
Needs: openvino and numpy, and a GPU.
Exit status: 1 when the difference is seen, 0 when it is not, 77 when there is no GPU, or it answered at once.
"""

import sys
import time

import numpy as np
import openvino as ov

try:
    from openvino import opset13 as ops
except ImportError:  # 2024
    from openvino.runtime import opset13 as ops


DEADLINE_S = 60

core = ov.Core()
if not any(name.startswith("GPU") for name in core.available_devices):
    print("skipped: there is no GPU")
    sys.exit(77)
data = ops.parameter([1, 8], np.float32)
model = ov.Model([ops.relu(data)], [data], "relu")
compiled = core.compile_model(model, "AUTO:GPU,CPU", {"PERFORMANCE_HINT": "THROUGHPUT"})
queue = ov.AsyncInferQueue(compiled)
early, is_helped = len(queue), compiled.get_property("EXECUTION_DEVICES") == ["(CPU)"]
deadline = time.monotonic() + DEADLINE_S
while compiled.get_property("EXECUTION_DEVICES") == ["(CPU)"] and time.monotonic() < deadline:
    time.sleep(0.01)
late = compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
print(f"openvino {ov.__version__}")
if not is_helped:
    print("skipped: the GPU answered at once")
    sys.exit(77)
print(f"expected: an AsyncInferQueue that is made after the compile has {late} requests")
print(f"seen: it has {early}")
sys.exit(early < late)
