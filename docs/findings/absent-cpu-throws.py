"""A CPU in AUTO's list that there is not ends the compile; the other devices are never tried.

Rule: "when loading the model to the first device on the list fails, AUTO will try to load it to the next device in line, until one of
them succeeds" (OpenVINO's documentation, "Automatic Device Selection", "How AUTO Works").
Expected: `AUTO:CPU.1,GPU` uses the GPU, as `AUTO:GPU.1,CPU` uses the CPU where there is no GPU.1.
Seen: it throws. The next device is not tried.
Releases: 2024.6.0, 2025.4.1, 2026.4.1.
Needs: openvino and numpy. No GPU: a second CPU named XCPU stands for it.
Exit status: 1 when the difference is seen, 0 when it is not.
"""

import sys

import numpy as np
import openvino as ov

try:
    from openvino import opset13 as ops
except ImportError:  # 2024
    from openvino.runtime import opset13 as ops

core = ov.Core()
core.register_plugin("openvino_intel_cpu_plugin", "XCPU")
data = ops.parameter([1, 8], np.float32)
model = ov.Model([ops.relu(data)], [data], "relu")

print(f"openvino {ov.__version__}")
print("expected: AUTO:CPU.1,XCPU is answered by XCPU")
try:
    seen = core.compile_model(model, "AUTO:CPU.1,XCPU").get_property("EXECUTION_DEVICES")
except RuntimeError as error:
    print("seen: it throws:", " ".join(str(error).split())[-200:])
    sys.exit(1)
print(f"seen: answered by {', '.join(seen)}")
sys.exit(seen != ["XCPU"])
