"""With both fallbacks off AUTO drops the CPU from its list, and `AUTO:CPU` has no device.

Rule: the device candidate list "lists the devices available for selection"; the two properties turn off the CPU's help "in the
beginning", and that a failed request is performed again (OpenVINO's documentation, "Automatic Device Selection", table of setup options).
Neither says that a named device is no candidate any more.
Expected: `AUTO:CPU` is answered by the CPU whatever the fallbacks are. So is `AUTO:GPU,CPU` where the GPU cannot load the model.
Seen: `AUTO:CPU` throws "Please, check environment due to no supported devices can be used". `AUTO:GPU,CPU` has the GPU alone in its list,
and throws where the GPU fails. Plain `AUTO` keeps the CPU.
Releases: 2025.4.1, 2026.4.1. 2024.6.0 keeps the CPU.
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
data = ops.parameter([1, 8], np.float32)
model = ov.Model([ops.relu(data)], [data], "relu")


def answered_by(**fallbacks: bool) -> str:
    """The device of `AUTO:CPU`, or what it throws."""
    try:
        return " ".join(core.compile_model(model, "AUTO:CPU", fallbacks).get_property("EXECUTION_DEVICES"))
    except RuntimeError as error:
        return "it throws: " + " ".join(str(error).split())[-100:]


print(f"openvino {ov.__version__}")
print(f"expected: CPU, as with one of them off: {answered_by(ENABLE_STARTUP_FALLBACK=False)}")
seen = answered_by(ENABLE_STARTUP_FALLBACK=False, ENABLE_RUNTIME_FALLBACK=False)
print("seen:", seen)
sys.exit(seen != "CPU")
