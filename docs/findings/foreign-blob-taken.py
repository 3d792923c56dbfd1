"""A blob of another model under this model's name is loaded, and answers in its place.

Rule: the cache keeps a compiled model and takes it again for that model (OpenVINO's documentation, "Model Caching Overview"); the header
says of CACHE_DIR that what lies there may be invalid. A blob of another model is, as a damaged one is.
Expected: where the file of a model's blob holds another model's blob, the model is compiled anew, and its answers are right.
Seen: LOADED_FROM_CACHE is True, and the answers are the other model's. A blob says which plugin and which build wrote it, but not of which
model it is. The GPU does the same, and so does AUTO; where inputs differ AUTO also aborts or hangs.
Releases: 2024.6.0, 2025.4.1, 2026.4.1.
Needs: openvino and numpy.
Exit status: 1 when the difference is seen, 0 when it is not.
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


def save(added: float, path: Path) -> Path:
    """A model that adds that. It is read from its file: the cache knows a model by its names too, which each new one has anew."""
    data = ops.parameter([1, 4], np.float32)
    result = ops.result(ops.add(data, ops.constant(np.full((1, 4), added, np.float32))))
    ov.save_model(ov.Model([result], [data], "add"), path, compress_to_fp16=False)
    return path


def answer(path: Path, folder: Path) -> tuple[float, bool]:
    """What that model answers to zeros, by a Core of its own with that cache; and whether it came from it."""
    core = ov.Core()
    compiled = core.compile_model(core.read_model(path), "CPU", {"CACHE_DIR": str(folder)})
    found = next(iter(compiled({0: np.zeros((1, 4), np.float32)}).values()))
    return float(found.flat[0]), bool(compiled.get_property("LOADED_FROM_CACHE"))


with tempfile.TemporaryDirectory() as name:
    one, two = Path(name) / "one", Path(name) / "two"
    first, second = save(1, Path(name) / "first.xml"), save(2, Path(name) / "second.xml")
    answer(first, one)
    answer(second, two)
    (blob,) = one.glob("*.blob")
    (other,) = two.glob("*.blob")
    blob.write_bytes(other.read_bytes())
    found, is_loaded = answer(first, one)
print(f"openvino {ov.__version__}")
print("expected: 1, compiled anew")
print(f"seen: {found:g}, loaded from the cache: {is_loaded}")
sys.exit(found != 1)
