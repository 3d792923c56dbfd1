"""The smallest models that AUTO's contract is asserted with, as OpenVINO IR. Made without openvino, the same bytes on every machine.

Their weights are multiples of 1/64, and exact in half precision too, so that a right answer needs no tolerance where a device computes in
single precision. How a graph is written is left to ``ir``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt

from autogauge.cache import Cache
from autogauge.files import write_bytes
from autogauge.models.ir import ANY, Graph, Port, Shape

WIDTH = 16
IMAGE: Shape = (1, 3, 8, 8)
_VARIABLE = "kept"
_NUMPY = {"auto_broadcast": "numpy"}


def _relu() -> Graph:
    """One ReLU, ``(1, 16)``."""
    return _relu_of("relu", (1, WIDTH))


def _dynamic() -> Graph:
    """One ReLU, ``(any, 16)``."""
    return _relu_of("dynamic", (ANY, WIDTH))


def _relu_of(name: str, shape: Shape) -> Graph:
    graph = Graph(name)
    x = graph.parameter("x", shape)
    graph.result(graph.add("ReLU", (x,), ("f32", shape)), "y")
    return graph


def _conv() -> Graph:
    """One 3×3 convolution, ``(1, 3, 8, 8)`` to ``(1, 4, 8, 8)``, all in single precision."""
    graph = Graph("conv")
    x = graph.parameter("x", IMAGE)
    graph.result(_convolved(graph, x, graph.constant(weights(4, 3))), "y")
    return graph


def _conv_f16() -> Graph:
    """The same convolution with its weights stored in half precision and widened when it is loaded, as ``compress_to_fp16`` stores them."""
    graph = Graph("conv-f16")
    x = graph.parameter("x", IMAGE)
    stored = graph.constant(weights(4, 3).astype(np.float16))
    told = ElementTree.Element("rt_info")
    ElementTree.SubElement(told, "attribute", {"name": "decompression", "version": "0"})
    wide = graph.add("Convert", (stored,), ("f32", stored.shape), {"destination_type": "f32"}, extra=(told,))
    graph.result(_convolved(graph, x, wide), "y")
    return graph


def _conv_f16_plain() -> Graph:
    """The same convolution computed in half precision; input and output are in single precision. AUTO takes it for an FP16 model."""
    graph = Graph("conv-f16-plain")
    x = graph.parameter("x", IMAGE)
    narrow = graph.add("Convert", (x,), ("f16", x.shape), {"destination_type": "f16"})
    y = _convolved(graph, narrow, graph.constant(weights(4, 3).astype(np.float16)))
    graph.result(graph.add("Convert", (y,), ("f32", y.shape), {"destination_type": "f32"}), "y")
    return graph


def _int8() -> Graph:
    """A convolution whose input and weights are quantized (FakeQuantize): input steps of 1/16 from 0 to 255/16, weight steps of 1/64."""
    graph = Graph("int8")
    x = graph.parameter("x", IMAGE)
    data = _quantized(graph, x, 0, 255 / 16, 256)
    filters = _quantized(graph, graph.constant(weights(4, 3)), -127 / 64, 127 / 64, 255)
    graph.result(_convolved(graph, data, filters), "y")
    return graph


def _int8_smallest() -> Graph:
    """One FakeQuantize, ``(1, 16)``, steps of 1/16 from 0 to 255/16: the smallest model that AUTO takes for INT8."""
    graph = Graph("int8-smallest")
    graph.result(_quantized(graph, graph.parameter("x", (1, WIDTH)), 0, 255 / 16, 256), "y")
    return graph


def _accumulator() -> Graph:
    """Answers with the sum of all its inputs so far, ``(1, 16)``: 1, 2, 3 … for ones."""
    graph = Graph("accumulator")
    graph.result(_accumulated(graph, graph.parameter("x", (1, WIDTH)))[0], "y")
    return graph


def _accumulator_in_a_body() -> Graph:
    """The accumulator in the body of an ``If`` that is taken where the input ``taken`` is true, as a model's converter writes a branch."""
    graph = Graph("accumulator-in-a-body")
    shape = (1, WIDTH)
    taken = graph.parameter("taken", (1,), "boolean")
    x = graph.parameter("x", shape)
    then, otherwise = Graph("then", graph.constants), Graph("otherwise", graph.constants)
    inside = then.parameter("then", shape)
    then_result = then.result(_accumulated(then, inside)[0], "total")
    passed = otherwise.parameter("otherwise", shape)
    otherwise_result = otherwise.result(otherwise.add("ReLU", (passed,), ("f32", shape)), "same")
    maps = [
        _port_map("else_port_map", passed.layer, otherwise_result),
        _port_map("then_port_map", inside.layer, then_result),
    ]
    bodies = [then.element("then_body"), otherwise.element("else_body")]
    graph.result(graph.add("If", (taken, x), ("f32", shape), opset="opset8", extra=(*maps, *bodies)), "y")
    return graph


def _port_map(tag: str, parameter: int, result: int) -> ElementTree.Element:
    """Which layers of a body stand for input 1 and output 2 of the ``If``."""
    mapped = ElementTree.Element(tag)
    for what, outside, inside in (("input", 1, parameter), ("output", 2, result)):
        ends = {"external_port_id": str(outside), "internal_layer_id": str(inside)}
        ElementTree.SubElement(mapped, what, ends)
    return mapped


