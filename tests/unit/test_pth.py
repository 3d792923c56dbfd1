"""Reading PyTorch's legacy files of weights without torch, and without running anything in them."""

import pickle
import tempfile
from pathlib import Path

import numpy as np
import pytest

from autogauge.models.trained import pth
from tests.cases import each_of
from tests.properties import for_all


def value(of):
    """A plain value as pickle writes it, without its frame."""
    return pickle.dumps(of, 2)[2:-1]


def name(module, what):
    return pickle.GLOBAL + f"{module}\n{what}\n".encode()


def tensor(key, offset, shape, strides, rebuild=("torch._utils", "_rebuild_tensor_v2")):
    """A tensor as torch writes it: a call of a function on its storage."""
    storage = pickle.MARK + value("storage") + name("torch", "FloatStorage") + value(key) + value("cpu")
    storage += value(0) + value(None) + pickle.TUPLE + pickle.BINPERSID
    hooks = name("collections", "OrderedDict") + pickle.EMPTY_TUPLE + pickle.REDUCE
    arguments = (
        pickle.MARK + storage + value(offset) + value(shape) + value(strides) + value(False) + hooks + pickle.TUPLE
    )
    return name(*rebuild) + arguments + pickle.REDUCE


def file_of(tensors, storages):
    """The bytes of a file: tensors by name (already written), storages by key."""
    described = pickle.PROTO + b"\2" + name("collections", "OrderedDict") + pickle.EMPTY_TUPLE + pickle.REDUCE
    for each, written in tensors.items():
        described += value(each) + written + pickle.SETITEM
    parts = [pickle.dumps(each, 2) for each in (pth.MAGIC, pth.PROTOCOL, {"little_endian": True})]
    parts += [described + pickle.STOP, pickle.dumps([*storages], 2)]
    for array in storages.values():
        parts += [array.size.to_bytes(8, "little"), array.astype("<f4").tobytes()]
    return b"".join(parts)


def read(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights.pth"
        path.write_bytes(content)
        return pth.read(path)


@for_all(lambda st: (st.lists(st.integers(1, 4), max_size=4), st.randoms(use_true_random=False), st.integers(0, 3)))
def test_a_tensor_is_read_in_whatever_order_its_elements_lie(shape, dice, offset):
    order = dice.sample(range(len(shape)), len(shape))
    stored = np.arange(offset + int(np.prod(shape)), dtype=np.float32)
    laid_out = stored[offset:].reshape([shape[axis] for axis in order])
    expected = laid_out.transpose(np.argsort(order)) if shape else laid_out
    strides = tuple(step // 4 for step in expected.strides)
    found = read(file_of({"weight": tensor("7", offset, tuple(shape), strides)}, {"7": stored}))
    assert list(found) == ["weight"]
    assert found["weight"].flags.c_contiguous
    assert np.array_equal(found["weight"], expected)


def test_two_tensors_may_share_a_storage():
    stored = np.arange(6, dtype=np.float32)
    tensors = {"all": tensor("0", 0, (2, 3), (3, 1)), "row": tensor("0", 3, (3,), (1,))}
    found = read(file_of(tensors, {"0": stored}))
    assert np.array_equal(found["all"], stored.reshape(2, 3))
    assert np.array_equal(found["row"], [3, 4, 5])


def test_nothing_in_the_file_is_run(tmp_path):
    proof = tmp_path / "proof"
    harmful = name("os", "mkdir") + pickle.MARK + value(str(proof)) + pickle.TUPLE + pickle.REDUCE
    with pytest.raises(ValueError, match=r"os\.mkdir"):
        read(file_of({"weight": harmful}, {}))
    assert not proof.exists()


@each_of(
    ("offset", "shape", "strides"),
    [(1, (6,), (1,)), (0, (7,), (1,)), (0, (2, 3), (4, 1)), (-1, (2,), (1,)), (5, (2,), (-1,))],
)
def test_a_tensor_that_reaches_beyond_its_storage_is_refused(offset, shape, strides):
    with pytest.raises(ValueError, match="beyond its storage"):
        read(file_of({"weight": tensor("0", offset, shape, strides)}, {"0": np.zeros(6)}))


@for_all(lambda st: (st.floats(0, 1, exclude_max=True),))
def test_a_file_that_is_cut_off_is_a_value_error(share):
    whole = file_of({"weight": tensor("0", 0, (6,), (1,))}, {"0": np.zeros(6)})
    with pytest.raises(ValueError):  # noqa: PT011
        read(whole[: int(share * len(whole))])


@for_all(lambda st: (st.binary(max_size=200),))
def test_any_other_bytes_are_a_value_error(content):
    with pytest.raises(ValueError):  # noqa: PT011
        read(content)
