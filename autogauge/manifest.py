"""The manifest of a cache entry: what the entry is, and every file in it with its size and digest. All of it is values, none is a path.

What is read is checked, whoever wrote it: a manifest that holds something else than it may is none. What goes into an entry is left to
``cache``.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from autogauge.errors import UserError
from autogauge.files import read_regular, sha256_of, write_json
from autogauge.stamps import Stamps

MANIFEST = "manifest.json"
LONGEST, MOST_BYTES = 500, 64 << 20
TOOLCHAIN = "toolchain"
"""The kind of entry that holds programs: in it nothing may lie that the manifest does not name."""
COMPILED = "__pycache__"
_TEXTS = ("name", "kind", "source", "precision", "weights", "toolchain", "numpy", "openvino", "compiler")
_SHA256, _SHA384 = re.compile("[0-9a-f]{64}"), re.compile("[0-9a-f]{96}")


def is_sha384(value: object) -> bool:
    """Whether that is a checksum of the Open Model Zoo's, in hexadecimal digits."""
    return isinstance(value, str) and _SHA384.fullmatch(value) is not None


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of an entry, or ``None`` when there is none, or none that may be believed."""
    try:
        manifest = json.loads(read_regular(folder / MANIFEST, MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    return manifest if isinstance(manifest, dict) and _is_sound(manifest) else None


def require_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of an entry that was there a moment ago. Raises :class:`UserError` when it no longer is."""
    manifest = read_manifest(folder)
    if manifest is None:
        raise UserError(f"{folder.name} was removed from the cache {folder.parents[1]} just now: run again.")
    return manifest


def digest_of(manifest: dict[str, Any]) -> str:
    """SHA-256 over the digests of an entry's files, hexadecimal."""
    return hashlib.sha256("".join(each["sha256"] for _, each in sorted(manifest["files"].items())).encode()).hexdigest()


def write(folder: Path, facts: dict[str, Any]) -> None:
    """Write the manifest of an entry that is complete: the facts, and what lies in the folder now. Raises ``OSError``."""
    there = _there(folder)
    files = {
        name: {"bytes": (folder / name).stat().st_size, "sha256": sha256_of(folder / name)}
        for name in sorted(there.files)
    }
    write_json(folder / MANIFEST, {**facts, "files": files, "links": dict(sorted(there.links.items()))})


def is_intact(folder: Path, stamps: Path | None = None) -> bool:
    """Whether every file that the manifest names is there with its size and SHA-256, and every link leads where it led.

    Among programs nothing else may lie. A manifest from before links were told is believed about the files that it names.
    With ``stamps``, a file for that, a file is not read that looks as it did when its digest was right (``autogauge.stamps``).
    """
    manifest = read_manifest(folder)
    if manifest is None or not manifest["files"]:
        return False
    if stamps is None:
        return not _faults(folder, manifest)
    seen = Stamps.read(stamps, digest_of(manifest))
    is_whole = not _faults(folder, manifest, seen)
    if is_whole:
        seen.keep()
    return is_whole


def is_intact_but_for_compiled_files(folder: Path) -> bool:
    """Whether nothing is wrong with an entry but files that Python has compiled, which can be made anew from what is there."""
    manifest = read_manifest(folder)
    if manifest is None or not manifest["files"]:
        return False
    return all(COMPILED in PurePosixPath(name).parts for name in _faults(folder, manifest))


def tells_links(folder: Path) -> bool:
    """Whether the entry's manifest is of the kind that tells links and compiled files too."""
    return "links" in (read_manifest(folder) or {})


@dataclass
class _There:
    """What lies in a folder: files and the targets of links, by their names from there; what is neither is among ``odd``."""

    files: set[str] = field(default_factory=set)
    links: dict[str, str] = field(default_factory=dict)
    odd: set[str] = field(default_factory=set)


def _there(folder: Path) -> _There:
    found = _There()
    for place, folders, files in os.walk(folder):
        for each in (*folders, *files):
            path = Path(place, each)
            name = path.relative_to(folder).as_posix()
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                found.links[name] = str(path.readlink())
            elif stat.S_ISREG(mode) and name != MANIFEST:
                found.files.add(name)
            elif not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                found.odd.add(name)
    return found


def _faults(folder: Path, manifest: dict[str, Any], seen: Stamps | None = None) -> set[str]:
    """The names of what is not as the manifest says."""
    try:
        there = _there(folder)
        files, links = manifest["files"], manifest.get("links")
        faults = {
            name
            for name, facts in files.items()
            if name not in there.files or not _is(folder / name, name, facts, seen)
        }
        if links is not None:
            faults |= {name for name, target in links.items() if there.links.get(name) != target}
            if manifest.get("kind") == TOOLCHAIN:
                faults |= (there.files - files.keys()) | (there.links.keys() - links.keys()) | there.odd
    except OSError as error:
        return {str(error.filename or "")}
    return faults


def _is(path: Path, name: str, facts: dict[str, Any], seen: Stamps | None) -> bool:
    before = path.stat()
    if before.st_size != facts["bytes"]:
        return False
    if seen is not None and seen.knows(name, before):
        return True
    if sha256_of(path) != facts["sha256"]:
        return False
    if seen is not None:
        seen.learn(name, before, path.stat())
    return True


def _is_sound(manifest: dict[str, Any]) -> bool:
    files, links, checksums = manifest.get("files"), manifest.get("links", {}), manifest.get("checksums", [])
    return bool(
        isinstance(files, dict)
        and all(_is_inside(name) and _is_of_a_file(facts) for name, facts in files.items())
        and isinstance(links, dict)
        and all(_is_inside(name) and isinstance(target, str) for name, target in links.items())
        and isinstance(checksums, list)
        and all(map(is_sha384, checksums))
        and all(isinstance(manifest.get(name, ""), str) and len(manifest.get(name, "")) < LONGEST for name in _TEXTS)
        and _is_inside(manifest.get("name", "none"))
        and "/" not in manifest.get("name", "")
    )


def _is_of_a_file(facts: object) -> bool:
    return (
        isinstance(facts, dict)
        and isinstance(facts.get("bytes"), int)
        and facts["bytes"] >= 0
        and isinstance(facts.get("sha256"), str)
        and _SHA256.fullmatch(facts["sha256"]) is not None
    )


def _is_inside(name: str) -> bool:
    """Whether a name of a file leads to nowhere but into the entry."""
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and "\0" not in name
