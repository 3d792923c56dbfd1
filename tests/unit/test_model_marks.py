"""Which model a test is about, and what that is fed: files are sought beside the test, and nothing of another model's is taken over."""

from types import SimpleNamespace

import numpy as np
import pytest

from autogauge.errors import UserError
from autogauge.settings import Settings
from fixtures.model_marks import asked_by

SESSION = {"--model": "googlenet-v1", "--precision": "FP32", "--shape": "1,3,224,224", "--profile": "quick"}


@pytest.fixture
def asked(tmp_path):
    """``asked(model, inputs=…)``: what a test with that marker asks for; without arguments one without a marker."""
    for name in ("own.onnx", "photo.jpg", "own.xml", "deeper/own.onnx"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    np.savez(tmp_path / "frames.npz", data=np.zeros((1, 3), np.float32))
    session = Settings.of(SESSION, tmp_path / "reports")

    def asked(*args, **kwargs):
        mark = pytest.mark.model(*args, **kwargs).mark if args or kwargs else None
        return asked_by(
            SimpleNamespace(
                path=tmp_path / "test_own.py",
                get_closest_marker=lambda name: mark,
                reportinfo=lambda: (tmp_path / "test_own.py", 6, "test_it"),
            ),
            session,
        )

    asked.session, asked.folder = session, tmp_path
    return asked


def test_without_a_marker_it_is_the_sessions_with_all_that_it_is_fed(asked):
    found = asked()
    assert (found.name, found.settings) == ("googlenet-v1", asked.session)


def test_a_file_is_beside_the_test_and_takes_nothing_from_the_session(asked):
    found = asked("own.onnx", inputs="frames.npz")
    assert found.name == "own"
    assert found.settings.wanted.model == str(asked.folder / "own.onnx")
    assert found.settings.inputs == asked.folder / "frames.npz"
    assert (found.settings.shapes, found.settings.picture) == ({}, None)
    assert found.settings.profile == asked.session.profile
    assert found.words == f"{asked.folder}/own.onnx, inputs {asked.folder}/frames.npz"
    assert asked("deeper/own.onnx").settings.wanted.model == str(asked.folder / "deeper" / "own.onnx")


def test_a_picture_a_shape_a_precision_and_a_name(asked):
    found = asked("small-cnn", picture="photo.jpg", precision="fp32", name="our net")
    assert found.settings.picture == asked.folder / "photo.jpg"
    assert found.settings.wanted.precision == "FP32"
    assert found.name.startswith("our-net-"), "a name that is fit for a file, and another one for every other text"
    assert asked("own.onnx", shape="1,3,8,8").settings.shapes == {"": [1, 3, 8, 8]}


@pytest.mark.parametrize(
    ("args", "kwargs", "said"),
    [
        ((), {"inputs": "frames.npz"}, "the marker model takes one model"),
        (("own.onnx", "other.onnx"), {}, "the marker model takes one model"),
        ((7,), {}, "the marker model takes one model"),
        (("gone.onnx",), {}, "there is no model at {folder}/gone.onnx"),
        (("own.onnx",), {"inputs": "gone.npz"}, "there is no file at {folder}/gone.npz"),
        (("own.onnx",), {"picture": "gone.jpg"}, "there is no file at {folder}/gone.jpg"),
        (("own.onnx",), {"pictures": "photo.jpg"}, "and not pictures"),
        (("own.onnx",), {"inputs": "frames.npz", "picture": "photo.jpg"}, "leave --picture out"),
        (("own.onnx",), {"inputs": "photo.jpg"}, "photo.jpg"),
        (("own.onnx",), {"precision": "FP16"}, "is a file, and is measured in the precision that it has"),
        (("own.onnx",), {"shape": "wide"}, "wide"),
    ],
)
def test_a_mistake_is_told_with_the_tests_place(asked, args, kwargs, said):
    with pytest.raises(UserError) as caught:
        asked(*args, **kwargs)
    assert said.format(folder=asked.folder) in str(caught.value)
    assert "test_own.py:7: " in str(caught.value)
    assert "(--" not in str(caught.value), "nobody gave an option"
