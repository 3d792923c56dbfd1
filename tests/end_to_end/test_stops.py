"""Stops of every kind: what was measured is saved, or it is said that nothing is; no traceback, status 2, and nothing survives."""

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time

import pytest

from autogauge.interruption import Interruption
from tests.support import ROOT, bare_suite_command, is_gone, probes_of, results_of, run_suite, wait_until

INT, TERM, HUP = signal.SIGINT, signal.SIGTERM, signal.SIGHUP


def groups_below(pid):
    """The process groups of everything below a process, its own left out."""
    import psutil

    return {os.getpgid(each.pid) for each in psutil.Process(pid).children(recursive=True)} - {os.getpgid(pid)}


def group_is_gone(group):
    import psutil

    return all(is_gone(each.pid) for each in psutil.process_iter() if _group_of(each.pid) == group)


def _group_of(pid):
    with contextlib.suppress(ProcessLookupError):
        return os.getpgid(pid)
    return None


@pytest.mark.parametrize(
    ("numbers", "apart_s"),
    [
        ((INT, INT), 0.05),
        *(
            pytest.param(*each, marks=pytest.mark.slow)
            for each in (((HUP,), 0), ((INT, INT, INT), 0.4), ((TERM, INT), 0.01), ((HUP, TERM, INT), 0.0))
        ),
    ],
    ids=lambda each: "-".join(number.name for number in each) if isinstance(each, tuple) else f"{each} s",
)
def test_however_often_it_is_told_to_stop_what_was_measured_is_saved(session, numbers, apart_s):
    running = session("-k", "test_first_inference")
    running.wait_for_probes(4, set())  # the fourth belongs to the second block
    groups = groups_below(running.process.pid)
    for number in numbers:
        running.process.send_signal(number)
        time.sleep(apart_s)
    status, summary = running.finish(20)
    assert status == 2, running.text()
    assert summary["interrupted"]
    named = summary["interrupted_by"]
    assert named in ([number.name for number in numbers] if not apart_s else [numbers[0].name]), (
        "of several at once any"
    )
    assert f"INTERRUPTED by {named}: what follows rests on what was finished" in running.text()
    assert "history: an interrupted run is not saved to it" in running.text()
    assert next(iter(results_of(summary).values())).replicates
    assert groups
    assert wait_until(lambda: all(map(group_is_gone, groups)))


@pytest.mark.parametrize(
    "number",
    [TERM, *(pytest.param(each, marks=pytest.mark.slow) for each in (INT, HUP))],
    ids=lambda number: number.name,
)
def test_a_stop_before_anything_is_measured_says_so(session, number):
    running = session("--pinned=on", "--gate=warn", "-k", "seconds_per_frame")
    assert wait_until(lambda: "model: one-convolution" in running.text(), 60), running.text()
    running.process.send_signal(number)
    assert running.process.wait(20) == 2, running.text()
    assert "Traceback" not in running.text()
    said = [line for line in running.text().splitlines() if line.startswith("interrupted by")]
    assert said == [f"interrupted by {number.name} before anything was measured: nothing is saved"], running.text()
    assert not [path for path in running.reports.rglob("*") if path.is_file()]
    assert not probes_of(running.process.pid)


SLOW_SAVING = """
import time
from autogauge.report import summary
save = summary.save
def slowly(*words):
    print("saving begins", flush=True)
    time.sleep(1.5)
    return save(*words)
summary.save = slowly
"""


@pytest.mark.slow
@pytest.mark.parametrize("interrupted", [True, False])
def test_a_stop_while_it_is_saving_does_not_disturb_that(session, tmp_path, interrupted):
    (tmp_path / "slow_saving.py").write_text(SLOW_SAVING)
    running = session(
        *("-p", "slow_saving", "-s", "-k", "first_inference_latency"), PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}"
    )
    if interrupted:
        running.wait_for_probes(4, set())
        running.process.send_signal(TERM)
    assert wait_until(lambda: "saving begins" in running.text(), 60), running.text()
    for number in (INT, INT, TERM, HUP):
        running.process.send_signal(number)
    status, summary = running.finish(20)
    assert status == (2 if interrupted else 0), running.text()
    assert summary["interrupted_by"] == ("SIGTERM" if interrupted else None)
    assert bool(summary["history_file"]) is not interrupted


