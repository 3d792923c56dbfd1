"""What a run was fed, as a user gives it and reads it again: ``--inputs`` from the command line to the page."""

import json

import numpy as np
import pytest

from autogauge.files import ownerless
from tests.support import run_cli, run_suite, sentence_of


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """A model of texts whose batch and length are dynamic."""
    import openvino as ov  # slow to import, and collecting tests shall be quick
    from openvino import opset13 as ops

    folder = tmp_path_factory.mktemp("models")
    inputs = []
    for name in ("ids", "mask"):
        made = ops.parameter(ov.PartialShape([-1, -1]), np.int64, name=name)
        made.output(0).set_names({name})
        inputs.append(made)
    table = ops.constant(np.ones((50, 4), np.float32))
    words = ops.gather(table, inputs[0], ops.constant(np.int64(0)))
    counted = ops.multiply(words, ops.unsqueeze(ops.convert(inputs[1], "f32"), ops.constant(np.int64(2))))
    ov.save_model(ov.Model([counted], inputs, "text"), folder / "text.xml", compress_to_fp16=False)
    return folder / "text.xml"


@pytest.fixture
def mine(tmp_path):
    np.savez(tmp_path / "mine.npz", ids=np.full((3, 5), 49), mask=np.ones((3, 5), np.int64))
    return tmp_path / "mine.npz"


@pytest.mark.slow
def test_a_run_says_what_it_was_fed_and_how_many_frames_it_counts(tmp_path, model_cache, text, mine):
    done = run_suite(
        *("-m", "perf", "--profile=quick", "-k", "as_early_as_the_cpu", f"--model={text}", f"--inputs={mine}"),
        *(f"--reports={tmp_path / 'reports'}", f"--cache={model_cache}"),
    )
    assert done.returncode == 0, done.stdout
    assert "inputs ids: from mine.npz; mask: from mine.npz; an inference counts 3 frames" in done.stdout
    latest = tmp_path / "reports" / "latest"
    summary = json.loads((latest / "summary.json").read_bytes())
    assert summary["inputs"] == ["ids: from mine.npz", "mask: from mine.npz"]
    assert summary["frames"] == summary["fingerprint"]["measured"]["frames"] == 3
    assert summary["options"]["--inputs"] == ownerless(str(mine))
    page = (latest / "index.html").read_text()
    assert "ids: from mine.npz; mask: from mine.npz" in page
    assert f"--inputs={ownerless(str(mine))}" in page


@pytest.mark.slow
def test_an_index_beyond_the_table_is_one_sentence_before_anything_is_measured(tmp_path, model_cache, text):
    np.savez(tmp_path / "mine.npz", ids=np.full((3, 5), 50), mask=np.ones((3, 5), np.int64))
    done = run_suite(
        *("-m", "perf", "--profile=quick", f"--model={text}", f"--inputs={tmp_path / 'mine.npz'}"),
        *(f"--reports={tmp_path / 'reports'}", f"--cache={model_cache}"),
    )
    assert sentence_of(done) == (
        f"{tmp_path / 'mine.npz'} gives 'ids' the index 50, and the model looks it up in a table of 50, which has 0 to 49: "
        "give indices of these (--inputs)."
    )


def test_the_picture_test_is_skipped_with_its_reason_on_a_model_without_pictures(tmp_path, model_cache, text):
    done = run_suite(
        *("-m", "functional", "tests/functional/test_selection.py", "-k", "depends_on_the_picture", f"--model={text}"),
        *("--shape=ids[2,8],mask[2,8]", f"--reports={tmp_path}", f"--cache={model_cache}"),
    )
    assert done.returncode == 0, done.stdout
    assert "the model is fed no picture (ids: seeded 0–49; mask: ones)" in done.stdout


@pytest.mark.slow
def test_aa_takes_inputs_too(text, mine, model_cache):
    np.savez(mine, ids=np.zeros((3, 5)))
    words = ("aa", f"--model={text}", f"--inputs={mine}", f"--cache={model_cache}", "--blocks=0", "--rounds=10")
    assert "lacks 'mask': the model takes ids [?,?] i64, mask [?,?] i64 (--inputs)" in sentence_of(run_cli(*words))
    assert "leave --shape out" in sentence_of(run_cli(*words, "--shape=ids[1,2]"))
