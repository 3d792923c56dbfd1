"""The command line as a whole: every command is there, each costs only itself, and a package that is missing is one sentence."""

import os
import re
import signal
import subprocess
import sys
import sysconfig

import pytest
from typer.testing import CliRunner

from autogauge.cli.main import COMMANDS, app
from tests.cases import each_of
from tests.support import ROOT, wait_until


def test_every_command_is_listed_with_what_it_does():
    found = CliRunner().invoke(app, ["--help"])
    assert found.exit_code == 0
    listed = [line.split()[0] for line in found.stdout.partition("Commands:")[2].splitlines() if line.strip()]
    assert listed == [*COMMANDS]


def test_no_file_with_a_command_is_forgotten():
    files = {
        path.stem
        for path in (ROOT / "autogauge" / "cli").glob("*.py")
        if re.search(r"^app = (typer\.Typer|app_of)\(", path.read_text(), re.MULTILINE)
    }
    assert files - {"main"} == {*COMMANDS}


@each_of("name", COMMANDS)
def test_every_command_has_help_with_an_example(name):
    found = CliRunner().invoke(app, [name, "--help"])
    assert found.exit_code == 0
    assert "Example: python -m autogauge" in found.stdout


def test_a_command_that_is_misspelt_is_guessed():
    found = CliRunner().invoke(app, ["gaet"])
    assert found.exit_code == 2
    assert "No such command 'gaet'. Did you mean 'gate'" in found.output


def test_a_command_costs_only_itself():
    script = (
        "import sys; from autogauge.cli.main import app; app(['--version'], standalone_mode=False); print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    loaded = {*done.stdout.split()}
    assert not {"numpy", "scipy", "openvino", "plotly", "jinja2", "autogauge.cli.gate"} & loaded


@pytest.mark.parametrize(("package", "command"), [("typer", "doctor"), ("numpy", "gate")])
def test_a_missing_package_is_one_sentence(tmp_path, package, command):
    (tmp_path / f"{package}.py").write_text(f"raise ModuleNotFoundError('none', name={package!r})\n")
    paths = [str(tmp_path), str(ROOT), sysconfig.get_path("purelib")]
    done = subprocess.run(
        [sys.executable, "-S", "-m", "autogauge", command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == f"autogauge: {package} is not installed: pip install -r requirements.txt.\n"


def test_ctrl_c_before_it_is_loaded_is_no_traceback(tmp_path):
    """The package that it waits for is one of those that it loads first."""
    (tmp_path / "typer.py").write_text(
        "import pathlib, time\npathlib.Path(__file__ + '.is-loaded').touch()\ntime.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "autogauge", "--version"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # Whoever runs these tests in the background ignores SIGINT, and children would inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    assert wait_until((tmp_path / "typer.py.is-loaded").exists, 30)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=30) == (b"", b"")
    assert process.returncode == -signal.SIGINT, "a shell calls it 130"
