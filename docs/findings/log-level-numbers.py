"""The numbers of OPENVINO_LOG_LEVEL are not those of AUTO's documentation.

Rule: "0 - NO, 1 - ERR, 2 - WARNING, 3 - INFO, 4 - DEBUG, 5 - TRACE ... set via the OPENVINO_LOG_LEVEL environment variable"
(OpenVINO's documentation, "Debugging Auto-Device Plugin").
Expected: 2 gives warnings only; 3 adds lines of information, and none of debugging.
Seen: 2 gives information, 3 gives debugging. Each number says one level more than documented.
Releases: 2024.6.0, 2025.4.1, 2026.4.1.
Needs: openvino and numpy. No GPU.
Exit status: 1 when the difference is seen, 0 when it is not.
"""

import os
import re
import subprocess
import sys

CHILD = """
import numpy as np, openvino as ov
try:
    from openvino import opset13 as ops
except ImportError:  # 2024
    from openvino.runtime import opset13 as ops
data = ops.parameter([1, 8], np.float32)
ov.Core().compile_model(ov.Model([ops.relu(data)], [data], "relu"), "AUTO:CPU")
"""


def letters(number: int) -> str:
    """The first letters of the levels of the log lines that AUTO writes: D is debugging, I information."""
    environment = {**os.environ, "OPENVINO_LOG_LEVEL": str(number)}
    child = subprocess.run(
        [sys.executable, "-c", CHILD], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    return "".join(sorted(set(re.findall(r"^\[[\d:.]+\]([A-Z])", child.stdout + child.stderr, re.MULTILINE))))


seen = {number: letters(number) or "none" for number in range(6)}
print("expected: 3 is the first with I (information), 4 the first with D (debugging)")
print("seen:", "; ".join(f"{number}: {found}" for number, found in seen.items()))
first = {letter: next((number for number, found in seen.items() if letter in found), None) for letter in "ID"}
sys.exit(first != {"I": 3, "D": 4})
