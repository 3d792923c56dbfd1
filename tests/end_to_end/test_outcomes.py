"""What a verdict does to its test, to the exit status and to the JUnit file; and what a person at a terminal sees."""

import html
import json
import os
import pty
import subprocess
import sys
import time

import pytest

from autogauge.rig.lock import VARIABLE
from tests.end_to_end.whole_runs import UNDECIDED, changed
from tests.support import ROOT, lock_of_its_own, misbehaving_python, run_suite, suite_command, with_probes_on

OPTIONS = ("-m", "perf", "--profile=quick", "--model=one-convolution", "--machine=lab")


def test_a_broken_promise_fails_its_test_with_the_evidence(broken_promise):
    done = broken_promise.done
    assert done.returncode == 1
    assert broken_promise.summary["verdicts"][0]["verdict"] == "FAIL"
    assert "FAIL: AUTO's first inference comes about as early as the CPU's: FIL of AUTO ÷ CPU = " in done.stdout
    assert "to be at most 0.01" in done.stdout
    assert "1 failed" in done.stdout
    assert '<failure message="Failed: FAIL: AUTO' in (broken_promise.reports / "junit.xml").read_text()


def is_inconclusive(run):
    (verdict,) = (each for each in run.summary["verdicts"] if each["kind"] == "ratio")
    assert verdict["verdict"] == "INCONCLUSIVE"
    assert verdict["ci"] == [0.0, None]
    assert "INCONCLUSIVE: AUTO's first inference" in run.done.stdout


def test_an_inconclusive_verdict_is_shown_and_by_choice_fails(undecided):
    is_inconclusive(undecided)
    assert undecided.done.returncode == 1
    assert "1 failed" in undecided.done.stdout


@pytest.mark.slow
def test_an_inconclusive_verdict_is_shown_and_skips_its_test(ground):
    run = changed(ground, UNDECIDED)
    is_inconclusive(run)
    assert run.done.returncode == 0
    assert "1 skipped" in run.done.stdout


@pytest.mark.slow
def test_a_claim_without_its_device_is_skipped_with_what_would_measure_it(tmp_path, model_cache):
    options = ("-k", "first_inference or first", "--devices=AUTO", f"--reports={tmp_path}", f"--cache={model_cache}")
    done = run_suite(*OPTIONS, *options)
    assert done.returncode == 0, done.stdout
    assert "auto-fil-close-to-cpu needs a device that the options leave out (measured: AUTO)" in done.stdout


@pytest.mark.slow
def test_a_terminal_shows_a_live_line_with_what_is_measured_and_the_time_left(tmp_path, model_cache):
    options = ("-k", "as_early_as_the_cpu", f"--reports={tmp_path}", f"--cache={model_cache}")
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    environment.pop("CI", None)
    process = subprocess.Popen(
        suite_command(*OPTIONS, *options), cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    seen = b""
    stop_at = time.monotonic() + 60
    while time.monotonic() < stop_at:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # the other side is closed
            break
        seen += chunk
    os.close(ours)
    assert process.wait(10) == 0
    text = seen.decode(errors="replace")
    assert "first inference latency" in text
    assert "s left" in text
    assert "\x1b[2K" in text, "the line is drawn again in its place"
    assert "\x1b[1;32mPASS" in text.replace("\x1b[1;32m", "\x1b[1;32m"), "verdicts are coloured"


def test_a_benchmark_that_gave_no_sample_warns_of_nothing_beside_its_reason(tmp_path):
    (tmp_path / "test_one.py").write_text("import pytest\ndef test(benchmark): pytest.fail('AUTO gave no sample')\n")
    command = (sys.executable, "-m", "pytest", "-c", str(ROOT / "pytest.ini"), "-p", "no:cacheprovider", "test_one.py")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "AUTO gave no sample" in done.stdout
    assert "warning" not in done.stdout.lower()


@pytest.mark.slow
def test_the_suite_does_not_import_openvino_to_measure(tmp_path, model_cache):
    options = ("-k", "first_inference_latency", "--devices=AUTO", f"--reports={tmp_path}", f"--cache={model_cache}")
    script = (
        "import sys, pytest; status = pytest.main(sys.argv[1:]); "
        "print('imported:', sorted({'openvino', 'scipy.stats', 'hypothesis'} & set(sys.modules))); sys.exit(status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *OPTIONS, "--pinned=off", *options],
        cwd=ROOT,
        env={**os.environ, VARIABLE: str(lock_of_its_own())},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "imported: []" in done.stdout, done.stdout


FROM_A_CACHE = """
import openvino
ask = openvino.CompiledModel.get_property
openvino.CompiledModel.get_property = lambda self, name: name == "LOADED_FROM_CACHE" or ask(self, name)
"""


@pytest.mark.slow
def test_a_broken_fact_fails_its_own_test_and_no_other(tmp_path, model_cache):
    """Every compile says that it came from a cache; all else is as it should be."""
    changed, environment = with_probes_on(misbehaving_python(tmp_path, FROM_A_CACHE), tmp_path)
    options = ("-k", "test_first_inference.py and not latency", f"--reports={tmp_path}", f"--cache={model_cache}")
    done = run_suite(*changed, *OPTIONS, *options, f"--junitxml={tmp_path}/junit.xml", **environment)
    assert done.returncode == 1, done.stdout
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    assert len(failed) == 1
    assert "test_every_compile_was_a_cold_one" in failed[0]
    summary = json.loads((tmp_path / "latest" / "summary.json").read_bytes())
    facts = {each["name"]: each for each in summary["verdicts"] if each["kind"] == "fact"}
    broken = facts.pop("first-inferences-compiled-cold")
    assert broken["verdict"] == "FAIL"
    assert {each["verdict"] for each in facts.values()} == {"PASS"}
    assert broken["evidence"].endswith("LOADED_FROM_CACHE is True and {} more".format(len(broken["broken"]) - 3))
    assert f"1 of {len(summary['verdicts'])} promises broken" in (tmp_path / "latest" / "index.html").read_text()
    junit = html.unescape((tmp_path / "junit.xml").read_text())
    assert f"FAIL: each first inference came after a cold compile: {broken['evidence']}" in junit
