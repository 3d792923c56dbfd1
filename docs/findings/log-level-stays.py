"""A log level that one model is compiled with holds for every later model of the process.

Rule: properties that are given to compile_model are for that compiled model; AUTO's own are set by set_property (OpenVINO's
documentation, "Query Device Properties - Configuration", "compile_model()").
Expected: a model that is compiled for AUTO with LOG_LEVEL=LOG_INFO is logged, the next one, without it, is not.
Seen: the next one is logged too, and models of another Core as well, though AUTO's LOG_LEVEL, when asked, is still none. With
LOG_INFO each inference keeps memory (log-info-memory.py).
Releases: 2024.6.0, 2025.4.1, 2026.4.1.
Needs: openvino and numpy. No GPU. AUTO's log is caught from file descriptor 1.
Exit status: 1 when the difference is seen, 0 when it is not.
"""

import os
import sys
import tempfile

import numpy as np
import openvino as ov

try:
    from openvino import opset13 as ops
except ImportError:  # 2024
    from openvino.runtime import opset13 as ops


data = ops.parameter([1, 8], np.float32)
model = ov.Model([ops.relu(data)], [data], "relu")


def lines_of_log(core: ov.Core, **properties: str) -> int:
    """How many lines AUTO logs while it compiles."""
    sys.stdout.flush()
    with tempfile.TemporaryFile() as log:
        own = os.dup(1)
        os.dup2(log.fileno(), 1)
        try:
            core.compile_model(model, "AUTO:CPU", properties)
        finally:
            os.dup2(own, 1)
            os.close(own)
        log.seek(0)
        return len(log.read().splitlines())


core = ov.Core()
before, with_it = lines_of_log(core), lines_of_log(core, LOG_LEVEL="LOG_INFO")
after, elsewhere = lines_of_log(core), lines_of_log(ov.Core())
print(f"openvino {ov.__version__}: {with_it} lines for the model with LOG_INFO, {before} for one before it")
print(f"expected: {before} lines for the next model, and for one of another Core")
print(
    f"seen: {after} for the next model, {elsewhere} for one of another Core; AUTO says {core.get_property('AUTO', 'LOG_LEVEL')}"
)
sys.exit(after > before or elsewhere > before)
