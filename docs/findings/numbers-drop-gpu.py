"""Whole numbers for the GPU: 2024.6 fails on them inside AUTO, which then does without the GPU.

Rule: properties are given as Python values ("Query Device Properties": core.compile_model with a number); PERFORMANCE_HINT_NUM_REQUESTS and
AUTO_BATCH_TIMEOUT are whole numbers.
Expected: a number means the same as its text: the GPU answers.
Seen: on 2024.6.0 the GPU's compile fails ("Bad cast from: l to: j"), and the CPU answers. Nothing says so at the default log level.
Releases: 2024.6.0; not 2025.4.1, 2026.4.1.
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


def answering(name: str, value: object) -> str:
    """The devices that answer, or that there was an exception."""
    properties = {name: value, "PERFORMANCE_HINT": "THROUGHPUT", "ENABLE_STARTUP_FALLBACK": False}
    try:
        compiled = core.compile_model(model, "AUTO:GPU,CPU", properties)
    except RuntimeError:
        return "an exception"
    return " ".join(compiled.get_property("EXECUTION_DEVICES"))


print(f"openvino {ov.__version__}")
is_seen = False
for name, number in (("PERFORMANCE_HINT_NUM_REQUESTS", 2), ("AUTO_BATCH_TIMEOUT", 300)):
    expected, seen = answering(name, str(number)), answering(name, number)
    print(f'expected: {name}={number}: answered by {expected}, as with "{number}"')
    print(f"seen: {name}={number}: answered by {seen}")
    is_seen = is_seen or seen != expected
sys.exit(is_seen)
