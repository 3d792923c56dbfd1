"""Small models of the kinds that trip a comparison: with state, random, with outputs of every sort. Needs openvino in this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

WIDE = 64


def _save(folder: Path, name: str, outputs: list[Any], inputs: list[Any], sinks: Any = (), variables: Any = ()) -> Path:
    import openvino

    path = folder / f"{name}.xml"
    model = openvino.Model(outputs, list(sinks), inputs, list(variables), name)
    openvino.save_model(model, path, compress_to_fp16=False)
    return path


def _variable(shape: list[int]) -> Any:
    import openvino
    from openvino.op.util import Variable, VariableInfo

    info = VariableInfo()
    info.data_shape, info.data_type, info.variable_id = openvino.PartialShape(shape), openvino.Type.f32, "kept"
    return Variable(info)


def accumulator(folder: Path) -> Path:
    """Answers with the sum of all inputs so far: 1, 2, 3 … for ones."""
    from openvino import opset13 as ops

    x = ops.parameter([1, 4], np.float32, name="x")
    kept = _variable([1, 4])
    total = ops.add(x, ops.read_value(ops.constant(np.zeros((1, 4), np.float32)), kept))
    return _save(folder, "accumulator", [ops.result(total)], [x], [ops.assign(total, kept)], [kept])


def growing(folder: Path) -> Path:
    """Attends to all inputs so far, as a decoder with a key-value cache: its state grows by a row with every inference."""
    from openvino import opset13 as ops

    x = ops.parameter([1, 1, WIDE], np.float32, name="x")
    kept = _variable([1, -1, WIDE])
    empty = ops.broadcast(ops.constant(np.float32(0)), ops.constant(np.array([1, 0, WIDE], np.int64)))
    keys = ops.concat([ops.read_value(empty, kept), x], 1)
    seen = ops.matmul(ops.softmax(ops.matmul(x, keys, False, True), -1), keys, False, False)
    return _save(folder, "growing", [ops.result(seen)], [x], [ops.assign(keys, kept)], [kept])


def in_a_body(folder: Path, what: str) -> Path:
    """``state`` or ``random``: the accumulator, or noise, in the body of an If that is always taken."""
    import openvino
    from openvino import opset13 as ops

    taken = ops.parameter([1], np.bool_, name="taken")
    x, then, otherwise = (ops.parameter([1, 4], np.float32, name=name) for name in ("x", "then", "otherwise"))
    if what == "state":
        kept = _variable([1, 4])
        total = ops.add(then, ops.read_value(ops.constant(np.zeros((1, 4), np.float32)), kept))
        body = openvino.Model([ops.result(total)], [ops.assign(total, kept)], [then], [kept], "then")
    else:
        body = openvino.Model([ops.result(ops.add(then, _noise(ops)))], [then], "then")
    choice = ops.if_op(taken)
    choice.set_then_body(body)
    choice.set_else_body(openvino.Model([ops.result(ops.relu(otherwise))], [otherwise], "otherwise"))
    choice.set_input(x.output(0), then, otherwise)
    output = choice.set_output(body.results[0], choice.get_else_body().results[0])
    return _save(folder, f"{what}-in-a-body", [ops.result(output)], [taken, x])


def _noise(ops: Any) -> Any:
    shape = ops.constant(np.array([1, 4], np.int64))
    return ops.random_uniform(shape, ops.constant(np.float32(0)), ops.constant(np.float32(1)), "f32", 0, 0)


def every_sort(folder: Path) -> Path:
    """An output of every sort, of four inputs between 0 and 1.

    Random; some no numbers; infinite; to 4e6; truth values; whole numbers; an input handed through; of a length that depends on the
    values; without an element; always the same.
    """
    from openvino import opset13 as ops

    x = ops.parameter([1, 4], np.float32, name="x")
    hundredfold = ops.multiply(x, ops.constant(np.float32(100)))
    weights = np.random.default_rng(1).normal(size=(4, 500)).astype(np.float32) * np.float32(1e6)
    outputs = [
        ops.add(x, _noise(ops)),
        ops.sqrt(ops.subtract(x, ops.constant(np.float32(0.5)))),
        ops.divide(ops.constant(np.float32(1)), ops.floor(x)),
        ops.matmul(x, ops.constant(weights), False, False),
        ops.greater(x, ops.constant(np.float32(0.5))),
        ops.convert(hundredfold, "i64"),
        x,
        ops.non_zero(ops.floor(ops.multiply(x, ops.constant(np.float32(2))))),
        ops.strided_slice(
            hundredfold, *(ops.constant(np.array(each, np.int64)) for each in ([0, 0], [1, 0], [1, 1])), [0, 0], [0, 0]
        ),
        ops.constant(np.ones((2, 2), np.float32)),
    ]
    return _save(folder, "every-sort", [ops.result(each) for each in outputs], [x])
