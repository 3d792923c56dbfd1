"""The GPU loads a blob in which bytes were changed, and answers wrong.

Rule: OpenVINO's header says of CACHE_DIR that what lies there may be invalid. A damaged blob is to be compiled anew: the CPU does so after
any changed byte, the GPU after one that is cut off.
Expected: after the weights in the GPU's blob were changed, the model is compiled anew, and its answers are right.
Seen: LOADED_FROM_CACHE is True, and the answers are those of the changed weights. Bytes of a compiled program are not checked either: the
GPU's driver gets them as they are.
Releases: 2024.6.0, 2025.4.1, 2026.4.1.
Needs: openvino and numpy, and a GPU. The script finds the weights in the blob by their value.
Exit status: 1 when the difference is seen, 0 when it is not, 77 when there is no GPU.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import openvino as ov

try:
    from openvino import opset13 as ops
except ImportError:  # 2024
    from openvino.runtime import opset13 as ops

WEIGHT, RUN = 0.4375, 4

core = ov.Core()
if not any(name.startswith("GPU") for name in core.available_devices):
    print("skipped: there is no GPU")
    sys.exit(77)
data = ops.parameter([1, 3, 8, 8], np.float32)
filters = ops.constant(np.full((4, 3, 3, 3), WEIGHT, np.float32))
model = ov.Model([ops.result(ops.convolution(data, filters, [1, 1], [1, 1], [1, 1], [1, 1]))], [data], "convolution")


def answer(folder: str) -> tuple[float, bool]:
    """The sum of the answers to ones, by a Core of its own; and whether the model came from the cache."""
    compiled = ov.Core().compile_model(model, "GPU", {"CACHE_DIR": folder})
    found = next(iter(compiled({0: np.ones((1, 3, 8, 8), np.float32)}).values()))
    return float(found.sum()), bool(compiled.get_property("LOADED_FROM_CACHE"))


with tempfile.TemporaryDirectory() as folder:
    right, _ = answer(folder)
    (blob,) = Path(folder).glob("*.blob")
    content = blob.read_bytes()
    for kind in (np.float32, np.float16):
        content = content.replace(kind(WEIGHT).tobytes() * RUN, kind(2 * WEIGHT).tobytes() * RUN)
    if content == blob.read_bytes():
        print("skipped: the weights do not stand in this GPU's blob as they are")
        sys.exit(77)
    blob.write_bytes(content)
    found, is_loaded = answer(folder)
print(f"openvino {ov.__version__}")
print(f"expected: {right:g}, compiled anew")
print(f"seen: {found:g}, loaded from the cache: {is_loaded}")
sys.exit(abs(found - right) > 1e-3 * abs(right))
