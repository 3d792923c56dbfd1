"""What a model is fed: a picture where it takes one, seeded tensors otherwise."""

import numpy as np
import pytest

from autogauge.errors import UserError
from autogauge.inputs import NUMPY_TYPES, OWN_PICTURE, Port, parse_shapes, prepare
from tests.properties import for_all


def picture_file(folder, width=40, height=20):
    """A picture whose left half is blue and whose right half is red."""
    import cv2  # slow to import, and collecting tests shall be quick

    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2] = (255, 0, 0)
    pixels[:, width // 2 :] = (0, 0, 255)
    path = folder / "picture.png"
    assert cv2.imwrite(str(path), pixels)
    return path


def test_a_picture_is_resized_and_laid_out_as_the_model_asks(tmp_path):
    path = picture_file(tmp_path)
    for shape, blue_left in (((1, 3, 8, 16), lambda a: a[0, 0, :, :7]), ((1, 8, 16, 3), lambda a: a[0, :, :7, 0])):
        array = prepare([Port("data", "f32", shape)], path).arrays[0]
        assert array.shape == shape
        assert array.dtype == np.float32
        assert (blue_left(array) == 255).all(), "channels are blue, green, red, as OpenCV reads them"


def test_the_suites_own_picture_is_the_default_and_is_what_opencv_reads():
    import cv2

    array = prepare([Port("data", "f32", (1, 3, 224, 224))]).arrays[0]
    expected = cv2.resize(cv2.imread(str(OWN_PICTURE)), (224, 224)).transpose(2, 0, 1)[np.newaxis]
    assert (array == expected).all()
    assert array.std() > 30, "it shows something"


def test_a_batch_repeats_the_picture_and_counts_its_frames(tmp_path):
    prepared = prepare([Port("data", "u8", (4, 3, 16, 16))], picture_file(tmp_path))
    assert prepared.frames == 4
    assert (prepared.arrays[0] == prepared.arrays[0][0]).all()


def test_a_grey_picture_has_one_channel(tmp_path):
    assert prepare([Port("data", "f32", (1, 1, 16, 16))], picture_file(tmp_path)).arrays[0].shape == (1, 1, 16, 16)


def kinds_and_shapes(st):
    shapes = st.lists(st.integers(1, 7), max_size=5).map(tuple)
    return st.lists(st.tuples(st.sampled_from(sorted(NUMPY_TYPES)), shapes), min_size=2, max_size=4)


@for_all(lambda st: (kinds_and_shapes(st),))
def test_several_inputs_get_seeded_tensors_of_their_type_and_shape(kinds):
    ports = [Port(f"input{index}", kind, shape) for index, (kind, shape) in enumerate(kinds)]
    first, second = prepare(ports), prepare(ports)
    for port, one, other in zip(ports, first.arrays, second.arrays, strict=True):
        assert one.shape == port.shape
        assert one.dtype == np.dtype(NUMPY_TYPES[port.element_type])
        assert (one == other).all()
        assert np.isfinite(one.astype(float)).all()
    assert first.kinds == ("seeded",) * len(ports)
    assert first.frames == 1


def test_inputs_are_saved_as_they_are(tmp_path):
    prepared = prepare([Port("ids", "i64", (1, 8)), Port("mask", "boolean", (1, 8))])
    prepared.save(tmp_path / "inputs.npz")
    with np.load(tmp_path / "inputs.npz") as saved:
        assert [saved[str(index)].tolist() for index in range(2)] == [array.tolist() for array in prepared.arrays]


@pytest.mark.parametrize(
    ("port", "sentence"),
    [
        (
            Port("data", "f32", (-1, 3, 224, 224)),
            r"'data' has the dynamic shape \[\?,3,224,224\].*--shape 'data\[1,3,224,224\]'",
        ),
        (Port("data", "f32", None), "dynamic rank.*--shape"),
        (Port("data", "bf16", (1, 3, 8, 8)), "element type bf16.*--model"),
        (Port("data", "string", (1,)), "element type string.*--model"),
    ],
)
def test_what_cannot_be_fed_is_a_sentence(port, sentence):
    with pytest.raises(UserError, match=sentence):
        prepare([port])


def test_a_picture_that_cannot_be_read_is_a_sentence(tmp_path):
    port = Port("data", "f32", (1, 3, 8, 8))
    (tmp_path / "no.png").write_text("no picture")
    with pytest.raises(UserError, match=r"OpenCV cannot read a picture from .*--picture"):
        prepare([port], tmp_path / "no.png")
    with pytest.raises(UserError, match=r"there is no picture at .*--picture"):
        prepare([port], tmp_path / "absent.png")
    with pytest.raises(UserError, match=r"takes no picture.*--picture"):
        prepare([Port("ids", "i64", (1, 8))], picture_file(tmp_path))


def lengths(st):
    return st.lists(st.integers(1, 10_000), min_size=1, max_size=6)


def names(st):
    return st.text(st.characters(categories=("L", "N"), include_characters="_./:-"), min_size=1, max_size=12)


@for_all(lambda st: (st.dictionaries(names(st), lengths(st), min_size=1, max_size=4),))
def test_named_shapes_are_read_back(named):
    assert parse_shapes(",".join(f"{name}{each}" for name, each in named.items())) == named


@for_all(lambda st: (lengths(st),))
def test_a_lone_shape_is_read_with_and_without_brackets(lone):
    assert parse_shapes(str(lone)) == parse_shapes(",".join(map(str, lone))) == {"": lone}


@pytest.mark.parametrize("text", ["x", "1,", "[1,2", "data[]", "data[1],", "data[1]mask[2]", "0,3", "data[-1]", "1;2"])
def test_what_is_no_shape_is_a_sentence(text):
    with pytest.raises(UserError, match=r"cannot read the shape .*--shape"):
        parse_shapes(text)


@pytest.mark.parametrize("text", [None, "", "  "])
def test_no_shape_is_none(text):
    assert parse_shapes(text) == {}
