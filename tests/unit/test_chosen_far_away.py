"""Which runs of a place far away filters mean: what is fetched for it, once, and what is left out aloud."""

import hashlib
import json
import os
import shutil
import time

import filelock
import pytest

from autogauge.errors import UserError
from autogauge.files import as_json
from autogauge.history import index as indexes
from autogauge.history import remembered, standing, store, where
from autogauge.history.sharing import chosen
from autogauge.history.sharing.folder import Folder
from autogauge.history.sharing.place import Absent, Entry, Place, Unusable
from autogauge.history.standing_file import Standing
from tests import histories


class Far(Place):
    """A folder as a store far away shows it: what is asked of it is noted, and some of it cannot be had."""

    def __init__(self, root, tells_md5=True):
        self.shown, self.where = "far://there", "there"
        self.folder, self.tells_md5 = Folder(root), tells_md5
        self.asked, self.broken = [], {}

    def files(self, machine):
        path = self.folder.folder(machine)
        found = self.folder.files(machine)
        return {
            name: Entry(each.size, hashlib.md5((path / name).read_bytes()).hexdigest() if self.tells_md5 else "")
            for name, each in found.items()
        }

    def read_several(self, machine, names):
        self.asked += names
        own = {name: self.broken[kind] for name in names for kind in self.broken if name.endswith(kind)}
        return {**self.folder.read_several(machine, names), **own}

    def nothing(self, *_):
        raise AssertionError("nobody asks for it")

    is_there = begin = machines = read = create = replace = nothing


@pytest.fixture(params=[True, False], ids=["md5", "no md5"])
def far(tmp_path, request):
    for number in range(4):
        histories.save(
            tmp_path / "far" / "lab-01",
            {histories.LATENCY: 0.01},
            openvino=f"2026.{number}.0",
            standing=Standing.QUARANTINED if number == 3 else Standing.ACCEPTED,
            days=number,
        )
    return Far(tmp_path / "far", request.param)


@pytest.fixture
def numbers(far, tmp_path):
    """``numbers("openvino=2026.1")``: those of the runs that are meant, and how many could not be read."""

    def numbers(text):
        far.asked.clear()
        near = Folder(tmp_path / "near")
        found, unread = chosen.chosen(far, ["lab-01"], where.parse([text]), near, tmp_path / "cache")
        return sorted(int(stem[:4]) for stem in found["lab-01"]), unread

    return numbers


def runs_of(asked):
    return [name[:4] for name in asked if name.endswith(".json")]


def test_each_run_is_fetched_once_and_one_index_is_kept(far, numbers, tmp_path):
    assert numbers("openvino=2026.1") == ([2], 0)
    assert runs_of(far.asked) == ["0001", "0002", "0003", "0004"]
    histories.save(far.folder.root / "lab-01", {histories.LATENCY: 0.01}, openvino="2026.1.0", days=9)
    assert numbers("openvino=2026.1") == ([2, 5], 0)
    assert runs_of(far.asked) == ["0005"]
    store.runs(far.folder.root / "lab-01")[1].unlink()
    assert numbers("openvino=2026.1") == ([5], 0)
    assert runs_of(far.asked) == []
    indexes = [each.name for each in (tmp_path / "cache" / "indexes").iterdir()]
    assert len({*indexes} - {remembered.NAME}) == 1


def test_what_this_machine_has_is_not_fetched(far, numbers, tmp_path):
    (tmp_path / "near").mkdir()
    theirs = store.runs(far.folder.root / "lab-01")
    (tmp_path / "near" / "lab-01").mkdir()
    for each in theirs[:3]:
        (tmp_path / "near" / "lab-01" / each.name).write_bytes(each.read_bytes())
    assert numbers("openvino=2026.1") == ([2], 0)
    assert runs_of(far.asked) == ["0004"]
    (tmp_path / "near" / "lab-01" / theirs[1].name).unlink()
    assert numbers("openvino=2026.1") == ([2], 0)
    assert runs_of(far.asked) == ["0002"]


def test_a_word_that_was_said_meanwhile_counts(far, numbers):
    assert numbers("standing=accepted") == ([1, 2, 3], 0)
    standing.reject(store.runs(far.folder.root / "lab-01")[0], "the fan")
    assert numbers("standing=accepted") == ([2, 3], 0)
    standing.accept(store.runs(far.folder.root / "lab-01")[3], "it was the door")
    assert numbers("standing=accepted") == ([2, 3, 4], 0)


