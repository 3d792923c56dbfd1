"""Folders that are replaced as a whole, and only where they are ours: ``reports/latest``, the pages of a history.

A reader sees the old folder or the new one. What is in such a folder is left to the callers, who say by a :class:`Kind` how it is known.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autogauge import leases
from autogauge.errors import UserError, explain_os_error

_BEGINNING = 400


@dataclass(frozen=True)
class Kind:
    """How a folder of ours is known: the ``words`` stand at the beginning of its file ``mark``. ``names`` is all that is put into it.

    ``inside`` are regular expressions for what is put into those of them that are folders. ``what`` it is in words; ``option`` is how
    another place is named.
    """

    what: str
    mark: str
    words: tuple[bytes, ...]
    names: frozenset[str]
    option: str
    inside: Mapping[str, str] = field(default_factory=dict)

    def holds(self, folder: Path) -> bool:
        """Whether that folder is one of this kind. Raises ``OSError``."""
        mark = folder / self.mark
        if mark.is_symlink() or not mark.is_file():
            return False
        with mark.open("rb") as stream:
            beginning = stream.read(_BEGINNING)
        return all(each in beginning for each in self.words)


def check(folder: Path, kind: Kind) -> None:
    """Raise :class:`UserError` when something is in the folder's place that is not ours: a link, a file, a folder with other things."""
    if folder.is_symlink():
        raise UserError(
            f"{folder} is a link to {folder.readlink()}, and a folder is to be put there: remove the link, "
            f"or name another folder ({kind.option})."
        )
    if not os.path.lexists(folder):
        return
    if not folder.is_dir():
        raise UserError(f"{folder} is to be a folder, and is none: move it away, or name another ({kind.option}).")
    try:
        is_foreign = any(folder.iterdir()) and not kind.holds(folder)
    except OSError as error:
        raise explain_os_error(error, f"cannot look into {folder}", kind.option) from error
    if is_foreign:
        raise UserError(
            f"{folder} holds something else than {kind.what}, which would be lost: move it away, or name another folder ({kind.option})."
        )


@contextlib.contextmanager
def replaced(folder: Path, kind: Kind) -> Iterator[Path]:
    """A private folder beside ``folder`` to be filled; it takes the place of ``folder``, as a whole, when the body has ended well.

    After any exception ``folder`` is as it was. What somebody else has put into ``folder`` is taken along. A replacement that was
    begun by a process that was killed is finished first. Raises ``OSError``, and :class:`UserError` as :func:`check` does.
    """
    check(folder, kind)
    folder.parent.mkdir(parents=True, exist_ok=True)
    recover(folder, kind)
    lease = leases.new(folder.parent, _hidden(folder))
    with leases.held(lease):
        staging, old = leases.folder_of(lease), _old(lease)
        try:
            staging.mkdir()
            yield staging
            check(folder, kind)
            with contextlib.suppress(FileNotFoundError):
                os.rename(folder, old)
            os.rename(staging, folder)
        except BaseException:
            if old.exists() and not os.path.lexists(folder):
                os.rename(old, folder)
            raise
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        _take_along(old, folder, kind)


def recover(folder: Path, kind: Kind) -> None:
    """Finish what killed processes have begun: a folder that was already moved away is followed by the new one, which is whole by then.

    What they left half-filled is removed. Raises ``OSError``.
    """
    for lease in leases.of_the_dead(folder.parent, _hidden(folder)):
        staging, old = leases.folder_of(lease), _old(lease)
        if old.exists() and not os.path.lexists(folder):
            os.rename(staging if staging.is_dir() else old, folder)
        _take_along(old, folder, kind)
        shutil.rmtree(staging, ignore_errors=True)


def _hidden(folder: Path) -> str:
    return f".{folder.name}"


def _old(lease: Path) -> Path:
    """Where the replaced folder is for a moment."""
    return lease.with_name(f"{leases.folder_of(lease).name}.old")


def _take_along(old: Path, folder: Path, kind: Kind) -> None:
    """Move what is not ours from the replaced folder into the new one; the rest goes."""
    if not old.is_dir():
        return
    for each in old.iterdir():
        if each.name not in kind.names:
            _move(each, folder)
    for name, ours in kind.inside.items():
        within = old / name
        for each in within.iterdir() if within.is_dir() and not within.is_symlink() else ():
            if not re.fullmatch(ours, each.name):
                _move(each, folder / name)
    shutil.rmtree(old, ignore_errors=True)


def _move(what: Path, folder: Path) -> None:
    """Move something into a folder, unless there is something of that name."""
    folder.mkdir(exist_ok=True)
    if not os.path.lexists(folder / what.name):
        os.rename(what, folder / what.name)
