"""docs/ci.md: every command on it runs on a history as the page has it, and every option in it is there."""

import re
import runpy
import shlex

import pytest
from typer.testing import CliRunner

from autogauge.cli.main import app
from autogauge.history import store
from tests import histories
from tests.support import ROOT

PAGE = (ROOT / "docs" / "ci.md").read_text()
COMMANDS = sorted(set(re.findall(r"python -m autogauge ([a-z][^`\n>#]*)", PAGE)))
RUNNING = [each.strip() for each in COMMANDS if "…" not in each and each.strip() != "report"]
OF_PYTEST = {"-m", "--junitxml"}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A runner's disk with the history of two machines and of two releases."""
    place = tmp_path_factory.mktemp("srv")
    for release in ("2026.3.0", "2026.4.1"):
        histories.year(place / "reports" / "history", "lab-01", runs=4, openvino=release)
    histories.year(place / "reports" / "history", "lab-01-pr", runs=1, days=9)
    return place


def test_the_page_has_commands():
    assert {each.split()[0] for each in RUNNING} >= {"report", "compare", "gate", "accept", "reject"}


@pytest.mark.parametrize("command", [each for each in RUNNING if "--as-continuation" not in each])
def test_each_command_of_the_page_runs(command, lab, tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOGAUGE_CACHE", str(tmp_path / "cache"))
    run = store.runs(lab / "reports" / "history" / "lab-01")[-1]
    words = shlex.split(command.replace("/srv/autogauge", str(lab)))
    words = [{"RUN": str(run), "BENCHMARK": histories.LATENCY}.get(word, word) for word in words]
    words = [f"--out={tmp_path / 'trends'}" if word.startswith("--out=") else word for word in words]
    done = CliRunner().invoke(app, words)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code in (0, 1), done.output


def test_each_option_of_a_perf_run_on_the_page_is_there():
    declared = set()

    class Parser:
        def getgroup(self, *_):
            return self

        def addoption(self, name, **_):
            declared.add(name)

    runpy.run_path(str(ROOT / "conftest.py"))["pytest_addoption"](Parser())
    lines = [line for line in PAGE.splitlines() if "pytest -m perf" in line or "--machine=lab-01" in line]
    used = {each for line in lines for each in re.findall(r"(?<![\w-])--[a-z][a-z-]*", line)}
    assert {"--gate", "--machine", "--baseline", "--no-baseline", "--reports"} <= used
    assert used - declared - OF_PYTEST - {"--against"} == set()
