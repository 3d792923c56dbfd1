"""A user's own arrays (``--inputs``): checked by name, shape and type before they are read, and never trusted."""

import contextlib
import math
import os
import struct
import zipfile

import numpy as np
import pytest

from autogauge import input_files
from autogauge.errors import UserError
from autogauge.input_files import GivenInputs, check_feeding
from autogauge.inputs import Port, prepare
from tests.cases import each_of
from tests.properties import for_all

PORTS = [Port("ids", "i64", (-1, 4), names=("ids", "ids:0")), Port("mask", "boolean", (1, 4)), Port("x", "f32", (2,))]
GOOD = {"ids": np.arange(12).reshape(3, 4), "mask": np.ones((1, 4), bool), "x": np.zeros(2, np.float32)}


def saved(folder, arrays, name="mine.npz"):
    np.savez(folder / name, **arrays)
    return folder / name


def test_arrays_are_taken_by_name_by_another_of_its_names_and_by_index(tmp_path):
    for names in (("ids", "mask", "x"), ("0", "1", "2"), ("ids:0", "mask", "x"), ("ids", "1", "x")):
        arrays = dict(zip(names, GOOD.values(), strict=True))
        given = GivenInputs(saved(tmp_path, arrays))
        assert given.shapes(PORTS) == {"ids": [3, 4]}
        for one, other in zip(given.arrays(PORTS), GOOD.values(), strict=True):
            assert one.dtype == other.dtype
            assert (one == other).all()


def test_the_values_are_part_of_the_digest(tmp_path):
    first = prepare(PORTS, None, GivenInputs(saved(tmp_path, GOOD))).digest
    other = prepare(PORTS, None, GivenInputs(saved(tmp_path, {**GOOD, "x": np.ones(2)}))).digest
    assert first != other


WRONG = [
    ({"ids": GOOD["ids"]}, "lacks 'mask', 'x': the model takes ids [?,4] i64, mask [1,4] boolean, x [2] f32"),
    ({**GOOD, "y": GOOD["x"]}, "has 'y', which is no input of the model: it takes ids [?,4] i64, mask"),
    ({**GOOD, "y": GOOD["x"], "z": GOOD["x"]}, "has 'y', 'z', which are no inputs"),
    ({**GOOD, "3": GOOD["x"]}, "has '3', which is no input"),
    ({**GOOD, "x": np.zeros(3)}, "gives 'x' the shape [3], and the model takes [2]"),
    ({**GOOD, "ids": np.zeros((3, 5), int)}, "gives 'ids' the shape [3, 5], and the model takes [?,4]"),
    ({**GOOD, "ids": np.zeros((0, 4), int)}, "gives 'ids' the shape [0, 4]"),
    ({**GOOD, "ids": np.zeros(4, int)}, "gives 'ids' the shape [4]"),
    ({**GOOD, "ids": np.full((1, 4), 0.5)}, "gives 'ids' values of the type float64, some of which do not fit i64"),
    ({**GOOD, "ids": np.full((1, 4), 2**63, np.uint64)}, "of the type uint64, some of which do not fit i64"),
    ({**GOOD, "mask": np.full((1, 4), 7)}, "some of which do not fit boolean"),
    ({**GOOD, "x": np.full(2, 1e300)}, "some of which do not fit f32"),
    ({**GOOD, "x": np.array(["a", "b"])}, "values of the type <U1: give numbers"),
    ({**GOOD, "x": np.array([1 + 2j, 3])}, "values of the type complex128: give numbers"),
    ({**GOOD, "x": np.array([{}, []], dtype=object)}, "values of the type object: give numbers"),
]


@each_of(("arrays", "words"), WRONG, ids=[words[:40] for _, words in WRONG])
def test_what_does_not_fit_the_model_is_a_sentence(tmp_path, arrays, words):
    with pytest.raises(UserError) as caught:
        GivenInputs(saved(tmp_path, arrays)).arrays(PORTS)
    assert words in str(caught.value)
    assert str(caught.value).endswith("(--inputs).")


