"""Brings the Zoo's own files from a folder into the cache, for machines without a network: each must have the Zoo's checksum.

Converting them is left to ``zoo``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autogauge.errors import UserError, explain_os_error
from autogauge.models.omz import downloads
from autogauge.models.omz.catalogue import CONVERTIBLE
from autogauge.models.omz.tools import Deadline
from autogauge.models.omz.zoo import Zoo


@dataclass(frozen=True)
class Imported:
    """A model whose files were all found, and the precisions that they give."""

    name: str
    precisions: tuple[str, ...]


def import_folder(zoo: Zoo, folder: Path) -> list[Imported]:
    """Copy into the cache every file of a model that ``folder`` holds completely (files in its folders too).

    Raises :class:`UserError` when there is no such folder, no model of the Zoo in it, or one with a file missing or different.
    """
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}: name the one with the Open Model Zoo's files.")
    known = zoo.catalogue(Deadline(zoo.deadline_s))
    present = _with_checksums(folder, {each["bytes"] for described in known.values() for each in described["files"]})
    imported = []
    for name, described in sorted(known.items()):
        precisions = tuple(
            precision
            for precision in described["precisions"]
            if described["framework"] in CONVERTIBLE
            and all(each["sha384"] in present for each in downloads.needed(described, precision))
        )
        if not precisions:
            continue
        for precision in precisions:
            for each in downloads.needed(described, precision):
                try:
                    downloads.add(zoo.cache.root, each["sha384"], present[each["sha384"]])
                except OSError as error:
                    raise explain_os_error(error, f"cannot write the cache {zoo.cache.root}", "--cache=DIR") from error
        imported.append(Imported(name, precisions))
    if not imported:
        raise UserError(
            f"{folder} holds no complete model of the Open Model Zoo: {_what_is_wrong(folder, known, present)}."
        )
    return imported


def _with_checksums(folder: Path, sizes: set[int]) -> dict[str, Path]:
    """The files below a folder that have one of these sizes, by their checksums."""
    try:
        files = [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size in sizes]
        return {downloads.sha384_of(path): path for path in files}
    except OSError as error:
        raise UserError(f"cannot read {error.filename or folder}: {error.strerror}; check its permissions.") from None


def _what_is_wrong(folder: Path, known: dict[str, Any], present: dict[str, Path]) -> str:
    """Why the model that comes nearest is not complete, by the names of its files."""
    there = {path.name: path for path in folder.rglob("*") if path.is_file()}
    nearest: tuple[int, str] = (
        0,
        "none of its files is one of the Zoo's by name; name the folder with the files as the Zoo distributes them",
    )
    for name, described in sorted(known.items()):
        files = described["files"]
        right = [each for each in files if each["sha384"] in present]
        wrong = [each["name"] for each in files if each not in right and Path(each["name"]).name in there]
        absent = [each["name"] for each in files if each not in right and Path(each["name"]).name not in there]
        score = 2 * len(right) + len(wrong)
        if score > nearest[0] and (wrong or absent):
            parts = [f"{', '.join(wrong)} has another checksum than the Zoo's"] if wrong else []
            parts += [f"{', '.join(absent)} is missing"] if absent else []
            nearest = score, f"of {name}, {' and '.join(parts)}; fetch the files anew"
    return nearest[1]
