"""What goes wrong while measuring: interruptions, probes that crash or hang. What was measured is kept, nothing survives."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

from tests.sessions import OPTIONS
from tests.support import is_gone, misbehaving_python, probes_of, results_of, run_suite, wait_until, with_probes_on


@pytest.mark.parametrize(
    ("study", "number"),
    [
        pytest.param("first inference latency", signal.SIGINT, marks=pytest.mark.slow),
        pytest.param("hints", signal.SIGTERM, marks=pytest.mark.slow),
    ],
)
def test_an_interruption_keeps_the_finished_replicates_and_leaves_no_process(session, number, study):
    running = session(*(["-k", "hints"] if study == "hints" else []))
    assert wait_until(lambda: f"\n  {study}: 1 of" in running.text(), 60), running.text()
    if study == "hints":
        assert wait_until(lambda: "throughput: " in running.text(), 60), running.text()
    else:
        running.wait_for_probes(4, set())  # the fourth belongs to the second block
    probes = probes_of(running.process.pid)
    running.process.send_signal(number)
    status, summary = running.finish(20)
    assert status == 2
    assert summary["interrupted"]
    found = results_of(summary)[study]
    assert found.state == "interrupted"
    assert found.replicates, "finished replicates are kept"
    assert all(len(each.samples) == len(found.conditions) for each in found.replicates)
    assert any(verdict["interrupted"] for verdict in summary["verdicts"])
    assert summary["history_file"] is None
    assert not list((running.reports / "history" / "lab").glob("*.json"))
    assert "INTERRUPTED" in running.text()
    for probe in probes:
        assert wait_until(lambda pid=probe.pid: is_gone(pid), 5)


@pytest.mark.slow
def test_an_interruption_keeps_the_cases_that_were_finished(session):
    """Each case is a process of its own: what was found in hour seven of a night is shown, judged and kept."""
    running = session("tests/functional/test_model_cache.py", "-m", "functional", "--accelerator=none", "--pinned=off")
    running.wait_for_probes(6, set())  # the model's, and more than one case's
    running.process.send_signal(signal.SIGINT)
    status, summary = running.finish(60)
    assert status == 2
    (found,) = results_of(summary).values()
    (replicate,) = found.replicates
    assert 0 < len(replicate.samples) < len(found.conditions), running.text()
    assert any("not measured" in each["evidence"] for each in summary["verdicts"]), running.text()
    assert "INTERRUPTED" in running.text()
    assert (running.reports / "latest" / "index.html").is_file()


@pytest.mark.slow
def test_no_other_session_of_pytest_takes_away_what_probes_printed(session, tmp_path):
    """Pytest keeps the temporary folders of a user's last three sessions: a long run meets many that begin after it."""
    scratch = tmp_path / "temporary"
    scratch.mkdir()
    running = session(
        "tests/functional/test_properties_and_log.py",
        *("-m", "functional", "--accelerator=none", "--pinned=off"),
        TMPDIR=str(scratch),
    )
    running.wait_for_probes(3, set())
    for _ in range(4):
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(own_test(tmp_path))],
            env={**os.environ, "TMPDIR": str(scratch)},
            cwd=tmp_path,
            check=True,
            capture_output=True,
            timeout=60,
        )
    for each in scratch.glob("pytest-of-*"):  # as the third of them does once the first one's lock is old
        shutil.rmtree(each)
    status, _ = running.finish(200)
    assert status == 0, running.text()
    assert "temporary folder is gone" not in running.text()
    assert list((running.reports / "latest" / "probes").glob("*.out")), running.text()
    assert not list(scratch.glob("autogauge-session*")), "it goes with the session"


def own_test(folder):
    """A test of somebody else."""
    path = folder / "test_of_somebody_else.py"
    path.write_text("def test_it(tmp_path):\n    assert tmp_path.is_dir()\n")
    return path


