"""A name that is no device is passed over without a word when another name in AUTO's list is one.

Rule: the device candidate list "lists the devices available for selection" (OpenVINO's documentation, "Automatic Device Selection").
Expected: a name that there is not is refused, as it is where it stands alone (`AUTO:FOO` throws), or AUTO warns.
Seen: `AUTO:FOO,CPU` compiles and is plain CPU; the log has no warning. Likewise `AUTO:GPU.1,CPU` where there is no GPU.1.
Releases: 2024.6.0, 2025.4.1, 2026.4.1.
Needs: openvino and numpy. No GPU.
Exit status: 1 when the difference is seen, 0 when it is not.
"""

import subprocess
import sys

CHILD = """
import sys, numpy as np, openvino as ov
try:
    from openvino import opset13 as ops
except ImportError:  # 2024
    from openvino.runtime import opset13 as ops
data = ops.parameter([1, 8], np.float32)
compiled = ov.Core().compile_model(ov.Model([ops.relu(data)], [data], "relu"), sys.argv[1], {"LOG_LEVEL": "LOG_WARNING"})
print("answers:", *compiled.get_property("EXECUTION_DEVICES"))
"""


def tried(device: str) -> tuple[str, bool]:
    """What a process says that compiles for a device string with warnings on; and whether it refused or warned."""
    child = subprocess.run(
        [sys.executable, "-c", CHILD, device], capture_output=True, text=True, timeout=120, check=False
    )
    said = [line for line in child.stdout.splitlines() if not line.startswith("answers:")]
    if child.returncode:
        return "refused", True
    return child.stdout.strip().replace("\n", " ") or "nothing", bool(said)


alone, _ = tried("AUTO:FOO")
beside, has_spoken = tried("AUTO:FOO,CPU")
print(f"expected: AUTO:FOO,CPU is refused, or AUTO warns (AUTO:FOO alone: {alone})")
print(f"seen: AUTO:FOO,CPU: {beside}, {'with' if has_spoken else 'without'} a warning")
sys.exit(not has_spoken)
