"""AUTO's log says that the CPU helper made infinitely many frames a second.

Rule: AUTO's log is for debugging ("Debugging Auto-Device Plugin"); a figure in it that cannot be is an obvious fault.
Expected: "CPU_HELP:fps:" has a finite number.
Seen: "CPU_HELP:fps:inf", whenever the helper is let go of at the hand-over: the time is never filled in on that way.
Releases: 2024.6.0, 2025.4.1, 2026.4.1.
Needs: openvino and numpy, and a GPU. AUTO's log is caught from file descriptor 1.
Exit status: 1 when the difference is seen, 0 when it is not, 77 when there is no GPU or no helper ended at a hand-over.
"""

import math
import os
import re
import sys
import tempfile
import time

import numpy as np
import openvino as ov

try:
    from openvino import opset13 as ops
except ImportError:  # 2024
    from openvino.runtime import opset13 as ops


COMPILES, DEADLINE_S = 5, 60

core = ov.Core()
if not any(name.startswith("GPU") for name in core.available_devices):
    print("skipped: there is no GPU")
    sys.exit(77)
data = ops.parameter([1, 8], np.float32)
model = ov.Model([ops.relu(data)], [data], "relu")
core.set_property("AUTO", {"LOG_LEVEL": "LOG_INFO"})


def log_of_a_hand_over() -> str:
    """AUTO's log from a compile to the end of the model, with inferences before and after the hand-over."""
    sys.stdout.flush()
    with tempfile.TemporaryFile() as log:
        own = os.dup(1)
        os.dup2(log.fileno(), 1)
        try:
            compiled = core.compile_model(model, "AUTO:GPU,CPU")
            deadline = time.monotonic() + DEADLINE_S
            while compiled.get_property("EXECUTION_DEVICES") == ["(CPU)"] and time.monotonic() < deadline:
                compiled(np.ones((1, 8), np.float32))
            compiled(np.ones((1, 8), np.float32))
            del compiled
        finally:
            os.dup2(own, 1)
            os.close(own)
        log.seek(0)
        return log.read().decode(errors="replace")


told = [each for _ in range(COMPILES) for each in re.findall(r"CPU_HELP:fps:(\S+)", log_of_a_hand_over())]
print(f"openvino {ov.__version__}")
if not told:
    print("skipped: no helper told its fps")
    sys.exit(77)
print(f"expected: a finite number in each of {len(told)} lines")
print("seen:", ", ".join(told))
sys.exit(any(not math.isfinite(float(each)) for each in told))
