"""``settings`` says what each option is and where from; the commands that share an option with a run take it from there, too."""

import json
import os

import pytest

from autogauge.cli import from_settings
from autogauge.cli.main import COMMANDS, Imported
from autogauge.cli.shared import of_a_run
from autogauge.options import OPTIONS
from tests.cases import each_of
from tests.support import cli_in, sentence_of

FILE = """\
[tool.autogauge]
model = "detector.onnx"
reports = "out"
gate = "fail"

[tool.autogauge.machines.lab-01]
gate = "off"
wait = 7
"""
"""The lines are asserted below."""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with a settings file and one of pytest's, in whose folder below the tests are."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    for option in OPTIONS.values():
        monkeypatch.delenv(option.variable, raising=False)
    (tmp_path / ".git").mkdir()
    (tmp_path / "pyproject.toml").write_text(FILE)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -q\n  --profile=quick\nautogauge_soak = 30\n")
    (tmp_path / "detector.onnx").touch()
    (tmp_path / "below").mkdir()
    return tmp_path


def told(project, *words, **environment):
    done = cli_in(project / "below", "settings", "--json", *words, **environment)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    found = json.loads(done.stdout)
    return found, {each["option"]: each for each in found["options"]}


def test_each_option_is_told_with_its_value_and_where_that_stands(project):
    found, options = told(
        project, "--infer-requests=4", AUTOGAUGE_WAIT="9", AUTOGAUGE_GATE="", PYTEST_ADDOPTS="--pinned=off"
    )
    toml, ini = str(project / "pyproject.toml"), str(project / "pytest.ini")
    assert [*options] == [*OPTIONS]
    assert (found["project_file"], found["machines"]) == (toml, ["lab-01"])
    sources = {name: (each["value"], each["source"], each["file"], each["line"]) for name, each in options.items()}
    assert {name: value for name, value in sources.items() if value[1] != "default"} == {
        "--model": (f"{project}/detector.onnx", "file", toml, 2),
        "--reports": (f"{project}/out", "file", toml, 3),
        "--gate": ("fail", "file", toml, 4),
        "--wait": ("9", "variable", None, None),
        "--pinned": ("off", "PYTEST_ADDOPTS", None, None),
        "--profile": ("quick", "addopts", ini, 2),
        "--soak": ("30", "ini", ini, 4),
        "--infer-requests": ("4", "command line", None, None),
    }
    assert sources["--creep"] == ("warn", "default", None, None)
    assert sources["--reference"] == (None, "default", None, None)


def test_another_machine_has_its_own(project):
    found, options = told(project, "--machine=lab-01", "--wait=1")
    assert found["machine"] == "lab-01"
    assert (options["--gate"]["value"], options["--gate"]["source"], options["--gate"]["line"]) == ("off", "machine", 7)
    assert [(each["value"], each["line"]) for each in options["--gate"]["overridden"]] == [("fail", 4)]
    assert (options["--wait"]["value"], options["--wait"]["overridden"][0]["line"]) == ("1", 8)
    assert told(project, AUTOGAUGE_MACHINE="lab-01")[1]["--gate"]["value"] == "off"


def test_as_a_table_it_tells_the_same(project):
    done = cli_in(project, "settings", "--machine=lab-01", COLUMNS="200")
    assert done.returncode == 0, done.stderr
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "--gate off [tool.autogauge.machines.lab-01] in pyproject.toml:7; not fail of pyproject.toml:4" in lines, (
        lines
    )
    assert "--profile quick addopts in pytest.ini:2" in lines
    assert f"pyproject.toml is {project}/pyproject.toml." in lines
    assert "This machine is called lab-01, its table counts; pyproject.toml has tables of lab-01." in lines


