"""Where the machine lacked something, the sentence says that and what to do about it, and not "check the file"."""

import errno
import os
import subprocess
import sys

import pytest

from autogauge import causes
from autogauge.causes import DISK, FILES, FILES_OF_ALL, MEMORY, PROCESSES, step_in, step_when_late
from autogauge.errors import UserError, explain_os_error
from autogauge.models import build, inspect
from autogauge.models.artefact import ModelArtefact
from autogauge.probe import process
from autogauge.probe.launcher import Launcher, Runtime
from autogauge.probe.process import Child
from autogauge.probe.request import Failure, ProbeFailed
from autogauge.tools.running import Deadline, ToolFailed, run_tool
from tests.cases import each_of
from tests.support import ROOT, misbehaving_python

KILLED = "os.kill(os.getpid(), signal.SIGKILL)"


@each_of(
    ("text", "step"),
    [
        ("OSError: [Errno 24] Too many open files: 'x'", FILES),
        ("libopenvino.so: cannot open shared object file: Too many open files in system", FILES_OF_ALL),
        (
            "OpenBLAS blas_thread_init: pthread_create failed for thread 1 of 2: Resource temporarily unavailable",
            PROCESSES,
        ),
        ("RuntimeError: can't start new thread", PROCESSES),
        ("terminate called after throwing an instance of 'std::bad_alloc'", MEMORY),
        ("Unable to allocate 8.00 GiB for an array with shape (1073741824,) and data type float64", MEMORY),
        ("x.so: failed to map segment from shared object", MEMORY),
        ("x.so: failed to map segment from shared object: Operation not permitted", None),
        ("[Errno 28] No space left on device", DISK),
        ("Check 'false' failed at src/frontends/onnx: the file is no model", None),
        ("", None),
    ],
)
def test_what_a_process_printed_tells_what_the_machine_lacked(text, step):
    assert step_in(text) == step
    failure = Failure("exit", "compile", "exit status 1", text)
    assert failure.sentence() == "exit status 1 during compile" + (f" ({step})" if step else "")
    assert Failure("deadline", "compile", "no answer within 5 s", text).next_step is None, "it was the deadline"


@pytest.mark.parametrize(("number", "step"), [(errno.EMFILE, FILES), (errno.ENOMEM, MEMORY), (errno.EAGAIN, PROCESSES)])
def test_a_folder_is_not_to_blame_for_what_the_machine_lacked(number, step):
    sentence = str(explain_os_error(OSError(number, ""), "cannot write reports to r", "--reports=DIR"))
    assert sentence == f"cannot write reports to r: {os.strerror(number)}; {step}."


def test_few_file_descriptors_are_said_at_the_front_door(tmp_path):
    limited = "import resource, runpy; resource.setrlimit(resource.RLIMIT_NOFILE, (12, 12)); "
    done = subprocess.run(
        [sys.executable, "-c", limited + "runpy.run_module('autogauge', run_name='__main__')", "devices"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    said = " ".join(done.stderr.split())
    assert "Too many open files" in said
    assert FILES in said
    assert "installation" not in said


def asked(tmp_path, misbehaviour, **options):
    model = ModelArtefact("m", "path", "FP32", tmp_path / "m.xml", "d" * 64, "unknown")
    with pytest.raises(UserError) as caught:
        inspect.inspect(
            Launcher(tmp_path / "logs", Runtime(misbehaving_python(tmp_path, misbehaviour))), model, **options
        )
    return str(caught.value)


@pytest.mark.parametrize("limit", [4, 6])
def test_a_runtime_that_may_open_few_files_is_no_broken_installation(tmp_path, limit):
    (tmp_path / "m.xml").write_text("<net/>")
    sentence = asked(tmp_path, f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({limit}, {limit}))")
    assert "Too many open files" in sentence
    assert sentence.endswith(f"{FILES}.")
    assert "pip install" not in sentence


def test_a_runtime_that_may_open_many_files_cannot_read_what_is_no_model(tmp_path):
    (tmp_path / "m.xml").write_text("<net/>")
    assert "check the file, or name another (--model)" in asked(tmp_path, "")


def test_a_runtime_without_memory_says_what_it_printed_last(tmp_path):
    printed = "OpenBLAS error: Memory allocation still failed after 10 retries, giving up."
    sentence = asked(tmp_path, f"print({printed!r}, file=sys.stderr); sys.exit(1)")
    assert f"exit status 1 ({printed}) during start; {MEMORY}." in sentence


@pytest.mark.parametrize(("load", "said"), [(64.0, "the machine is busy (a load of 64 on "), (0.1, "run again")])
def test_a_deadline_on_a_loaded_machine_blames_neither_file_nor_installation(tmp_path, monkeypatch, load, said):
    monkeypatch.setattr(inspect, "SHORTEST_S", 0.3)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0, 0))
    sentence = asked(tmp_path, "time.sleep(60)", deadline_s=0.1, option="--probe-deadline")
    assert "no answer within 0.3 s" in sentence
    assert said in sentence
    assert sentence.endswith("or give it more time (--probe-deadline).")
    assert "check" not in sentence
    assert ("busy (" in step_when_late()) == (load > 3)


