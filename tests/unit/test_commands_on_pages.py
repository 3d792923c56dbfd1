"""docs/ci.md, docs/gate.md and docs/history.md: every command on them runs on a history as the pages have it."""

import re
import shlex
import shutil

import pytest
from typer.testing import CliRunner

from autogauge.cli.main import app
from autogauge.history import store
from tests import histories
from tests.support import ROOT

PAGE = "".join((ROOT / "docs" / name).read_text() for name in ("ci.md", "gate.md", "history.md"))
COMMANDS = sorted(set(re.findall(r"python -m autogauge ([a-z][^`\n>#]*)", PAGE)))
RUNNING = [each.strip() for each in COMMANDS if "…" not in each]
MEANT = {"BENCHMARK": histories.LATENCY, "A": "openvino=2025.4", "B": "openvino=2026.4", "--by=policy": "--by=hint"}
"""What stands on the pages for something that these runs have."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A runner's disk with the history of two machines and of three releases; run 13 is a real one, of two devices."""
    place = tmp_path_factory.mktemp("srv")
    for release in ("2025.4.1", "2026.3.0", "2026.4.1"):
        histories.year(place / "reports" / "history", "lab-01", runs=4, openvino=release)
    shutil.copy(ROOT / "tests" / "data" / "run.json", place / "reports" / "history" / "lab-01" / "0013_run_real.json")
    histories.year(place / "reports" / "history", "lab-01-pr", runs=1, days=9)
    return place


def test_the_pages_have_commands():
    assert {each.split()[0] for each in RUNNING} >= {"report", "compare", "gate", "accept", "reject", "history"}


@pytest.mark.parametrize("command", [each for each in RUNNING if "--as-continuation" not in each])
def test_each_command_of_the_pages_runs(command, lab, tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOGAUGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(lab)  # where the pages name no history it is the one below
    run = store.runs(lab / "reports" / "history" / "lab-01")[-1]
    words = shlex.split(command.replace("/srv/autogauge", str(lab)))
    words = [{"RUN": str(run), **MEANT}.get(word, word) for word in words]
    words = [f"--out={tmp_path / 'trends'}" if word.startswith("--out=") else word for word in words]
    done = CliRunner().invoke(app, words)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code in (0, 1), done.output
