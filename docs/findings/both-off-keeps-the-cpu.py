"""With both fallbacks off the CPU stays in the list of AUTO on 2024. Later it is dropped, and no page says which is meant.

Rule: only the plugin's source (since 2025) says that the CPU is taken out of a list that names another device, where both fallbacks
are off.
Expected: as on the newer releases, `AUTO:GPU,CPU` has the GPU as its only candidate, and a GPU that cannot load the model is an error.
Seen: on 2024 the CPU is the second candidate, and answers where the GPU fails. What later releases do instead has costs of its own:
both-fallbacks-off.py.
Releases: 2024.6.0.
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


OFF = {"ENABLE_STARTUP_FALLBACK": False, "ENABLE_RUNTIME_FALLBACK": False}

core = ov.Core()
if not any(name.startswith("GPU") for name in core.available_devices):
    print("skipped: there is no GPU")
    sys.exit(77)
data = ops.parameter([1, 8], np.float32)
model = ov.Model([ops.relu(data)], [data], "relu")
seen = core.compile_model(model, "AUTO:GPU,CPU", OFF).get_property("MULTI_DEVICE_PRIORITIES").split(",")
print(f"openvino {ov.__version__}")
print("expected: the GPU is the only candidate")
print("seen:", ", ".join(seen))
sys.exit("CPU" in seen)
