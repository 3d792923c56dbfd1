"""Brings the Zoo's own files from a folder into the cache, for machines without a network: each must have the Zoo's checksum.

Converting them is left to ``zoo``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autogauge.causes import step_for
from autogauge.errors import UserError, explain_os_error
from autogauge.files import is_folder
from autogauge.models.omz import downloads
from autogauge.models.omz.catalogue import CONVERTIBLE
from autogauge.models.omz.zoo import Zoo
from autogauge.tools.running import Deadline

DEFAULT_PRECISION = "FP16"


@dataclass(frozen=True)
class Imported:
    """A model whose files were all found, and the precisions that they give."""

    name: str
    precisions: tuple[str, ...]

    def choose(self, precision: str | None) -> str:
        """The precision asked for, or FP16, or the first there is. Raises :class:`UserError` when the one asked for is not there."""
        if precision is None:
            return DEFAULT_PRECISION if DEFAULT_PRECISION in self.precisions else self.precisions[0]
        if precision.upper() not in self.precisions:
            raise UserError(
                f"the files of {self.name} do not give it in {precision!r}: choose one of {', '.join(self.precisions)} (--precision)."
            )
        return precision.upper()


def import_folder(zoo: Zoo, folder: Path, deadline: Deadline) -> list[Imported]:
    """Copy into the cache every file of a model that ``folder`` holds completely (files in its folders too).

    Raises :class:`UserError` when there is no such folder, no model of the Zoo in it, or one with a file missing or different.
    """
    if not is_folder(folder):
        raise UserError(f"there is no folder {folder}: name the one with the Open Model Zoo's files.")
    known = zoo.catalogue(deadline)
    checksums = _checksums_in(folder, {each["bytes"] for described in known.values() for each in described["files"]})
    present = {sha384: path for path, sha384 in checksums.items()}
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
    wrong = _what_is_wrong(folder, known, checksums, {each.name for each in imported})
    if not imported:
        raise UserError(f"{folder} holds no complete model of the Open Model Zoo: {wrong or _NOTHING}.")
    if wrong:
        raise UserError(
            f"{folder} holds a damaged model of the Open Model Zoo beside whole ones: {wrong}, or take it out of the folder."
        )
    return imported


def _checksums_in(folder: Path, sizes: set[int]) -> dict[Path, str]:
    """The checksums of the files below a folder that have one of these sizes."""
    try:
        files = [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size in sizes]
        return {path: downloads.sha384_of(path) for path in files}
    except OSError as error:
        raise UserError(
            f"cannot read {error.filename or folder}: {error.strerror}; {step_for(error) or 'check its permissions'}."
        ) from None


_NOTHING = "none of its files is one of the Zoo's by name; name the folder with the files as the Zoo distributes them"


def _what_is_wrong(folder: Path, known: dict[str, Any], checksums: dict[Path, str], whole: set[str]) -> str:
    """Why the model that comes nearest is not whole, by the names of its files; empty when no other model has files here.

    Beside whole models only a file with a wrong checksum counts, and only if it is none of theirs: models share files, and names.
    """
    present = set(checksums.values())
    theirs = {each["sha384"] for name in whole for each in known[name]["files"]}
    there = {path.name for path in folder.rglob("*") if path.is_file() and checksums.get(path) not in theirs}
    nearest = (0, "")
    for name, described in sorted(known.items()):
        files = described["files"]
        right = [each for each in files if each["sha384"] in present]
        wrong = [each["name"] for each in files if each not in right and Path(each["name"]).name in there]
        absent = [each["name"] for each in files if each not in right and Path(each["name"]).name not in there]
        if name in whole or not (wrong or (right and absent and not whole)):
            continue
        parts = [f"{', '.join(wrong)} has another checksum than the Zoo's"] if wrong else []
        parts += [f"{', '.join(absent)} is missing"] if absent else []
        nearest = max(nearest, (2 * len(right) + len(wrong), f"of {name}, {' and '.join(parts)}; fetch the files anew"))
    return nearest[1]
