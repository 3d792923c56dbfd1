"""What the cache holds for a user to see and to remove: models, the Open Model Zoo's tools, files of the Zoo that were downloaded."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from autogauge.cache import Cache, digest_of, is_intact, read_manifest
from autogauge.errors import UserError
from autogauge.models.omz import downloads

DAMAGED = "damaged"
INTACT = "intact"


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
    """Everything that a name can be given to; each file's digest is checked. Entries without a manifest that can be read are left out."""
    found = []
    for folder in cache.entries():
        manifest = read_manifest(folder)
        if manifest is None or manifest.get("kind") not in ("model", "toolchain"):
            continue
        found.append(
            CachedModel(
                str(manifest["name"]),
                str(manifest["kind"]),
                str(manifest.get("source", "")),
                str(manifest.get("precision", "")),
                str(manifest.get("weights", "")),
                sum(int(each["bytes"]) for each in manifest["files"].values()),
                digest_of(manifest),
                str(manifest.get("toolchain", "")),
                INTACT if is_intact(folder) else DAMAGED,
                folder,
            )
        )
    return found


def remove(cache: Cache, name: str) -> list[CachedModel]:
    """Delete every entry of that name and the Zoo's files that it was made from; returns what was there.

    Raises :class:`UserError` when there is none, or another process is at work on it.
    """
    entries = listed(cache)
    doomed = [each for each in entries if each.name == name]
    if not doomed:
        names = ", ".join(sorted({each.name for each in entries})) or "nothing"
        raise UserError(f"the cache {cache.root} has no {name!r}: it holds {names}.")
    for each in doomed:
        manifest = read_manifest(each.folder) or {}
        cache.remove(each.folder)
        downloads.remove(cache.root, manifest.get("checksums", ()))
    return doomed