def test_a_word_of_the_same_size_counts_too(far, numbers):
    assert numbers("standing=accepted") == ([1, 2, 3], 0)
    path = standing.path_of(store.runs(far.folder.root / "lab-01")[3])
    before = path.read_bytes()
    fields = json.loads(before.replace(b'"quarantined"', b'"accepted"'))
    content = as_json({**fields, "why": ""})
    path.write_bytes(as_json({**fields, "why": "w" * (len(before) - len(content))}))
    assert path.stat().st_size == len(before)
    assert numbers("standing=accepted") == ([1, 2, 3, 4], 0)


@pytest.mark.parametrize("kind", [".json", ".standing"])
def test_what_cannot_be_had_is_counted_and_not_taken_for_accepted(far, numbers, kind):
    far.broken[f"0004_run_ffffffff{kind}"] = Unusable("it is in an archive")
    assert numbers("standing=*") == ([1, 2, 3], 1)
    far.broken.clear()
    assert numbers("standing=*") == ([1, 2, 3, 4], 0)


def test_a_run_that_is_listed_and_not_there_is_counted(far, numbers):
    far.broken["0002_run_ffffffff.json"] = Absent()
    assert numbers("openvino=2026.1") == ([], 1)


@pytest.mark.parametrize("stands_in_the_way", ["a file", "another process", "others may write"])
def test_where_nothing_can_be_kept_it_is_fetched_all_the_same(far, numbers, tmp_path, monkeypatch, stands_in_the_way):
    monkeypatch.setattr(chosen, "BUSY_S", 0.01)
    cache = tmp_path / "cache"
    numbers("openvino=2026.1")
    kept = next((cache / chosen.LOOKED_AT).iterdir())
    if stands_in_the_way == "another process":
        with filelock.FileLock(kept / chosen.LOCK):
            assert numbers("openvino=2026.1") == ([2], 0)
    elif stands_in_the_way == "others may write":
        kept.chmod(0o777)
        planted = kept / "lab-01" / "0001_run_ffffffff.json"
        planted.write_text(planted.read_text().replace("2026.0.0", "2026.1.0"))
        assert numbers("openvino=2026.1") == ([2], 0)
    else:
        (cache / chosen.LOOKED_AT).rename(tmp_path / "elsewhere")
        (cache / chosen.LOOKED_AT).write_text("")
        assert numbers("openvino=2026.1") == ([2], 0)
    assert runs_of(far.asked) == ["0001", "0002", "0003", "0004"]


def test_a_cache_that_is_full_is_one_sentence(far, numbers, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(chosen, "write_bytes", full)
    with pytest.raises(UserError, match=r"cannot keep what was fetched in .*the disk is full.*--cache=DIR"):
        numbers("openvino=2026.1")


def test_what_nobody_asks_for_any_more_is_forgotten(far, numbers, tmp_path):
    """The cache holds what is asked for, and no place that somebody looked at once."""
    numbers("openvino=2026.1")
    kept = next((tmp_path / "cache" / chosen.LOOKED_AT).iterdir())
    long_ago = time.time() - (chosen.KEPT_DAYS + 1) * 86_400
    others = [kept / "gone", *(kept.parent / name / "lab-01" for name in ("unused", "in-use"))]
    for each in others:
        shutil.copytree(kept / "lab-01", each)
        os.utime(each, (long_ago, long_ago))
    lately = shutil.copytree(kept / "lab-01", kept.parent / "lately" / "lab-01")
    os.utime(lately)
    os.utime(kept / "lab-01", (long_ago, long_ago))  # asked for just now: fetched anew at worst
    index = indexes.path_of(others[0], tmp_path / "cache")
    index.write_text("")
    with filelock.FileLock(kept.parent / "in-use" / chosen.LOCK):
        assert numbers("openvino=2026.1") == ([2], 0)
    assert [each.exists() for each in (*others, lately, kept / "lab-01", index)] == [
        False,
        False,
        True,
        True,
        True,
        False,
    ]
    assert numbers("openvino=2026.1") == ([2], 0)
    assert [each.exists() for each in others] == [False] * 3
    assert runs_of(far.asked) == []
    assert (kept.parent / "unused").is_dir(), "its lock is not taken from under who waits for it"
