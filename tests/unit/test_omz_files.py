"""The Zoo's own files in the cache: which a model needs, which are sound, how they come in from a folder, and how they go."""

import contextlib
import errno
import os
import shutil
import sys
import types
from pathlib import Path

import pytest

from autogauge.cache import Cache
from autogauge.errors import UserError
from autogauge.models import cached
from autogauge.models.omz import downloads, toolchain
from autogauge.models.omz.importing import import_folder
from autogauge.models.omz.zoo import Zoo
from autogauge.tools.running import Deadline
from tests.support import downloaded


@pytest.fixture
def needed(tmp_path):
    """The description of a file that has been downloaded into a cache."""
    return downloaded(tmp_path)


def test_a_damaged_download_of_the_right_size_is_none(tmp_path, needed):
    root = tmp_path / "cache"
    assert downloads.has_all(root, [needed])
    downloads.place(root, needed["sha384"]).write_bytes(b"WEIGHTS")
    assert not downloads.has_all(root, [needed])
    downloads.place(root, needed["sha384"]).unlink()
    assert not downloads.has_all(root, [needed])


def test_what_the_downloader_leaves_half_written_is_not_among_the_downloads(tmp_path, needed):
    root = tmp_path / "cache"
    other = {**needed, "sha384": "ab" + "0" * 94}
    view = downloads.private_view(root, tmp_path / "mine", [needed, other])
    assert (view / "1" / needed["sha384"][:2] / needed["sha384"][2:]).read_bytes() == b"weights"
    (view / "1" / "staging").mkdir()
    half = view / "1" / "staging" / "half"
    half.write_bytes(b"x")
    assert sum(path.is_file() for path in downloads.folder_in(root).rglob("*")) == 1
    half.replace(view / "1" / "ab" / ("0" * 94))
    assert downloads.place(root, other["sha384"]).read_bytes() == b"x"


@pytest.mark.parametrize("beginning", ["omz+", ".scratch"])
def test_a_cache_without_room_for_scratch_folders_is_never_more_than_a_sentence(tmp_path, monkeypatch, beginning):
    zoo = Zoo(Cache(tmp_path / "cache"), models=tmp_path)
    zoo._tools = toolchain.Toolchain(Path(sys.executable), {}, "tools")
    mkdir = Path.mkdir

    def full(folder, *words, **options):
        if folder.name.startswith(beginning):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        mkdir(folder, *words, **options)

    monkeypatch.setattr(Path, "mkdir", full)
    with contextlib.suppress(UserError):
        zoo.catalogue(Deadline(5))


def test_configurations_that_cannot_be_read_are_one_sentence(tmp_path):
    (tmp_path / "small" / "model.yml").mkdir(parents=True)
    with pytest.raises(UserError, match=r"model configurations .* cannot be read: Is a directory"):
        Zoo(Cache(tmp_path / "cache"), models=tmp_path).download("small", "FP16")


def test_a_whole_model_is_imported_though_an_unrelated_one_names_its_files_alike(tmp_path):
    stick = tmp_path / "stick"
    stick.mkdir()
    files = []
    for name in ("vocab.json", "whole.onnx"):
        (stick / name).write_text(name)
        files.append({"name": name, "bytes": len(name), "sha384": downloads.sha384_of(stick / name), "address": ""})
    other = [{**files[0], "sha384": "ab" * 48}, {**files[1], "name": "other.onnx", "sha384": "cd" * 48}]
    described = {"framework": "onnx", "precisions": ["FP16"], "converted": True}
    known = {"whole": {**described, "files": files}, "other": {**described, "files": other}}
    zoo = types.SimpleNamespace(cache=Cache(tmp_path / "cache"), catalogue=lambda _: known)
    assert [each.name for each in import_folder(zoo, stick, Deadline(5))] == ["whole"]
    (stick / "other.onnx").write_text("damaged")
    with pytest.raises(UserError, match=r"of other, other\.onnx has another checksum"):
        import_folder(zoo, stick, Deadline(5))


@pytest.fixture
def cache_with_downloads(tmp_path, needed):
    """A cache with a model and the file that it was made from."""
    cache = Cache(tmp_path / "cache")

    def build(staging):
        (staging / "m.xml").write_text("")
        return {"name": "m", "precision": "FP16", "checksums": [needed["sha384"]]}

    cache.entry("m", build)
    return cache


def test_downloads_that_cannot_be_removed_are_not_said_to_be(cache_with_downloads, monkeypatch):
    def refuse(*_, ignore_errors=False):
        if not ignore_errors:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(shutil, "rmtree", refuse)
    with pytest.raises(UserError, match=r"cannot remove omz-downloads from the cache .* permission is denied"):
        cached.remove(cache_with_downloads, "omz-downloads")


def test_a_file_of_a_model_that_cannot_be_removed_is_one_sentence(cache_with_downloads, needed):
    place = downloads.place(cache_with_downloads.root, needed["sha384"])
    place.unlink()
    place.mkdir()
    with pytest.raises(UserError, match="cannot remove m from the cache"):
        cached.remove(cache_with_downloads, "m")


def test_files_of_other_precisions_are_not_needed():
    files = [
        {"name": "FP16/m.xml"},
        {"name": "FP16/m.bin"},
        {"name": "FP32/m.bin"},
        {"name": "extra/n.txt"},
        {"name": "m.prototxt"},
    ]
    described = {"precisions": ["FP16", "FP32"], "files": files}
    assert [each["name"] for each in downloads.needed(described, "FP16")] == [
        "FP16/m.xml",
        "FP16/m.bin",
        "extra/n.txt",
        "m.prototxt",
    ]
