"""Each script of docs/findings, by its front door, on the installed release: it ends as docs/findings.md says of that release."""

import importlib.metadata
import subprocess
import sys

import pytest

from tests import findings_page
from tests.findings_page import LACKS, SEEN
from tests.support import ROOT, run_cli

ROWS = findings_page.rows()
RELEASE = importlib.metadata.version("openvino")
DEADLINE_S = 150
HUNG = f"had not ended after {DEADLINE_S} s"


DEVICES = "import openvino; print(*openvino.Core().available_devices)"


def by_itself(*words):
    """Run this interpreter, without an emulated GPU."""
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_S, check=False)


def run(row, cache):
    """Run a script: by itself, or by the command that lets it see emulated GPUs."""
    if row.options is None:
        return by_itself(str(row.script))
    options = [*row.options, f"--cache={cache.root}", f"--deadline={DEADLINE_S}"]
    return run_cli("emulated", *options, str(row.script), timeout_s=DEADLINE_S + 60)


@pytest.mark.slow
@pytest.mark.parametrize("key", list(ROWS))
def test_a_script_ends_as_the_page_says_of_this_release(key, request):
    row = ROWS[key]
    if row.options is not None:
        request.getfixturevalue("emulation")  # skips where there can be none
    done = run(row, request.getfixturevalue("autogauge_cache"))
    if HUNG in done.stderr and "of" in row.cells.get(RELEASE, ""):
        print(done.stdout, done.stderr, f"{key} depends on who is ready first, and hung: once more", sep="\n")
        done = run(row, request.getfixturevalue("autogauge_cache"))
    print(done.stdout, done.stderr, sep="\n")
    lines = done.stdout.splitlines()
    if done.returncode == LACKS:
        assert any(line.startswith("skipped: ") for line in lines)
        pytest.skip(f"{key}: {lines[-1]}")
    assert done.returncode in row.endings(RELEASE), f"openvino {RELEASE}: the page says {row.cells.get(RELEASE)}"
    assert any(line.startswith("expected: ") for line in lines)
    assert any(line.startswith("seen: ") for line in lines)
    if "of" in row.cells.get(RELEASE, ""):
        print(
            f"{key} comes and goes ({row.cells[RELEASE]}): this time it was {'' if done.returncode == SEEN else 'not '}seen"
        )


@pytest.fixture(scope="module")
def no_gpu():
    """Skips the test on a machine with a GPU."""
    if "GPU" in (devices := by_itself("-c", DEVICES).stdout):
        pytest.skip(f"this machine has a GPU: {devices.strip()}")


@pytest.mark.slow
@pytest.mark.parametrize("key", [key for key, row in ROWS.items() if row.options is not None])
def test_a_script_that_needs_a_gpu_says_so_where_there_is_none(key, no_gpu):
    done = by_itself(str(ROWS[key].script))
    assert done.returncode == LACKS, done.stdout + done.stderr
    assert [line for line in done.stdout.splitlines() if line.startswith("skipped: ")]
