"""After a warm start the fallback from a failing GPU to the CPU may fail: "Can not find port".

Rule: where inference fails on the chosen device, AUTO performs the request again on another one (OpenVINO's documentation,
"Automatic Device Selection", table of setup options, ENABLE_RUNTIME_FALLBACK).
Expected: when the GPU fails, the CPU answers, from a cold start and from a warm one.
Seen: from a warm one, where the GPU was ready before the CPU's helper, the fallback is an error: "Can not find port". It comes and goes, as
it depends on who is ready first.
Releases: 2026.4.1. Not on 2024.6.0 and 2025.4.1.
Needs: openvino and numpy, and a GPU that fails after some launches.
Exit status: 1 when the difference is seen, 0 when it is not, 77 when there is no GPU.
"""

import sys
import tempfile

import numpy as np
import openvino as ov

try:
    from openvino import opset13 as ops
except ImportError:  # 2024
    from openvino.runtime import opset13 as ops

INFERENCES = 60

core = ov.Core()
if not any(name.startswith("GPU") for name in core.available_devices):
    print("skipped: there is no GPU")
    sys.exit(77)


def save(folder: str) -> str:
    """One convolution, in a file: read from it, it has the same names in each process."""
    data = ops.parameter([1, 3, 8, 8], np.float32, name="x")
    output = ops.convolution(data, ops.constant(np.ones((4, 3, 3, 3), np.float32)), [1, 1], [1, 1], [1, 1], [1, 1])
    output.output(0).set_names({"y"})
    ov.save_model(ov.Model([ops.result(output)], [data], "convolution"), folder + "/model.xml", compress_to_fp16=False)
    return folder + "/model.xml"


with tempfile.TemporaryDirectory() as folder:
    path = save(folder)
    filled = core.compile_model(core.read_model(path), "GPU", {"CACHE_DIR": folder})
    del filled
    compiled = core.compile_model(core.read_model(path), "AUTO", {"CACHE_DIR": folder})
    first = compiled.get_property("EXECUTION_DEVICES")
    request, said = compiled.create_infer_request(), ""
    try:
        for _ in range(INFERENCES):
            request.infer({0: np.ones((1, 3, 8, 8), np.float32)})
    except RuntimeError as error:
        said = str(error).strip().splitlines()[-1]
    last, is_cached = compiled.get_property("EXECUTION_DEVICES"), compiled.get_property("LOADED_FROM_CACHE")
print(f"openvino {ov.__version__}")
print("expected: the CPU answers when the GPU fails")
print(f"seen: {first} was ready first (from the cache: {is_cached}), {last} in the end; {said or 'no error'}")
sys.exit(bool(said))