def test_a_contradiction_is_told_after_the_table(project):
    (project / "pyproject.toml").write_text('[tool.autogauge]\n\nno-baseline = "fail"\n')
    done = cli_in(project, "settings")
    assert "--no-baseline" in done.stdout
    (project / "pyproject.toml").write_text('[tool.autogauge]\ngate = "off"\nbaseline = "lab-02"\n')
    assert "a baseline is there to be judged by, and --gate=off judges nothing" in sentence_of(
        cli_in(project, "settings")
    )
    (project / "pyproject.toml").write_text('[tool.autogauge]\n\nno-baseline = "fail"\n')
    done = cli_in(project, "settings")
    assert f"--no-baseline comes from [tool.autogauge] in {project}/pyproject.toml:3." in sentence_of(done)


@each_of(
    "command",
    ["history", "settings", "doctor", "matrix --openvino=2025.4,2026.4", "history export x.csv", "alert list"],
)
def test_a_mistake_in_a_settings_file_ends_each_command_that_takes_settings_and_none_else(command, tmp_path):
    (tmp_path / "pyproject.toml").write_text('[tool.autogauge]\ngaet = "fail"\n')
    if command == "doctor":  # it takes seconds: what it tells is asked below
        return
    done = cli_in(tmp_path, *command.split())
    assert f"[tool.autogauge] in {tmp_path}/pyproject.toml:2 has 'gaet'" in sentence_of(done)
    assert cli_in(tmp_path, *command.split()[:1], "--help").returncode == 0, "help is what one needs then"


def test_the_doctor_tells_a_mistake_and_goes_on(tmp_path, monkeypatch):
    from autogauge.doctor.examination import measuring
    from autogauge.doctor.finding import State

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUTOGAUGE_CACHE", str(tmp_path / "cache"))
    found = {each.what: each for each in measuring()}
    assert found["settings"].state is State.OK
    assert f"--cache={tmp_path}/cache from AUTOGAUGE_CACHE in the environment" in found["settings"].found
    (tmp_path / "pyproject.toml").write_text('[tool.autogauge]\ngaet = "fail"\n')
    found = {each.what: each for each in measuring()}
    assert found["settings"].state is State.BROKEN
    assert "pyproject.toml:2 has 'gaet'" in found["settings"].found
    defaults = from_settings.Defaults({"cache": from_settings.Mark("--cache")}, {}, goes_on=True)
    from_settings.USED.given = None
    assert defaults.get("cache") is None


def test_a_command_takes_what_a_run_takes_and_says_where_a_mistake_stands(project):
    done = cli_in(project / "below", "history")
    said = sentence_of(done)
    assert f"{project}/out/history" in said
    assert said.endswith(f"(--history=DIR); --reports comes from [tool.autogauge] in {project}/pyproject.toml:3.")
    done = cli_in(project / "below", "history", "--history=here")
    assert f"{project}/out" not in done.stderr
    (project / "detector.onnx").unlink()
    done = cli_in(project / "below", "matrix", "--openvino=2025.4,2026.4")
    said = done.stderr.splitlines()
    assert f"autogauge: --model={project}/detector.onnx from [tool.autogauge] in {project}/pyproject.toml" in said
    assert f"--model comes from [tool.autogauge] in {project}/pyproject.toml:2." in said[-1]
    done = cli_in(project / "below", "matrix", "--openvino=2025.4,2026.4", "--model=nothing.xml")
    assert "there is no model at nothing.xml" in done.stderr
    assert "--model comes from" not in done.stderr


def test_why_takes_no_model_from_settings_where_a_side_has_its_own(project):
    """Else nobody in such a project could hold two models against each other."""
    (project / "detector.onnx").unlink()
    other = project / "other.xml"
    other.touch()
    assert "--model comes from [tool.autogauge]" in sentence_of(cli_in(project, "why", "CPU", "GPU"))
    assert "(--shape)" in sentence_of(cli_in(project, "why", str(other), "GPU", "--shape=["))
    assert "--model names another one" in sentence_of(cli_in(project, "why", str(other), "GPU", "--model=x"))


def marks():
    found = {}

    def walk(command, *path):
        for name, mark in from_settings._marks_of(command.callback).items():
            found.setdefault(" ".join(path), {})[name] = mark.option
        for name, each in getattr(command, "commands", {}).items():
            walk(each, *path, name)

    for name in COMMANDS:
        walk(Imported()[name], name)
    return found


