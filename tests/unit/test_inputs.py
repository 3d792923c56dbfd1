"""What a model is fed: a picture where it takes one, seeded tensors otherwise."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from autogauge.errors import UserError
from autogauge.input_shapes import dynamic
from autogauge.inputs import NUMPY_TYPES, OWN_PICTURE, Port, parse_shapes, prepare
from autogauge.models.artefact import ModelArtefact
from autogauge.rig.workload import Workload, fed_alike
from tests.cases import each_of
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
    shapes = st.lists(st.integers(1, 7), max_size=3).map(tuple)  # four might be a picture
    return st.lists(st.tuples(st.sampled_from(sorted(NUMPY_TYPES)), shapes), min_size=2, max_size=4)


def words_for(ports):
    return ["seeded 0–99" if port.is_whole else "seeded" for port in ports]


@for_all(lambda st: (kinds_and_shapes(st),))
def test_inputs_of_which_nothing_is_known_get_seeded_tensors_of_their_type_and_shape(kinds):
    ports = [Port(f"input{index}", kind, shape) for index, (kind, shape) in enumerate(kinds)]
    first, second = prepare(ports), prepare(ports)
    for port, one, other in zip(ports, first.arrays, second.arrays, strict=True):
        assert one.shape == port.shape
        assert one.dtype == np.dtype(NUMPY_TYPES[port.element_type])
        assert (one == other).all()
        assert np.isfinite(one.astype(float)).all()
    assert first.kinds == tuple(f"{port.name}: {what}" for port, what in zip(ports, words_for(ports), strict=True))


IDS = Port("input_ids", "i64", (2, 8))
NAMED = [
    ("attention_mask", "i64", (2, 8), 1),
    ("mask", "boolean", (2, 8), True),
    ("inputMask", "f32", (2, 8), 1),
    ("key_padding_mask", "boolean", (2, 8), False),
    ("serving_default_attention_mask:0", "i32", (2, 8), 1),
    ("token_type_ids", "i64", (2, 8), 0),
    ("segment_ids", "i32", (2, 8), 0),
    ("input_type_ids", "i32", (2, 8), 0),
    ("position_ids", "i64", (2, 8), [[0, 1, 2, 3, 4, 5, 6, 7]] * 2),
    ("cache_position", "i64", (8,), [0, 1, 2, 3, 4, 5, 6, 7]),
    ("beam_idx", "i32", (2,), [0, 1]),
    ("input_ids_lengths", "i64", (2,), [8, 8]),
    ("seq_len", "i32", (), 8),
    ("last_token_index", "i64", (2,), [0, 0]),
    ("wav_lens", "f32", (2,), [1, 1]),
    ("sr", "i64", (), 16_000),
    ("use_cache_branch", "boolean", (), False),
    ("orig_target_sizes", "i64", (2, 2), [[224, 224]] * 2),
]


@each_of(("name", "kind", "shape", "values"), NAMED, ids=[name for name, *_ in NAMED])
def test_an_input_gets_what_its_name_says(name, kind, shape, values):
    array = prepare([IDS, Port(name, kind, shape)]).arrays[1]
    assert array.dtype == np.dtype(NUMPY_TYPES[kind])
    assert array.shape == shape
    assert (array == np.array(values)).all()


@each_of("rows", [1, 2, 50, 99, 100, 30_000])
def test_ids_stay_below_the_rows_of_their_table(rows):
    array = prepare([Port("ids", "i64", (4, 64), role="ids", bound=rows)]).arrays[0]
    assert array.min() >= 0
    assert array.max() < rows
    assert rows < 100 or (array == prepare([Port("ids", "i64", (4, 64))]).arrays[0]).all(), "as earlier releases fed"


@pytest.mark.parametrize(
    "second", [Port("sizes", "i64", (1, 2)), Port("scores", "f32", (4, 100)), Port("x2", "f32", (1,))]
)
def test_a_second_input_leaves_the_picture_where_it_belongs(tmp_path, second):
    image = Port("pixels", "f32", (4, 3, 16, 32))
    for ports in ([image, second], [second, image]):
        prepared = prepare(ports, picture_file(tmp_path))
        assert prepared.frames == 4
        assert prepared.pictures == (ports.index(image),)
        assert prepared.frames_are_new
        assert (prepared.arrays[ports.index(image)] == prepare([image], picture_file(tmp_path)).arrays[0]).all()


@each_of(
    ("ports", "pictures"),
    [
        ([Port("left", "f32", (1, 3, 8, 8)), Port("right", "f32", (1, 3, 8, 8))], (0, 1)),
        ([Port("image0", "f32", (1, 1, 8, 8)), Port("image1", "f32", (1, 1, 8, 8))], (0, 1)),
        ([Port("image", "f32", (1, 3, 8, 8)), Port("mask", "f32", (1, 1, 8, 8))], (0,)),
        ([Port("image", "f32", (1, 3, 8, 8)), Port("depth", "f32", (1, 1, 8, 8))], (0,)),
        ([Port("ids", "i64", (1, 8)), Port("past_key_values.0.key", "f32", (1, 3, 8, 8))], ()),
        ([Port("data", "u8", (1, 8, 8, 3), layout="[N,H,W,C]")], (0,)),
        ([Port("data", "f32", (1, 3, 9, 3), layout="[N,H,W,C]")], (0,)),
        ([Port("data", "f32", (1, 3, 9, 8), layout="[N,H,W,C]")], ()),
    ],
)
def test_what_is_an_image_is_told_by_layout_shape_and_name(ports, pictures):
    assert prepare(ports).pictures == pictures


@each_of(
    ("ports", "frames"),
    [
        ([Port("input_ids", "i64", (8, 16)), Port("attention_mask", "i64", (8, 16))], 8),
        ([Port("input_ids", "i64", (8, 16)), Port("state", "f32", (2, 8, 4))], 1),
        ([Port("sound", "f32", (16_000,))], 1),
        ([Port("features", "f32", (8, 100))], 1),
        ([Port("features", "f32", (8, 100), declared=(-1, 100))], 8),
        ([Port("features", "f32", (8, 100), declared=(-1, -1))], 1),
        ([Port("bytes", "i32", (8, 100))], 8),
        ([Port("nodes", "f32", (9, 4)), Port("edges", "i64", (2, 30))], 1),
        ([Port("features", "f32", (100, 8), layout="[T,N]")], 8),
        ([Port("ids", "i64", (8, 16), role="ids", bound=9), Port("sr", "i64", ())], 8),
    ],
)
def test_a_batch_is_counted_where_something_says_that_it_is_one(ports, frames):
    prepared = prepare(ports)
    assert prepared.frames == frames
    assert prepared.frames_are_new == (frames != 1), "earlier releases counted one, and must not be compared with"


def test_a_lone_picture_counts_as_it_always_has(tmp_path):
    assert not prepare([Port("data", "f32", (4, 3, 16, 16))], picture_file(tmp_path)).frames_are_new


def test_another_model_gets_the_same_inputs_by_name_else_in_order(tmp_path):
    a, b = Port("a", "f32", (2,)), Port("b", "f32", (2,))
    prepared = prepare([a, b])
    prepared.save(tmp_path / "inputs.npz")
    model = ModelArtefact("m", "path", "IR", Path("m.xml"), "d" * 64, "unknown")
    workload = Workload(model, tmp_path / "inputs.npz", {}, 1)

    def fed(*ports):
        with np.load(fed_alike(workload, [a, b], ports, tmp_path).inputs) as arrays:
            return [arrays[name].tolist() for name in arrays.files]

    first, second = (array.tolist() for array in prepared.arrays)
    assert fed(a, b) == fed(Port("x", "f32", (2,)), Port("y", "f32", (-1,))) == [first, second]
    assert fed(b, a) == [second, first]
    for others in ([a], [a, Port("b", "f32", (3,))], [a, Port("b", "i64", (2,))]):
        with pytest.raises(
            UserError, match=r"m\.xml takes a \[2\] f32.*takes a \[2\] f32, b \[2\] f32: a reference.*--reference"
        ):
            fed(*others)


def test_inputs_are_saved_as_they_are(tmp_path):
    prepared = prepare([Port("ids", "i64", (1, 8)), Port("mask", "boolean", (1, 8))])
    prepared.save(tmp_path / "inputs.npz")
    with np.load(tmp_path / "inputs.npz") as saved:
        assert [saved[str(index)].tolist() for index in range(2)] == [array.tolist() for array in prepared.arrays]


@each_of(
    ("port", "sentence"),
    [
        (
            Port("data", "f32", (-1, 3, 224, 224)),
            r"'data' has the dynamic shape \[\?,3,224,224\].*--shape 'data\[1,3,224,224\]'",
        ),
        (Port("data", "f32", None), "dynamic rank.*--shape"),
        (
            Port("data", "u8", (1, 3, 60000, 60000)),
            r"10800000000 bytes together \(the largest is 'data' \[1,3,60000,60000\]\), and \d+ are.*--shape",
        ),
        (Port("ids", "i64", (1, 1 << 40)), r"'ids'.*the most that is taken.*--shape"),
        (Port("data", "bf16", (1, 3, 8, 8)), "element type bf16.*--model"),
        (Port("data", "string", (1,)), "element type string.*--model"),
    ],
)
def test_what_cannot_be_fed_is_a_sentence(port, sentence):
    with pytest.raises(UserError, match=sentence):
        prepare([port])


@each_of("name", ["a b", "a,b", "a[0]", "it's"])
def test_an_example_can_be_read_back_whatever_the_names(name):
    with pytest.raises(UserError) as caught:
        prepare([Port(name, "f32", (-1, 3, 8, 8))])
    (shown,) = re.search(r"--shape (.*), or arrays", str(caught.value)).groups()
    assert list(parse_shapes(shlex.split(shown)[0]).values()) == [[1, 3, 8, 8]]
    with pytest.raises(UserError) as caught:
        prepare([Port(name, "f32", (-1, 3, 8, 8)), Port("other", "f32", (-1, 2))])
    assert name == "it's" or "for example" not in str(caught.value)


def test_a_picture_that_cannot_be_read_is_a_sentence(tmp_path):
    port = Port("data", "f32", (1, 3, 8, 8))
    (tmp_path / "no.png").write_text("no picture")
    with pytest.raises(UserError, match=r"OpenCV cannot read a picture from .*--picture"):
        prepare([port], tmp_path / "no.png")
    with pytest.raises(UserError, match=r"there is no picture at .*--picture"):
        prepare([port], tmp_path / "absent.png")
    with pytest.raises(UserError, match=r"takes no picture.*--picture.*--inputs=FILE\.npz"):
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


@each_of("text", ["x", "1,", "[1,2", "data[]", "data[1],", "data[1]mask[2]", "0,3", "data[-1]", "1;2"])
def test_what_is_no_shape_is_a_sentence(text):
    with pytest.raises(UserError, match=r"cannot read the shape .*--shape"):
        parse_shapes(text)


def test_a_shape_given_twice_or_too_long_for_any_memory_is_a_sentence():
    """The last of two would have counted, in silence; and of too large a number OpenVINO says what its bindings cannot cast."""
    with pytest.raises(UserError, match=r"names 'a' twice: give each input one shape \(--shape\)"):
        parse_shapes("a[1,3],b[2],a[1,4]")
    with pytest.raises(UserError, match=r"cannot read the shape .*--shape"):
        parse_shapes("99999999999999999999,2")
    assert parse_shapes("2147483647") == {"": [2147483647]}


def test_the_advice_for_what_is_dynamic_still_keeps_the_shapes_that_were_given():
    port = Port("b", "i64", (-1, -1))
    told = str(dynamic([port], {"b": [1, 128]}, {"a": [1, 3, 8, 8]}))
    (shown,) = re.search(r"--shape (.*), or arrays", told).groups()
    assert parse_shapes(shlex.split(shown)[0]) == {"a": [1, 3, 8, 8], "b": [1, 128]}
    assert "--shape='a[1,3,8,8],b[…]'" in str(dynamic([port], None, {"a": [1, 3, 8, 8]}))


@pytest.mark.parametrize("text", [None, "", "  "])
def test_no_shape_is_none(text):
    assert parse_shapes(text) == {}
