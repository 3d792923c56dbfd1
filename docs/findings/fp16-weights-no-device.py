"""A model with FP16 convolution weights: AUTO finds no device, though every device compiles it.

Rule: the CPU is a candidate for FP32, FP16, INT8 and BIN models; "you can use the FP16 IR to work with auto-device" (OpenVINO's
documentation, "Automatic Device Selection", table of priorities, and the notes at its end).
Expected: AUTO uses the CPU, which compiles and infers the model.
Seen: "Cannot select any device", wherever no device lists FP16 among its OPTIMIZATION_CAPABILITIES and AUTO has two candidates or
more. A CPU lists it only if it computes in FP16 itself (AVX512-FP16). From a file's path the same model compiles: AUTO does not look then.
Releases: 2024.6.0, 2025.4.1, 2026.4.1.
Needs: openvino and numpy. No GPU: a second CPU named XCPU stands for it, and a CPU with AVX512-FP16 is kept from using it.
Exit status: 1 when the difference is seen, 0 when it is not, 77 when a device lists FP16 all the same.
"""

import os
import sys

os.environ["ONEDNN_MAX_CPU_ISA"] = "AVX512_CORE"  # no FP16 of the CPU's own; nothing changes on a CPU without AVX-512

import numpy as np
import openvino as ov

try:
    from openvino import opset13 as ops
except ImportError:  # 2024
    from openvino.runtime import opset13 as ops

core = ov.Core()
core.register_plugin("openvino_intel_cpu_plugin", "XCPU")
if "FP16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
    print("skipped: this CPU lists FP16")
    sys.exit(77)
data = ops.parameter([1, 3, 8, 8], np.float32)
weights = ops.constant(np.ones((4, 3, 3, 3), np.float16))
halved = ops.convolution(ops.convert(data, "f16"), weights, [1, 1], [0, 0], [0, 0], [1, 1])
model = ov.Model([ops.result(ops.convert(halved, "f32"))], [data], "fp16 weights")

print(f"openvino {ov.__version__}")
print("expected: answered by", *core.compile_model(model, "XCPU").get_property("EXECUTION_DEVICES"))
try:
    seen = core.compile_model(model, "AUTO:XCPU,CPU").get_property("EXECUTION_DEVICES")
except RuntimeError as error:
    print("seen: it throws:", " ".join(str(error).split())[-200:])
    sys.exit(1)
print("seen: answered by", *seen)
sys.exit(0)
