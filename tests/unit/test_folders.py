"""A folder is replaced only where it is ours, as a whole, whoever is killed when; and what a living process uses is let be."""

import dataclasses
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from autogauge import folders, leases
from autogauge.errors import UserError
from autogauge.folders import Kind
from fixtures import machine
from tests.cases import each_of
from tests.support import ROOT, wait_until

KIND = Kind("a report", "mark.json", (b'"ours": ',), frozenset({"mark.json", "data"}), "--reports=DIR")
OURS = '{"ours": 1}'


def put(folder: Path, content: str) -> None:
    """Replace the folder by one with that content."""
    with folders.replaced(folder, KIND) as staging:
        (staging / "mark.json").write_text(OURS)
        (staging / "data").write_text(content)


def content(folder: Path) -> str:
    return (folder / "data").read_text()


def names(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


def test_a_folder_of_ours_or_an_empty_one_is_replaced_and_nothing_stays_beside_it(tmp_path):
    latest = tmp_path / "latest"
    latest.mkdir()
    for text in ("first", "second"):
        put(latest, text)
        assert content(latest) == text
    assert names(tmp_path) == {"latest"}


def foreign(folder: Path, what: str) -> None:
    """Something of the user's in the folder's place."""
    folder.parent.mkdir(exist_ok=True)
    if what == "a file":
        folder.write_text("mine")
        return
    if what in ("a link", "a dangling link"):
        target = folder.with_name("elsewhere")
        if what == "a link":
            put(target, "mine")
        folder.symlink_to(target)
        return
    folder.mkdir()
    (folder / "thesis.txt").write_text("mine")
    if what == "a folder with a mark of another project":
        (folder / "mark.json").write_text('{"theirs": 1}')
    elif what == "a folder whose mark is a link":
        (folder.parent / "real.json").write_text(OURS)
        (folder / "mark.json").symlink_to(folder.parent / "real.json")
    elif what == "a folder whose mark is a folder":
        (folder / "mark.json").mkdir()


FOREIGN = (
    "a file",
    "a link",
    "a dangling link",
    "a folder",
    "a folder with a mark of another project",
    "a folder whose mark is a link",
    "a folder whose mark is a folder",
)


@each_of("what", FOREIGN)
def test_what_is_not_ours_is_one_sentence_and_stays(tmp_path, what):
    latest = tmp_path / "reports" / "latest"
    foreign(latest, what)
    before = sorted(str(each) for each in tmp_path.rglob("*"))
    for attempt in (lambda: folders.check(latest, KIND), lambda: put(latest, "new")):
        with pytest.raises(UserError, match=r"\(--reports=DIR\)\.$") as caught:
            attempt()
        assert "\n" not in str(caught.value)
    assert sorted(str(each) for each in tmp_path.rglob("*")) == before


def test_what_comes_into_its_place_while_it_is_being_filled_stays(tmp_path):
    latest = tmp_path / "latest"
    with pytest.raises(UserError, match="something else"), folders.replaced(latest, KIND):
        foreign(latest, "a folder")
    assert names(latest) == {"thesis.txt"}
    assert names(tmp_path) == {"latest"}


def test_what_somebody_put_into_a_folder_of_ours_is_taken_along(tmp_path):
    latest = tmp_path / "latest"
    put(latest, "first")
    (latest / "junit.xml").write_text("mine")
    (latest / "notes").mkdir()
    (latest / "notes" / "a.txt").write_text("mine too")
    for text in ("second", "third"):
        put(latest, text)
        assert content(latest) == text
        assert (latest / "junit.xml").read_text() == "mine"
        assert (latest / "notes" / "a.txt").read_text() == "mine too"


def test_what_somebody_put_among_our_files_in_a_folder_within_is_taken_along_too(tmp_path):
    kind = dataclasses.replace(KIND, names=frozenset({"mark.json", "inner"}), inside={"inner": r"ours-\d+\.js"})
    latest = tmp_path / "latest"

    def put_again(*files: str) -> None:
        with folders.replaced(latest, kind) as staging:
            (staging / "mark.json").write_text(OURS)
            for name in files:
                (staging / "inner").mkdir(exist_ok=True)
                (staging / "inner" / name).write_text("ours")

    put_again("ours-1.js")
    (latest / "inner" / "notes.txt").write_text("mine")
    put_again()  # the new one has no such folder
    assert names(latest / "inner") == {"notes.txt"}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "thesis.txt").write_text("years of work")
    shutil.rmtree(latest / "inner")
    (latest / "inner").symlink_to(elsewhere)
    put_again("ours-2.js")
    assert names(elsewhere) == {"thesis.txt"}, "what a link leads to is nobody's to move"


