"""A model of high priority on both GPUs at once keeps no model of lower priority off them.

Rule: a model of lower priority is not loaded to a device that a model of higher priority occupies ("Configuring Model Priority").
Expected: beside a model of HIGH on GPU.0 and GPU.1, one of MEDIUM goes to the CPU.
Seen: it goes to GPU.0. With LATENCY the one of HIGH keeps it off its device.
Releases: 2024.6.0, 2025.4.1, 2026.4.1.
Needs: openvino and numpy, and two GPUs.
Exit status: 1 when the difference is seen, 0 when it is not, 77 when there are no two GPUs.
"""

import sys

import numpy as np
import openvino as ov

try:
    from openvino import opset13 as ops
except ImportError:  # 2024
    from openvino.runtime import opset13 as ops

core = ov.Core()
gpus = [name for name in core.available_devices if name.startswith("GPU")]
if len(gpus) != 2:
    print(f"skipped: there are {len(gpus)} GPUs, and this is about two")
    sys.exit(77)
data = ops.parameter([1, 8], np.float32)
model = ov.Model([ops.relu(data)], [data], "relu")
spread = {"PERFORMANCE_HINT": "CUMULATIVE_THROUGHPUT", "ALLOW_AUTO_BATCHING": False}
high = core.compile_model(model, f"AUTO:{','.join(gpus)}", {**spread, "MODEL_PRIORITY": "HIGH"})
lower = {"MODEL_PRIORITY": "MEDIUM", "ENABLE_STARTUP_FALLBACK": False}
medium = core.compile_model(model, f"AUTO:{','.join(gpus)},CPU", lower)
seen = medium.get_property("EXECUTION_DEVICES")
print(f"openvino {ov.__version__}")
print(f"expected: beside a model of HIGH on {' and '.join(high.get_property('EXECUTION_DEVICES'))}, MEDIUM goes to CPU")
print(f"seen: MEDIUM goes to {' and '.join(seen)}")
sys.exit(seen != ["CPU"])