@pytest.mark.slow
def test_probes_killed_by_signals_fail_their_replicates_and_the_others_go_on(session):
    running = session("-k", "first_inference or first")
    signals = [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL]
    known = set()
    assert wait_until(lambda: "first inference latency: 1 of" in running.text(), 60)
    for number in signals:
        probe = running.fresh_probe(known)
        known.add(probe.pid)
        probe.send_signal(number)
        running.wait_for_probes(3, known)  # so that no condition fails in two blocks running
    status, summary = running.finish()
    assert status == 1, "a crash is not passed over"
    (study,) = results_of(summary).values()
    failures = [failure for _, _, failure in study.failures()]
    assert {failure.kind for failure in failures} == {"signal"}
    assert sorted(failure.reason for failure in failures) == sorted(
        f"killed by signal {int(number)} ({number.name})" for number in signals
    )
    assert len(study.replicates) >= 7
    verdict = summary["verdicts"][0]
    assert 1 <= verdict["failed_replicates"] <= 3
    assert "SIGSEGV" in verdict["evidence"]
    assert verdict["replicates"] == len(study.replicates) - verdict["failed_replicates"]
    assert "FAILED tests/perf/test_first_inference.py::test_every_first_inference_was_measured" in running.text()


@pytest.mark.slow
def test_a_hung_probe_fails_its_replicate_at_the_deadline(session):
    running = session("-k", "first_inference or first", "--probe-deadline=5")
    assert wait_until(lambda: "first inference latency: 1 of" in running.text(), 60)
    running.fresh_probe().send_signal(signal.SIGSTOP)
    status, summary = running.finish()
    assert status == 1
    (study,) = results_of(summary).values()
    assert [failure.kind for _, _, failure in study.failures()] == ["deadline"]
    assert "no answer within 5 s" in summary["verdicts"][0]["evidence"]


@pytest.mark.slow
def test_a_warm_probe_that_dies_is_replaced(session):
    running = session("-k", "hints")
    assert wait_until(lambda: "\n  hints: 1 of" in running.text(), 60)
    seen = set()
    running.wait_for_probes(2, seen)  # the first is the bystander, which nobody measures
    os.kill(max(seen), signal.SIGKILL)
    status, summary = running.finish()
    assert status == 1
    (study,) = results_of(summary).values()
    assert [failure.reason for _, _, failure in study.failures()] == ["killed by signal 9 (SIGKILL)"]
    for condition in study.conditions:
        assert len(study.samples(condition.name)) >= len(study.replicates) - 1


def test_an_interruption_before_the_first_replicate_says_that_nothing_is_saved(session):
    running = session()
    running.fresh_probe()
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(20) == 2
    assert "Traceback" not in running.text()
    assert not list(running.reports.rglob("*.json"))


AUTO_CRASHES = """
import openvino
compile_model = openvino.Core.compile_model
def compiled(self, model, device_name=None, config=None):
    if device_name == "AUTO":
        os.kill(os.getpid(), signal.SIGSEGV)
    return compile_model(self, model, device_name, config)
openvino.Core.compile_model = compiled
"""


@pytest.mark.slow
def test_where_every_start_of_auto_crashes_its_tests_fail_with_that(tmp_path, model_cache):
    changed, environment = with_probes_on(misbehaving_python(tmp_path, AUTO_CRASHES), tmp_path)
    places = (f"--reports={tmp_path}/reports", f"--cache={model_cache}")
    done = run_suite(*changed, *OPTIONS, "--accelerator=none", "-k", "test_first_inference.py", *places, **environment)
    assert done.returncode == 1, done.stdout + done.stderr
    assert (
        "FINDING  AUTO crashed in every turn (3): killed by signal 11 (SIGSEGV) during compile; python -m"
        in done.stdout
    )
    assert done.stdout.count("SIGSEGV") == 2, "while measuring, and in the finding"
    assert done.stdout.count("\nFAILED ") == 1, done.stdout
    assert "KeyError" not in done.stdout
    assert (
        json.loads((tmp_path / "reports" / "latest" / "summary.json").read_bytes())["studies"][0]["state"] == "gave up"
    )
