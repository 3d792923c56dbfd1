"""Properties for "GPU.0" in DEVICE_PROPERTIES are ignored by 2024.6; those for "GPU" are not.

Rule: GPU is another name for GPU.0 ("GPU Device"); properties that are given for one device reach it ("Configuring Individual Devices and
Creating the Auto-Device plugin on Top").
Expected: the GPU is compiled with two streams, and with the hint THROUGHPUT.
Seen: on 2024.6.0 it is compiled with one stream, and with LATENCY, AUTO's own.
Releases: 2024.6.0; not 2025.4.1, 2026.4.1.
Needs: openvino and numpy, and a GPU.
Exit status: 1 when the difference is seen, 0 when it is not, 77 when there is no GPU.
"""

import sys

import numpy as np
import openvino as ov

try:
    from openvino import opset13 as ops
except ImportError:  # 2024
    from openvino.runtime import opset13 as ops

core = ov.Core()
if not any(name.startswith("GPU") for name in core.available_devices):
    print("skipped: there is no GPU")
    sys.exit(77)
data = ops.parameter([1, 8], np.float32)
model = ov.Model([ops.relu(data)], [data], "relu")


def behind(device: str, **properties: str) -> dict:
    """What the GPU behind AUTO was compiled with, with properties for one device alone."""
    alone = {"DEVICE_PROPERTIES": {device: properties}}
    further = {"ENABLE_STARTUP_FALLBACK": False, "ALLOW_AUTO_BATCHING": False}
    compiled = core.compile_model(model, "AUTO:GPU,CPU", {**alone, **further})
    (told,) = compiled.get_property("DEVICE_PROPERTIES").values()
    return told


print(f"openvino {ov.__version__}")
is_seen = False
for name, value in (("NUM_STREAMS", "2"), ("PERFORMANCE_HINT", "THROUGHPUT")):
    seen = str(behind("GPU.0", **{name: value})[name]).split(".")[-1]
    print(f'expected: {name} of the GPU, {value} given for "GPU.0": {value}')
    print(f'seen: {name} of the GPU, {value} given for "GPU.0": {seen}')
    is_seen = is_seen or seen != value
sys.exit(is_seen)
