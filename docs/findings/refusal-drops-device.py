"""A value that the GPU refuses: AUTO does without the GPU, and says nothing.

Rule: where loading to a device fails, AUTO tries the next one ("How AUTO Works"); a value that a property cannot have is an error, as it is
for the device alone and for AUTO where it is the CPU that refuses.
Expected: an exception that names the property, as with GPU alone and with AUTO:GPU.
Seen: AUTO:GPU,CPU compiles, and the CPU answers. Nothing says so at the default log level.
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
WRONG = {
    "AUTO_BATCH_TIMEOUT=-3": {"PERFORMANCE_HINT": "THROUGHPUT", "AUTO_BATCH_TIMEOUT": "-3"},
    "NUM_STREAMS=many for the GPU": {"DEVICE_PROPERTIES": {"GPU": {"NUM_STREAMS": "many"}}},
}


def answering(properties: dict) -> str:
    """The devices that answer, or that there was an exception."""
    try:
        compiled = core.compile_model(model, "AUTO:GPU,CPU", {**properties, "ENABLE_STARTUP_FALLBACK": False})
    except RuntimeError:
        return "an exception"
    return " ".join(compiled.get_property("EXECUTION_DEVICES"))


print(f"openvino {ov.__version__}")
is_seen = False
for what, properties in WRONG.items():
    seen = answering(properties)
    print(f"expected: {what}: an exception")
    print(f"seen: {what}: {seen}")
    is_seen = is_seen or seen != "an exception"
sys.exit(is_seen)
