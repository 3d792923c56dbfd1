"""An accelerator that there is not: AUTO calls the CPU its temporary helper for ever, or does not compile.

Rule: "(CPU) is a temporary device, indicating that CPU is used for acceleration at the model compilation stage" (OpenVINO's
documentation, "Automatic Device Selection", ov::execution_devices); "when loading the model to the first device on the list fails, AUTO
will try to load it to the next device in line".
Expected: `AUTO:NPU,CPU` on a machine without an NPU becomes plain CPU, as `AUTO:GPU,CPU` is without a GPU.
Seen: 2025 and 2026 answer `(CPU)` for ever, 2024 throws where the NPU's loader is not installed.
Releases: 2024.6.0 (throws), 2025.4.1 and 2026.4.1 (`(CPU)`).
Needs: openvino and numpy, and a machine without an NPU.
Exit status: 1 when the difference is seen, 0 when it is not, 77 where there is an NPU.
"""

import sys
import time

import numpy as np
import openvino as ov

try:
    from openvino import opset13 as ops
except ImportError:  # 2024
    from openvino.runtime import opset13 as ops

DEADLINE_S = 8

core = ov.Core()
if any(name.startswith("NPU") for name in core.available_devices):
    print("skipped: this machine has an NPU")
    sys.exit(77)
data = ops.parameter([1, 8], np.float32)
model = ov.Model([ops.relu(data)], [data], "relu")
print(f"openvino {ov.__version__}")
print("expected: AUTO:NPU,CPU is answered by CPU")
try:
    compiled = core.compile_model(model, "AUTO:NPU,CPU")
except RuntimeError as error:
    print("seen: it throws:", " ".join(str(error).split())[-200:])
    sys.exit(1)
deadline = time.monotonic() + DEADLINE_S
while (seen := compiled.get_property("EXECUTION_DEVICES")) == ["(CPU)"] and time.monotonic() < deadline:
    compiled(np.ones((1, 8), np.float32))
print("seen: answered by", *seen, f"({DEADLINE_S} s after the compile)" if seen == ["(CPU)"] else "")
sys.exit(seen != ["CPU"])
