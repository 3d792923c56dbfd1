"""`history push` and `pull`: a dry run says what the real one would, and no folder with runs is left out in silence."""

import json
import os
import re
import shutil
import types
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autogauge.cli.main import app
from autogauge.errors import UserError
from autogauge.history import standing, store
from autogauge.history.sharing import remote, s3
from autogauge.history.sharing.remote import Remote
from autogauge.history.standing_file import Standing
from tests.histories import LATENCY, save


@pytest.fixture
def here(tmp_path):
    for number in range(12):
        save(tmp_path / "here" / "lab-01", {LATENCY: 0.01}, days=number)
    return tmp_path / "here"


@pytest.fixture
def call(tmp_path, here):
    def call(*words):
        done = CliRunner().invoke(
            app, ["history", *map(str, words), f"--history={here}", f"--cache={tmp_path / 'cache'}"]
        )
        return done.exit_code, done.stdout, done.exception

    return call


def damaged(here, there):
    """What a real run keeps back: half a file, no run, two standings that say nothing, samples that are another run's."""
    runs = store.runs(here / "lab-01")
    runs[0].write_text("{")
    standing.path_of(runs[1]).write_text("{")
    runs[3].write_text('{"autogauge": {}}')
    folder = there / "lab-01"
    folder.mkdir(parents=True)
    for path, content in ((runs[4], b"ours"), (runs[5], b"theirs")):
        path.with_suffix(".npz").write_bytes(b"ours")
        (folder / path.with_suffix(".npz").name).write_bytes(content)
    standing.write(runs[6], Standing.QUARANTINED, "slow", "gate")
    (folder / standing.path_of(runs[6]).name).write_text("{")
    standing.write(runs[7], Standing.QUARANTINED, "slow", "gate")


def facts(text):
    found = json.loads(text)
    return {key: value for key, value in found.items() if key != "dry_run"}


@pytest.mark.parametrize("words", [("push", "there", "--new"), ("pull", "there")])
def test_a_dry_run_says_what_the_real_one_does(here, call, tmp_path, words):
    way, place, *more = words
    there = tmp_path / place
    if way == "push":
        damaged(here, there)
    else:
        here.rename(there)
        damaged(there, here)
    before = {each: each.lstat().st_mtime_ns for each in sorted(tmp_path.glob("*here/**/*"))}
    dry = call(way, there, *more, "--dry-run", "--json")
    assert {each: each.lstat().st_mtime_ns for each in sorted(tmp_path.glob("*here/**/*"))} == before
    real = call(way, there, *more, "--json")
    assert (dry[0], facts(dry[1])) == (real[0], facts(real[1]))
    assert real[0] == 1
    assert (facts(real[1])["sent"], facts(real[1])["kept_back"]) == (7, 5)
    again = call(way, there, *more, "--dry-run", "--json")
    assert (again[0], facts(again[1])["sent"], facts(again[1])["there"]) == (1, 0, 7)


class Far(Remote):
    """A history far away that is a folder here."""

    def __init__(self, root):
        from fsspec.asyn import get_loop

        super().__init__(types.SimpleNamespace(loop=get_loop()), str(root), "far://there", 10.0)

    async def _fetched(self, path, most):
        return Path(path).read_bytes()

    async def _entries(self, path):
        return [
            {"name": str(each), "type": "directory" if each.is_dir() else "file", "size": each.lstat().st_size}
            for each in Path(path).iterdir()
        ]

    async def _created(self, path, content):
        raise AssertionError("nothing is written there")

    _replaced = _created

    def is_there(self):
        return True

    def begin(self):
        raise AssertionError("nothing is written there")

    def _means(self, error, doing):
        return None


@pytest.fixture
def far(tmp_path, monkeypatch):
    monkeypatch.setattr("autogauge.cli.sharing.place_of", lambda *_: Far(tmp_path / "far"))
    return tmp_path / "far"


def test_a_dry_run_that_would_have_to_fetch_says_what_it_did_not_look_into(here, call, far, tmp_path):
    here.rename(far)
    store.runs(far / "lab-01")[0].write_text("{")
    status, said, _ = call("pull", "far", "--dry-run")
    assert (status, "12 runs would be fetched" in said) == (0, True)
    assert "NOTE  what 12 runs of lab-01 hold was not looked into" in said
    status, said, _ = call("pull", "far", "--dry-run", "--verify")
    assert (status, "11 runs would be fetched, 0 here already, 1 kept back" in said) == (1, True)
    assert not here.exists()
    status, said, _ = call("pull", "far")
    assert (status, "11 runs fetched, 0 here already, 1 kept back" in said) == (1, True)


# What is no machine by its folder's name.

ODD = [(b".lab-02", r"\.lab-02: its name begins with a dot"), (b"lab-\xff", "lab-.*: its name is no text")]


@pytest.mark.parametrize("is_far", [False, True])
@pytest.mark.parametrize(("name", "says"), ODD)
def test_a_folder_with_runs_that_may_not_travel_is_said(here, call, tmp_path, far, monkeypatch, name, says, is_far):
    place = far if is_far else here
    if is_far:
        here.rename(far)
    odd = Path(os.fsdecode(os.fsencode(place) + b"/" + name))
    save(odd, {LATENCY: 0.01}, machine="lab-02")
    (place / ".empty").mkdir()
    words = ("pull", "far") if is_far else ("push", str(tmp_path / "there"), "--new")
    if not is_far:
        monkeypatch.undo()
    for more in (("--dry-run",), ()):
        status, said, _ = call(*words, *more)
        assert status == 1
        assert re.search(rf"KEPT BACK  {says}.*; nothing of it was (sent|fetched)", said), said
        assert said.count("KEPT BACK") == 1
    assert call(*words, "--machine=lab-01")[0] == 0, "who asks for a machine is told of that one"


def test_where_no_folder_may_travel_that_is_the_mistake(here, call, tmp_path):
    (here / "lab-01").rename(here / ".lab-01")
    _, _, error = call("push", tmp_path / "there", "--new")
    assert isinstance(error, UserError)
    assert ".lab-01 may not travel: its name begins with a dot" in str(error)


def test_a_filter_leaves_no_folder_behind_whose_runs_are_copies_of_anothers(here, call, tmp_path):
    shutil.copytree(here / "lab-01", here / "backup")
    status, _, _ = call("push", tmp_path / "there", "--new", "--where=last=5")
    assert status == 0
    assert {each.name: len(store.runs(each)) for each in (tmp_path / "there").iterdir()} == {"lab-01": 5, "backup": 5}


def test_who_may_not_is_told_what_to_do():
    said = str(remote.explained("ssh://h/x", "listing ssh://h/x", PermissionError(13, "x"), lambda *_: None))
    assert said.endswith(
        "its user has no right to do that; let that user read and write there, or name another user or folder."
    )
    for words in s3._REFUSED.values():
        assert not words.endswith(" to"), words
