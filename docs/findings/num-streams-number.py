"""NUM_STREAMS as a number: the CPU takes it, the GPU refuses it, and AUTO silently does without the GPU.

Rule: a property is set alike for every device (OpenVINO's documentation, "Query Device Properties - Configuration"): {"NUM_STREAMS": 2} is
accepted by the CPU. "CUMULATIVE_THROUGHPUT loads the network model to all available devices".
Expected: {"NUM_STREAMS": 2} means the same as {"NUM_STREAMS": "2"}, or AUTO refuses it as the GPU does.
Seen: the GPU's compile fails inside AUTO, and nothing says so: it is the CPU that answers (with LATENCY as `(CPU)`, for ever), and
CUMULATIVE_THROUGHPUT runs on the CPU alone. As a text, "2", it works.
Releases: 2024.6.0, 2025.4.1, 2026.4.1.
Needs: openvino and numpy, and a GPU.
Exit status: 1 when the difference is seen, 0 when it is not, 77 when there is no GPU.
"""

import sys
import time

import numpy as np
import openvino as ov

try:
    from openvino import opset13 as ops
except ImportError:  # 2024
    from openvino.runtime import opset13 as ops

DEADLINE_S = 20

core = ov.Core()
if not any(name.startswith("GPU") for name in core.available_devices):
    print("skipped: there is no GPU")
    sys.exit(77)
data = ops.parameter([1, 8], np.float32)
model = ov.Model([ops.relu(data)], [data], "relu")


def answering(streams: object, hint: str) -> str:
    """The devices that answer in the end, or that the property was refused."""
    try:
        compiled = core.compile_model(model, "AUTO:GPU,CPU", {"NUM_STREAMS": streams, "PERFORMANCE_HINT": hint})
    except RuntimeError:
        return "refused"
    deadline = time.monotonic() + DEADLINE_S
    while (names := compiled.get_property("EXECUTION_DEVICES")) == ["(CPU)"] and time.monotonic() < deadline:
        time.sleep(0.05)
    return " ".join(names)


print(f"openvino {ov.__version__}")
is_seen = False
for hint in ("THROUGHPUT", "CUMULATIVE_THROUGHPUT"):
    expected, seen = answering("2", hint), answering(2, hint)
    print(f'expected: {hint}: answered by {expected}, as with "2", or refused')
    print(f"seen: {hint}: {seen}")
    is_seen = is_seen or seen not in (expected, "refused")
sys.exit(is_seen)
