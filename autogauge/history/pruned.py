"""Which runs were pruned from a machine's folder: a list of their names in it, ``.pruned``, one a line.

It is written before anything is removed. So a number is given to no other run in that folder, by a session (``store``) or by a sender
(``sharing``), a database can follow, and what a prune that was killed has left behind is known. A name whose file is there is not pruned:
that prune was ended before it, or somebody brought the run back. Which runs are pruned is left to ``pruning``.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from autogauge.causes import step_for
from autogauge.errors import UserError
from autogauge.files import read_regular, utf8, write_bytes

NAME = ".pruned"
LARGEST_BYTES = 2**24
"""Names of a hundred thousand runs."""


def listed(folder: Path) -> tuple[str, ...]:
    """Every name on the list, in its order; none where there is no list. Raises :class:`UserError` when it cannot be read."""
    try:
        return names_in(read_regular(folder / NAME, LARGEST_BYTES))
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as error:
        step = step_for(error) or "let this user read it"
        raise UserError(f"cannot read {folder / NAME}, the list of pruned runs: {error.strerror}; {step}.") from None


def names_in(content: bytes) -> tuple[str, ...]:
    """The names on a list with that content, each once."""
    return tuple(dict.fromkeys(filter(None, content.decode(errors="replace").split("\n"))))


def gone(folder: Path) -> tuple[str, ...]:
    """The names on the list whose runs are not there. Raises :class:`UserError` when the list cannot be read."""
    return tuple(name for name in listed(folder) if not (folder / name).exists())


def write(folder: Path, names: Iterable[str]) -> None:
    """Let these be the names on the list, whole or not at all. Raises ``OSError``."""
    write_bytes(folder / NAME, utf8("".join(f"{name}\n" for name in dict.fromkeys(names))))
