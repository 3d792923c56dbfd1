"""Run by a test in a process of its own: infers each operator on the emulated GPU and on the CPU, prints how far they are apart.

Usage: ``python tests/emulation/operators.py PARTS`` with the parts of the emulated GPU as JSON. One line of JSON an operator.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.modules["openvino_telemetry"] = None

from autogauge.probe.worker.emulation import choose_class, switch_on

choose_class()
switch_on(json.loads(sys.argv[1]))

import numpy as np
import openvino as ov

try:
    from openvino import opset13 as ops
except ImportError:  # 2024
    from openvino.runtime import opset13 as ops

random = np.random.default_rng(106)


def constant(*shape):
    scale = 1 / np.sqrt(np.prod(shape[1:]))
    return ops.constant((random.standard_normal(shape) * scale).astype(np.float32))


def convolution(x, channels, kernel, stride=1, pad=0):
    weights = constant(channels, x.shape[1], kernel, kernel)
    return ops.convolution(x, weights, [stride] * 2, [pad] * 2, [pad] * 2, [1, 1])


def depthwise(x, kernel=3):
    weights = constant(x.shape[1], 1, 1, kernel, kernel)
    return ops.group_convolution(x, weights, [1, 1], [1, 1], [1, 1], [1, 1])


def pool(kind, x, kernel, stride, pad=0):
    if kind == "max":
        return ops.max_pool(x, [stride] * 2, [1, 1], [pad] * 2, [pad] * 2, [kernel] * 2, "ceil")
    return ops.avg_pool(x, [stride] * 2, [pad] * 2, [pad] * 2, [kernel] * 2, True)


OPERATORS = {
    "convolution 1x1": ((1, 16, 14, 14), lambda x: convolution(x, 32, 1)),
    "convolution 3x3": ((1, 16, 14, 14), lambda x: convolution(x, 32, 3, pad=1)),
    "convolution 3x3, stride 2": ((1, 8, 15, 15), lambda x: convolution(x, 24, 3, 2, 1)),
    "convolution 5x5": ((1, 16, 14, 14), lambda x: convolution(x, 48, 5, pad=2)),
    "convolution 7x7, stride 2, odd channels": ((1, 3, 32, 32), lambda x: convolution(x, 20, 7, 2, 3)),
    "convolution 3x3, batch of 4": ((4, 16, 14, 14), lambda x: convolution(x, 32, 3, pad=1)),
    "depthwise convolution": ((1, 24, 14, 14), depthwise),
    "max pooling, ceiling": ((1, 16, 14, 14), lambda x: pool("max", x, 3, 2)),
    "average pooling": ((1, 32, 7, 7), lambda x: pool("average", x, 7, 1)),
    "LRN": ((1, 16, 14, 14), lambda x: ops.lrn(x, ops.constant(np.array([1], np.int64)), 1e-4, 0.75, 1.0, 5)),
    "softmax": ((1, 1000), lambda x: ops.softmax(x, 1)),
    "matrix product": ((4, 64), lambda x: ops.matmul(x, constant(100, 64), False, True)),
    "concat": ((1, 16, 7, 7), lambda x: ops.concat([ops.relu(x), ops.negative(x), ops.abs(x)], 1)),
    "elementwise": ((1, 16, 14, 14), lambda x: ops.add(ops.multiply(ops.sigmoid(x), x), constant(1, 16, 1, 1))),
    "batched softmax": ((8, 10), lambda x: ops.softmax(x, 1)),
}


def main():
    core = ov.Core()
    for name, (shape, build) in OPERATORS.items():
        parameter = ops.parameter(list(shape), np.float32)
        model = ov.Model([ops.result(build(parameter))], [parameter], "operator")
        given = random.standard_normal(shape).astype(np.float32)
        answers = [
            core.compile_model(model, device, {"INFERENCE_PRECISION_HINT": "f32"})([given])[0]
            for device in ("GPU", "CPU")
        ]
        apart = float(np.abs(answers[0] - answers[1]).max())
        print(json.dumps({"operator": name, "apart": apart, "largest": float(np.abs(answers[1]).max())}), flush=True)


if __name__ == "__main__":
    main()
