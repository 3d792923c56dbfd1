"""A hint for "GPU" in DEVICE_PROPERTIES is ignored; other properties for "GPU" are not, nor is a hint for "GPU.0".

Rule: GPU is another name for GPU.0 ("GPU Device"); a hint that is given for one device holds for it ("Configuring Individual Devices and
Creating the Auto-Device plugin on Top").
Expected: the GPU is compiled with THROUGHPUT.
Seen: it is compiled with LATENCY, AUTO's own. NUM_STREAMS for the same name reaches it.
Releases: 2025.4.1, 2026.4.1; not 2024.6.0.
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
streams = behind("GPU", NUM_STREAMS="2")["NUM_STREAMS"]
seen = str(behind("GPU", PERFORMANCE_HINT="THROUGHPUT")["PERFORMANCE_HINT"]).split(".")[-1]
print('expected: the hint of the GPU, THROUGHPUT given for "GPU": THROUGHPUT')
print(f'seen: the hint of the GPU, THROUGHPUT given for "GPU": {seen} (two streams given for "GPU": {streams})')
sys.exit(seen != "THROUGHPUT")
