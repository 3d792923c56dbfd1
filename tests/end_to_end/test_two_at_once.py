"""Two sessions on one machine: the second one waits, or is refused in one sentence; what does not measure waits for nobody."""

import os
import signal
import subprocess
import sys

import pytest

from autogauge.rig import lock
from autogauge.rig.lock import VARIABLE
from tests.sessions import Session
from tests.support import ROOT, probes_of, run_cli, run_suite, sentence_of, wait_until

PERF = ("-m", "perf", "--profile=quick", "--model=one-convolution", "-k", "first_inference_latency", "--machine=lab")


@pytest.fixture
def held(tmp_path, monkeypatch):
    """The lock, held by this process; ``held.release()`` frees it."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "lock"))
    lock_held = lock.acquire("another session")
    yield lock_held
    lock_held.release()


def test_without_waiting_the_second_one_is_refused_at_once_in_one_sentence(held, tmp_path, model_cache):
    places = (f"--reports={tmp_path}/reports", f"--cache={model_cache}")
    sentence = sentence_of(run_suite(*PERF, "--wait=no", *places, **{VARIABLE: str(tmp_path / "lock")}))
    assert f"another session measures on this machine: process {os.getpid()} of " in sentence
    assert ": another session;" in sentence
    assert "(--wait=SECONDS)" in sentence
    assert not [path for path in (tmp_path / "reports").rglob("*") if path.is_file()]
    sentence = sentence_of(run_cli("aa", "--model=one-convolution", "--wait=no", **{VARIABLE: str(tmp_path / "lock")}))
    assert f"another session measures on this machine: process {os.getpid()} of " in sentence


@pytest.mark.parametrize(
    "options",
    [
        ("-m", "perf", "--collect-only"),
        *(
            pytest.param(each, marks=pytest.mark.slow)
            for each in (
                ("-m", "perf", "--setup-plan"),
                ("tests/unit/test_percentiles.py",),
                ("-m", "functional", "-k", "none-named-is-auto", "tests/functional/test_selection_matrix.py"),
            )
        ),
    ],
)
def test_what_does_not_measure_waits_for_nobody(held, tmp_path, options):
    done = run_suite("-q", "--wait=no", f"--reports={tmp_path}", *options, **{VARIABLE: str(tmp_path / "lock")})
    assert done.returncode == 0, done.stdout


def test_the_second_one_waits_and_says_for_whom_and_a_stop_ends_the_waiting(held, session):
    running = session(**{VARIABLE: os.environ[VARIABLE]})
    waiting = f"waiting for another session that measures on this machine, 1800 s at most: process {os.getpid()} of "
    assert wait_until(lambda: waiting in running.text(), 60), running.text()
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(20) == 2
    assert "interrupted by SIGTERM before anything was measured: nothing is saved" in running.text()
    assert "Traceback" not in running.text()


@pytest.mark.slow
def test_the_second_one_measures_when_the_first_one_was_killed(session, tmp_path, model_cache):
    shared = {VARIABLE: str(tmp_path / "lock")}
    first = session(**shared)
    first.wait_for_probes(1, set())
    (tmp_path / "second").mkdir()
    second = Session(tmp_path / "second", model_cache, "-k", "first_inference_latency", **shared)
    try:
        waiting = f"at most: process {first.process.pid} of "
        assert wait_until(lambda: waiting in second.text(), 60), second.text()
        assert not probes_of(second.process.pid)
        first.process.send_signal(signal.SIGKILL)
        status, summary = second.finish()
    finally:
        second.process.kill()
    assert status == 0, second.text()
    assert any("for another session's measuring to end" in note for note in summary["notes"])


@pytest.mark.slow
def test_a_benchmark_that_measures_waits_too(held):
    process = subprocess.Popen(
        [sys.executable, "benchmarks/cold_cache.py", "--blocks=6"], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    try:
        line = process.stderr.readline()
    finally:
        process.kill()
        process.communicate()
    assert line.startswith("waiting for another session that measures on this machine, 1800 s at most: process "), line
    assert "--wait" not in line
