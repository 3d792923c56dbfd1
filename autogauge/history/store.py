"""Saves runs: one pytest-benchmark JSON file each, numbered in one folder a machine. Reading them is left to others."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import filelock

from autogauge.causes import step_for
from autogauge.errors import UserError
from autogauge.files import as_json, readable, write_bytes
from autogauge.history import pruned

LOCK_DEADLINE_S = 60.0
LOCK, STANDINGS_LOCK = ".lock", ".standings.lock"
"""Two, so that a person's word need not wait for a sender who is slow; who takes both takes them in this order."""
FINGERPRINT_DIGITS = 8
_NUMBERED = re.compile(r"(\d{4,15})_.*\.json", re.DOTALL)
LAST_NUMBER = 10**15 - 1
"""The highest that a run may have."""
_MARKED = re.compile(rf"_([0-9a-f]{{{FINGERPRINT_DIGITS}}})\.json")
_UNFINISHED = re.compile(r"\.\d{4,15}_.*\.(json|npz)\.\d+-[0-9a-f]{8}\.tmp", re.DOTALL)


def save(
    folder: Path,
    document: dict[str, Any],
    label: str,
    fingerprint: str = "",
    prepare: Callable[[Path], None] = lambda path: None,
) -> Path:
    """Save a run as ``NNNN_label_fingerprint.json`` under the next number, which no run had, also none that was pruned; returns the path.

    ``prepare`` is called with the path before there is a file, for what must not come later than it: its standing.
    The file appears whole or not at all, and never replaces another, also when several processes save at once: the
    number is chosen under a lock, which the system releases should its holder die.
    Raises ``OSError``, or :class:`UserError` when another process holds the lock past the deadline.
    """
    with adding(folder):
        number = _next_after({*map(number_of, runs(folder)), *map(number_of, _once_there(folder))})
        mark = f"_{fingerprint[:FINGERPRINT_DIGITS]}" if fingerprint else ""
        path = folder / f"{number:04d}_{readable(label)}{mark}.json"
        prepare(path)
        write_bytes(path, as_json(document, indent=None))  # on one line: it is read far more often than looked at
        return path


def _next_after(numbers: Iterable[int]) -> int:
    """One more than the highest; where that is the last that there is (somebody wrote such a name), one more than the highest below it."""
    free = LAST_NUMBER
    for number in sorted(numbers, reverse=True):
        if number < free:
            return number + 1
        free = number - 1
    return 1


@contextlib.contextmanager
def adding(folder: Path) -> Iterator[None]:
    """Hold a folder's lock, under which alone runs are added to it; the folder is made where it is missing.

    What a process that was killed left unfinished is removed. Raises as :func:`save`.
    """
    with _held(folder, LOCK, "saving, adding or removing runs"):
        for leftover in folder.glob(".[0-9]*_*.tmp"):
            if _UNFINISHED.fullmatch(leftover.name):
                leftover.unlink(missing_ok=True)  # of a saver that was killed: who saves holds the lock
        yield


@contextlib.contextmanager
def changing(folder: Path) -> Iterator[None]:
    """Hold a folder's standings: who changes one reads it, and writes it, while no other process does. Not to be taken twice.

    Raises ``OSError``, or :class:`UserError` when another process holds them past the deadline.
    """
    with _held(folder, STANDINGS_LOCK, "changing standings"):
        yield


@contextlib.contextmanager
def _held(folder: Path, lock: str, doing: str) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(filelock.FileLock(folder / lock, timeout=LOCK_DEADLINE_S))
        except filelock.Timeout:
            raise UserError(
                f"another process has been {doing} in {folder} for over {LOCK_DEADLINE_S:g} s: "
                "wait for it, or end it, and run this again."
            ) from None
        yield


def runs(folder: Path) -> list[Path]:
    """The saved runs of a machine's folder, oldest number first; none where there is no folder.

    Raises :class:`UserError` for a folder that this user may not look into: nobody knows what is in it.
    """
    try:
        found = list(folder.iterdir())  # glob() would be silent about a folder that cannot be read
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise cannot_read(folder, error) from None
    return sorted((path for path in found if is_run(path.name)), key=number_of)


def _once_there(folder: Path) -> list[Path]:
    """The runs that were pruned: their numbers are in reports and messages, and must not mean another run."""
    return [Path(name) for name in pruned.listed(folder) if is_run(name)]


def cannot_read(folder: Path, error: OSError) -> UserError:
    """The sentence about a folder that cannot be read."""
    step = step_for(error) or "name another folder, or let this user read that one"
    return UserError(f"cannot read the folder {folder}: {error.strerror}; {step}.")


def is_run(name: str) -> bool:
    """Whether a file of that name is a saved run; a name that is no text is none."""
    if _NUMBERED.fullmatch(name) is None:
        return False
    return name.isascii() or not any("\ud800" <= each <= "\udfff" for each in name)


def number_of(path: Path) -> int:
    """The number in a saved run's name."""
    return int(path.name.partition("_")[0])


def fingerprint_in(path: Path) -> str | None:
    """The first digits of the fingerprint, from a saved run's name; ``None`` where it does not tell."""
    found = _MARKED.search(path.name)
    return found.group(1) if found else None