def _accumulated(graph: Graph, x: Port) -> tuple[Port, Port]:
    told = {"variable_id": _VARIABLE, "variable_type": "f32", "variable_shape": ",".join(map(str, x.shape))}
    nothing = graph.constant(np.zeros(x.shape, np.float32))
    kept = graph.add("ReadValue", (nothing,), ("f32", x.shape), told, opset="opset6")
    total = graph.add("Add", (x, kept), ("f32", x.shape), _NUMPY)
    return total, graph.add("Assign", (total,), ("f32", x.shape), {"variable_id": _VARIABLE}, opset="opset6")


def _dynamic_conv() -> Graph:
    """The convolution for any number of images of any size, ``(any, 3, any, any)``."""
    graph = Graph("dynamic-conv")
    x = graph.parameter("x", (ANY, 3, ANY, ANY))
    graph.result(_convolved(graph, x, graph.constant(weights(4, 3))), "y")
    return graph


def _several() -> Graph:
    """Two inputs ``a`` and ``b``, two outputs: their sum, and the larger of each pair. All ``(1, 16)``."""
    graph = Graph("several")
    shape = (1, WIDTH)
    pair = graph.parameter("a", shape), graph.parameter("b", shape)
    for operation, name in (("Add", "sum"), ("Maximum", "larger")):
        graph.result(graph.add(operation, pair, ("f32", shape), _NUMPY), name)
    return graph


def _chain() -> Graph:
    """Four convolutions of different shapes, ``(1, 3, 8, 8)`` to ``(1, 4, 8, 8)``: a slow compiler is at work on it for seconds."""
    graph = Graph("chain")
    last = graph.parameter("x", IMAGE)
    for channels, kernel in ((8, 3), (16, 1), (8, 5), (4, 3)):
        filters = graph.constant(weights(channels, last.shape[1], kernel) / np.float32(2))
        last = _convolved(graph, last, filters)
        last = graph.add("ReLU", (last,), ("f32", last.shape))
    graph.result(last, "y")
    return graph


def _convolved(graph: Graph, x: Port, filters: Port) -> Port:
    """A convolution whose output is as high and wide as its input."""
    pad = filters.shape[2] // 2
    pads = f"{pad}, {pad}"
    told = {
        "strides": "1, 1",
        "dilations": "1, 1",
        "pads_begin": pads,
        "pads_end": pads,
        "auto_pad": "explicit",
    }
    return graph.add("Convolution", (x, filters), (x.kind, (x.shape[0], filters.shape[0], *x.shape[2:])), told)


def _quantized(graph: Graph, x: Port, low: float, high: float, levels: int) -> Port:
    shape = (1,) * len(x.shape)
    bounds = [graph.constant(np.full(shape, bound, np.float32)) for bound in (low, high, low, high)]
    return graph.add("FakeQuantize", (x, *bounds), ("f32", x.shape), {"levels": levels, **_NUMPY})


def weights(channels: int, from_channels: int, kernel: int = 3) -> npt.NDArray[np.float32]:
    """Weights of a convolution, ``(channels, from_channels, kernel, kernel)``: multiples of 1/64 from -30/64 to 30/64, all mixed."""
    count = channels * from_channels * kernel * kernel
    mixed = (np.arange(count, dtype=np.int64) * 37 + 11) % 61 - 30
    return (mixed.reshape(channels, from_channels, kernel, kernel) / 64).astype(np.float32)


_MODELS: dict[str, Callable[[], Graph]] = {
    "relu": _relu,
    "conv": _conv,
    "conv-f16": _conv_f16,
    "conv-f16-plain": _conv_f16_plain,
    "int8": _int8,
    "int8-smallest": _int8_smallest,
    "accumulator": _accumulator,
    "accumulator-in-a-body": _accumulator_in_a_body,
    "dynamic": _dynamic,
    "dynamic-conv": _dynamic_conv,
    "several": _several,
    "chain": _chain,
}
NAMES = tuple(_MODELS)


def written() -> dict[str, bytes]:
    """All files by name, ``NAME.xml`` and ``NAME.bin``."""
    files: dict[str, bytes] = {}
    for name, model in _MODELS.items():
        graph = model()
        files |= {f"{name}.xml": graph.to_xml(), f"{name}.bin": graph.constants.to_bytes()}
    return files


def digest_of(files: dict[str, bytes]) -> str:
    """SHA-256 over names and contents, hexadecimal."""
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def folder(cache: Cache) -> Path:
    """The folder with all of them, from the cache or newly written into it.

    Raises :class:`UserError` when the cache is not to be trusted or cannot be written.
    """
    files = written()

    def build(staging: Path) -> dict[str, Any]:
        for name, content in files.items():
            write_bytes(staging / name, content)
        return {"name": "tiny", "kind": "models", "source": "embedded"}

    return cache.entry(f"tiny-models-{digest_of(files)[:12]}", build)


def paths(cache: Cache) -> dict[str, Path]:
    """Each model's ``.xml`` by its name. Raises as :func:`folder` does."""
    found = folder(cache)
    return {name: found / f"{name}.xml" for name in NAMES}
