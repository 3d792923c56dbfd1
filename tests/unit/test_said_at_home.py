"""What is said of a machine's runs at home counts on the machine before it measures: from the list that travels to its pytest's start."""

import base64
import os
import shutil
import subprocess
import sys

import pytest

from autogauge.history import standing, store
from autogauge.history.standing_file import BY_THE_GATE, Standing
from autogauge.lab.fleet import engine, results, said_at_home
from autogauge.lab.fleet.inventory import Machine
from tests.histories import LATENCY, PER_FRAME, save
from tests.support import ROOT, wait_until

START = engine.PLAYBOOKS / "roles/machine/files/start.sh"
LAB1 = Machine("lab-01", "lab-01")


@pytest.fixture
def two(tmp_path):
    """A machine's folder with two pending runs, and the history at home that has them too."""
    own = tmp_path / "machine" / "reports" / "history"
    for _ in range(2):
        run = save(own / "lab-01", {LATENCY: 0.01, PER_FRAME: 0.02})
        standing.write(run, Standing.PENDING, "no baseline yet", BY_THE_GATE)
    shutil.copytree(own, tmp_path / "home")
    return own, tmp_path / "home"


def runs(history):
    return store.runs(history / "lab-01")


def stands(history):
    return [str(standing.read(run).standing) for run in runs(history)]


def take(own, home):
    return said_at_home.take(results.at_home(home, LAB1).decode(), own)


def start(tmp_path, at_home, python):
    """What a session prints whose pytest tells the machine's standings; started by the very script."""
    folder, project, shim = tmp_path / "machine", tmp_path / "project", tmp_path / "python"
    project.mkdir()
    told = f'grep -ho \'"standing": "[a-z]*"\' {folder}/reports/history/lab-01/*.standing'
    shim.write_text(f'#!/bin/sh\n[ "$2" = pytest ] || exec {python} "$@"\n{told}\n')
    shim.chmod(0o755)
    own = {"FOLDER": folder, "SESSION": "s1", "PROJECT": project, "PYTHON": shim, "MACHINE": "lab-01", "LIMIT_S": 60}
    around = {**os.environ, "PYTHONPATH": str(ROOT), **{name: str(value) for name, value in own.items()}}
    exports = base64.b64encode(b"export TOKEN=x").decode()
    words = ["sh", "-c", START.read_text(), "sh"]
    subprocess.run(words, env=around, check=True, timeout=60, input=f"{exports}\n{at_home}", text=True)
    place = folder / "sessions" / "s1"
    assert wait_until((place / "status").exists, 60)
    return (place / "output").read_text()


def test_what_was_accepted_at_home_is_accepted_there_before_its_pytest_begins(two, tmp_path):
    own, home = two
    standing.accept(runs(home)[0], "looked at it")
    said = start(tmp_path, results.at_home(home, LAB1).decode(), sys.executable)
    assert said.splitlines() == ["said at home: 1 standing updated", '"standing": "accepted"', '"standing": "pending"']
    assert standing.read(runs(own)[0]).why == "looked at it"


def test_a_project_that_knows_nothing_of_it_says_so_and_measures(two, tmp_path):
    _, home = two
    standing.reject(runs(home)[0], "a fan was broken")
    said = start(
        tmp_path, results.at_home(home, LAB1).decode(), "sh -c 'echo No module named x >&2; exit 1'"
    ).splitlines()
    assert said == [
        "NOTE  what was said of its runs at home (accept, reject) does not count here: No module named x",
        *['"standing": "pending"'] * 2,
    ]


def test_what_the_machine_said_meanwhile_is_not_lost(two):
    own, home = two
    standing.accept(runs(home)[0], "home", [LATENCY])
    standing.reject(runs(own)[0], "there", [PER_FRAME])
    told = take(own, home)
    both = standing.read(runs(own)[0])
    assert (both.of(LATENCY), both.of(PER_FRAME)) == (Standing.ACCEPTED, Standing.QUARANTINED)
    assert "had two standings" in told.notes[0]
    standing.accept(runs(own)[1], "later, on the machine")
    assert take(own, home).standings == 0
    assert standing.read(runs(own)[1]).why == "later, on the machine"


def test_another_run_of_that_name_and_one_that_is_not_there_are_left_alone(two):
    own, home = two
    first, second = runs(home)
    standing.accept(first, "w")
    standing.accept(second, "w")
    first.write_bytes(first.read_bytes() + b" ")
    runs(own)[1].unlink()
    told = take(own, home)
    assert told.conflicts == [f"lab-01/{first.name} is another run at home: its standing stays what it is"]
    assert stands(own) == ["pending"]


def test_what_says_nothing_is_told_and_holds_up_no_other(two):
    own, home = two
    standing.path_of(runs(home)[0]).write_text("{}")
    standing.accept(runs(home)[1], "w")
    told = take(own, home)
    assert "does not say whether it is accepted" in told.conflicts[0]
    assert stands(own) == ["pending", "accepted"]


def test_half_a_list_and_a_strange_one_make_nothing_but_standings_of_runs(two):
    own, home = two
    standing.accept(runs(home)[0], "w")
    whole = own.parent.parent
    before = {path: path.read_bytes() for path in whole.rglob("*") if path.is_file()}
    listed = results.at_home(home, LAB1).decode()
    stem = runs(own)[0].stem
    strange = ["../x.standing", "lab-01/../x.standing", ".standing", "/", "lab-01", f"../lab-01/{stem}.standing", ""]
    for end in range(0, len(listed), 7):
        said_at_home.take("".join(f"{each}\t1\tYQ==\n" for each in strange) + listed[:end], own)
        after = {path: path.read_bytes() for path in whole.rglob("*") if path.is_file()}
        assert {path for path in after if after[path] != before.get(path)} <= {standing.path_of(runs(own)[0])}
    told = said_at_home.take(listed[: listed.index("standing\t") + 100], own)
    assert "did not come whole" in told.conflicts[0] or "another run" in told.conflicts[0]
