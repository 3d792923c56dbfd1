"""DEVICE_BIND_BUFFER: while the CPU helps, there is no request to be had.

Rule: AUTO starts with the CPU while the device compiles ("How AUTO Works"), and OPTIMAL_NUMBER_OF_INFER_REQUESTS says how many requests
there are to be. DEVICE_BIND_BUFFER binds a request's buffers to its device, for speed.
Expected: one request can be created and inferred at once, as OPTIMAL_NUMBER_OF_INFER_REQUESTS says.
Seen: creating the first request throws "binder mode does not allow oversubsciption of infer requests". After the hand-over it works.
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
compiled = core.compile_model(model, "AUTO:GPU,CPU", {"DEVICE_BIND_BUFFER": True})
optimal = compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
try:
    compiled.create_infer_request().infer()
    seen = "it answers"
except RuntimeError as error:
    seen = str(error).strip().splitlines()[-1]
print(f"openvino {ov.__version__}")
print(f"expected: the first of {optimal} requests: it answers")
print(f"seen: the first of {optimal} requests: {seen}")
sys.exit(seen != "it answers")
