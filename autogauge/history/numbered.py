"""The folders of a history, and a run by the number that ``history`` shows: ``13``, or ``lab-01/13`` where several machines have one."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from autogauge.errors import UserError
from autogauge.files import exists, is_folder, readable, slug
from autogauge.history import store
from autogauge.plain import few, plain

_NUMBER = re.compile(r"(?:(.+)/)?([0-9]{1,15})", re.DOTALL)
SHOWN = 5


def run_folders(place: Path, say: Callable[[str], None] = lambda text: None) -> list[Path]:
    """The folders with saved runs: the place itself, or its folders. Raises :class:`UserError` when they cannot be read.

    One of several that this user may not look into is left out, and ``say`` is told: a disk's ``lost+found`` is no machine. So is a link to
    another of them: it is no second machine.
    """
    try:
        candidates = [place, *sorted(each for each in place.iterdir() if is_folder(each))]
    except OSError as error:
        raise store.cannot_read(place, error) from None
    found, closed = [], []
    for folder in candidates:
        try:
            found += [folder] if store.runs(folder) else []
        except UserError as error:
            closed.append(error)
    if closed and not found:
        raise closed[0]
    for each in closed:
        say(f"left out: {each}")
    return each_once(found, say)


def each_once(folders: Sequence[Path], say: Callable[[str], None]) -> list[Path]:
    """The folders without links to others of them, and of several links to one folder the first; ``say`` is told of each other one."""
    real = {each.resolve(): each for each in sorted(folders, key=lambda each: (each.is_symlink(), each), reverse=True)}
    for each in folders:
        if (other := real[each.resolve()]) != each:
            say(f"left out: {each} is a link to {other}, whose runs are counted there")
    return [each for each in folders if real[each.resolve()] == each]


def machine_folder(text: str, root: Path) -> Path | None:
    """The folder of the machine with that name in the history ``root``; ``None`` where no folder with runs is called so."""
    if "/" in text or not text.strip(".") or not is_folder(root):
        return None
    names = dict.fromkeys((text, slug(text), readable(text)))  # as folders are called now, or were
    by_name = {each.name: each for each in run_folders(root)}
    return next((by_name[name] for name in names if name in by_name), None)


def machines_of(root: Path) -> str:
    """Which machines the history has, as the end of a sentence that names none of them."""
    names = [plain(each.name, 80) for each in run_folders(root)] if is_folder(root) else []
    return (
        f"there is {few(names, most=SHOWN)}"
        if names
        else "no machine has measured there; --history=DIR names another history"
    )


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
        if not folders and (called := machine_folder(machine, root)) is not None:
            folders = [called]
        if not folders:
            raise UserError(f"there is no machine {machine[:80]!r} in {root.absolute()}: {machines_of(root)}.")
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
