"""AUTO's exclusion takes away every device whose name is a part of the excluded text.

Rule: "add a minus sign (-) before CPU in AUTO: <device names> ... AUTO will then query all available devices and remove CPU from the
candidate list." (OpenVINO's documentation, "Automatic Device Selection", "Excluding Devices from Device Candidate List")
Expected: the device that is named is excluded, and no other: `AUTO:-CPU.7` and `AUTO:-NOTCPU` exclude nothing, or are refused.
Seen: both exclude the CPU. On a machine with one GPU, `AUTO:-GPU.1` excludes that GPU, although it is GPU.0.
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

core = ov.Core()
core.register_plugin("openvino_intel_cpu_plugin", "XCPU")  # so that one device is left in any case
data = ops.parameter([1, 8], np.float32)
model = ov.Model([ops.relu(data)], [data], "relu")


def candidates(device: str) -> set[str]:
    """AUTO's candidates for a device string."""
    return set(core.compile_model(model, device).get_property("MULTI_DEVICE_PRIORITIES").split(","))


everything = candidates("AUTO")
texts = ["CPU.7", "NOTCPU"]
if "GPU" in core.available_devices:  # one GPU, so there is no GPU.1
    texts.append("GPU.1")
lost = {text: sorted(everything - candidates(f"AUTO:-{text}")) for text in texts}
print(f"openvino {ov.__version__}, candidates of AUTO: {', '.join(sorted(everything))}")
print("expected: none of these excludes a device")
print("seen:", "; ".join(f"AUTO:-{text} excludes {', '.join(names) or 'none'}" for text, names in lost.items()))
sys.exit(any(lost.values()))
