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


@pytest.mark.parametrize("fails", ["the run", "what is beside it", "the list"])
def test_whatever_goes_wrong_after_a_run_went_it_is_not_said_to_be_on_the_list(history, full_disk, monkeypatch, fails):
    """The third of five runs that have to go for the list, or the list after them."""
    full_disk[0][0] = 5
    folder, unlink, on_full, refused = history / "lab-01", Path.unlink, pruned.write, []

    def refuse(path):
        refused.append(path)
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    def removing(path, missing_ok=False):
        wanted = {"the run": ".json", "what is beside it": ".standing"}.get(fails)
        if path.parent == folder and path.name.startswith("0006_") and path.suffix == wanted:
            refuse(path)
        unlink(path, missing_ok=missing_ok)

    def writing(place, names):
        if fails == "the list" and len(numbers(folder)) == 43:
            refuse(place / pruned.NAME)
        on_full(place, names)

    monkeypatch.setattr(Path, "unlink", removing)
    monkeypatch.setattr(pruned, "write", writing)
    count = 3 if fails == "what is beside it" else 2
    says = rf"^{count} runs of {folder} removed, and the list of them \(\.pruned\) is not written \(Permission denied: "
    with pytest.raises(UserError, match=says) as caught:
        prune(history, "--keep-last=10", "--yes")
    assert str(caught.value).endswith("A push or a pull may bring them back: prune again after it.")
    assert refused
    assert (len(numbers(folder)), pruned.gone(folder)) == (45 - count, ())


def test_a_copy_stays_with_the_one_that_may_not_go(history, full_disk, monkeypatch):
    """Alone the other would count: the worse standing goes last, before the list as after it."""
    folder = history / "lab-01"
    add(folder, 400, standing=Standing.QUARANTINED)
    one = store.runs(folder)[-1]
    copy = folder / one.name.replace("0046_", "0003_again_")
    copy.write_bytes(one.read_bytes())
    standing.path_of(copy).write_bytes(standing.path_of(one).read_bytes())
    with index.opened(folder, history.parent / "cache") as found:
        runs = [run for run in found.runs() if run.path in (one, copy)]
    runs.sort(key=lambda run: run.path != one)
    states = pruning.states(folder)
    plan = pruning.Plan(folder, tuple(runs), (), tuple(states[standing.path_of(run.path).name] for run in runs))
    pairs = list(zip(plan.removed, plan.standings, strict=True))
    assert list(pruning._make_room(folder, pairs, [])) == [], "46 is above all that stay"
    standing.accept(one, "it was the door")
    full_disk[0][0] = 0
    done = pruning.remove(plan)
    assert ([run.path for run in done.changed], done.runs) == ([one, copy], 0)
    assert copy.exists()


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