@each_of("name", [".latest-notes", ".latest-1-ab", ".old-latest-1-ab", ".latest-0123456789abcdef"])
def test_a_folder_without_a_lease_is_not_ours_to_sweep(tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "thesis.txt").write_text("mine")
    put(tmp_path / "latest", "new")
    assert (tmp_path / name / "thesis.txt").read_text() == "mine"


# Kills. A child stops itself at the given point: the call of that name that has that number.

KILLED = """
import os, signal, sys
from pathlib import Path
from types import SimpleNamespace
from tests.unit import test_folders
calls = {"rename": 0, "mkdir": 0, "unlink": 0}
name, number = sys.argv[2], int(sys.argv[3])
real = getattr(os, name)
def stop(*words, **others):
    calls[name] += 1
    if calls[name] == number:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*words, **others)
setattr(os, name, stop)
test_folders.put(Path(sys.argv[1]), "second")
"""


@each_of(("call", "number"), [("rename", 1), ("rename", 2), ("rename", 3), ("unlink", 1)])
def test_after_a_kill_the_next_one_that_fails_leaves_a_whole_folder(tmp_path, call, number):
    latest = tmp_path / "latest"
    put(latest, "first")
    (latest / "junit.xml").write_text("mine")  # the third rename takes it along
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(latest), call, str(number)], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    with pytest.raises(OSError, match="No space"), folders.replaced(latest, KIND):
        raise OSError(28, "No space left on device")
    assert content(latest) == ("first" if (call, number) == ("rename", 1) else "second")
    assert (latest / "junit.xml").read_text() == "mine"
    assert names(tmp_path) == {"latest"}


def fill_slowly(folder: Path) -> None:
    with folders.replaced(folder, KIND) as staging:
        (staging / "mark.json").write_text(OURS)
        (staging / "data").write_text("slow")
        (folder.parent / "begun").touch()
        wait_until((folder.parent / "go").exists, 60)


def test_what_a_living_process_uses_is_let_be_whatever_its_number(tmp_path):
    """Its lease is asked, not its number: in another container that number is nobody's."""
    latest = tmp_path / "latest"
    slow = multiprocessing.get_context("spawn").Process(target=fill_slowly, args=(latest,))
    slow.start()
    assert wait_until((tmp_path / "begun").exists, 60)
    put(latest, "quick")
    assert content(latest) == "quick"
    (tmp_path / "go").touch()
    slow.join(60)
    assert slow.exitcode == 0
    assert content(latest) == "slow"
    assert names(tmp_path) == {"latest", "begun", "go"}


HOLDER = """
import sys, time
from pathlib import Path
from types import SimpleNamespace
from autogauge import leases
with leases.private_folder(Path(sys.argv[1]), "scratch") as folder:
    (folder / "half").write_text("half")
    print(folder, flush=True)
    time.sleep(60)
"""


def test_the_private_folder_of_a_dead_process_is_swept_and_of_a_living_one_is_not(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    folder = Path(holder.stdout.readline().strip())
    with leases.private_folder(tmp_path, "scratch") as own:
        assert own != folder
        assert (folder / "half").exists()
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait(10)
    with leases.private_folder(tmp_path, "other"):
        assert folder.exists(), "of another name"
    with leases.private_folder(tmp_path, "scratch"):
        assert not folder.exists()
    assert names(tmp_path) == set()


def hammer(folder: Path, number: int) -> None:
    stop_at = time.monotonic() + 0.3
    while time.monotonic() < stop_at:
        with leases.private_folder(folder, "scratch") as own:
            (own / "mine").write_text(str(number))
            assert (own / "mine").read_text() == str(number)


def test_many_at_once_never_sweep_each_other(tmp_path):
    processes = [multiprocessing.get_context("fork").Process(target=hammer, args=(tmp_path, each)) for each in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * 4
    assert names(tmp_path) == set()


def test_a_lease_that_is_a_link_is_not_followed(tmp_path):
    (tmp_path / "victim").write_text("mine")
    lease = leases.new(tmp_path, "scratch")
    lease.symlink_to(tmp_path / "victim")
    leases.folder_of(lease).mkdir()
    with leases.private_folder(tmp_path, "scratch"):
        pass
    assert (tmp_path / "victim").read_text() == "mine"
    assert leases.folder_of(lease).exists()


def test_a_session_has_a_folder_that_pytest_does_not_count_and_that_goes_with_it(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    config = SimpleNamespace(stash=pytest.Stash())
    folder = machine.scratch(config)
    assert (folder.parent, folder.stat().st_mode & 0o777) == (tmp_path, 0o700)
    (folder / "printed").write_text("x")
    machine.pytest_unconfigure(config)
    assert names(tmp_path) == set()
    machine.pytest_unconfigure(SimpleNamespace(stash=pytest.Stash()))
