"""A model with state is not loaded to the CPU, although the CPU is a candidate.

Rule: "the models with stateful operations will be loaded to the CPU if it is in the candidate list. Otherwise, these models will follow
the normal flow and be loaded to the device based on priority." (OpenVINO's documentation, "Automatic Device Selection", "How AUTO Works")
Expected: `AUTO:GPU,CPU` loads a model with state to the CPU.
Seen: it goes to the GPU, as any other model does; what AUTO turns off is the CPU's help.
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
data = ops.parameter([1], np.float32)
added = ops.add(ops.read_value(ops.constant(np.zeros(1, np.float32)), "sum", np.float32, [1]), data)
model = ov.Model([ops.result(added)], [ops.assign(added, "sum")], [data], "accumulator")
seen = {device: core.compile_model(model, device).get_property("EXECUTION_DEVICES") for device in ("AUTO:GPU,CPU", "AUTO")}
print(f"openvino {ov.__version__}")
print("expected: CPU, for AUTO:GPU,CPU and for AUTO")
print("seen:", "; ".join(f"{device}: {' '.join(names)}" for device, names in seen.items()))
sys.exit(any(names != ["CPU"] for names in seen.values()))
