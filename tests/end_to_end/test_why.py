"""``why`` as an engineer types it: two models of which one layer differs; all that comes of it, and what an interruption leaves."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autogauge.cli.main import app
from autogauge.errors import UserError
from autogauge.history import recorded
from autogauge.probe.identity import Runtime
from autogauge.runtimes import prepared
from benchmarks import why_ranks
from tests.support import ROOT, run_cli

PLANTED = "conv-2"


@pytest.fixture(scope="module")
def models():
    """Outside of pytest's own folder, which no run's file names."""
    with tempfile.TemporaryDirectory(prefix="why-") as scratch:
        folder = Path(scratch)
        yield (
            folder,
            *(
                why_ranks.write(why_ranks.convolutions(4, planted, 31), folder / f"{name}.xml")
                for name, planted in (("a", None), ("b", 2))
            ),
        )


@pytest.fixture(scope="module")
def asked(models):
    """What ``why`` said of them as JSON, and the folder with what it wrote."""
    folder, a, b = models
    words = ("--device=CPU", "--blocks=6", "--json", "--seed=1", "--machine=bench", f"--reports={folder / 'reports'}")
    files = (f"--html={folder / 'why.html'}", f"--script={folder / 'why.py'}")
    done = run_cli("why", str(a), str(b), *words, *files, timeout_s=300, AUTOGAUGE_LOCK=str(folder / "lock"))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), folder


@pytest.mark.slow
def test_both_sides_are_measured_and_matched(asked):
    found, _ = asked
    assert (found["blocks"], found["failures"]) == (6, [])
    layers = {each["layer"]: each for each in found["layers"]}
    assert {f"conv-{place}" for place in range(4)} <= layers.keys()
    planted = layers[PLANTED]
    assert planted["A"] > 0
    assert planted["B"] > 0
    assert planted["kernels"]["A"]
    assert planted["matched_by"] in ("name", "original layers")
    assert found["counts"]["only_in"] == {"A": 0, "B": 0}
    assert {each["title"] for each in found["phases"]} >= {"reading the model", "compiling", "first inference"}
    whole = {each["title"]: each for each in found["whole"]}
    assert 0 < whole["sum of layers"]["A"] < whole["inference, counted"]["A"]


@pytest.mark.slow
def test_it_is_saved_and_report_draws_it_again(asked, tmp_path):
    found, folder = asked
    assert recorded.of_file(next((folder / "reports" / "why" / "bench").glob("*.json"))).results[0].name == "why"
    assert not (folder / "reports" / "history").exists()
    again = run_cli("report", found["saved"], f"--out={tmp_path / 'page'}")
    assert again.returncode == 0, again.stderr
    assert "Where the time went, layer by layer" in again.stdout
    assert again.stdout.index("A is ") < again.stdout.index("Where the time went, layer by layer")
    assert json.loads(run_cli("report", found["saved"], "--json").stdout)["layers"] == found["layers"]
    for page in (folder / "why.html", tmp_path / "page" / "index.html"):
        text = page.read_text()
        charts = json.loads(re.search(r'id="charts">(.*?)</script>', text, re.DOTALL).group(1))
        assert charts["why-layers"]["kind"] == "differences"
        assert PLANTED in {row["label"] for row in charts["why-layers"]["rows"]}
        assert "Properties that differ" in text
        assert "<h1>Where the time went: " in text


@pytest.mark.slow
def test_two_conditions_of_a_saved_run_are_measured_anew(asked, models, tmp_path):
    found, _ = asked
    words = ("--blocks=6", "--json", "--machine=bench", f"--reports={tmp_path}")
    sides = [f"{found['saved']}::{side}" for side in "AB"]
    done = run_cli("why", *sides, *words, timeout_s=300, AUTOGAUGE_LOCK=str(tmp_path / "lock"))
    assert done.returncode == 0, done.stderr
    again = json.loads(done.stdout)
    assert [again["sides"][side]["openvino"] for side in "AB"] == [found["sides"][side]["openvino"] for side in "AB"]
    layers = {each["layer"]: each for each in again["layers"]}
    assert layers[PLANTED]["A"] < layers[PLANTED]["B"]  # the models of both sides came from the file
    changed = models[1].with_suffix(".bin").read_bytes()
    try:
        models[1].with_suffix(".bin").write_bytes(bytes(len(changed)))
        done = run_cli("why", sides[0], "AUTO", *words, AUTOGAUGE_LOCK=str(tmp_path / "lock"))
    finally:
        models[1].with_suffix(".bin").write_bytes(changed)
    assert done.returncode == 2
    assert "name its OpenVINO and the model by themselves (A)." in done.stderr


@pytest.mark.slow
def test_a_release_that_reports_another_version_is_an_error_and_nothing_is_kept(models, tmp_path, monkeypatch):
    def prepare(named, *_, who="", **__):
        return Runtime(sys.executable, who, "2019.1.0")

    monkeypatch.setattr(prepared, "prepare", prepare)
    monkeypatch.setattr(prepared, "require_room", lambda *_: None)
    monkeypatch.setenv("AUTOGAUGE_LOCK", str(tmp_path / "lock"))
    words = ["why", "2024.6.0", "here", f"--model={models[1]}", f"--reports={tmp_path}"]
    done = CliRunner().invoke(app, words)
    assert isinstance(done.exception, UserError), done.output
    assert str(done.exception).startswith("A (2024.6.0) is to be openvino 2019.1.0, and ")
    assert not (tmp_path / "why").exists()


@pytest.mark.slow
def test_the_script_runs_with_openvino_and_numpy_alone(asked, models, tmp_path):
    _, folder = asked
    text = (folder / "why.py").read_text().replace("SECONDS, WARM_UP = 2.0", "SECONDS, WARM_UP = 0.1")
    script = tmp_path / "elsewhere.py"
    script.write_text(text)
    for model, words in zip(models[1:], (["--save=a.json"], ["--against=a.json", "--top=3"]), strict=True):
        done = subprocess.run(
            [sys.executable, "-I", str(script), str(model), *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert re.match(r"openvino 20\S+: first inference [\d.]+ ms, median latency [\d.]+ ms\n", done.stdout)
    assert done.stdout.count("(") == 3
    assert PLANTED in done.stdout.splitlines()[-3]  # the largest difference first
    saved = json.loads((tmp_path / "a.json").read_text())
    assert {f"conv-{place}" for place in range(4)} <= saved["layers"].keys()
    assert sum(each["us"] for each in saved["layers"].values()) > 0


@pytest.mark.slow
def test_what_was_measured_before_an_interruption_is_kept_and_shown(models, tmp_path):
    _, a, b = models
    words = [str(a), str(b), "--device=CPU", "--blocks=200", f"--reports={tmp_path}", "--machine=bench"]
    child = subprocess.Popen(
        [sys.executable, "-m", "autogauge", "why", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "AUTOGAUGE_LOCK": str(tmp_path / "lock")},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509, a shell's background job ignores it
    )
    try:
        assert child.stderr is not None
        stop_at = time.monotonic() + 240
        while time.monotonic() < stop_at and " 3 of 200" not in child.stderr.readline():
            pass
        child.send_signal(signal.SIGINT)
        said, errors = child.communicate(timeout=60)
    finally:
        child.kill()
    assert child.returncode == 2
    assert "interrupted by SIGINT" in errors
    assert "INTERRUPTED by SIGINT" in said
    (saved,) = (tmp_path / "why" / "bench").glob("*.json")
    assert len(recorded.of_file(saved).results[0].replicates) >= 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("b", "said"),
    [
        ("NUM_STREAM=2", "B (NUM_STREAM=2) cannot be measured: openvino"),
        ("AUTO:GPU.7,CPU", "B (AUTO:GPU.7,CPU) cannot be measured: there is no device 'GPU.7'"),
    ],
)
def test_what_auto_would_take_without_a_word_is_refused(models, tmp_path, b, said):
    done = run_cli(
        "why", "here", b, f"--model={models[1]}", f"--reports={tmp_path}", AUTOGAUGE_LOCK=str(tmp_path / "lock")
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert not (tmp_path / "why").exists()


@pytest.mark.slow
def test_an_environment_without_openvino_is_one_sentence(models, tmp_path):
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    python.chmod(0o755)
    done = run_cli("why", str(tmp_path), "here", f"--model={models[1]}", AUTOGAUGE_LOCK=str(tmp_path / "lock"))
    assert done.returncode == 2
    assert f"A ({tmp_path}) cannot be measured" in done.stderr.splitlines()[-1]
    assert "--reference" not in done.stderr


@pytest.mark.slow
def test_the_same_twice_is_said_to_be_noise(models, tmp_path):
    words = (f"--model={models[1]}", "--device=CPU", "--blocks=6", "--json", f"--reports={tmp_path}")
    done = run_cli("why", "here", "CPU", *words, timeout_s=300, AUTOGAUGE_LOCK=str(tmp_path / "lock"))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert any("this machine's noise" in each for each in found["notes"])
    assert found["properties"] == []
