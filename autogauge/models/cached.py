"""What the cache holds for a user to see and to remove: models, the Open Model Zoo's tools, files of the Zoo that were downloaded."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from autogauge import leases
from autogauge.cache import Cache
from autogauge.errors import UserError, explain_os_error
from autogauge.manifest import digest_of, is_intact, read_manifest
from autogauge.models.omz import downloads

DAMAGED = "damaged"
INTACT = "intact"
UNTRUSTED = "not trusted"
"""Another user may have put something into it."""


@dataclass(frozen=True)
class CachedModel:
    """A model or a set of tools in the cache. ``toolchain`` is the digest of the tools that made it, or empty."""

    name: str
    kind: str
    source: str
    precision: str
    weights: str
    bytes: int
    sha256: str
    toolchain: str
    state: str
    folder: Path

    def to_json(self) -> dict[str, Any]:
        """The fields as a dictionary, the folder as text."""
        return {**asdict(self), "folder": str(self.folder)}


def listed(cache: Cache) -> list[CachedModel]:
    """Everything that a name can be given to; each file's digest is checked. Raises :class:`UserError` when it cannot be read."""
    found = [each for folder in cache.entries() if (each := _entry(cache, folder)) is not None]
    if downloads.has_any(cache.root):
        folder = downloads.folder_in(cache.root)
        found.append(
            CachedModel(folder.name, "downloads", "omz", "", "", downloads.size_bytes(cache.root), "", "", "", folder)
        )
    return found


def _entry(cache: Cache, folder: Path) -> CachedModel | None:
    """A model or a set of tools; ``None`` for what is neither. What cannot be made out is damaged, and has its folder's name."""
    manifest = read_manifest(folder)
    if manifest is not None and "precision" not in manifest and manifest.get("kind") != "toolchain":
        return None
    try:
        if manifest is None:
            raise ValueError("no manifest")
        return CachedModel(
            str(manifest["name"]),
            str(manifest.get("kind", "model")),
            str(manifest.get("source", "")),
            str(manifest.get("precision", "")),
            str(manifest.get("weights", "")),
            sum(int(each["bytes"]) for each in manifest["files"].values()),
            digest_of(manifest),
            str(manifest.get("toolchain", "")),
            _state(cache, folder),
            folder,
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return CachedModel(folder.name, "unknown", "", "", "", 0, "", "", DAMAGED, folder)


def _state(cache: Cache, folder: Path) -> str:
    try:
        cache.check(folder)
    except UserError:
        return UNTRUSTED
    return INTACT if is_intact(folder) else DAMAGED


def remove(cache: Cache, name: str, *, force: bool = False) -> list[CachedModel]:
    """Delete every entry of that name and the Zoo's files that it was made from; returns what was there.

    Raises :class:`UserError` when there is none, another process is at work on it, or the user may not remove it; and, but with
    ``force``, when a session measures with one of them: then all of them stay.
    """
    entries = listed(cache)
    doomed = [each for each in entries if each.name == name]
    if not doomed:
        names = ", ".join(sorted({each.name for each in entries})) or "nothing"
        raise UserError(f"the cache {cache.root} has no {name!r}: it holds {names}.")
    with contextlib.ExitStack() as stack:
        for each in () if force else doomed:
            try:
                stack.enter_context(cache.unused(each.folder))
            except leases.InUse as error:
                who = ", ".join(error.who) or "a process of another container or machine"
                raise UserError(
                    f"{name} is in use in the cache {cache.root} by {who}: wait for its end, or remove it all the same (--force)."
                ) from None
        for each in doomed:
            try:
                _remove(cache, each)
            except OSError as error:
                raise explain_os_error(
                    error, f"cannot remove {name} from the cache {cache.root}", "--cache=DIR"
                ) from error
    return doomed


def _remove(cache: Cache, doomed: CachedModel) -> None:
    if doomed.kind == "downloads":
        shutil.rmtree(doomed.folder)
        return
    manifest = read_manifest(doomed.folder) or {}
    cache.remove(doomed.folder)
    downloads.remove(cache.root, manifest.get("checksums", ()))
