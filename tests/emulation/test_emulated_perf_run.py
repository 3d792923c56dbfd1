"""`pytest -m perf --accelerator=emulated` as a lab engineer runs it: everything measured on the emulated GPU says so."""

import html
import json
import re
from pathlib import Path

import numpy as np
import pytest

from autogauge.probe.worker.emulation import best_class, processor_flags
from tests.support import misbehaving_python, results_of, run_suite, with_probes_on

CLASS = best_class(processor_flags())
OPTIONS = ("-m", "perf", "--accelerator=emulated", "--profile=quick", "--machine=lab")


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def done(reports, emulation, autogauge_cache, slowness):
    """The hand-over; what takes longer is measured by CI's own run."""
    chosen = ("-k", "test_hand_over.py or test_cached_start.py or hints", f"--junitxml={reports}/junit.xml")
    markdown = {"GITHUB_STEP_SUMMARY": f"{reports}/summary.md"}
    options = (*chosen, f"--reports={reports}", f"--cache={autogauge_cache.root}")
    return run_suite(*OPTIONS, *options, timeout_s=180 * slowness, **markdown)


@pytest.fixture(scope="module")
def summary(done, reports):
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((reports / "latest" / "summary.json").read_bytes())


def test_the_terminal_shows_the_timeline_and_that_it_is_emulated(done, summary):
    text = done.stdout
    assert "EMULATED GPU: what follows shows how AUTO behaves" in text
    assert f"compiled for the processor class {CLASS} (by the processor's flags)" in text
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


def test_every_promise_has_its_verdict_and_evidence_wherever_verdicts_are_shown(done, summary, reports):
    verdicts = summary["verdicts"]
    names = [each["name"] for each in verdicts]
    assert len(names) == 12
    assert {"auto-hands-over-in-time", "auto-answers-like-the-cpu-queue", "auto-cached-start-helper"} <= {*names}
    assert {each["kind"] for each in verdicts} == {"fact", "bound"}
    assert {each["verdict"] for each in verdicts} == {"PASS"}
    page, markdown = (reports / "latest" / "index.html").read_text(), (reports / "summary.md").read_text()
    assert "all 12 promises kept" in page
    assert "all 12 promises kept" in markdown
    lines = " ".join(done.stdout.split())
    junit = (reports / "junit.xml").read_text()
    for each in verdicts:
        assert f"{each['claim']} [{each['name']}]" in lines
        assert each["evidence"] in lines
        assert each["evidence"] in html.unescape(page)
        assert each["evidence"] in html.unescape(junit)
        assert each["claim"] in html.unescape(markdown).replace("\\", "")
    (timed,) = (each for each in verdicts if each["name"] == "auto-hands-over-in-time")
    assert re.fullmatch(
        r"synchronous and queue of 4: it held in both samples \(after [\d.]+ s(; after [\d.]+ s)?\)", timed["evidence"]
    )


def test_a_benchmark_keeps_the_verdicts_of_the_promises_about_its_condition(summary):
    saved = json.loads(Path(summary["history_file"]).read_bytes())
    found = {each["name"]: each["extra_info"]["verdicts"] for each in saved["benchmarks"]}
    assert len(found) == 4
    of_the_queue = found["test_time_to_the_hand_over[queue]"]
    assert {"auto-hands-over-in-time", "auto-fails-no-inference-queue"} <= {*of_the_queue}
    assert "auto-fails-no-inference-synchronous" not in of_the_queue
    assert of_the_queue["auto-fails-no-inference-queue"] == {
        "verdict": "PASS",
        "evidence": "failed inferences of queue of 4 = 0 at worst (1 sample), to be at most 0",
    }


def test_hints_are_not_compared_on_it(done, summary):
    assert "the emulated GPU shows behaviour, not speed" in done.stdout
    assert "hints" not in {study["name"] for study in summary["studies"]}


def test_the_summary_says_emulated_and_keeps_every_inference(summary, reports):
    assert summary["accelerator"] == "emulated"
    assert summary["emulated_gpu"]["class"] == CLASS
    assert CLASS in (reports / "latest" / "index.html").read_text()
    assert summary["model"]["name"] == "small-cnn"
    assert summary["model"]["precision"] == "FP32"
    assert [device["name"] for device in summary["devices"] if device["emulated"]] == ["GPU"]
    figures = results_of(summary)["hand-over"].samples("synchronous")[0].figures
    with np.load(reports / "latest" / summary["timelines_file"]) as timelines:
        starts = timelines["hand-over/synchronous/0/start_s"]
        labels = timelines["hand-over/synchronous/0/label"]
    assert len(starts) == len(labels) > 20
    assert np.count_nonzero(labels == 0) == figures["helper_inferences"]


