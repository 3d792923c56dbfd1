"""A blank in AUTO's list of devices drops a device, without a word.

Rule: "AUTO: <device names> (comma-separated, no spaces)" (OpenVINO's documentation, "Automatic Device Selection", table of setup
options). The rule forbids blanks, yet its own notation has one after the colon; and a name that is no device is an error elsewhere.
Expected: a list with a blank means the same as the one without it, or is refused.
Seen: the device behind the blank is dropped and nothing says so. `AUTO:GPU, CPU` has no CPU that helps; `AUTO: GPU,CPU` is plain CPU.
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


def candidates(device: str) -> str:
    """AUTO's candidates for a device string, or that it was refused."""
    try:
        compiled = core.compile_model(model, device)
    except RuntimeError:
        return "refused"
    return compiled.get_property("MULTI_DEVICE_PRIORITIES")


expected = candidates("AUTO:XCPU,CPU")
seen = {device: candidates(device) for device in ("AUTO:XCPU, CPU", "AUTO: XCPU,CPU")}
print(f"openvino {ov.__version__}")
print(f"expected: {expected}, or refused")
print("seen:", "; ".join(f"{device!r} is {found}" for device, found in seen.items()))
sys.exit(any(found not in (expected, "refused") for found in seen.values()))
