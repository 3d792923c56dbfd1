"""AUTO compiles with a property that nobody knows, and says nothing: a misspelt property is lost.

Rule: none is written; a device of OpenVINO refuses such a property, and so does AUTO's own set_property.
Expected: compile_model(model, "AUTO:CPU", {"NO_SUCH_PROPERTY": "1"}) is an error, as it is for "CPU".
Seen: it compiles. The CPU plugin never sees the property: AUTO hands on what a device supports and drops the rest.
Releases: 2024.6.0, 2025.4.1, 2026.4.1.
Needs: openvino and numpy. No GPU.
Exit status: 1 when the difference is seen, 0 when it is not.
"""

import sys

import numpy as np
import openvino as ov

try:
    from openvino import opset13 as ops
except ImportError:  # 2024
    from openvino.runtime import opset13 as ops

core = ov.Core()
data = ops.parameter([1, 8], np.float32)
model = ov.Model([ops.relu(data)], [data], "relu")


def accepted(how):
    """Whether that raises nothing."""
    try:
        how()
    except RuntimeError:
        return False
    return True


def compiled_for(device):
    """Compiling for that device with the property."""
    return lambda: core.compile_model(model, device, {"NO_SUCH_PROPERTY": "1"})


print(f"openvino {ov.__version__}")
print("expected: nobody takes NO_SUCH_PROPERTY")
by_cpu = accepted(compiled_for("CPU"))
by_auto = accepted(compiled_for("AUTO:CPU"))
by_setting = accepted(
    lambda: core.set_property("AUTO", {"NO_SUCH_PROPERTY": "1"})
)  # the plugin is loaded by now, and is asked
for who, took in (("compiling for CPU", by_cpu), ("set_property of AUTO", by_setting), ("compiling for AUTO", by_auto)):
    print(f"seen: {who}: {'taken' if took else 'refused'}")
sys.exit(by_auto)
