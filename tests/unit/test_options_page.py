"""docs/options.md is what the declaration and the commands say, and nothing of it is told twice."""

import json
import re

import pytest
import typer
from typer.testing import CliRunner

from autogauge import project_file, pytest_file
from autogauge.cli.main import app
from autogauge.options import OPTIONS
from autogauge.report.options_page import described, markdown
from autogauge.variables import VARIABLES, of_variables
from tests.support import ROOT

PAGE = ROOT / "docs" / "options.md"


@pytest.fixture(scope="module")
def printed():
    """What the command prints; it imports all others for that."""
    return CliRunner().invoke(app, ["options"]).stdout


def test_the_page_is_what_the_command_prints(printed):
    assert PAGE.read_text(encoding="utf-8") == printed, "write it anew: python -m autogauge options > docs/options.md"


def test_each_option_of_a_run_is_told_once_with_its_default_and_variable(printed):
    for option in OPTIONS.values():
        rows = [
            line
            for line in printed.splitlines()
            if line.startswith(f"| `{option.name}={option.kind.metavar}`".replace("|", "\\|")[1:])
        ]
        (row,) = rows
        assert option.default_in_words in row
        assert f"| `{option.key}` | `{option.variable}` |" in row
    for each in VARIABLES:
        assert f"| `{each.name}` |" in printed


def test_no_row_of_the_page_is_told_twice(printed):
    rows = [line for line in printed.splitlines() if line.startswith("| `")]
    assert len(rows) == len(set(rows))
    assert len(rows) > len(OPTIONS) + len(VARIABLES)


def commands(group, *path):
    for name, each in getattr(group, "commands", {}).items():
        yield (*path, name), each
        yield from commands(each, *path, name)


def test_each_option_of_each_command_is_on_the_page_in_its_part_or_among_what_several_take(printed):
    root = typer.main.get_command(app)
    parts = dict(re.findall(r"^### ([a-z ]+)\n(.*?)(?=^### |\Z)", printed, re.MULTILINE | re.DOTALL))
    several = re.search(r"^## The other commands\n(.*?)^### ", printed, re.MULTILINE | re.DOTALL)[1]
    for path, command in commands(root):
        name = " ".join(path)
        for each in command.params:
            for word in each.opts[:1] if each.param_type_name == "option" else [each.metavar or each.name.upper()]:
                of_several = [row for row in several.splitlines() if f"`{name}`" in row and f"`{word}" in row]
                of_a_run = "all that a run has" in parts[name] and word in OPTIONS
                assert re.search(rf"`{re.escape(word)}[`=]", parts[name]) or of_several or of_a_run, (name, word)


def test_a_new_option_of_a_command_comes_onto_the_page_by_itself():
    new = typer.Typer()

    @new.command(epilog="Example: python -m autogauge one --loud")
    def one(
        loud: bool = typer.Option(False, "--loud", help="Say it | twice."), model: str = typer.Option("x", help="M.")
    ):
        """Do it."""

    @new.command()
    def two(model: str = typer.Option("y", help="M.")):
        """Do another."""

    page = markdown(described(typer.main.get_command(new)))
    assert "### one\n\nDo it." in page
    assert "| `--loud` | Say it \\| twice. | – |" in page
    assert "| `--model=…` | M. | x |" in page, "of another default than in two, and so no row of both"
    assert "| `--model=…` | M. | y |" in page


def test_the_same_is_there_as_json():
    found = json.loads(CliRunner().invoke(app, ["options", "--json"]).stdout)
    assert [each["name"] for group in found["run"] for each in group["options"]] == [*OPTIONS]
    assert "--wait" in next(each for each in found["commands"] if each["name"] == "aa")["as_of_a_run"]


def test_the_examples_of_files_and_variables_say_the_same(tmp_path, printed):
    """And each is one that serves."""
    toml, ini, shell = (
        re.search(rf"^```{name}\n((?:[^`]*autogauge_|[^`]*AUTOGAUGE_|\[tool)[^`]*)^```", printed, re.MULTILINE)[1]
        for name in ("toml", "ini", "sh")
    )
    (tmp_path / "pyproject.toml").write_text(toml)
    (tmp_path / "pytest.ini").write_text(ini)
    of_file = {name: stands.text for name, stands in project_file.read(tmp_path / "pyproject.toml").options.items()}
    of_ini = {name: stands.text for name, stands in pytest_file.read(tmp_path / "pytest.ini").options.items()}
    variables = dict(re.findall(r"(AUTOGAUGE_\w+)=(\S+)", shell))
    assert of_file == of_ini == {name: stands.text for name, stands in of_variables(variables).items()}
    for name, text in of_file.items():
        OPTIONS[name].value_of(text)
