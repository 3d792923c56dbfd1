"""One history of many machines: runs and their standings carried from one history to another. What a user types is left to ``cli.sharing``.

``merge`` takes one folder's history into another's; ``push`` and ``pull`` do so with a folder, an ssh host or an object store.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from autogauge.errors import UserError
from autogauge.files import is_folder
from autogauge.history.sharing.folder import Folder
from autogauge.history.sharing.merged import Merged, Stopped
from autogauge.history.sharing.place import Place
from autogauge.history.sharing.transfer import Wanted, transfer

__all__ = ["Merged", "Stopped", "merge"]


def merge(
    source: Path,
    into: Path,
    machines: Sequence[str] = (),
    called: Mapping[str, str] | None = None,
    *,
    is_dry: bool = False,
) -> Merged:
    """Take the runs of one history into another, with their samples and standings; both are folders of machines' folders.

    ``source`` may also be one machine's own folder. ``machines`` are the folders that are meant (all, where none is named), ``called``
    the names that some of them have in ``into``: a name says that it is that machine. ``into`` is made where it is missing.

    It may be repeated, ended at any moment and begun again: what is there already is left alone, a standing is replaced by a later one
    (``standings`` has the rule), nothing is removed. ``Merged.conflicts`` names what was kept back, so that nothing is overwritten: a
    machine whose folder is another machine's, a run whose file is half. Raises :class:`Stopped`, a ``UserError`` with what was done
    (``merged``), where it cannot go on, and :class:`UserError` for a source that is not there.
    """
    sender, receiver = Folder(source), Folder(into)
    if not is_folder(source):
        raise UserError(f"there is no folder {source} to take runs from: check the path.")
    refuse_the_same(sender, receiver)
    receiver.begin()
    refuse_one_machine(receiver)
    there = sender.machines()
    if missing := [each for each in machines if each not in there]:
        raise UserError(f"there is no machine {missing[0]!r} in {source}: there is {', '.join(there) or 'none'}.")
    wanted = Wanted(called=dict(called or {}), is_dry=is_dry, is_pull=True)
    return transfer(sender, receiver, list(machines) or there, wanted)


def refuse_the_same(one: Folder, other: Folder) -> None:
    """Raises :class:`UserError` where both are one folder."""
    if one.root.resolve() == other.root.resolve():
        raise UserError(f"{one.shown} and {other.shown} are the same folder: name another one.")


def refuse_one_machine(receiver: Place) -> None:
    """Raises :class:`UserError` where a receiver is no place for machines, but one machine's own folder."""
    if receiver.is_one_machine():
        raise UserError(
            f"{receiver.shown} is one machine's own folder: name the folder above it, which has one for each machine."
        )
