"""The folders of a history, and a run by the number that ``history`` shows: ``13``, or ``lab-01/13`` where several machines have one."""

from __future__ import annotations

import re
from pathlib import Path

from autogauge.causes import step_for
from autogauge.errors import UserError
from autogauge.files import exists, is_folder
from autogauge.history import store

_NUMBER = re.compile(r"(?:(.+)/)?([0-9]{1,15})", re.DOTALL)
SHOWN = 5


def run_folders(place: Path) -> list[Path]:
    """The folders with saved runs: the place itself, or its folders. Raises :class:`UserError` when they cannot be read."""
    try:
        candidates = [place, *sorted(each for each in place.iterdir() if each.is_dir())]
        return [folder for folder in candidates if any(store.is_run(path.name) for path in folder.glob("*.json"))]
    except OSError as error:
        raise UserError(
            f"cannot read the folder {place}: {error.strerror}; {step_for(error) or 'name another folder'}."
        ) from None


def is_number(text: str) -> bool:
    """Whether that names a run by its number, and no file of that name is there."""
    return _NUMBER.fullmatch(text) is not None and not exists(Path(text))


def run_named(text: str, root: Path) -> Path:
    """The file of the run with that number in the history ``root``; of a machine's, where the text names one.

    Raises :class:`UserError` when there is none, or several machines have it.
    """
    found = _NUMBER.fullmatch(text)
    assert found is not None
    machine, number = found[1], int(found[2])
    if machine is None:
        folders = run_folders(root) if is_folder(root) else []
        where = str(root)
    else:
        folders = [each for each in (root / machine, Path(machine)) if is_folder(each)][:1]
        where = f"{root}/{machine}"
    paths = [path for folder in folders for path in store.runs(folder) if store.number_of(path) == number]
    if not paths:
        raise UserError(
            f"there is no run {number:04d} in {where}: python -m autogauge history shows the numbers, --history=DIR names another history."
        )
    if len(paths) > 1:
        named = [f"{path.parent.name}/{number}" for path in paths]
        if len(set(named)) < len(named):
            raise UserError(f"several files have the number {number:04d}: name one of them, {paths[0]} or {paths[1]}.")
        raise UserError(
            f"several machines have a run {number:04d}: write {' or '.join(named[:SHOWN])}{', …' if len(named) > SHOWN else ''}."
        )
    return paths[0]
