"""A model compiled for AUTO does not tell most of what it was compiled with.

Rule: "The ov::CompiledModel::get_property method is used to get property values the compiled model has been created with" (OpenVINO's
documentation, "Query Device Properties", "Getting Property").
Expected: ENABLE_STARTUP_FALLBACK, SCHEDULE_POLICY, EXECUTION_MODE_HINT and PERFORMANCE_HINT_NUM_REQUESTS can be asked of a model that was
compiled with them.
Seen: each is an error ("not supported property"). PERFORMANCE_HINT, MODEL_PRIORITY and PERF_COUNT can be asked.
Releases: 2024.6.0, 2025.4.1, 2026.4.1.
Needs: openvino and numpy. No GPU.
Exit status: 1 when the difference is seen, 0 when it is not.
"""

import sys

import numpy as np
import openvino as ov

try:
    from openvino import opset13 as ops
except ImportError:  # 2024
    from openvino.runtime import opset13 as ops

GIVEN = {
    "PERFORMANCE_HINT": "THROUGHPUT",
    "MODEL_PRIORITY": "HIGH",
    "PERF_COUNT": True,
    "ENABLE_STARTUP_FALLBACK": False,
    "SCHEDULE_POLICY": "ROUND_ROBIN",
    "EXECUTION_MODE_HINT": "ACCURACY",
    "PERFORMANCE_HINT_NUM_REQUESTS": "2",
}

core = ov.Core()
data = ops.parameter([1, 8], np.float32)
compiled = core.compile_model(ov.Model([ops.relu(data)], [data], "relu"), "AUTO:CPU", GIVEN)

print(f"openvino {ov.__version__}")
print(f"expected: the model tells {', '.join(GIVEN)}")
untold = []
for name in GIVEN:
    try:
        print(f"seen: {name}: {compiled.get_property(name)}")
    except RuntimeError as error:
        print(f"seen: {name}: refused: {' '.join(str(error).split())[-60:]}")
        untold.append(name)
sys.exit(bool(untold))
