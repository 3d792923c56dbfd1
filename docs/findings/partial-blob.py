"""A blob that could not be written whole stays in the cache folder.

Rule: none is written down. A full disk is to cost the caching and nothing else, and no file that is of no use is to be left there.
Expected: where a write fails, no blob is left in CACHE_DIR.
Seen: the part that could be written stays under the blob's name. The next start finds it, and compiles anew; where AUTO only looks whether
a blob is there (useless-blob-no-helper) that start goes without the CPU's help.
Releases: 2024.6.0, 2025.4.1. 2026.4.1 leaves none.
Needs: openvino and numpy, and a system with limits on the length of files. The limit stands for a full disk.
Exit status: 1 when the difference is seen, 0 when it is not.
"""

import resource
import sys
import tempfile
from pathlib import Path

import numpy as np
import openvino as ov

try:
    from openvino import opset13 as ops
except ImportError:  # 2024
    from openvino.runtime import opset13 as ops

LIMIT = 1500
data = ops.parameter([1, 64], np.float32)
model = ov.Model([ops.result(ops.add(data, ops.constant(np.ones((1, 64), np.float32))))], [data], "add")
print(f"openvino {ov.__version__}", flush=True)
with tempfile.TemporaryDirectory() as folder:
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, unlimited[1]))
    try:
        compiled = ov.Core().compile_model(model, "CPU", {"CACHE_DIR": folder})
        right = float(next(iter(compiled({0: np.zeros((1, 64), np.float32)}).values())).flat[0]) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    left = [each.stat().st_size for each in Path(folder).glob("*.blob")]
print("expected: right answers, and no blob")
print(f"seen: {'right' if right else 'wrong'} answers, and blobs of", left or "no", "bytes")
sys.exit(bool(left) or not right)
