"""The cache holds entries that are complete and verified, or none, whoever builds them and however they end."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import filelock
import pytest

from autogauge.cache import Cache, is_intact, read_manifest
from autogauge.errors import UserError
from tests.support import ROOT, in_a_mount, wait_until


def build_slowly(folder: Path) -> dict:
    """A build that leaves a trace of having run."""
    (folder / "model.bin").write_bytes(b"weights" * 1000)
    time.sleep(0.2)
    with (folder.parents[1] / "builds.log").open("a") as stream:
        stream.write("built\n")
    return {"name": "model"}


def get_entry(root: Path) -> None:
    assert is_intact(Cache(root).entry("model", build_slowly))


def builds(root: Path) -> int:
    return len((root / "builds.log").read_text().splitlines())


def test_an_entry_is_built_once_and_then_served(tmp_path):
    get_entry(tmp_path)
    get_entry(tmp_path)
    assert builds(tmp_path) == 1


def test_processes_that_ask_at_once_build_once(tmp_path):
    processes = [multiprocessing.get_context("spawn").Process(target=get_entry, args=(tmp_path,)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * 4
    assert builds(tmp_path) == 1


def test_that_an_entry_is_spoilt_is_said_before_it_is_made_anew(tmp_path):
    said = []
    folder = Cache(tmp_path).entry("model", build_slowly, say=said.append)
    assert said == []
    (folder / "model.bin").write_bytes(b"spoilt")
    Cache(tmp_path).entry("model", build_slowly, say=said.append)
    assert said == ["model in the cache is spoilt, or from an older autogauge: it is made anew"]


@pytest.mark.parametrize("damage", ["truncate", "change", "remove", "no manifest", "broken manifest"])
def test_a_damaged_entry_is_built_again(tmp_path, damage):
    folder = Cache(tmp_path).entry("model", build_slowly)
    file, manifest = folder / "model.bin", folder / "manifest.json"
    if damage == "truncate":
        file.write_bytes(file.read_bytes()[:-1])
    elif damage == "change":
        file.write_bytes(b"x" + file.read_bytes()[1:])
    elif damage == "remove":
        file.unlink()
    elif damage == "no manifest":
        manifest.unlink()
    else:
        manifest.write_text("{")
    assert not is_intact(folder)
    get_entry(tmp_path)
    assert builds(tmp_path) == 2


def test_the_manifest_keeps_the_facts_and_each_files_digest(tmp_path):
    manifest = read_manifest(Cache(tmp_path).entry("model", build_slowly))
    assert manifest["name"] == "model"
    assert manifest["files"]["model.bin"]["bytes"] == 7000


def test_a_build_that_fails_leaves_nothing(tmp_path):
    def fail(folder: Path) -> dict:
        (folder / "half").write_bytes(b"half")
        raise UserError("it did not work.")

    with pytest.raises(UserError, match="did not work"):
        Cache(tmp_path).entry("model", fail)
    assert not list((tmp_path / "staging").iterdir())
    assert not (tmp_path / "entries" / "model").exists()


KILLED_BUILDER = """
import sys, time
from pathlib import Path
from autogauge.cache import Cache
def build(folder):
    (folder / "half").write_bytes(b"half")
    print("building", flush=True)
    time.sleep(60)
Cache(Path(sys.argv[1])).entry("model", build)
"""


def test_a_killed_builder_leaves_no_entry_and_the_next_one_sweeps_up(tmp_path):
    builder = subprocess.Popen([sys.executable, "-c", KILLED_BUILDER, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT)
    assert builder.stdout.readline() == b"building\n"
    builder.send_signal(signal.SIGKILL)
    builder.wait(10)
    assert not (tmp_path / "entries").exists()
    assert len(list((tmp_path / "staging").iterdir())) == 1
    get_entry(tmp_path)
    assert not list((tmp_path / "staging").iterdir())


def test_a_lock_that_is_held_too_long_is_a_sentence(tmp_path):
    (tmp_path / "locks").mkdir()
    with (
        filelock.FileLock(tmp_path / "locks" / "model.lock"),
        pytest.raises(UserError, match=r"another process .*--cache=DIR"),
    ):
        Cache(tmp_path).entry("model", build_slowly, lock_deadline_s=0.2)


def test_an_entry_that_is_there_waits_for_nobody(tmp_path):
    folder = Cache(tmp_path).entry("model", build_slowly)
    with filelock.FileLock(tmp_path / "locks" / "model.lock"):
        assert Cache(tmp_path).entry("model", build_slowly, lock_deadline_s=0.2) == folder


def test_a_cache_in_the_place_of_a_file_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"cannot write the cache .*--cache=DIR"):
        Cache(tmp_path / "file").entry("model", build_slowly)


FETCH = """
import sys
from pathlib import Path
from autogauge.cache import Cache
from autogauge.errors import UserError
from autogauge.models import resolve
try:
    resolve.offline("googlenet-v1", "FP16", Cache(Path(sys.argv[1])))
except UserError as error:
    print(error)
print(sorted(str(path) for path in Path(sys.argv[1]).rglob("*") if path.is_file() and path.suffix != ".lock"))
"""


@pytest.mark.parametrize(("read_only", "reason"), [(True, "read-only"), (False, "full|space|write")])
def test_a_read_only_or_full_cache_is_a_sentence_and_leaves_nothing(tmp_path, read_only, reason):
    command = in_a_mount(tmp_path, "size=4m", [sys.executable, "-c", FETCH, str(tmp_path)], read_only=read_only)
    if command is None:
        pytest.skip("this system lets nobody mount a small file system (unshare -rm)")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    sentence, left = done.stdout.splitlines()
    assert json.loads(left.replace("'", '"')) == []
    assert any(word in sentence for word in reason.split("|")), sentence
    assert done.stderr == ""


def test_waiting_for_the_lock_ends_when_the_holder_dies(tmp_path):
    holder = subprocess.Popen([sys.executable, "-c", KILLED_BUILDER, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT)
    holder.stdout.readline()
    waiter = multiprocessing.get_context("spawn").Process(target=get_entry, args=(tmp_path,))
    waiter.start()
    assert not wait_until(lambda: not waiter.is_alive(), 1.0)
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait(10)
    waiter.join(30)
    assert waiter.exitcode == 0
