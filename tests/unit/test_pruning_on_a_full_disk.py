"""A full disk can be pruned although the list of what was pruned needs room first, and no number is ever given again."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from autogauge.errors import UserError
from autogauge.history import index, pruned, pruning, standing, store
from autogauge.history.pruning import Rule
from autogauge.history.standing_file import Standing
from tests.support import ROOT, in_a_mount
from tests.unit.test_pruning import NOW, add, history, judged_against, numbers, prune, there

__all__ = ["history"]


@pytest.fixture
def full_disk(history, monkeypatch):
    """A disk on which no list is written before ``needs[0]`` of the 45 runs are removed; how many runs there were at each try."""
    needs, write, tries = [1], pruned.write, []

    def on_a_full_disk(folder, names):
        tries.append(len(numbers(folder)))
        if tries[0] - tries[-1] < needs[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(folder, names)

    monkeypatch.setattr(pruned, "write", on_a_full_disk)
    return needs, tries


@pytest.mark.parametrize("needed", [1, 5])
def test_it_can_be_pruned_and_what_went_first_is_on_the_list_too(history, full_disk, needed):
    full_disk[0][0] = needed
    folder = history / "lab-01"
    before = judged_against(folder)
    assert "17 of 45 runs removed" in prune(history, "--keep-last=10", "--yes")
    assert full_disk[1] == [45 - gone for gone in range(needed + 1)], "no more runs go before the list than it takes"
    assert {store.number_of(Path(name)) for name in pruned.gone(folder)} == {*range(4, 21)}
    assert judged_against(folder) == before
    assert {name.partition(".")[0] for name in there(folder)} == {run.stem for run in store.runs(folder)}


def test_a_run_above_all_that_stay_does_not_go_before_the_list(history, full_disk):
    """Whoever is killed there leaves no list, and the next run would be called as the one that went."""
    full_disk[0][0] = 100
    folder = history / "lab-01"
    add(folder, 400, 300, standing=Standing.QUARANTINED)
    says = rf"4 runs of {folder} removed, and the list of them \(\.pruned\) has no room still: free some space"
    with pytest.raises(UserError, match=says):
        prune(history, "--keep-quarantined-days=0", "--yes")
    assert numbers(folder) == [*range(1, 41), 45, 46, 47]
    assert {name.partition(".")[0] for name in there(folder)} == {run.stem for run in store.runs(folder)}


def test_nor_does_one_that_somebody_accepts_meanwhile(history, full_disk, monkeypatch):
    """By a word that took no lock, as one through ssh does."""
    folder, accepted = history / "lab-01", store.runs(history / "lab-01")[40]
    with index.opened(folder, history.parent / "cache") as found:
        plan = pruning.plan(
            folder, found.runs(), Rule(quarantined_days=0), NOW, lambda run: True, pruning.states(folder)
        )
    then = pruned.write

    def accepting(place, names):
        monkeypatch.setattr(pruned, "write", then)
        standing.accept(accepted, "it was the door")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(pruned, "write", accepting)
    done = pruning.remove(plan)
    assert [run.path for run in done.changed] == [accepted]
    assert accepted.exists()
    assert accepted.name not in pruned.gone(folder)
    assert done.runs == len(plan.removed) - 1


def test_where_nothing_may_go_first_it_is_the_sentence_about_a_full_disk(history, full_disk):
    full_disk[0][0] = 100
    folder = history / "lab-01"
    for run in store.runs(folder)[40:44]:
        run.unlink()
        standing.path_of(run).unlink()
    add(folder, 400, standing=Standing.QUARANTINED)
    with pytest.raises(UserError, match="the disk is full; free some space"):
        prune(history, "--keep-quarantined-days=0", "--yes")
    assert numbers(folder) == [*range(1, 41), 45, 46]


FILLER = """
import subprocess, sys
from pathlib import Path
place = Path(sys.argv[1])
try:
    with (place / "filler").open("wb", buffering=0) as stream:
        while True:
            stream.write(bytes(4096))
except OSError as error:
    print(error.errno)
words = ["history", "prune", "--keep-last=10", "--yes", f"--history={place}", f"--cache={place}/cache"]
sys.exit(subprocess.run([sys.executable, "-m", "autogauge", *words]).returncode or print((place / "lab-01" / ".pruned").read_text()))
"""


@pytest.mark.slow
def test_a_real_one_can(history, tmp_path):
    """The cache is on it, too."""
    (tmp_path / "small").mkdir()
    command = in_a_mount(
        tmp_path / "small", "size=1m", [sys.executable, "-c", FILLER, f"{tmp_path}/small"], holding=history
    )
    if command is None:
        pytest.skip("this system lets nobody mount a small file system (unshare -rm)")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("28\n")
    assert "17 of 45 runs removed" in done.stdout
    assert done.stdout.count(".json") == 17