def counting(monkeypatch, *counts):
    """The kernel's counter of kills, as it is read one time after another; the last one stays."""
    left = [*counts]
    monkeypatch.setattr(process, "kills_for_memory", lambda: left.pop(0) if len(left) > 1 else left[0])


def test_a_probe_that_the_kernel_killed_for_want_of_memory_is_told_so(tmp_path, monkeypatch):
    counting(monkeypatch, 4, 5)
    sentence = asked(tmp_path, KILLED)
    assert sentence.endswith(f"{causes.KILLED_FOR_MEMORY} during start; {MEMORY}.")
    assert "signal" not in sentence


@each_of("counts", [(4, 4), (None, None), (4, None), (None, 4)])
def test_any_other_signal_9_is_called_that(tmp_path, monkeypatch, counts):
    counting(monkeypatch, *counts)
    launcher = Launcher(tmp_path / "logs", Runtime(misbehaving_python(tmp_path, KILLED)))
    with pytest.raises(ProbeFailed, match=r"killed by signal 9 \(SIGKILL\) during start$"):
        launcher.describe()


def test_what_we_end_ourselves_was_not_killed_for_memory(tmp_path, monkeypatch):
    counting(monkeypatch, 1, 9)
    child = Child(["sleep", "60"], stdout=tmp_path / "out", stderr=tmp_path / "err")
    assert str(child.kill()) == "killed by signal 9 (SIGKILL)"
    assert str(child.kill()) == "killed by signal 9 (SIGKILL)"


def test_builders_and_tools_are_told_apart_from_their_installation(tmp_path, monkeypatch):
    killed = misbehaving_python(tmp_path, KILLED)
    counting(monkeypatch, 0, 1)
    (tmp_path / "staging").mkdir()
    with pytest.raises(UserError) as caught:
        build.build_in_a_process("m", tmp_path / "staging", "m", "FP16", words=(), facts={}, python=tmp_path / "python")
    assert str(caught.value).endswith(f"{causes.KILLED_FOR_MEMORY}; {MEMORY}.")
    counting(monkeypatch, 0, 1)
    with pytest.raises(ToolFailed, match=f"it was {causes.KILLED_FOR_MEMORY}") as failed:
        run_tool(tmp_path / "python", "module", "x", scratch=tmp_path, deadline=Deadline(60))
    assert failed.value.step == MEMORY
    assert killed


def test_a_machine_that_starts_no_thread_leaves_no_child(tmp_path, monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("threading.Thread.start", refuse)
    with pytest.raises(ProbeFailed) as caught:
        Launcher(tmp_path / "logs").describe()
    assert caught.value.failure.next_step == PROCESSES
    assert not list(tmp_path.glob("probe-*"))


def test_an_interpreter_that_answers_late_is_not_missing_and_its_folder_stays(tmp_path, monkeypatch):
    from autogauge.models.omz import toolchain
    from autogauge.runtimes import environment
    from autogauge.tools import interpreters

    (tmp_path / "python3.5").write_text("#!/bin/sh\nsleep 60\n")
    (tmp_path / "python3.5").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(toolchain, "VERSIONS", ("3.5",))
    monkeypatch.setattr(interpreters, "TRIAL_DEADLINE_S", 0.3)
    monkeypatch.setattr(environment, "ASK_DEADLINE_S", 0.3)
    for ask in (
        lambda: toolchain.interpreter(Deadline(60)),
        lambda: environment.numpy_of(tmp_path / "python3.5"),
    ):
        with pytest.raises(UserError) as caught:
            ask()
        assert "run again" in str(caught.value)
        assert "install one" not in str(caught.value)
        assert "remove" not in str(caught.value)


def test_a_tool_that_ran_out_of_something_says_what(tmp_path):
    python = misbehaving_python(tmp_path, "print('OSError: [Errno 24] Too many open files'); sys.exit(1)")
    with pytest.raises(ToolFailed) as failed:
        run_tool(tmp_path / "python", "module", "x", scratch=tmp_path, deadline=Deadline(60))
    assert (failed.value.step, python) == (FILES, str(tmp_path / "python"))