def test_which_commands_take_what():
    """An option of a run's name that means something else takes nothing from settings: a filter by machine, say."""
    found = marks()
    assert found["history"] == {"root": "--reports", "cache": "--cache"}
    assert found["history push"] == {"root": "--reports", "cache": "--cache"}
    assert "settings" not in found, "it tells them: what it was given is the command line's"
    same = {
        *("--model", "--precision", "--model-source", "--shape", "--picture", "--inputs", "--infer-requests"),
        *("--reports", "--machine", "--cache", "--wait", "--smallest-change"),
    }
    assert {*found["matrix"].values()} == {*found["bisect"].values()} == same
    assert {*found["why"].values()} == (same - {"--smallest-change"}) | {"--probe-deadline"}
    assert "--reports" in found["fleet run"].values()


def test_a_mark_is_found_as_python_3_10_has_it():
    """There a default of None puts an Optional around the annotation."""
    from typing import Annotated, Optional

    def command(cache: Optional[Annotated[str, of_a_run("--cache")]] = None): ...  # noqa: UP045

    assert from_settings._marks_of(command) == {"cache": from_settings.Mark("--cache")}


def test_nothing_is_taken_from_the_environment_of_these_tests():
    """Else what is asserted above would depend on who runs it."""
    assert os.environ.get("AUTOGAUGE_MODEL") is None


def test_a_setting_is_weaker_than_what_the_command_line_says_before_a_command_below(project):
    """Else everything would be acknowledged in another history than the one that was named."""
    for words in (["--history=lab", "ack", "--all"], ["--history=lab", "list"], ["list", "--history=lab"]):
        said = sentence_of(cli_in(project, "alert", *words))
        assert f"there is no history in {project}/lab yet" in said, said
    assert f"there is no history in {project}/out/history yet" in sentence_of(cli_in(project, "alert", "list"))


@each_of(
    "words", ["history --history=here prune --keep-last=1 --yes", "models --cache=here remove x", "alert --json list"]
)
def test_an_option_before_a_command_below_that_has_it_too_is_not_passed_over(words, tmp_path):
    _, option, command = words.split()[:3]
    said = sentence_of(cli_in(tmp_path, *words.split()))
    assert f"{option.partition('=')[0]} stands before {command}, where it plays no part" in said


def test_a_model_that_is_named_for_once_is_not_fed_what_the_file_says_of_another(project):
    (project / "other.xml").touch()
    with (project / "pytest.ini").open("a") as file:
        file.write("autogauge_inputs = frames.npz\n")
    done = cli_in(project, "matrix", "--openvino=2025.4,2026.4", "--model=other.xml")
    told = "autogauge: --inputs={0}/frames.npz from autogauge_inputs in {0}/pytest.ini:5 plays no part: --model=other.xml from the command"
    assert told.format(project) in done.stderr
    assert "frames.npz" not in done.stderr.splitlines()[-1]
    done = cli_in(project, "matrix", "--openvino=2025.4,2026.4")
    assert f"there is no file of inputs at {project}/frames.npz" in done.stderr
    (project / "detector.onnx").unlink()
    done = cli_in(project, "matrix", "--openvino=2025.4,2026.4", "--inputs=none")
    assert f"there is no model at {project}/detector.onnx" in done.stderr.splitlines()[-1]
    shown = cli_in(project, "settings", "--model=other.xml", COLUMNS="250").stdout
    (line,) = [" ".join(line.split()) for line in shown.splitlines() if line.lstrip().startswith("--inputs")]
    assert "default; not " in line, line
    assert "--model=other.xml from the command line leaves it out" in line


def test_a_name_for_everybody_in_a_projects_file_is_told(project):
    path = project / "pyproject.toml"
    path.write_text('[tool.autogauge]\nmachine = "lab-02"\n')
    told = " ".join(cli_in(project, "settings", COLUMNS="400").stdout.split())
    assert f"{path}:2 calls every computer lab-02 that has this file, and this one is " in told, told
    assert "AUTOGAUGE_MACHINE" in told
    assert "calls every computer" not in cli_in(project, "settings", AUTOGAUGE_MACHINE="lab-02").stdout
    done = cli_in(project, "matrix", "--openvino=2025.4,2026.4", "--model=nothing.xml")
    assert f"autogauge: --machine=lab-02 from [tool.autogauge] in {path}" in done.stderr


