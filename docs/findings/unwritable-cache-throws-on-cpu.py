"""A cache folder that cannot be written makes a compile for the CPU fail.

Rule: none is written down. The cache saves time, and where it cannot, a compile is to take the time that it takes without one.
Expected: with a file in the place of CACHE_DIR's folder (a read-only folder does the same) the CPU compiles.
Seen: compiling throws a "filesystem error".
Releases: 2025.2.0, 2025.4.1. 2024.6.0, 2025.0.0, 2025.1.0 and 2026.4.1 go on without a cache.
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

data = ops.parameter([1, 8], np.float32)
model = ov.Model([ops.relu(data)], [data], "relu")

print(f"openvino {ov.__version__}")
print("expected: the CPU compiles")
with tempfile.TemporaryDirectory() as folder:
    place = Path(folder) / "file"
    place.write_text("no folder")
    try:
        ov.Core().compile_model(model, "CPU", {"CACHE_DIR": str(place)})
        said = ""
    except RuntimeError as error:
        said = str(error).strip().splitlines()[-1]
print(f"seen: {said or 'it compiles'}")
sys.exit(bool(said))
