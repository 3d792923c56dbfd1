"""Programs of others as children: how one is run, why it failed, and that it goes with whoever started it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autogauge.models import build
from autogauge.tools import running
from autogauge.tools.running import Deadline, ToolFailed, ask, object_in, run_tool
from tests.cases import each_of
from tests.support import ROOT, is_gone, wait_until


def run(script, lines, **options):
    """Run a script as a tool: by timeit, a module that takes one, whose own last line is left out."""
    script.write_text(lines)
    words = ("timeit", "-n1", "-r1", f"exec(open({str(script)!r}).read(), {{}})")
    return run_tool(Path(sys.executable), "module", *words, **options)[:-1]


def test_a_tool_that_hangs_is_gone_at_its_deadline_with_what_it_started(tmp_path):
    lines = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True)\ntime.sleep(60)\n"
    )
    pids = []
    began = time.monotonic()
    with pytest.raises(ToolFailed, match="not done within 1 s"):
        run(
            tmp_path / "hangs.py",
            lines,
            scratch=tmp_path,
            deadline=Deadline(1),
            on_line=lambda line: pids.append(int(line)),
        )
    assert time.monotonic() - began < 5
    assert len(pids) == 1
    assert wait_until(lambda: is_gone(pids[0]), 5)


def test_a_tool_that_is_killed_says_by_what(tmp_path):
    lines = "import os, signal\nprint('busy', flush=True)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    with pytest.raises(ToolFailed, match=r"killed by signal 9 \(SIGKILL\)"):
        run(tmp_path / "killed.py", lines, scratch=tmp_path, deadline=Deadline(60))


def test_a_tool_that_cannot_be_started_is_a_failure(tmp_path):
    with pytest.raises(ToolFailed, match=r"cannot start .*no-python: No such file"):
        run_tool(tmp_path / "no-python", "module", "x", scratch=tmp_path, deadline=Deadline(60))


@each_of("lines", [[], ["done"], ["[1]"], ["{}"]])
def test_a_tool_that_ends_well_without_an_answer_is_not_believed(lines):
    with pytest.raises(ToolFailed, match="without an answer"):
        object_in(lines)


def test_an_answer_is_found_among_other_lines():
    assert object_in(["warning", '{"a": 1}', "bye"]) == {"a": 1}


def test_a_silent_tool_is_given_up_before_its_deadline(tmp_path):
    lines = "import time\nprint('begun', flush=True)\ntime.sleep(60)\n"
    with pytest.raises(ToolFailed, match="nothing came for 1 s"):
        run(tmp_path / "silent.py", lines, scratch=tmp_path, deadline=Deadline(60), silence_s=1)


def test_a_tool_sees_neither_the_users_home_nor_python_variables(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    lines = "import os\nfor name in ('HOME', 'PYTHONPATH', 'CI'): print(os.environ.get(name))\n"
    found = run(tmp_path / "environment.py", lines, scratch=tmp_path, deadline=Deadline(60))
    assert found == [str(tmp_path), "None", "true"]


def test_paths_from_the_users_folder_lead_there_from_the_tools_folder_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wheels").mkdir()
    (tmp_path / "ca.pem").touch()
    given = {
        "PIP_FIND_LINKS": "wheels https://example.org/wheels nowhere",
        "PIP_CERT": "ca.pem",
        "REQUESTS_CA_BUNDLE": "/etc",
        "SSL_CERT_FILE": "",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    lines = f"import os\nfor name in {[*given]}: print(os.environ[name] or 'empty')\n"
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    assert run(tmp_path / "environment.py", lines, scratch=scratch, deadline=Deadline(60)) == [
        f"{tmp_path}/wheels https://example.org/wheels nowhere",
        f"{tmp_path}/ca.pem",
        "/etc",
        "empty",
    ]


def test_no_tool_finds_the_telemetry_whatever_module_is_run(tmp_path):
    lines = "import sys\nprint(sys.modules.get('openvino_telemetry', 'may be imported'))\n"
    assert run(tmp_path / "modules.py", lines, scratch=tmp_path, deadline=Deadline(60)) == ["None"]


@each_of(
    ("lines", "reason"),
    [
        (["ERROR: No matching distribution found for x"], "No matching distribution found for x"),
        (["Traceback (most recent call last):", "OSError: no space", "----"], "OSError: no space"),
        (["ERROR: ", "went wrong. "], "went wrong"),
        (['{"error": 1}'], '{"error": 1}'),  # to the Zoo, an event of its downloader
        ([], ""),
    ],
)
def test_the_line_that_says_why_is_found(lines, reason):
    assert running.reason_in(lines) == reason


def test_an_interpreter_is_asked_and_answers(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    assert ask(Path(sys.executable), "import os; print(os.environ.get('PYTHONPATH'))", Deadline(60)) == "None\n"
    with pytest.raises(ToolFailed, match="ZeroDivisionError") as failed:
        ask(Path(sys.executable), "1 / 0", Deadline(60))
    assert not failed.value.late


def test_a_shim_that_does_not_answer_in_time_is_gone_with_what_it_started(tmp_path):
    shim, started = tmp_path / "python", tmp_path / "started"
    shim.write_text(f"#!/bin/sh\nsleep 60 &\necho $! > {started}\nwait\n")
    shim.chmod(0o755)
    with pytest.raises(ToolFailed, match="not done within") as failed:
        ask(shim, "", Deadline(0.5))
    assert failed.value.late
    assert wait_until(lambda: is_gone(int(started.read_text())), 5)


STARTER = """
import sys, time
from pathlib import Path
from autogauge.probe.process import Child
folder, *words = sys.argv[1:]
child = Child([sys.executable, *words], stdout=Path(folder, "out"), stderr=Path(folder, "err"))
print(child.pid, flush=True)
time.sleep(60)
"""
WAITS = ("timeit", "-n1", "-r1", "import time; time.sleep(60)")


@pytest.mark.parametrize("words", [(running.RUNNER, "{result}", "module", *WAITS), (build.RUNNER, "{result}", *WAITS)])
def test_what_was_started_goes_with_whoever_started_it(words, tmp_path):
    command = [sys.executable, "-c", STARTER, str(tmp_path), *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as starter:
        child = int(starter.stdout.readline())
        assert not is_gone(child)
        os.kill(starter.pid, signal.SIGKILL)
    assert wait_until(lambda: is_gone(child), 10)
