"""An entry of the cache is not read again while its files look as they did; whatever was written to them since is noticed."""

import json
import os
import tempfile
import time
from pathlib import Path

import pytest

from autogauge import manifest, stamps
from autogauge.cache import Cache
from tests.properties import for_all


def build(folder: Path) -> dict:
    for name in ("a", "b"):
        (folder / name).write_bytes(name.encode() * 1000)
    return {"name": "tools", "kind": "toolchain"}


@pytest.fixture
def reads(monkeypatch):
    """The names of the files that were read to be held against their digests."""
    found = []
    real = manifest.sha256_of
    monkeypatch.setattr(manifest, "sha256_of", lambda path: [found.append(path.name), real(path)][1])
    monkeypatch.setattr(stamps, "SETTLED_NS", 0)
    return found


@pytest.fixture
def entry(tmp_path, reads):
    """An entry that was looked at once."""
    cache = Cache(tmp_path / "cache")
    folder = cache.entry("tools", build)
    time.sleep(0.02)  # the clock of a file system is coarser than ours
    assert cache.is_good(folder)
    reads.clear()
    return cache, folder


def test_a_file_that_looks_as_it_did_is_not_read(entry, reads):
    cache, folder = entry
    assert cache.is_good(folder)
    assert reads == []


def test_what_was_written_since_is_noticed_though_size_and_time_are_as_before(entry, reads):
    cache, folder = entry
    before = (folder / "a").stat()
    with (folder / "a").open("r+b") as stream:
        stream.write(b"X")
    os.utime(folder / "a", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not cache.is_good(folder)
    assert reads == ["a"]


def test_another_file_in_its_place_is_noticed(entry, reads):
    cache, folder = entry
    before = (folder / "b").stat()
    (folder.parent / "other").write_bytes(b"B" * 1000)
    os.utime(folder.parent / "other", ns=(before.st_atime_ns, before.st_mtime_ns))
    os.replace(folder.parent / "other", folder / "b")
    assert not cache.is_good(folder)
    assert reads == ["b"]


@pytest.mark.parametrize("how", ["gone", "one more"])
def test_what_is_gone_or_was_added_is_noticed(entry, how):
    cache, folder = entry
    if how == "gone":
        (folder / "a").unlink()
    else:
        (folder / "c").touch()
    assert not cache.is_good(folder)


def test_a_file_that_has_only_just_changed_is_read_once_more(entry, reads, monkeypatch):
    cache, folder = entry
    monkeypatch.setattr(stamps, "SETTLED_NS", 3600 * 10**9)
    os.utime(folder / "a")
    for _ in range(2):
        reads.clear()
        assert cache.is_good(folder)
        assert reads == ["a"]


def test_after_a_week_all_is_read(entry, reads, monkeypatch):
    cache, folder = entry
    path = cache.root / "stamps" / "tools.json"
    kept = json.loads(path.read_bytes())
    path.write_text(json.dumps({**kept, "at_ns": kept["at_ns"] - stamps.LONGEST_NS}))
    assert cache.is_good(folder)
    assert sorted(reads) == ["a", "b"]
    reads.clear()
    path.write_text(json.dumps({**kept, "at_ns": time.time_ns() + 10**12}))
    assert cache.is_good(folder)
    assert sorted(reads) == ["a", "b"], "nor is what was seen in the future believed"


def test_another_manifest_is_held_against_the_files(entry, reads):
    cache, folder = entry
    manifest.write(folder, {"name": "tools", "kind": "toolchain"})
    (folder / "a").write_bytes(b"c" * 1000)
    manifest.write(folder, {"name": "tools", "kind": "toolchain"})
    reads.clear()
    assert cache.is_good(folder)
    assert sorted(reads) == ["a", "b"]


def test_what_others_may_write_to_is_not_believed(entry, reads):
    cache, folder = entry
    path = cache.root / "stamps" / "tools.json"
    path.chmod(0o666)
    assert cache.is_good(folder)
    assert sorted(reads) == ["a", "b"]


def test_a_list_of_the_cache_reads_everything(entry, reads):
    from autogauge.models import cached

    assert [each.state for each in cached.listed(entry[0])] == [cached.INTACT]
    assert sorted(reads) == ["a", "b"]


def test_what_an_entry_looked_like_goes_with_it(entry):
    cache, folder = entry
    assert (cache.root / "stamps" / "tools.json").exists()
    cache.remove(folder)
    assert not (cache.root / "stamps" / "tools.json").exists()


@for_all(
    lambda st: (st.binary(max_size=200) | st.sampled_from([b"{}", b'{"manifest": "m", "at_ns": "x", "seen": []}']),)
)
def test_whatever_is_kept_is_read_or_is_nothing(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.json")
        path.write_bytes(content)
        assert stamps.Stamps.read(path, "m").seen == {}
