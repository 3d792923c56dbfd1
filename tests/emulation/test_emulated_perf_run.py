"""`pytest -m perf --accelerator=emulated` as a lab engineer runs it: everything measured on the emulated GPU says so."""

import json

import numpy as np
import pytest

from tests.support import run_suite

OPTIONS = ("-m", "perf", "--accelerator=emulated", "--profile=quick", "--machine=lab")


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def done(reports, emulation, cache):
    """The hand-over; what takes longer is measured by CI's own run."""
    chosen = ("-k", "test_hand_over.py or hints")
    return run_suite(*OPTIONS, *chosen, f"--reports={reports}", f"--cache={cache.root}")


@pytest.fixture(scope="module")
def summary(done, reports):
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((reports / "latest" / "summary.json").read_bytes())


def test_the_terminal_shows_the_timeline_and_that_it_is_emulated(done, summary):
    text = done.stdout
    assert "EMULATED GPU: what follows shows how AUTO behaves" in text
    for line in (
        "first inference done (FIL), s",
        "inferences by the CPU helper",
        "hand-over, by EXECUTION_DEVICES, s",
        "spike ratio",
        "steady latency, s",
        "failed inferences",
        "wrong answers",
        "memory before the hand-over, MiB",
        "destroying the model, s",
    ):
        assert line in text, line
    assert "handed over (1)" in text


def test_hints_are_not_compared_on_it(done, summary):
    assert "the emulated GPU shows behaviour, not speed" in done.stdout
    assert "hints" not in {study["name"] for study in summary["studies"]}


def test_the_summary_says_emulated_and_keeps_every_inference(summary, reports):
    assert summary["accelerator"] == "emulated"
    assert summary["model"]["name"] == "small-cnn"
    assert summary["model"]["precision"] == "FP32"
    assert [device["name"] for device in summary["devices"] if device["emulated"]] == ["GPU"]
    study = next(study for study in summary["studies"] if study["name"] == "hand-over")
    figures = study["replicates"][0]["samples"]["synchronous"]["figures"]
    with np.load(reports / "latest" / summary["timelines_file"]) as timelines:
        starts = timelines["hand-over/synchronous/0/start_s"]
        labels = timelines["hand-over/synchronous/0/label"]
    assert len(starts) == len(labels) > 20
    assert np.count_nonzero(labels == 0) == figures["helper_inferences"]


def test_it_has_a_history_and_a_fingerprint_of_its_own(summary, reports):
    assert [folder.name for folder in (reports / "history").iterdir()] == ["lab-emulated"]
    assert summary["fingerprint"]["measured"]["emulation"]["intel-opencl-rt"] == "2024.2.1"
    with open(summary["history_file"], encoding="utf-8") as stream:  # noqa: PTH123
        saved = json.load(stream)
    assert saved["machine_info"]["node"] == "lab-emulated"
    for benchmark in saved["benchmarks"]:
        assert benchmark["group"].endswith("(emulated)")
        assert benchmark["extra_info"]["accelerator"] == "emulated"
