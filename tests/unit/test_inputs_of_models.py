"""What real kinds of models are fed: texts, several inputs, tables, lengths. The models are small, written by OpenVINO itself."""

import re
import subprocess
import sys

import numpy as np
import pytest

from autogauge.errors import UserError
from autogauge.input_files import GivenInputs
from autogauge.inputs import parse_shapes, prepare
from autogauge.models import path
from autogauge.probe.launcher import Launcher
from autogauge.studies.workload import prepare_workload
from tests.support import ROOT

BUILDER = """
import sys
sys.modules["openvino_telemetry"] = None
import numpy as np, openvino as ov
from openvino import opset13 as ops

def table(rows, width=4):
    return ops.constant(np.random.default_rng(rows).random((rows, width), np.float32))

def parameter(name, shape, kind):
    made = ops.parameter(ov.PartialShape(shape), kind, name=name)
    made.output(0).set_names({name})
    return made

def gather(rows, indices):
    return ops.gather(table(rows), indices, ops.constant(np.int64(0)))

def save(name, inputs, *outputs):
    ov.save_model(ov.Model(list(outputs), inputs, name), f"{sys.argv[1]}/{name}.xml", compress_to_fp16=False)

def mean(node, axes):
    return ops.reduce_mean(node, ops.constant(np.array(axes)), keep_dims=False)

ids, mask = parameter("input_ids", [2, 16], np.int64), parameter("attention_mask", [2, 16], np.int64)
types, positions = parameter("token_type_ids", [2, 16], np.int64), parameter("position_ids", [2, 16], np.int64)
words = ops.add(gather(50, ops.convert(ids, "i32")), gather(2, types))
words = ops.add(words, gather(18, ops.add(positions, ops.constant(np.int64(2)))))
counts = ops.unsqueeze(ops.convert(mask, "f32"), ops.constant(np.int64(2)))
save("text", [ids, mask, types, positions], mean(ops.multiply(words, counts), [1]))

image, size = parameter("image", [4, 3, 32, 48], np.float32), parameter("im_shape", [4, 2], np.float32)
scale = parameter("scale_factor", [4, 2], np.float32)
save("detector", [size, image, scale], ops.add(mean(image, [1, 2, 3]), mean(ops.multiply(size, scale), [1])))

bag, offsets = parameter("values", [12], np.int32), parameter("starts", [3], np.int32)
beams, cache = parameter("beam_idx", [1], np.int32), parameter("cache", [1, 4], np.float32)
sound, lengths = parameter("features", [2, 10, 4], np.float32), parameter("lengths", [2], np.int64)
save(
    "mixed",
    [bag, offsets, beams, cache, sound, lengths],
    ops.embedding_bag_offsets_sum(table(7), bag, offsets),
    ops.gather(cache, beams, ops.constant(np.int64(0))),
    ops.reverse_sequence(sound, lengths, np.int64(0), np.int64(1)),
)

x, target = parameter("x", [1, 8], np.float32), parameter("target", [2], np.int64)
save("demanding", [x, target], ops.reshape(x, target, special_zero=False))

x = parameter("x", [-1, 3, -1, -1], np.float32)
kernel = ops.constant(np.ones((2, 3, 9, 9), np.float32))
convolution = ops.convolution(x, kernel, [4, 4], [0, 0], [0, 0], [1, 1])
save("dynamic-image", [x], ops.reshape(convolution, ops.constant(np.array([-1, 2 * 54 * 54])), special_zero=False))

ids, mask = parameter("ids", [-1, -1], np.int64), parameter("mask", [-1, -1], np.int64)
save("dynamic-text", [ids, mask], ops.multiply(gather(1000, ids), ops.unsqueeze(ops.convert(mask, "f32"), ops.constant(np.int64(2)))))

x = parameter("x", [-1, -1], np.float32)
save("stubborn", [x], ops.reshape(x, ops.constant(np.array([31, 37])), special_zero=False))
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder with the models, each named after what is odd about it."""
    folder = tmp_path_factory.mktemp("models")
    subprocess.run([sys.executable, "-c", BUILDER, str(folder)], check=True, cwd=ROOT, timeout=120)
    return folder


@pytest.fixture
def fed(models, tmp_path):
    """``fed(model, file=…)``: the workload, and its inputs by name."""

    def fed(name, *, shapes=None, file=None):
        launcher, given = Launcher(tmp_path / "probes"), GivenInputs(file) if file else None
        model = path.fetch(models / f"{name}.xml")
        workload, inspection = prepare_workload(model, launcher, tmp_path, shapes, given=given)
        inputs = prepare(inspection.ports, None, given)
        return workload, {port.name: array for port, array in zip(inspection.ports, inputs.arrays, strict=True)}, inputs

    return fed