@each_of(
    ("values", "kind"),
    [
        (np.array([1, 0]), np.bool_),
        (np.array([1, 200]), np.uint8),
        (np.array([0.1, np.nan]), np.float16),
        (np.array([0.1, np.inf]), np.float32),
        (np.array([True, False]), np.int64),
        (np.array([1.0, 2.0]), np.int32),
        (np.array([3, 4]), np.float32),
        (np.array([3, 4], ">i4"), np.int32),
    ],
)
def test_a_type_is_changed_where_no_value_becomes_another(tmp_path, values, kind):
    from autogauge.inputs import NUMPY_TYPES

    element = next(name for name, each in NUMPY_TYPES.items() if each is kind)
    (array,) = GivenInputs(saved(tmp_path, {"x": values})).arrays([Port("x", element, (2,))])
    assert array.dtype == kind
    assert np.allclose(array.astype(float), values.astype(float), rtol=1e-3, equal_nan=True)


def test_what_a_function_made_is_called_by_its_name(tmp_path):
    given = GivenInputs(saved(tmp_path, {**GOOD, "y": GOOD["x"]}), "frames()")
    with pytest.raises(
        UserError, match=r"^what frames\(\) returned has 'y', which is no input of the model: "
    ) as caught:
        given.arrays(PORTS)
    assert "--inputs" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)
    assert prepare(PORTS, None, GivenInputs(saved(tmp_path, GOOD), "frames()")).kinds[0] == "ids: from frames()"


@each_of(
    ("values", "kind", "told"),
    [
        ([1, math.nan], np.float32, "'x' NaN"),
        ([1e-40, math.nan], np.float32, "'x' NaN and numbers so near 0 that they are subnormal"),
        ([1e-40, 1], np.float64, ""),
        ([1e-7, 1], np.float16, ""),  # of half precision these are usual
        ([-math.inf, 0], np.float32, ""),  # a mask
    ],
)
def test_values_that_are_computed_with_at_another_speed_are_told(values, kind, told):
    ports = [Port("x", "f32", (2,)), Port("n", "i64", (1,))]
    said = input_files.odd_values(ports, [np.array(values, kind), np.array([0])])
    assert said == (told and f"what is fed holds {told}: speed and answers may be other than with usual values")


def bomb(path, shape):
    """An archive whose array claims that shape, and holds nothing."""
    header = str({"descr": "<f4", "fortran_order": False, "shape": shape}).encode() + b"\n"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
    return path


def test_an_archive_that_claims_more_than_there_is_memory_is_refused_unread(tmp_path):
    with pytest.raises(UserError, match=r"have 4000000000000 bytes together.*--inputs"):
        GivenInputs(bomb(tmp_path / "bomb.npz", (10**6, 10**6)))
    with pytest.raises(UserError, match=r"not a file that numpy\.savez wrote"):
        GivenInputs(bomb(tmp_path / "empty.npz", (2,))).arrays([Port("x", "f32", (2,))])


def test_an_archive_of_too_many_entries_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(input_files, "MOST_NAMES", 2)
    with pytest.raises(UserError, match="it holds 3 entries"):
        GivenInputs(saved(tmp_path, GOOD))


@each_of("what", ["absent", "text", "npy", "zip", "pipe", "folder", "truncated", "pickle"])
def test_what_is_no_file_of_arrays_is_a_sentence(tmp_path, what):
    path = tmp_path / what
    if what == "text":
        path.write_text("no arrays")
    elif what == "npy":
        np.save(path.open("wb"), np.zeros(2))
    elif what == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("readme.txt", "no array")
    elif what == "pipe":
        os.mkfifo(path)
    elif what == "folder":
        path.mkdir()
    elif what == "truncated":
        path.write_bytes(saved(tmp_path, GOOD).read_bytes()[:-30])
    elif what == "pickle":
        path.write_bytes(b"\x80\x04N.")
    with pytest.raises(UserError, match=r"--inputs"):
        check_feeding(path, None, {})


@for_all(lambda st: (st.integers(0, 10**6), st.integers(1, 255)))
def test_a_damaged_file_is_a_sentence_or_its_arrays(at, change):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = saved(Path(folder), GOOD)
        content = bytearray(path.read_bytes())
        content[at % len(content)] ^= change
        path.write_bytes(content)
        with contextlib.suppress(UserError):
            GivenInputs(path).arrays(PORTS)


@pytest.mark.parametrize(("option", "words"), [("picture", "--picture"), ("shapes", "--shape")])
def test_what_is_fed_is_named_once(tmp_path, option, words):
    path = saved(tmp_path, GOOD)
    given = {"picture": path if option == "picture" else None, "shapes": {"x": [1]} if option == "shapes" else {}}
    with pytest.raises(UserError, match=f"leave {words} out"):
        check_feeding(path, given["picture"], given["shapes"])
