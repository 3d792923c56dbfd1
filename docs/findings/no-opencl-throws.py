"""Where OpenCL is not installed, a list with a GPU throws instead of going to the next device.

Rule: "when loading the model to the first device on the list fails, AUTO will try to load it to the next device in line, until one of
them succeeds" (OpenVINO's documentation, "Automatic Device Selection").
Expected: `AUTO:GPU,CPU` compiles for the CPU, as it does on a machine that has OpenCL's loader and no GPU.
Seen: it throws, since the GPU plugin cannot be loaded without libOpenCL.so.1. So does `AUTO:CPU,GPU`. `AUTO` alone compiles for the CPU.
Releases: 2024.6.0, 2025.4.1, 2026.4.1.
Needs: openvino and numpy, Linux without an OpenCL loader (in Debian ocl-icd-libopencl1).
Exit status: 1 when the difference is seen, 0 when it is not, 77 where an OpenCL loader is installed.
"""

import ctypes
import sys

import numpy as np
import openvino as ov

try:
    from openvino import opset13 as ops
except ImportError:  # 2024
    from openvino.runtime import opset13 as ops


def compiled(device: str) -> str:
    """The device that answers, or the end of what OpenVINO says."""
    data = ops.parameter([1, 8], np.float32)
    model = ov.Model([ops.result(ops.relu(data))], [data], "relu")
    try:
        return " ".join(core.compile_model(model, device).get_property("EXECUTION_DEVICES"))
    except RuntimeError as error:
        return "an error: " + str(error).strip().splitlines()[-1][-80:]


try:
    ctypes.CDLL("libOpenCL.so.1")
    print("skipped: libOpenCL.so.1 is installed here, and it is about machines without")
    sys.exit(77)
except OSError:
    pass
core = ov.Core()
alone, listed, second = map(compiled, ("AUTO", "AUTO:GPU,CPU", "AUTO:CPU,GPU"))
print(f"expected: AUTO:GPU,CPU and AUTO:CPU,GPU compile for {alone}, as AUTO does")
print(f"seen: AUTO:GPU,CPU: {listed}; AUTO:CPU,GPU: {second}")
sys.exit(alone != listed)
