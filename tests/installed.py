"""Commands of an installed copy, run as by a user who knows nothing of this checkout."""

import os
import subprocess

from tests.support import VARIABLE, lock_of_its_own

NOT_THE_PROJECTS = (
    ".git",
    ".venv",
    ".*_cache",
    ".hypothesis",
    ".benchmarks",
    "__pycache__",
    "*.pyc",
    "reports",
    "dist",
)


def files_in(folder):
    """The content of each file below it, by its path."""
    there = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {str(path.relative_to(folder)): path.read_bytes() for path in there}


def run(*words, cwd, expect=0, timeout_s=300.0, **environment):
    """Run a command as a user does who knows nothing of this checkout."""
    around = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "AUTOGAUGE"))
    }
    around |= {"COLUMNS": "160", VARIABLE: str(lock_of_its_own()), **environment}
    done = subprocess.run(
        [*map(str, words)], cwd=cwd, env=around, capture_output=True, text=True, timeout=timeout_s, check=False
    )
    assert expect in (None, done.returncode), f"{done.stdout[-6000:]}\n{done.stderr[-4000:]}"
    return done.stdout + done.stderr
