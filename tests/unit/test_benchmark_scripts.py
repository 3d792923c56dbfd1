"""The scripts under ``benchmarks/`` answer a user's mistake in one sentence too."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT, run_module, run_script

SCRIPTS = sorted(
    path.name
    for path in (ROOT / "benchmarks").glob("*.py")
    if "run_command(" in path.read_text() and path.name != "command.py"
)


def mistaken(script, *words, **environment):
    """What the script says, and that it is no traceback."""
    done = run_script(Path(script).stem, *words, **environment)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_every_script_ends_by_the_same_rules():
    others = {path.name for path in (ROOT / "benchmarks").glob("*.py")} - {
        *SCRIPTS,
        "command.py",
        "planted.py",
        "benchmark_app_runner.py",
        "budget_plugin.py",
    }
    assert SCRIPTS
    assert not others


@pytest.mark.parametrize(
    ("script", "words", "said"),
    [
        ("share_of_bound", ["--models=no-such-model"], "no-such-model"),
        ("share_of_bound", ["--pairs=0"], "'0' is no whole number above 0"),
        ("drivers", ["--streams=1,x"], "'x' is no whole number above 0"),
        ("relay_memory", ["--repeats=0"], "--repeats"),
        ("time_budget", ["--runs=0"], "'0' is no whole number above 0"),
        ("history_scale", ["--runs=1", "--like=/nowhere/run.json", "--no-beside"], "/nowhere/run.json"),
        ("lab_scale", ["--machines=4", "--runs=10", "--like=/nowhere/run.json"], "/nowhere/run.json"),
        ("emulation_soundness", ["--python=/nowhere/python"], "/nowhere/python"),
        ("matrix_plan", ["--noise=none"], "no recording of 'none'"),
        ("bisect_tries", ["--releases=2"], "nothing to halve"),
        ("bisect_tries", ["--measure=/nowhere/python"], "there is no interpreter /nowhere/python"),
        ("matrix_tries", ["--measure=/nowhere/python"], "there is no interpreter /nowhere/python"),
        ("two_trees", [".", "/nowhere"], "/nowhere is no checkout of this project"),
    ],
)
def test_a_mistake_is_a_sentence(script, words, said):
    assert said in mistaken(script, *words)


def test_a_cache_that_cannot_be_written_is_a_sentence():
    assert "--cache=DIR" in mistaken("cold_cache", AUTOGAUGE_CACHE="/dev/null/cache")


def test_a_script_is_run_from_any_folder(tmp_path):
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "suite_cost.py"), "--count=none"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "'none' is no whole number above 0" in done.stderr


@pytest.mark.slow
def test_a_small_lab_is_made_up_and_every_command_timed():
    done = run_module("benchmarks.lab_scale", "--machines=21", "--runs=20", timeout_s=300)
    assert done.returncode == 0, done.stdout + done.stderr
    for what in ("first indexing", "the pages", "compare of two releases", "listed after one new run each"):
        assert re.search(rf"{what} +\d+\.\d +\d+\.\d", done.stdout), done.stdout
    assert "page and comparison name what became slower: lab-004" in done.stdout


@pytest.mark.slow
def test_a_tree_measures_as_itself(tmp_path):
    done = run_module(
        "benchmarks.two_trees",
        *(".", ".", "--rounds=12", "--blocks=9", "--model=one-convolution", "--json"),
        timeout_s=200,
        AUTOGAUGE_LOCK=str(tmp_path / "lock"),
    )
    assert done.returncode in (0, 1), done.stderr
    rows = json.loads(done.stdout)
    assert [row["figure"].partition(" ")[0] for row in rows] == ["fps", "latency_ms"] * 2 + ["fil_s"]
    assert [row["pairs"] for row in rows] == [12, 12, 12, 12, 9]
    assert all(row["ci"][0] <= row["ratio"] <= row["ci"][1] for row in rows)