def test_the_fleet_tells_what_holds_on_this_computer_only(project, monkeypatch):
    from autogauge.cli import fleet
    from autogauge.lab.fleet import packed

    monkeypatch.chdir(project)
    monkeypatch.setenv("AUTOGAUGE_PINNED", "off")
    (project / "pytest.ini").write_text("[pytest]\n")
    from_settings.USED.given = None
    model, own = (
        fleet._only_here(["--gate=off"]),
        "holds on this computer, and on none of the machines: write it behind --",
    )
    assert [own in each for each in model] == [True, True]
    assert model[0].startswith("--pinned=off from AUTOGAUGE_PINNED in the environment holds")
    assert model[1].startswith(
        f"--model={project}/detector.onnx from [tool.autogauge] in {project}/pyproject.toml holds"
    )
    monkeypatch.setattr(packed, "PROJECT", project)
    assert len(fleet._only_here([])) == 1, "the file is copied"
    from_settings.USED.given = None


def test_the_commands_that_share_a_path_let_it_begin_at_home_too(project):
    def said(*words, **environment):
        return sentence_of(cli_in(project, *words, HOME=str(project / "home"), **environment))

    assert f"in {project}/home/out/history" in said("history", AUTOGAUGE_REPORTS="~/out")
    assert f"there is no model at {project}/home/x.xml" in said("aa", "--model=~/x.xml")
    assert f"there is no picture at {project}/home/x.png" in said("aa", "--model=small-cnn", "--picture=~/x.png")


def test_of_another_machine_no_file_is_looked_for_here(project):
    table = (
        '[tool.autogauge.machines.lab-01]\nmodel = "/lab/only.xml"\ninputs = "/lab/in.npz"\nreference = "/lab/venv"\n'
    )
    (project / "pyproject.toml").write_text(table)
    found, _ = told(project, "--machine=lab-01")
    assert found["notes"] == ["this is another computer than lab-01: whether its files are there was not looked at"]
    assert "there is no model at /lab/only.xml" in sentence_of(cli_in(project, "settings", AUTOGAUGE_MACHINE="lab-01"))
    (project / "pyproject.toml").write_text(f'{table}gate = "off"\n')
    assert "--gate=off judges nothing" in sentence_of(cli_in(project, "settings", "--machine=lab-01"))


def test_a_whole_number_may_be_written_as_a_file_has_it(project):
    (project / "pyproject.toml").write_text("[tool.autogauge]\ninfer-requests = 4.0\n")
    done = cli_in(project, "matrix", "--openvino=2025.4,2026.4", "--model=nothing.xml")
    assert "there is no model at nothing.xml" in done.stderr, done.stderr


def test_what_is_fed_by_a_file_of_settings_is_fed_to_releases_too(project):
    """A picture was passed over in silence."""
    (project / "pyproject.toml").write_text('[tool.autogauge]\npicture = "cat.png"\nmodel = "small-cnn"\n')
    for words in (
        ["matrix", "--openvino=2025.4,2026.4"],
        ["bisect", "--good=2026.3", "--bad=2026.4", "--metric=fps", "--openvino=2026.3,2026.4"],
    ):
        assert f"there is no picture at {project}/cat.png" in cli_in(project, *words).stderr.splitlines()[-1]


def test_where_a_run_would_end_no_table_is_shown_as_if_all_were_well(project):
    """Options in pytest's table of a file that pytest passes over."""
    with (project / "pyproject.toml").open("a") as file:
        file.write("[tool.pytest.ini_options]\naddopts = '--creep=fail'\n")
    said = (
        f"pytest does not read [tool.pytest] in {project}/pyproject.toml, since {project}/pytest.ini stands before it"
    )
    assert said in sentence_of(cli_in(project / "below", "settings"))
