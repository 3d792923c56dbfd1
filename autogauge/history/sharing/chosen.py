"""Which runs of a place a user's filters mean. What filters are is left to ``where``, reading runs by them to ``select``."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from autogauge.files import write_bytes
from autogauge.history.select import Histories
from autogauge.history.sharing.folder import Folder
from autogauge.history.sharing.place import LARGEST, RUN, STANDING, Place, kind_of, runs_in
from autogauge.history.where import Where

AT_ONCE = 64
Chosen = dict[str, set[str]]
"""The stems of the runs that are meant, by machine."""


def chosen(place: Place, machines: Sequence[str], wanted: Where, near: Folder, cache: Path) -> tuple[Chosen, int]:
    """The runs of these machines that the filters mean, and how many files could not be read, so that nobody knows.

    ``near`` is the history on this machine: what it has of the place's runs need not be fetched to be looked at. Raises :class:`UserError`.
    """
    with contextlib.ExitStack() as stack:
        if not isinstance(place, Folder):
            place = stack.enter_context(_staged(place, machines, near))
        folders = {place.folder(machine).resolve(): machine for machine in machines}
        found: Chosen = {machine: set() for machine in machines}
        there = [place.folder(machine) for machine in machines if runs_in(place.files(machine))]
        selection = Histories(stack, place.root, cache).of_folders(there, wanted)
        for run in selection.runs:
            if machine := folders.get(run.path.parent.resolve()):
                found[machine].add(run.path.name.removesuffix(RUN))
        return found, sum(run.path.parent.resolve() in folders for run in selection.unreadable)


@contextlib.contextmanager
def _staged(place: Place, machines: Sequence[str], near: Folder) -> Iterator[Folder]:
    """A place far away as a folder, with no more of its runs than filters ask for: the runs themselves and their standings."""
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="autogauge-")))
        near.machines()
        for machine in machines:
            folder = root / machine
            folder.mkdir()
            files = {name: each for name, each in place.files(machine).items() if kind_of(name) in (RUN, STANDING)}
            here = near.files(machine)
            same = [name for name in files if kind_of(name) == RUN and here.get(name) == files[name]]
            for name in same:
                (folder / name).symlink_to((near.folder(machine) / name).resolve())
            names = sorted({*files} - {*same})
            for first in range(0, len(names), AT_ONCE):
                some = {name: min(files[name].size, LARGEST[kind_of(name)]) for name in names[first : first + AT_ONCE]}
                for name, content in place.read_several(machine, some).items():
                    if isinstance(content, bytes):
                        write_bytes(folder / name, content)
        yield Folder(root)
