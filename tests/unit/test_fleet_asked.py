"""What is wrong in the options for pytest, and known here, is told before anything starts; what only a machine knows is left to it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from autogauge.cli import fleet as command
from autogauge.cli.main import app
from autogauge.errors import UserError
from autogauge.lab.fleet import asked, collector
from autogauge.lab.fleet.inventory import Inventory, Machine
from tests.cases import each_of


def lab(**own):
    return Inventory(Path("lab.ini"), (Machine("lab1", "lab1"), Machine("lab2", "lab2", own)))


@each_of(
    ("words", "says"),
    [
        (["--profile=quik"], "--profile"),
        (["-k", "hints", "--profile", "quik"], "--profile"),
        (["--gate=fial"], "--gate"),
        (["--pair-budget=ten"], "--pair-budget"),
        (["--smallest-change=x"], "--smallest-change"),
        (["--wait=long"], "--wait"),
        (["--infer-requests=many"], "--infer-requests"),
    ],
)
def test_a_word_or_number_that_an_option_does_not_know_is_told(words, says):
    with pytest.raises(UserError, match=rf"\({says}\)"):
        asked.check(lab(), words)
    for given in (words, " ".join(words)):
        with pytest.raises(UserError, match=r"^autogauge_pytest_args of lab2 in lab\.ini: "):
            asked.check(lab(autogauge_pytest_args=given), ())


@each_of(
    "words",
    [
        ["--profile=quick", "--gate", "fail", "--wait=no", "--smallest-change=5%", "-x", "-k", "a or b"],
        ["--model=/only/there.xml", "--devices=CPU,GPU.7", "--reports=/only/there", "--of-a-plugin=x"],
        ["--profile={{ profile }}"],
        ["--profile"],
    ],
)
def test_what_may_be_right_there_passes(words):
    asked.check(lab(autogauge_pytest_args=words), words)


def test_a_version_of_no_repository_is_this_checkout():
    with pytest.raises(UserError, match="lab2"):
        asked.check(lab(autogauge_version="v1", autogauge_pytest_args="--profile=quik"), ())


@each_of("own", ["autogauge_project", "autogauge_repository"])
def test_a_machine_with_a_checkout_of_its_own_may_know_other_words(own):
    asked.check(lab(**{own: "/srv/another", "autogauge_pytest_args": "--profile=quik"}), ())
    with pytest.raises(UserError):
        asked.check(lab(**{own: "/srv/another"}), ["--profile=quik"])
    only = Inventory(Path("lab.ini"), (Machine("lab2", "lab2", {own: "x"}),))
    asked.check(only, ["--profile=quik"])


def test_what_git_does_not_know_is_said_before_anything_starts(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "_read", lambda *words: (lab(), collector))
    monkeypatch.setattr(collector.packed, "unknown_to_git", lambda: ["autogauge/zz_new.py"])

    def begun(self):
        raise UserError("it begins")

    monkeypatch.setattr(collector.FleetRun, "go", begun)
    words = ["fleet", "run", "lab.ini", f"--reports={tmp_path}"]
    done = CliRunner().invoke(app, words)
    assert str(done.exception) == "it begins"
    assert "NOTE  git does not know autogauge/zz_new.py, which stays here: `git add` it" in done.output
    wrong = CliRunner().invoke(app, [*words, "--", "--profile=quik"])
    assert "quik" in str(wrong.exception)
    assert len([*(tmp_path / "fleet").glob("*.json")]) == 1, "the second has no account: it never began"
