"""Writes small models of the kinds that real ones are of: ``python -m tests.small_models FOLDER``.

In a process of its own, since loading openvino is slow, and collecting tests shall be quick.
"""

import sys

import numpy as np

sys.modules["openvino_telemetry"] = None  # importing openvino would send telemetry

import openvino as ov
from openvino import opset13 as ops

WHOLE, REAL = np.int64, np.float32


def table(rows):
    return ops.constant(np.random.default_rng(rows).random((rows, 4), REAL))


def parameter(name, shape, kind=WHOLE):
    made = ops.parameter(ov.PartialShape(shape), kind, name=name)
    made.output(0).set_names({name})
    return made


def constant(value):
    return ops.constant(np.array(value, WHOLE))


def gather(rows, indices):
    return ops.gather(table(rows), indices, constant(0))


def mean(node, axes):
    return ops.reduce_mean(node, constant(axes), keep_dims=False)


def times(node, mask):
    return ops.multiply(node, ops.unsqueeze(ops.convert(mask, "f32"), constant(2)))


def text():
    ids, mask, types, positions = (
        parameter(name, [2, 16]) for name in ("input_ids", "attention_mask", "token_type_ids", "position_ids")
    )
    words = ops.add(gather(50, ops.convert(ids, "i32")), gather(2, types))
    words = ops.add(words, gather(18, ops.add(positions, constant(2))))
    return [ids, mask, types, positions], [mean(times(words, mask), [1])]


def detector():
    size, image, scale = (
        parameter(name, shape, REAL)
        for name, shape in (("im_shape", [4, 2]), ("image", [4, 3, 32, 48]), ("scale_factor", [4, 2]))
    )
    return [size, image, scale], [ops.add(mean(image, [1, 2, 3]), mean(ops.multiply(size, scale), [1]))]


def mixed():
    bag, offsets = parameter("values", [12], np.int32), parameter("starts", [3], np.int32)
    beams, cache = parameter("beam_idx", [1], np.int32), parameter("cache", [1, 4], REAL)
    sound, lengths = parameter("features", [2, 10, 4], REAL), parameter("lengths", [2])
    return [bag, offsets, beams, cache, sound, lengths], [
        ops.embedding_bag_offsets_sum(table(7), bag, offsets),
        ops.gather(cache, beams, constant(0)),
        ops.reverse_sequence(sound, lengths, WHOLE(0), WHOLE(1)),
    ]


def uses():
    """Every way from an input to a table; the number of rows is told by the input's bound."""
    names = ("from-the-end", "clamped", "masked", "joined", "other", "from-one", "twice")
    made = {name: parameter(name, [1, 6]) for name in names}
    made |= {"float": parameter("float", [1, 6], REAL), "nd": parameter("nd", [6, 2])}
    made |= {"elements": parameter("elements", [2, 3]), "hot": parameter("hot", [3]), "free": parameter("free", [3])}
    end = made["from-the-end"]
    end = ops.select(ops.less(end, constant(0)), ops.add(end, constant(11)), end)
    mask = ops.convert(ops.relu(made["float"]), "i64")
    outputs = [
        gather(11, end),
        gather(12, ops.clamp(ops.reshape(made["clamped"], constant([6, 1]), special_zero=False), 0, 11)),
        gather(13, ops.multiply(made["masked"], mask)),
        gather(14, ops.concat([made["joined"], made["other"]], 1)),
        gather(15, ops.subtract(made["from-one"], constant(1))),
        ops.add(gather(17, made["twice"]), gather(16, made["twice"])),
        ops.gather_nd(ops.constant(np.ones((8, 9), REAL)), made["nd"], 0),
        ops.gather_elements(ops.constant(np.ones((2, 5), REAL)), made["elements"], 1),
        ops.one_hot(made["hot"], constant(21), ops.constant(REAL(1)), ops.constant(REAL(0)), 0),
        ops.convert(made["free"], "f32"),
    ]
    return list(made.values()), outputs


def looked_up():
    """Indices as they are: what is beyond its table is a mistake for certain, but where another operation comes between."""
    shapes = {
        "plain": [1, 6],
        "real": [1, 6],
        "added": [1, 6],
        "bag": [6],
        "elements": [2, 3],
        "some": [1, 6],
        "wraps": [6],
    }
    made = {name: parameter(name, shape, REAL if name == "real" else WHOLE) for name, shape in shapes.items()}
    cut = ops.slice(made["some"], *(constant([each]) for each in (0, 3, 1, 1)))
    outputs = [
        gather(20, ops.reshape(ops.convert(made["plain"], "i32"), constant([6, 1]), special_zero=False)),
        gather(30, made["plain"]),
        gather(21, ops.convert(made["real"], "i64")),
        gather(22, ops.add(made["added"], constant([2]))),
        ops.embedding_bag_packed_sum(table(23), ops.reshape(made["bag"], constant([2, 3]), special_zero=False)),
        ops.gather_elements(ops.constant(np.ones((2, 5), REAL)), made["elements"], 1),
        gather(24, cut),
        gather(25, ops.convert(made["wraps"], "u8")),
    ]
    return list(made.values()), outputs


def demanding():
    """The target is to have as many elements as there are."""
    x, target = parameter("x", [1, 8], REAL), parameter("target", [2])
    return [x, target], [ops.reshape(x, target, special_zero=False)]


def dynamic_image():
    """Of any size by its input, of one size by what is behind it."""
    x = parameter("x", [-1, 3, -1, -1], REAL)
    made = ops.convolution(x, ops.constant(np.ones((2, 3, 9, 9), REAL)), [4, 4], [0, 0], [0, 0], [1, 1])
    return [x], [ops.reshape(made, constant([-1, 2 * 54 * 54]), special_zero=False)]


def dynamic_text():
    ids, mask = parameter("ids", [-1, -1]), parameter("mask", [-1, -1])
    return [ids, mask], [times(gather(1000, ids), mask)]


def stubborn():
    x = parameter("x", [-1, -1], REAL)
    return [x], [ops.reshape(x, constant([31, 37]), special_zero=False)]


MODELS = (text, detector, mixed, uses, looked_up, demanding, dynamic_image, dynamic_text, stubborn)

if __name__ == "__main__":
    for model in MODELS:
        inputs, outputs = model()
        name = model.__name__.replace("_", "-")
        ov.save_model(ov.Model(outputs, inputs, name), f"{sys.argv[1]}/{name}.xml", compress_to_fp16=False)