ENOUGH = """
def pytest_runtest_logreport(report):
    if report.when == "call":
        SESSION[0].shouldstop = "one is enough"
def pytest_sessionstart(session):
    SESSION.append(session)
SESSION = []
"""


def test_tests_that_cannot_be_collected_are_no_signal(tmp_path):
    (tmp_path / "test_broken.py").write_text("raise ValueError")
    done = run_suite("-m", "perf", "tests/perf", str(tmp_path / "test_broken.py"), f"--reports={tmp_path}/reports")
    assert done.returncode == 2, done.stdout
    assert "1 error during collection" in done.stdout
    assert "SIGINT" not in done.stdout


@pytest.mark.slow
def test_a_session_that_pytest_itself_ends_early_was_not_interrupted(session, tmp_path):
    """As --stepwise does after a test that failed: what was measured is a run, as it is with -x."""
    (tmp_path / "enough.py").write_text(ENOUGH)
    running = session("-p", "enough", "-k", "first_inference_latency", PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}")
    status, summary = running.finish(60)
    assert status == 2, running.text()
    assert "SIGINT" not in running.text()
    assert not summary["interrupted"]
    assert summary["history_file"]


@pytest.mark.slow
def test_what_is_ignored_from_the_start_stays_ignored(session):
    running = session("-k", "first_inference_latency", ignored=(HUP,))  # as under nohup
    running.wait_for_probes(1, set())
    running.process.send_signal(HUP)
    status, summary = running.finish()
    assert status == 0, running.text()
    assert not summary["interrupted"]


@pytest.mark.slow
@pytest.mark.parametrize("signalled", [True, False], ids=["with SIGHUP", "without a signal, as after disown"])
def test_a_terminal_that_is_closed_costs_nothing_that_was_measured(signalled, tmp_path, model_cache):
    """As when a connection breaks: nothing can be printed any more."""
    reports = tmp_path / "reports"
    options = ("-m", "perf", "--profile=quick", "--model=one-convolution", "-k", "first_inference or first")
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        os.environ["AUTOGAUGE_LOCK"] = str(tmp_path / "lock")
        signal.signal(HUP, signal.SIG_DFL if signalled else signal.SIG_IGN)
        command = bare_suite_command(*options, f"--reports={reports}", f"--cache={model_cache}")
        os.execv(command[0], command)
    seen = set()

    def enough():
        seen.update(probe.pid for probe in probes_of(pid))
        return len(seen) >= 5

    assert wait_until(enough, 60)
    os.close(terminal)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    summary = json.loads((reports / "latest" / "summary.json").read_bytes())
    assert summary["interrupted_by"] == ("SIGHUP" if signalled else None)
    assert next(iter(results_of(summary).values())).replicates
    assert status == (2 if signalled else 0)


@pytest.mark.slow
def test_a_command_that_is_told_to_stop_says_so_with_status_2(tmp_path, model_cache):
    process = subprocess.Popen(
        [sys.executable, "-m", "autogauge", "aa", "--model=one-convolution"],
        cwd=ROOT,
        env={**os.environ, "AUTOGAUGE_CACHE": str(model_cache), "AUTOGAUGE_LOCK": str(tmp_path / "lock")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert wait_until(lambda: bool(probes_of(process.pid)), 60)
    groups = groups_below(process.pid)
    process.send_signal(TERM)
    process.send_signal(INT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 2, err
    assert out == ""
    assert re.fullmatch(
        r"autogauge: interrupted by SIG(TERM|INT): it is not done; run it again\.", err.splitlines()[-1]
    )
    assert "Traceback" not in err
    assert wait_until(lambda: all(map(group_is_gone, groups)))


def test_a_signal_that_was_lost_on_its_way_counts_when_it_comes_again(monkeypatch):
    interruption = Interruption()
    clock = [100.0]
    monkeypatch.setattr("autogauge.interruption.time.monotonic", lambda: clock[0])
    with pytest.raises(KeyboardInterrupt):
        interruption._told(INT, None)
    interruption._told(INT, None)
    clock[0] += 6
    with pytest.raises(KeyboardInterrupt):
        interruption._told(TERM, None)
    assert interruption.name == "SIGINT"
