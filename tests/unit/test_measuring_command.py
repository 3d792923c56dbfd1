"""What ``autogauge perf`` starts, in the checkout and as an installed copy; and how sentences name the next step in either."""

import re
import sys

import pytest
from typer.testing import CliRunner

from autogauge import checkout
from autogauge.cli import from_settings, main, measuring
from autogauge.cli.main import app
from tests.support import ROOT


@pytest.fixture
def started(monkeypatch):
    """The words behind the interpreter that a command line starts."""

    def started(*words):
        found = []
        monkeypatch.setattr(measuring, "become", lambda path, command: found.append((path, command)))
        done = CliRunner().invoke(app, [*words])
        assert done.exit_code == 0, done.output
        ((path, command),) = found
        assert path == command[0] == sys.executable
        return command[1:]

    return started


@pytest.mark.parametrize("mark", ["perf", "functional", "soak"])
def test_in_the_checkout_it_is_pytest_on_its_own_tests(started, mark):
    words = started(mark, "--model", "my model.onnx", "--gate=fail", "--", "-k", "hints", "-x")
    assert words[:2] == ["-m", "pytest"]
    assert words[2:4] == ["-m", mark]
    assert words[4] == f"--autogauge-promises={mark}"
    assert words[5:8] == [f"--config-file={ROOT}/pytest.ini", f"--rootdir={ROOT}", f"{ROOT}/tests/{mark}"]
    assert words[8:] == ["--model=my model.onnx", "--gate=fail", "-k", "hints", "-x"]


def test_installed_it_is_pytest_on_the_packages_with_keys_that_are_nobody_elses(started, monkeypatch):
    monkeypatch.setattr(checkout, "IS_CHECKOUT", False)
    words = started("perf", "--model=my.onnx", "--no-baseline=fail", "--", "-x")
    assert words[:2] == ["-c", measuring.START]
    assert words[2:5] == ["-m", "perf", "--autogauge-promises=perf"]
    assert {each.partition("=")[2] for each in words if each.startswith("--override-ini=python_")} == {
        *("python_files=test_*.py", "python_classes=Test", "python_functions=test")
    }
    assert words[-3:] == ["--override-ini=autogauge_model=my.onnx", "--override-ini=autogauge_no_baseline=fail", "-x"]


def test_an_installed_copy_in_a_checkout_says_which_of_them_runs(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(ROOT / "tests")
    main._say_which_copy(["gate"])
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(checkout, "ROOT", tmp_path)
    main._say_which_copy(["perf"])
    assert capsys.readouterr().err == "", "pytest says it"
    main._say_which_copy(["gate"])
    assert f"the copy in {tmp_path} runs, and the checkout in {ROOT} is passed over" in capsys.readouterr().err


def test_commands_find_the_reports_where_runs_put_them(monkeypatch, capsys, tmp_path):
    (tmp_path / "proj" / "sub").mkdir(parents=True)
    (tmp_path / "proj" / "reports" / "history" / "lab-01").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "proj" / "sub")
    monkeypatch.setattr(from_settings, "_said", set())
    ask = ["history", f"--cache={tmp_path}/cache", "--json"]

    def looked_in(history):
        (history / "lab-01").mkdir(parents=True, exist_ok=True)
        (history / "lab-01" / "0001_odd.json").write_text("{")
        found = CliRunner().invoke(app, ask).output
        (history / "lab-01" / "0001_odd.json").unlink()
        return "0001_odd" in found

    of_project = tmp_path / "proj" / "reports" / "history"
    assert not looked_in(of_project), "nothing says that it is a project"
    (tmp_path / "proj" / "pyproject.toml").touch()
    assert looked_in(of_project)
    (tmp_path / "proj" / "sub" / "reports" / "history").mkdir(parents=True)
    assert not looked_in(of_project), "the folder has its own"


def test_the_next_step_is_right_for_who_reads_it(monkeypatch):
    assert checkout.install() == "pip install -r requirements.txt"
    assert checkout.install("lab") == "pip install -r requirements-lab.txt"
    assert checkout.measure("--gate=fail") == "pytest -m perf --gate=fail"
    assert checkout.listed("requirements-omz.txt") == ROOT / "requirements-omz.txt"
    assert checkout.page("findings") == "docs/findings.md"
    monkeypatch.setattr(checkout, "IS_CHECKOUT", False)
    assert checkout.page("findings") == "autogauge's docs/findings.md"
    assert checkout.install() == "pip install autogauge"
    assert checkout.install("emulation", anew=True) == "pip install --force-reinstall 'autogauge[emulation]'"
    assert checkout.measure(mark="soak") == "autogauge soak"
    assert checkout.listed("requirements-omz.txt").parts[-3:] == ("autogauge", "requirements", "requirements-omz.txt")


def test_no_sentence_names_a_list_of_packages_that_an_installed_copy_has_not():
    """What is to be installed is said by ``checkout.install``, and how one measures by ``checkout.measure``."""
    own = (
        ROOT / "autogauge" / "checkout.py",
        ROOT / "autogauge" / "lab" / "fleet" / "batch.py",
    )  # a job has a checkout
    files = [*(ROOT / "autogauge").rglob("*.py"), *(ROOT / "fixtures").rglob("*.py")]
    wrong = re.compile(r"install [^\n]*-r requirements|\(pytest -m")
    assert [str(path) for path in files if path not in own and wrong.search(path.read_text(encoding="utf-8"))] == []
