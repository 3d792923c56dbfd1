"""Values of `autogauge_environment` may be secrets: no list of processes and no log shows one, and what fails is told all the same."""

import contextlib
import json
import threading
from pathlib import Path

import pytest

from tests.lab.test_fleet import fleet

pytestmark = [pytest.mark.lab, pytest.mark.usefixtures("with_ansible")]
SECRET = "https://perf:hunter2'; it@packages.example/simple"  # also quoting is tested by it
PYTHON = """#!/bin/sh
case " $* " in
*" -m venv "*) mkdir -p venv/bin && cp "$0" venv/bin/python; exit ;;
*" -m pip "*) sleep 0.3217; [ "$INDEX" = "{secret}" ] && {pip} ;;
*" doctor "*) sleep 0.3217; [ "$INDEX" = "{secret}" ]; exit ;;
*" -m pytest "*) sleep 0.3217; [ "$INDEX" = "{secret}" ] && echo "it has it"; exit 5 ;;
esac
exec {python} "$@"
"""


@contextlib.contextmanager
def watched(words):
    """The command lines of all processes while the body runs, of those that hold one of the words."""
    found, is_over = set(), threading.Event()

    def watch():
        while not is_over.is_set():
            for each in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    line = each.read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    found.update(word for word in words if word in line)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield found
    finally:
        is_over.set()
        watcher.join()


@pytest.fixture
def lab1(lab, inventory_of):
    """``lab1(pip)``: an inventory of one machine that must be given an environment, by a Python whose pip does this."""

    def made(pip):
        python, project = lab.folder / "base-python", lab.folder / "project"
        python.write_text(PYTHON.format(secret=SECRET, python=lab.python, pip=pip))
        python.chmod(0o755)
        project.mkdir(exist_ok=True)
        for name in ("conftest.py", "requirements.txt"):
            (project / name).touch()
        variables = {"autogauge_environment": {"INDEX": SECRET}, "autogauge_project": str(project)}
        return inventory_of(
            1, autogauge_python="", autogauge_base_python=str(python), autogauge_strict=True, **variables
        )

    return made


def test_no_command_line_and_no_log_shows_a_value(lab1, tmp_path):
    path, reports = lab1("exit 0"), tmp_path / "r"
    with watched(["hunter2", "sleep 0.3217"]) as seen:
        done = fleet("run", path, f"--reports={reports}", "--json", ANSIBLE_VERBOSITY="3")
    machine = json.loads(done.stdout)["machines"][0]
    assert "no test was chosen" in machine["sentence"], (machine, done.stderr)
    assert next(reports.glob("fleet/*/lab1/output")).read_text() == "it has it\n"
    assert "sleep 0.3217" in seen, "the watcher sees"
    assert "hunter2" not in seen
    told = [done.stdout, done.stderr, *(each.read_text(errors="replace") for each in reports.rglob("*.*"))]
    assert any("start to measure" in each for each in told), "the log is among them"
    assert not [each for each in told if "hunter2" in each]


def test_what_pip_says_comes_home_though_its_surroundings_are_hidden(lab1, tmp_path):
    done = fleet("run", lab1("{ echo 'ERROR: no such package' >&2; exit 1; }"), f"--reports={tmp_path / 'r'}", "--json")
    assert json.loads(done.stdout)["machines"][0]["sentence"] == "make the environment: ERROR: no such package"


def test_why_it_was_not_started_is_told_too(lab, inventory_of, tmp_path):
    machine, project = lab.machines[0], lab.folder / "project"
    project.mkdir(exist_ok=True)
    (project / "conftest.py").touch()
    folder = machine.variables["autogauge_folder"]
    assert lab.ssh(machine, f"mkdir -p {folder} && touch {folder}/sessions").returncode == 0
    path = inventory_of(1, autogauge_project=str(project), autogauge_environment={"INDEX": SECRET})
    done = fleet("run", path, f"--reports={tmp_path / 'r'}", "--json", timeout_s=100)
    machine = json.loads(done.stdout)["machines"][0]
    assert machine["outcome"] == "failed"
    assert machine["sentence"].startswith("measure: mkdir: cannot create directory"), machine
