"""`GPU` in AUTO's list means one GPU where it stands alone, and another one where it does not.

Rule: "OpenVINO Runtime lets you use "GPU" as an alias for "GPU.0" in function calls" (OpenVINO's documentation, "Automatic Device
Selection").
Expected: `AUTO:GPU` compiles for GPU.0, as `AUTO:GPU,CPU` does.
Seen: with an integrated GPU.0 and a discrete GPU.1 `AUTO:GPU` compiles for GPU.1. `AUTO:GPU,CPU`, and even `AUTO:GPU,GPU`, compile for
GPU.0.
Releases: 2026.4.1; 2024.6.0 and 2025.4.1 compile for GPU.0.
Needs: openvino and numpy, an integrated GPU and a discrete one.
Exit status: 1 when the difference is seen, 0 when it is not, 77 when there are no such GPUs.
"""

import sys
import time

import numpy as np
import openvino as ov

try:
    from openvino import opset13 as ops
except ImportError:  # 2024
    from openvino.runtime import opset13 as ops

DEADLINE_S = 60


def chosen(device: str) -> str:
    """The device that AUTO hands over to."""
    data = ops.parameter([1, 8], np.float32)
    compiled = core.compile_model(ov.Model([ops.result(ops.relu(data))], [data], "relu"), device)
    deadline = time.monotonic() + DEADLINE_S
    while (names := compiled.get_property("EXECUTION_DEVICES")) == ["(CPU)"] and time.monotonic() < deadline:
        time.sleep(0.05)
    return " ".join(names)


core = ov.Core()
if not {"GPU.0", "GPU.1"} <= set(core.available_devices):
    print("skipped: it takes two GPUs, and OpenVINO sees", ", ".join(core.available_devices))
    sys.exit(77)
alone, beside, twice = map(chosen, ("AUTO:GPU", "AUTO:GPU,CPU", "AUTO:GPU,GPU"))
print(f"expected: AUTO:GPU compiles for the GPU of AUTO:GPU,CPU, which is {beside}")
print(f"seen: AUTO:GPU compiles for {alone}, AUTO:GPU,GPU for {twice}")
sys.exit(alone != beside)
