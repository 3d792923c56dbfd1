"""Builds EfficientNet-Lite0 with OpenVINO's opset API from its learned weights, and saves it as IR.

The architecture: Tan & Le, "EfficientNet" (ICML 2019), table 1, in the Lite variant (no squeeze-and-excitation, ReLU6).
Run in a process of its own by ``isolated`` (FOLDER PRECISION WEIGHTS); where the weights come from and
where the model goes is left to ``source``.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # importing openvino would send telemetry

import numpy as np
import openvino as ov

try:
    from openvino import opset13 as ops
except ImportError:  # before 2025.0
    from openvino.runtime import opset13 as ops

from autogauge.models.trained import pth

NAME = "efficientnet-lite0"
INPUT_NAME = "data"
INPUT_SHAPE = (1, 3, 224, 224)
BATCH_NORM_EPSILON = 1e-3
MEAN, DEVIATION = 127.0, 128.0
"""Of pictures with values 0–255: what TensorFlow's EfficientNet-Lite, where the weights come from, was trained with."""

# (repeats, kernel, stride of the first, expansion, output channels)
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


def efficientnet_lite0(weights: dict[str, pth.Array]) -> ov.Model:
    """The graph with its weights: ``(1, 3, 224, 224)`` to ``(1, 1000)`` probabilities.

    It takes what GoogLeNet-v1 takes: pictures in BGR with values 0–255.
    """
    parameter = ops.parameter(list(INPUT_SHAPE), np.float32, name=INPUT_NAME)
    parameter.output(0).set_names({INPUT_NAME})
    net = _Net(weights)
    last = net.convolution(_normalized(parameter.output(0)), "_conv_stem", "_bn0", stride=2)
    last = ops.clamp(last, 0.0, 6.0).output(0)
    block = 0
    for repeats, kernel, first_stride, expansion, channels in _STAGES:
        for repeat in range(repeats):
            stride = first_stride if repeat == 0 else 1
            last = net.block(last, f"_blocks.{block}", kernel, stride, expansion, channels)
            block += 1
    last = ops.clamp(net.convolution(last, "_conv_head", "_bn1"), 0.0, 6.0).output(0)
    pooled = ops.reduce_mean(last, ops.constant(np.array([2, 3], np.int64)), False)
    product = ops.matmul(pooled, ops.constant(weights["_fc.weight"]), False, True)
    answer = ops.softmax(ops.add(product, ops.constant(weights["_fc.bias"].reshape(1, -1))), 1)
    answer.output(0).set_names({"prob"})
    return ov.Model([ops.result(answer)], [parameter], NAME)


def _normalized(picture: ov.Output) -> ov.Output:
    """From BGR with values 0–255 to RGB as the weights were trained on."""
    rgb = ops.gather(picture, ops.constant(np.array([2, 1, 0], np.int64)), ops.constant(np.int64(1)))
    centred = ops.subtract(rgb, ops.constant(np.float32(MEAN)))
    return ops.divide(centred, ops.constant(np.float32(DEVIATION))).output(0)


class _Net:
    """Adds layers by the names that they have in the file of weights."""

    def __init__(self, weights: dict[str, pth.Array]) -> None:
        self.weights = weights

    def convolution(
        self, source: ov.Output, name: str, norm: str, *, stride: int = 1, depthwise: bool = False
    ) -> ov.Output:
        """A convolution with TensorFlow's SAME padding; its batch normalization is folded into weights and biases."""
        filters = self.weights[f"{name}.weight"].astype(np.float64)
        scale = self.weights[f"{norm}.weight"] / np.sqrt(self.weights[f"{norm}.running_var"] + BATCH_NORM_EPSILON)
        biases = self.weights[f"{norm}.bias"] - self.weights[f"{norm}.running_mean"] * scale
        folded = (filters * scale.reshape(-1, 1, 1, 1)).astype(np.float32)
        strides, zeros, ones = [stride, stride], [0, 0], [1, 1]
        if depthwise:
            grouped = ops.constant(folded[:, None])  # (groups, 1, 1, kernel, kernel)
            node = ops.group_convolution(source, grouped, strides, zeros, zeros, ones, "same_upper")
        else:
            node = ops.convolution(source, ops.constant(folded), strides, zeros, zeros, ones, "same_upper")
        return ops.add(node, ops.constant(biases.astype(np.float32).reshape(1, -1, 1, 1))).output(0)

    def block(self, source: ov.Output, name: str, kernel: int, stride: int, expansion: int, channels: int) -> ov.Output:
        """An inverted residual: expand, filter each channel, project; the input is added where it has the output's shape."""
        inner = source
        if expansion != 1:
            inner = self.convolution(inner, f"{name}._expand_conv", f"{name}._bn0")
            inner = ops.clamp(inner, 0.0, 6.0).output(0)
        assert self.weights[f"{name}._depthwise_conv.weight"].shape[-1] == kernel
        inner = self.convolution(inner, f"{name}._depthwise_conv", f"{name}._bn1", stride=stride, depthwise=True)
        inner = ops.clamp(inner, 0.0, 6.0).output(0)
        projected = self.convolution(inner, f"{name}._project_conv", f"{name}._bn2")
        if stride == 1 and source.get_partial_shape()[1].get_length() == channels:
            return ops.add(projected, source).output(0)
        return projected


if __name__ == "__main__":
    folder, precision, path = sys.argv[1:]
    model = efficientnet_lite0(pth.read(Path(path)))
    ov.save_model(model, Path(folder) / f"{NAME}.xml", compress_to_fp16=precision == "FP16")
