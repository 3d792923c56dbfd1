"""Builds the embedded models with OpenVINO's opset API and saves them as IR: FP16, FP32, GoogLeNet-v1 also INT8.

Run in a process of its own by ``isolated`` (FOLDER NAME PRECISION), so that whoever asks for a model
needs neither openvino in memory nor trust in it. Where the files go in the cache is left to ``embedded``.
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

from autogauge.models import topology
from autogauge.models.topology import Layer
from autogauge.models.weights import SEED, Float32Array, weights_of

Ranges = dict[str, tuple[float, float]]
"""For each layer to quantize: the lowest and highest value seen at its input."""

QUANTIZATION_LEVELS = 256
WEIGHT_LEVELS = 255  # symmetric: -127 … 127


def googlenet_v1(ranges: Ranges | None = None) -> ov.Model:
    """GoogLeNet-v1 with its weights. With ``ranges``, every convolution and the classifier are quantized (FakeQuantize)."""
    return _classifier("googlenet-v1", topology.INPUT_SHAPE, topology.googlenet_v1(), ranges)


def small_cnn() -> ov.Model:
    """The small CNN with its weights: ``(1, 3, 32, 32)`` to ``(1, 10)``."""
    return _classifier(topology.SMALL_CNN, topology.SMALL_CNN_SHAPE, topology.small_cnn(), None)


def _classifier(name: str, shape: tuple[int, ...], layers: tuple[Layer, ...], ranges: Ranges | None) -> ov.Model:
    """The graph of these layers behind a subtraction of the channels' means; the last layer is the output."""
    parameter = ops.parameter(list(shape), np.float32, name=topology.INPUT_NAME)
    parameter.output(0).set_names({topology.INPUT_NAME})
    means = np.array(topology.CHANNEL_MEANS_BGR, np.float32).reshape(1, 3, 1, 1)
    outputs: dict[str, ov.Output] = {topology.INPUT_NAME: ops.subtract(parameter, ops.constant(means)).output(0)}
    for layer in layers:
        outputs[layer.name] = _add(layer, [outputs[name] for name in layer.inputs], ranges)
    last = outputs[layer.name]
    last.set_names({layer.name})
    return ov.Model([ops.result(last)], [parameter], name)


def _add(layer: Layer, inputs: list[ov.Output], ranges: Ranges | None) -> ov.Output:
    """Add one layer to the graph; returns its output."""
    source = inputs[0]
    pads = [layer.pad, layer.pad]
    strides = [layer.stride, layer.stride]
    kernel = [layer.kernel, layer.kernel]
    if layer.kind == "convolution":
        weights, biases = weights_of(layer, source.get_partial_shape()[1].get_length())
        data, filters = _quantized(layer, source, weights, ranges)
        node = ops.convolution(data, filters, strides, pads, pads, [1, 1])
        node = ops.add(node, ops.constant(biases.reshape(1, -1, 1, 1)))
    elif layer.kind == "relu":
        node = ops.relu(source)
    elif layer.kind == "max_pool":
        node = ops.max_pool(source, strides, [1, 1], pads, pads, kernel, "ceil")
    elif layer.kind == "average_pool":
        node = ops.avg_pool(source, strides, pads, pads, kernel, True)
    elif layer.kind == "lrn":
        node = ops.lrn(
            source,
            ops.constant(np.array([1], np.int64)),
            alpha=topology.LRN_ALPHA,
            beta=topology.LRN_BETA,
            bias=topology.LRN_K,
            size=topology.LRN_SIZE,
        )
    elif layer.kind == "concat":
        node = ops.concat(inputs, 1)
    elif layer.kind == "dropout":
        return source  # nothing is dropped in inference
    elif layer.kind == "inner_product":
        channels = source.get_partial_shape()[1].get_length()
        flat = ops.reshape(source, ops.constant(np.array([-1, channels], np.int64)), False).output(0)
        weights, biases = weights_of(layer, channels)
        data, matrix = _quantized(layer, flat, weights, ranges)
        node = ops.add(ops.matmul(data, matrix, False, True), ops.constant(biases.reshape(1, -1)))
    else:
        node = ops.softmax(source, 1)
    node.set_friendly_name(layer.name)
    return node.output(0)


