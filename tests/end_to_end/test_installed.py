"""`pip install .` gives a copy that works by itself, and leaves the project's folder as it was."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.support import ROOT


def files_in(folder):
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"
    )


@pytest.mark.slow
def test_an_installed_copy_is_whole_and_its_doctor_knows_what_it_needs(tmp_path):
    source, environment = tmp_path / "source", tmp_path / "environment"
    source.mkdir()
    shutil.copy(ROOT / "pyproject.toml", source)
    shutil.copytree(ROOT / "autogauge", source / "autogauge", ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    before = files_in(source)
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True, timeout=120)
    python = environment / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-deps", str(source)], check=True, timeout=300)
    assert files_in(source) == before, "nothing is left behind"
    ask = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip())
    assert files_in(packages / "autogauge") == files_in(source / "autogauge"), "data files too"
    (packages / "what-it-needs.pth").write_text(
        sysconfig.get_path("purelib")
    )  # in place of installing it all once more
    done = subprocess.run(
        [python, "-m", "autogauge", "doctor", "--json", f"--cache={tmp_path}/cache"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    found = {each["what"]: each["state"] for each in json.loads(done.stdout) if each["subject"] == "installed"}
    assert {"Python", "openvino", "numpy", "rich", "typer", "jinja2"} <= set(found)
    assert set(found.values()) == {"ok"}
