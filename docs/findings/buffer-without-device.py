"""A model from a buffer cannot be compiled without a device name: its weights are taken for the name.

Rule: "If not specified, AUTO will be used as default" (OpenVINO's documentation, "Automatic Device Selection"); `weights` of
`Core.compile_model` are the "weights of model in memory" (its docstring), and `device_name` may be left out.
Expected: `core.compile_model(model=text, weights=weights)` compiles for AUTO, as `core.compile_model(model=text, device_name="AUTO",
weights=weights)` does.
Seen: it throws: no device has the weights' name; or the weights are no UTF-8.
Releases: 2024.6.0, 2025.4.1, 2026.4.1.
Needs: openvino and numpy. No GPU.
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

core = ov.Core()
data = ops.parameter([1, 4], np.float32)
model = ov.Model([ops.result(ops.add(data, ops.constant(np.full((1, 4), 1, np.float32))))], [data], "add")
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "model.xml"
    ov.save_model(model, str(path), compress_to_fp16=False)
    text, weights = path.read_text(encoding="utf-8"), path.with_suffix(".bin").read_bytes()


def compiled(**named: str) -> str:
    """The device that answers, or the end of what OpenVINO says."""
    try:
        return " ".join(core.compile_model(model=text, weights=weights, **named).get_property("EXECUTION_DEVICES"))
    except Exception as error:
        return f"{type(error).__name__}: {str(error).strip().splitlines()[-1]!a}"


named, unnamed = compiled(device_name="AUTO"), compiled()
print(f"expected: without a device name it compiles for {named}, as with AUTO")
print(f"seen: {unnamed}")
sys.exit(unnamed != named)
