"""What real kinds of models are fed: texts, several inputs, tables, lengths. The models are small, written by OpenVINO itself."""

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from autogauge.errors import UserError
from autogauge.input_files import GivenInputs
from autogauge.inputs import parse_shapes, prepare
from autogauge.models import path
from autogauge.models.artefact import ModelArtefact
from autogauge.ports import Table
from autogauge.probe.launcher import Launcher
from autogauge.rig.workload import Workload, fed_alike, look, prepare_workload
from tests.support import ROOT


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder with the models, each named after what is odd about it."""
    folder = tmp_path_factory.mktemp("models")
    subprocess.run([sys.executable, "-m", "tests.small_models", str(folder)], check=True, cwd=ROOT, timeout=120)
    return folder


@pytest.fixture
def fed(models, tmp_path):
    """``fed(model, file=…)``: the workload, and its inputs by name."""

    def fed(name, *, shapes=None, file=None):
        launcher, given = Launcher(tmp_path / "probes"), GivenInputs(file) if file else None
        model = path.artefact_at(models / f"{name}.xml")
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


def test_what_an_input_is_used_for_is_found_in_the_graph(models, tmp_path):
    ports = look(Launcher(tmp_path / "probes"), path.artefact_at(models / "uses.xml")).ports
    assert {port.name: port.bound for port in ports} == {
        **{"from-the-end": 11, "clamped": 12, "masked": 13, "joined": 14, "other": 14, "from-one": 16, "twice": 16},
        **{"float": None, "nd": 8, "elements": 5, "hot": 21, "free": None},
    }


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
    ("name", "named"),
    [
        ("dynamic-text", ["'ids' [?,?]", "'mask' [?,?]"]),
        pytest.param("dynamic-image", ["'x'"], marks=pytest.mark.slow),
    ],
)
def test_a_suggested_shape_works_and_names_every_dynamic_input(fed, name, named):
    with pytest.raises(UserError, match="--shape") as caught:
        fed(name)
    for each in named:
        assert each in str(caught.value)
    shapes = parse_shapes(example_in(caught))
    assert len(shapes) == len(named)
    if name == "dynamic-image":
        fed(name, shapes=shapes)


def test_a_shape_suggested_for_what_is_left_keeps_what_was_given_and_works_with_it(fed):
    """Followed to the letter, advice that named the second input only made the first one dynamic again, and so on for ever."""
    with pytest.raises(UserError, match=r"input 'mask' has the dynamic shape") as caught:
        fed("dynamic-text", shapes={"ids": [1, 16]})
    assert parse_shapes(example_in(caught)) == {"ids": [1, 16], "mask": [1, 16]}


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


WITHIN = {
    "plain": [[-20, 0, 1, 2, 18, 19]],
    "real": [[0, 1, 2, 3, 4, 20.7]],
    "added": [[-2, 0, 1, 2, 3, 19]],
    "bag": [0, 1, 2, 3, 4, 22],
    "elements": [[0, 1, 2], [2, 3, 4]],
    "some": [[0, 1, 2, 1000, 1000, 1000]],
    "wraps": [0, 1, 2, 3, 4, 256],
}


def save_indices(tmp_path, **changed):
    kinds = {"real": np.float32}
    arrays = {name: np.array(value, kinds.get(name, np.int64)) for name, value in {**WITHIN, **changed}.items()}
    np.savez(tmp_path / "indices.npz", **arrays)
    return tmp_path / "indices.npz"


@pytest.fixture(scope="module")
def ports(models, tmp_path_factory):
    folder = tmp_path_factory.mktemp("looks")
    return look(Launcher(folder / "probes"), path.artefact_at(models / "looked-up.xml")).ports


def test_indices_within_their_tables_are_taken_and_so_is_what_nobody_can_know(ports, tmp_path):
    given = prepare(ports, None, GivenInputs(save_indices(tmp_path)))
    assert given.arrays[0].tolist() == WITHIN["plain"]
    assert {port.name: port.table and port.table.length for port in ports} == {
        **{"plain": 20, "real": 21, "added": 22, "bag": 23, "elements": 5},
        **{"some": None, "wraps": None},
    }


@pytest.mark.parametrize(
    ("name", "values", "told"),
    [
        (
            "plain",
            [[0, 20, 25, 2, 3, 4]],
            "the index 25, and the model looks it up in a table of 20, which has 0 to 19",
        ),
        ("plain", [[0, -21, 0, 2, 3, 4]], "the index -21, and the model looks it up in a table of 20, "),
        ("real", [[0, 1, 2, 3, 4, 21.5]], "the index 21, and the model looks it up in a table of 21, "),
        (
            "added",
            [[0, 1, 2, 3, 4, 20]],
            "the index 20, and the model looks it up in a table of 22 after it has added 2, ",
        ),
        ("bag", [0, 1, 2, 3, 4, 23], "the index 23, and the model looks it up in a table of 23, which has 0 to 22"),
        (
            "elements",
            [[0, 1, 2], [2, 3, 5]],
            "the index 5, and the model looks it up in a table of 5, which has 0 to 4",
        ),
    ],
)
def test_an_index_beyond_its_table_is_a_mistake_and_never_measured(ports, tmp_path, name, values, told):
    given = GivenInputs(save_indices(tmp_path, **{name: values}))
    with pytest.raises(UserError, match=re.escape(f"gives '{name}' {told}")) as caught:
        prepare(ports, None, given)
    assert str(caught.value).endswith(": give indices of these (--inputs).")
    assert "\n" not in str(caught.value)


def test_what_the_suite_makes_is_within_the_table_whatever_the_input_is_called(ports):
    odd = [dataclasses.replace(port, name=name) for port, name in zip(ports, ("sample_rate", *"bcdefg"), strict=True)]
    made = prepare(odd)
    assert made.arrays[0].max() < 20
    assert all(port.beyond_its_table(array) is None for port, array in zip(odd, made.arrays, strict=True))


def test_a_reference_with_a_shorter_table_is_not_fed_what_is_beyond_it(ports, tmp_path):
    shorter = [dataclasses.replace(ports[0], table=Table(10)), *ports[1:]]
    prepare(ports).save(tmp_path / "inputs.npz")
    workload = Workload(
        ModelArtefact("m", "path", "FP16", Path("m.xml"), "d", "random"), tmp_path / "inputs.npz", {}, 1
    )
    assert fed_alike(workload, ports, ports, tmp_path) is workload
    with pytest.raises(UserError, match=r"looks 'plain' up in a table of 10, .* name another reference"):
        fed_alike(workload, ports, shorter, tmp_path)
