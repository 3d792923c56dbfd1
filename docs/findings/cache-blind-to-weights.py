"""The model cache does not see new weights: a model that is compiled from its path comes from the old one's blob.

Rule: the cache keeps a compiled model and takes it again for that model (OpenVINO's documentation, "Model Caching Overview"); a model
with other weights is another one.
Expected: after `model.bin` was written anew with other weights, `compile_model("model.xml", ...)` gives the new model's answers.
Seen: LOADED_FROM_CACHE is True, and the answers are the old model's. The name of the blob is made of the path and the time of the .xml
alone. Tools that copy only what changed leave the .xml of a retrained model as it is. From an object the new weights are seen.
Releases: 2024.6.0, 2025.4.1, 2026.4.1.
Needs: openvino and numpy.
Exit status: 1 when the difference is seen, 0 when it is not.
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

data = ops.parameter([1, 4], np.float32)
model = ov.Model([ops.result(ops.add(data, ops.constant(np.full((1, 4), 3, np.float32))))], [data], "add")
with tempfile.TemporaryDirectory() as folder:
    path, cache = Path(folder) / "model.xml", str(Path(folder) / "cache")
    ov.save_model(model, path, compress_to_fp16=False)

    def answer() -> tuple[float, bool]:
        """What the model on disk answers to zeros, by a Core of its own; and whether it came from the cache."""
        compiled = ov.Core().compile_model(str(path), "CPU", {"CACHE_DIR": cache})
        found = next(iter(compiled({0: np.zeros((1, 4), np.float32)}).values()))
        return float(found.flat[0]), bool(compiled.get_property("LOADED_FROM_CACHE"))

    old, _ = answer()
    time.sleep(2)
    weights = path.with_suffix(".bin")
    (np.fromfile(weights, np.float32) * 2).tofile(weights)
    new, is_loaded = answer()
    without = ov.Core().compile_model(str(path), "CPU")
    right = float(next(iter(without({0: np.zeros((1, 4), np.float32)}).values())).flat[0])
print(f"openvino {ov.__version__}")
print(f"expected: with new weights the answer changes from {old:g} to {right:g}, as without a cache")
print(f"seen: {new:g}, loaded from the cache: {is_loaded}")
sys.exit(new != right)