def test_a_text_is_whole_numbers_within_its_tables_and_a_mask_of_ones(fed):
    workload, arrays, inputs = fed("text")
    assert arrays["input_ids"].min() >= 0
    assert 30 < arrays["input_ids"].max() < 50
    assert (arrays["attention_mask"] == 1).all()
    assert (arrays["token_type_ids"] == 0).all()
    assert (arrays["position_ids"] == np.arange(16)).all(), "18 rows, of which two are skipped"
    assert workload.frames == 2
    assert inputs.kinds == (
        *("input_ids: seeded 0–49", "attention_mask: ones", "token_type_ids: zeros"),
        "position_ids: 0–15 in order",
    )


def test_the_picture_goes_to_the_image_and_its_batch_counts(fed):
    workload, arrays, inputs = fed("detector")
    assert inputs.kinds == ("im_shape: the size 32×48", "image: picture", "scale_factor: ones")
    assert workload.frames == 4
    assert arrays["image"].std() > 30
    assert arrays["im_shape"].tolist() == [[32, 48]] * 4


def test_bags_beams_and_lengths_get_what_the_graph_allows(fed):
    _, arrays, _ = fed("mixed")
    assert arrays["values"].max() < 7
    assert arrays["starts"].tolist() == [0, 4, 8]
    assert arrays["beam_idx"].tolist() == [0]
    assert arrays["lengths"].tolist() == [10, 10]


def test_a_model_that_refuses_its_inputs_is_one_early_sentence_and_takes_ones_own(fed, tmp_path):
    with pytest.raises(
        UserError, match=r"refuses what it is fed \(x: seeded; target: seeded 0–99\).*--inputs=FILE\.npz"
    ):
        fed("demanding")
    np.savez(tmp_path / "mine.npz", x=np.ones((1, 8)), target=np.array([2, 4]))
    _, arrays, inputs = fed("demanding", file=tmp_path / "mine.npz")
    assert arrays["x"].dtype == np.float32, "numpy's own real type is narrowed"
    assert arrays["target"].tolist() == [2, 4]
    assert inputs.kinds == ("x: from mine.npz", "target: from mine.npz")
    np.savez(tmp_path / "wrong.npz", x=np.ones((1, 8)), target=np.array([3, 4]))
    with pytest.raises(UserError, match=r"refuses .*check the values in wrong\.npz \(--inputs\)"):
        fed("demanding", file=tmp_path / "wrong.npz")


def example_in(error):
    """The shape that a sentence suggests."""
    return re.search(r"for example --shape '?([^' ]+)", str(error.value))[1]


@pytest.mark.parametrize(
    ("name", "named"), [("dynamic-image", ["'x'"]), ("dynamic-text", ["'ids' [?,?]", "'mask' [?,?]"])]
)
def test_a_suggested_shape_works_and_names_every_dynamic_input(fed, name, named):
    with pytest.raises(UserError, match="--shape") as caught:
        fed(name)
    for each in named:
        assert each in str(caught.value)
    shapes = parse_shapes(example_in(caught))
    assert len(shapes) == len(named)
    if len(shapes) == 1:
        fed(name, shapes=shapes)


@pytest.mark.slow
def test_where_no_usual_shape_works_none_is_suggested(fed):
    with pytest.raises(UserError) as caught:
        fed("stubborn")
    assert str(caught.value) == (
        "input 'x' has the dynamic shape [?,?]: give a static one, as --shape='x[…]', or arrays as --inputs=FILE.npz (--shape)."
    )


def test_dynamic_inputs_take_the_shapes_of_their_arrays_and_count_their_batch(fed, tmp_path):
    np.savez(tmp_path / "i.npz", ids=np.zeros((3, 7), np.int64), mask=np.ones((3, 7), bool))
    workload, arrays, _ = fed("dynamic-text", file=tmp_path / "i.npz")
    assert workload.shapes == {"ids": [3, 7], "mask": [3, 7]}
    assert arrays["mask"].dtype == np.int64
    assert workload.frames == 3


@pytest.mark.parametrize(
    ("name", "shapes", "words"),
    [
        (
            "text",
            {"ids": [1, 8]},
            "cannot take the shape ids[1,8]: it has no input 'ids', its inputs are input_ids[2, 16]",
        ),
        ("text", {"": [1, 8]}, "it has 4 inputs, and each is to be named"),
        ("dynamic-image", {"x": [1, 4, 224, 224]}, "cannot take the shape x[1,4,224,224]"),
    ],
)
def test_a_shape_that_cannot_be_taken_is_a_sentence_that_names_the_right_inputs(fed, name, shapes, words):
    with pytest.raises(UserError) as caught:
        fed(name, shapes=shapes)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith("(--shape).")
