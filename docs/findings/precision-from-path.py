"""Compiled from a file's path, AUTO does not look at the model's precision: a device without it is chosen.

Rule: "check precisions of the input model ... select the highest-priority device capable of supporting the given model" (OpenVINO's
documentation, "Automatic Device Selection").
Expected: AUTO chooses the same device whether it gets a model as an object or as a path.
Seen: where the GPU lacks FP16 (or INT8) and the CPU has it, an FP16 (INT8) model goes to the CPU from an object, and to the GPU from a
path.
Releases: 2024.6.0, 2025.4.1, 2026.4.1.
Needs: openvino and numpy, a GPU that lacks FP16 or INT8 (OPTIMIZATION_CAPABILITIES) and a CPU that has it.
Exit status: 1 when the difference is seen, 0 when it is not, 77 when there is no such GPU.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import openvino as ov

try:
    from openvino import opset13 as ops
except ImportError:  # 2024
    from openvino.runtime import opset13 as ops

DEADLINE_S = 60


def fp16() -> ov.Model:
    """A convolution whose weights are FP16."""
    data = ops.parameter([1, 3, 8, 8], np.float32)
    weights = ops.constant(np.ones((4, 3, 3, 3), np.float16))
    halved = ops.convolution(ops.convert(data, "f16"), weights, [1, 1], [0, 0], [0, 0], [1, 1])
    return ov.Model([ops.result(ops.convert(halved, "f32"))], [data], "FP16")


def int8() -> ov.Model:
    """A convolution of quantized data and weights."""
    data = ops.parameter([1, 3, 8, 8], np.float32)
    edges = [ops.constant(np.float32(value)) for value in (-1, 1, -1, 1)]
    weights = ops.fake_quantize(ops.constant(np.ones((4, 3, 3, 3), np.float32)), *edges, 255)
    return ov.Model(
        [ops.convolution(ops.fake_quantize(data, *edges, 256), weights, [1, 1], [0, 0], [0, 0], [1, 1])], [data], "INT8"
    )


def chosen(source: object) -> str:
    """The device that AUTO hands over to."""
    compiled = core.compile_model(source, "AUTO:GPU,CPU")
    deadline = time.monotonic() + DEADLINE_S
    while (names := compiled.get_property("EXECUTION_DEVICES")) == ["(CPU)"] and time.monotonic() < deadline:
        time.sleep(0.05)
    return " ".join(names)


core = ov.Core()
has_gpu = any(name.startswith("GPU") for name in core.available_devices)
can = {name: core.get_property(name, "OPTIMIZATION_CAPABILITIES") for name in ("CPU", "GPU")[: 1 + has_gpu]}
models = [make() for make in (fp16, int8)]
fitting = [
    each for each in models if has_gpu and each.friendly_name not in can["GPU"] and each.friendly_name in can["CPU"]
]
if not fitting:
    print("skipped: there is no GPU that lacks a precision (FP16, INT8) which the CPU has")
    sys.exit(77)
print(f"openvino {ov.__version__}")
is_seen = False
for model in fitting:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.xml"
        ov.save_model(model, path, compress_to_fp16=False)
        from_object, from_path = chosen(model), chosen(str(path))
    print(f"expected: {model.friendly_name} goes to {from_object}, as from the object")
    print(f"seen: from the path it goes to {from_path}")
    is_seen = is_seen or from_path != from_object
sys.exit(is_seen)