# Of the session's model: the trial's one convolution works.
CRASHES = """
import openvino
compile_model = openvino.Core.compile_model
def compiled(self, model, device_name=None, config=None):
    if len(model.get_ops()) > 10 and (device_name == "GPU" or "ENABLE_STARTUP_FALLBACK" in (config or {})):
        os.kill(os.getpid(), signal.SIGSEGV)
    return compile_model(self, model, device_name, config)
openvino.Core.compile_model = compiled
"""


@pytest.mark.slow
def test_a_gpu_compile_that_crashes_is_told_and_does_not_end_the_session(tmp_path, emulation, autogauge_cache):
    changed, environment = with_probes_on(misbehaving_python(tmp_path, CRASHES), tmp_path)
    options = (
        *OPTIONS,
        "-k",
        "test_first_inference.py",
        f"--reports={tmp_path}/reports",
        f"--cache={autogauge_cache.root}",
    )
    done = run_suite(*changed, *options, **environment)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.count("killed by signal 11 (SIGSEGV) during compile") == 2, "while measuring, and in the finding"
    assert (
        "FINDING  GPU and AUTO-no-fallback (first inference latency) crashed in every turn (6): killed by"
        in done.stdout
    )
    assert "KeyError" not in done.stdout
    summary = json.loads((tmp_path / "reports" / "latest" / "summary.json").read_bytes())
    assert not summary["interrupted"]
    replicates = next(iter(results_of(summary).values())).replicates
    assert len(replicates) >= 6
    assert all({"AUTO", "CPU"} <= set(each.samples) for each in replicates)
    crashed = [each.failures["GPU"] for each in replicates if "GPU" in each.failures]
    assert {each.reason for each in crashed} == {"killed by signal 11 (SIGSEGV)"}
    (verdict,) = (each for each in summary["verdicts"] if each["name"] == "auto-fil-below-gpu-emulated")
    assert verdict["verdict"] == "INCONCLUSIVE"
    assert verdict["failed_replicates"] == len(crashed) == 3, "then it is left out"


def test_it_has_a_history_and_a_fingerprint_of_its_own(summary, reports):
    assert [folder.name for folder in (reports / "history").iterdir()] == ["lab-emulated"]
    assert summary["fingerprint"]["measured"]["emulation"]["intel-opencl-rt"] == "2024.2.1"
    assert summary["fingerprint"]["measured"]["emulation"]["class"] == CLASS
    with open(summary["history_file"], encoding="utf-8") as stream:  # noqa: PTH123
        saved = json.load(stream)
    assert saved["machine_info"]["node"] == "lab-emulated"
    for benchmark in saved["benchmarks"]:
        assert benchmark["group"].endswith("(emulated)")
        assert benchmark["extra_info"]["accelerator"] == "emulated"


@pytest.mark.slow
def test_two_emulated_gpus_are_said_everywhere_and_have_a_history_of_their_own(
    tmp_path, emulation, autogauge_cache, slowness
):
    options = (
        "-m",
        "perf",
        "--accelerator=emulated:2,discrete",
        "--profile=quick",
        "--machine=lab",
        "-k",
        "test_hand_over.py",
    )
    done = run_suite(*options, f"--reports={tmp_path}", f"--cache={autogauge_cache.root}", timeout_s=300 * slowness)
    assert done.returncode == 0, done.stdout + done.stderr
    two = "2 emulated GPUs, the last one discrete"
    assert f"there are {two}" in done.stdout
    assert "GPU.1 (emulated)" in done.stdout
    summary = json.loads((tmp_path / "latest" / "summary.json").read_bytes())
    assert summary["accelerator"] == "emulated:2,discrete"
    assert [each["name"] for each in summary["devices"]] == ["CPU", "GPU.0", "GPU.1"]
    assert summary["fingerprint"]["measured"]["emulation"]["gpus"] == "2,discrete"
    assert f"There are {two}." in html.unescape((tmp_path / "latest" / "index.html").read_text())
    assert [each.name for each in (tmp_path / "history").iterdir() if each.is_dir()] == ["lab-emulated-2-discrete"]
