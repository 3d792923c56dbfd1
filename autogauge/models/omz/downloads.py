"""The Zoo's own files that were downloaded or imported, by their checksums: the layout of ``omz_downloader --cache_dir``.

Whoever reads a file from here checks it; the downloader does. It also adds what it downloads.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from autogauge.files import copy
from autogauge.manifest import is_sha384

ABANDONED_AFTER_S = 3600.0
_FORMAT = "1"  # the downloader's number for the layout


def folder_in(root: Path) -> Path:
    """Where they are in the cache."""
    return root / "omz-downloads"


def needed(described: dict[str, Any], precision: str) -> list[dict[str, Any]]:
    """The files of a model in one precision: those in the folders of other precisions are not."""
    files = []
    for each in described["files"]:
        folder = Path(each["name"]).parts[0] if "/" in each["name"] else precision
        if folder == precision or folder not in described["precisions"]:
            files.append(each)
    return files


def place(root: Path, sha384: str) -> Path:
    """Where the file with that checksum is, or would be. Raises ``ValueError`` for what is no checksum: it shall lead nowhere else."""
    if not is_sha384(sha384):
        raise ValueError(f"{sha384!r} is no checksum of the Open Model Zoo's")
    return folder_in(root) / _FORMAT / sha384[:2] / sha384[2:]


def has_all(root: Path, files: Iterable[dict[str, Any]]) -> bool:
    """Whether each file is there, and sound: with a damaged one the network is needed after all."""
    try:
        return all(sha384_of(place(root, each["sha384"])) == each["sha384"] for each in files)
    except OSError:
        return False


def private_view(root: Path, folder: Path, files: Iterable[dict[str, Any]]) -> Path:
    """A cache folder for one run of the downloader, made at ``folder``; returns it. Raises ``OSError``.

    What the downloader has finished is among all the others by its rename; what it leaves half-written when it is killed is in ``folder``.
    """
    (folder / _FORMAT).mkdir(parents=True)
    for shared in {place(root, each["sha384"]).parent for each in files}:
        start = shared.name
        shared.mkdir(parents=True, exist_ok=True)
        (folder / _FORMAT / start).symlink_to(shared)
    return folder


def has_any(root: Path) -> bool:
    """Whether there is any file at all."""
    return any(folder_in(root).glob(f"{_FORMAT}/??/*"))


def sweep(root: Path) -> None:
    """Remove what killed imports left half-copied, an hour ago or more."""
    with contextlib.suppress(OSError):
        for path in folder_in(root).glob(f"{_FORMAT}/??/.*.tmp"):
            if path.stat().st_mtime < time.time() - ABANDONED_AFTER_S:
                path.unlink(missing_ok=True)


def size_bytes(root: Path) -> int:
    """How much all of them take."""
    return sum(path.stat().st_size for path in folder_in(root).rglob("*") if path.is_file())


def add(root: Path, sha384: str, source: Path) -> None:
    """Copy a file in, whole or not at all. Raises ``OSError``."""
    copy(source, place(root, sha384))


def remove(root: Path, checksums: Iterable[str]) -> None:
    """Delete the files with these checksums, where they are."""
    for sha384 in checksums:
        place(root, sha384).unlink(missing_ok=True)


def sha384_of(path: Path) -> str:
    """Hexadecimal SHA-384 of a file's bytes, the Zoo's checksum."""
    digest = hashlib.sha384()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
