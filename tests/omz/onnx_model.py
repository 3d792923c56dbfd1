"""A tiny ONNX model, encoded field by field: the numbers are those of ONNX's ``onnx.proto``. One convolution and a ReLU."""

from pathlib import Path

import numpy as np

from tests.omz.protobuf import field, number

SHAPE, OUTPUT_SHAPE = (1, 3, 8, 8), (1, 4, 6, 6)
WEIGHTS = np.random.default_rng(14).normal(size=(4, 3, 3, 3)).astype("<f4")
_FLOAT = 1


def write(path: Path) -> Path:
    """Write the model; its input is called ``data``, its output ``prob``."""
    weights = b"".join(number(1, length) for length in WEIGHTS.shape) + number(2, _FLOAT)
    weights += field(8, b"weights") + field(9, WEIGHTS.tobytes())
    graph = field(1, _node("Conv", [b"data", b"weights"], b"conv")) + field(1, _node("Relu", [b"conv"], b"prob"))
    graph += field(2, b"tiny") + field(5, weights)
    graph += field(11, _value(b"data", SHAPE)) + field(12, _value(b"prob", OUTPUT_SHAPE))
    path.write_bytes(number(1, 8) + field(7, graph) + field(8, number(2, 13)))
    return path


def _node(kind: str, inputs: list[bytes], output: bytes) -> bytes:
    return b"".join(field(1, each) for each in inputs) + field(2, output) + field(4, kind.encode())


def _value(name: bytes, shape: tuple[int, ...]) -> bytes:
    dimensions = b"".join(field(1, number(1, length)) for length in shape)
    return field(1, name) + field(2, field(1, number(1, _FLOAT) + field(2, dimensions)))