def _quantized(
    layer: Layer, source: ov.Output, weights: Float32Array, ranges: Ranges | None
) -> tuple[ov.Output, ov.Output]:
    """The layer's input and weights, with FakeQuantize in front of both when ``ranges`` are given."""
    constant = ops.constant(weights).output(0)
    if ranges is None:
        return source, constant
    low, high = (np.full((1,) * len(source.get_partial_shape()), bound, np.float32) for bound in ranges[layer.name])
    data = ops.fake_quantize(source, low, high, low, high, QUANTIZATION_LEVELS)
    largest = np.abs(weights).max(axis=tuple(range(1, weights.ndim)), keepdims=True)
    filters = ops.fake_quantize(constant, -largest, largest, -largest, largest, WEIGHT_LEVELS)
    return data.output(0), filters.output(0)


def calibrate(model: ov.Model, picture: Float32Array) -> Ranges:
    """The range at the input of every layer with weights, seen on one picture (min-max calibration).

    ``picture`` has shape ``(1, 3, 224, 224)``, values 0–255.
    """
    quantizable = [layer for layer in topology.googlenet_v1() if layer.kind in ("convolution", "inner_product")]
    probed = model.clone()
    nodes = {node.get_friendly_name(): node for node in probed.get_ops()}
    feeding: dict[str, str] = {}  # layer → the node at its input; several layers may share one
    for layer in quantizable:
        biased = nodes[layer.name]  # the addition of biases: its first input is the convolution or product
        feeding[layer.name] = biased.input_value(0).get_node().input_value(0).get_node().get_friendly_name()
    sources = sorted(set(feeding.values()))
    compiled = ov.Core().compile_model(
        ov.Model([ops.result(nodes[name].output(0)) for name in sources], probed.get_parameters(), "calibration"),
        "CPU",
        {"INFERENCE_PRECISION_HINT": "f32"},
    )
    values = compiled([picture])
    bounds = {
        name: (min(float(values[index].min()), 0.0), float(values[index].max())) for index, name in enumerate(sources)
    }
    return {layer: bounds[source] for layer, source in feeding.items()}


def calibration_picture() -> Float32Array:
    """A seeded picture of smooth noise, ``(1, 3, 224, 224)``, values 0–255."""
    generator = np.random.default_rng(SEED)
    coarse = generator.uniform(0, 255, (1, 3, 14, 14)).astype(np.float32)
    return np.repeat(np.repeat(coarse, 16, axis=2), 16, axis=3)


def one_convolution() -> ov.Model:
    """One small convolution with a ReLU, ``(1, 3, 8, 8)`` to ``(1, 8, 8, 8)``: next to nothing but the harness's own cost."""
    parameter = ops.parameter([1, 3, 8, 8], np.float32, name=topology.INPUT_NAME)
    parameter.output(0).set_names({topology.INPUT_NAME})
    layer = Layer("convolution", "convolution", (topology.INPUT_NAME,), channels=8, kernel=3, pad=1)
    last = ops.relu(_add(layer, [parameter.output(0)], None)).output(0)
    last.set_names({"relu"})
    return ov.Model([ops.result(last)], [parameter], "one-convolution")


def build(name: str, precision: str) -> ov.Model:
    """The embedded model of that name; INT8 is quantized by FakeQuantize, the other precisions differ only when saved."""
    if name == "one-convolution":
        return one_convolution()
    if name == topology.SMALL_CNN:
        return small_cnn()
    model = googlenet_v1()
    return googlenet_v1(calibrate(model, calibration_picture())) if precision == "INT8" else model


def save(folder: Path, name: str, precision: str) -> None:
    """Write ``NAME.xml`` and ``NAME.bin`` into ``folder``."""
    ov.save_model(build(name, precision), folder / f"{name}.xml", compress_to_fp16=precision == "FP16")


if __name__ == "__main__":
    save(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
