"""Which runs of a place a user's filters mean. What filters are is left to ``where``, reading runs by them to ``select``.

Filters look into a run's file, so those of a place far away are fetched, and kept in the cache: each is fetched once, also where no filter
lets it pass. Runs of a machine that nobody asked for in ``KEPT_DAYS`` are forgotten.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import filelock

from autogauge import trust
from autogauge.errors import UserError, explain_os_error
from autogauge.files import write_bytes
from autogauge.history import index as indexes
from autogauge.history.reporting import DAY_S
from autogauge.history.select import Histories
from autogauge.history.sharing.folder import Folder
from autogauge.history.sharing.place import (
    LARGEST,
    RUN,
    STANDING,
    Absent,
    Entry,
    Place,
    kind_of,
    runs_in,
    stem_of,
)
from autogauge.history.where import Where

AT_ONCE = 64
BUSY_S = 60.0
"""How long to wait for another process that looks at the same place; then what is fetched is not kept."""
LOOKED_AT, LOCK = "looked-at", ".lock"
KEPT_DAYS = 30
"""How long what was fetched of a machine is kept when nobody asks for it; of what is asked for no more is kept than there is."""
Chosen = dict[str, set[str]]
"""The stems of the runs that are meant, by machine."""


def chosen(place: Place, machines: Sequence[str], wanted: Where, near: Folder, cache: Path) -> tuple[Chosen, int]:
    """The runs of these machines that the filters mean, and how many could not be read, so that nobody knows.

    ``near`` is the history on this machine: what it has of the place's runs need not be fetched to be looked at. Raises :class:`UserError`.
    """
    with contextlib.ExitStack() as stack:
        unread = 0
        if not isinstance(place, Folder):
            far, (place, cache) = place, stack.enter_context(_kept(place, cache))
            near.machines()
            try:
                unread = sum(_Copy(far, machine, near, place.folder(machine)).bring() for machine in machines)
            except OSError as error:
                raise explain_os_error(error, f"cannot keep what was fetched in {place.root}", "--cache=DIR") from error
        folders = {place.folder(machine).resolve(): machine for machine in machines}
        found: Chosen = {machine: set() for machine in machines}
        there = [place.folder(machine) for machine in machines if runs_in(place.files(machine))]
        selection = Histories(stack, place.root, cache).of_folders(there, wanted)
        meant = {run.path for run in selection.runs}  # each once; but all of its files are carried
        for run in [*selection.runs, *(copy for first, copy in selection.copies if first.path in meant)]:
            if machine := folders.get(run.path.parent.resolve()):
                found[machine].add(run.path.name.removesuffix(RUN))
        return found, unread + sum(run.path.parent.resolve() in folders for run in selection.unreadable)


@contextlib.contextmanager
def _kept(place: Place, cache: Path) -> Iterator[tuple[Folder, Path]]:
    """Where what is fetched of a place is kept, and where its indexes lie, for this process alone.

    It is gone afterwards where the cache cannot be written to, others may write to it, or another process is at it for long.
    """
    with ExitStack() as stack:
        digest = hashlib.sha256(place.identity.encode(errors="surrogatepass")).hexdigest()
        root = cache / LOOKED_AT / digest[:24]
        try:
            trust.make(root.parent)
            trust.make(root)
            trust.check(cache, root.parent, root)
            stack.enter_context(filelock.FileLock(root / LOCK, timeout=BUSY_S))
        except (OSError, UserError):  # a lock's Timeout is an OSError as well
            root = cache = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="autogauge-")))
        else:
            _forget(root, cache, time.time() - KEPT_DAYS * DAY_S)
        yield Folder(root), cache


def _forget(own: Path, cache: Path, before_s: float) -> None:
    """Remove what was last asked for before then, of every place; of another one than our ``own`` only where nobody is at it."""
    for root in own.parent.iterdir():
        with contextlib.suppress(OSError):  # it is no harm to keep it
            old = [each for each in root.iterdir() if each.is_dir() and each.lstat().st_mtime < before_s]
            if not old:
                continue
            # The lock stays: who waits for it waits for that very file.
            with contextlib.nullcontext() if root == own else filelock.FileLock(root / LOCK, timeout=0):
                for folder in old:
                    indexes.path_of(folder, cache).unlink(missing_ok=True)
                    shutil.rmtree(folder, ignore_errors=True)


@dataclass
class _Copy:
    """A machine's runs at a place as a folder on this machine: with no more than filters ask for, the runs and their standings."""

    place: Place
    machine: str
    near: Folder
    folder: Path

    def bring(self) -> int:
        """Bring the folder up to date; returns how many of the runs could not be had, or not their standings: these are left out."""
        trust.make(self.folder)
        os.utime(self.folder)  # asked for now
        there = {
            name: each for name, each in self.place.files(self.machine).items() if kind_of(name) in (RUN, STANDING)
        }
        for path in self.folder.iterdir():
            if path.name not in there:
                path.unlink()
        here = self.near.files(self.machine)
        asked = [name for name in sorted(there) if not self._is_here(name, there[name], here)]
        lacking: set[str] = set()
        for first in range(0, len(asked), AT_ONCE):
            lacking |= self._fetch({name: there[name] for name in asked[first : first + AT_ONCE]})
        for stem in lacking:
            (self.folder / f"{stem}{RUN}").unlink(missing_ok=True)
        return len(lacking)

    def _is_here(self, name: str, entry: Entry, here: Mapping[str, Entry]) -> bool:
        """Whether the folder has that file: from an earlier time, or, of a run, because the history on this machine has it."""
        own, other = self.folder / name, self.near.folder(self.machine) / name
        if _is_same(own, entry):
            return True
        own.unlink(missing_ok=True)
        if kind_of(name) == RUN and name in here and _is_same(other, entry):
            own.symlink_to(other.resolve())
            return True
        return False

    def _fetch(self, some: Mapping[str, Entry]) -> set[str]:
        """Fetch these files; returns the runs of which one could not be had."""
        most = {name: min(each.size, LARGEST[kind_of(name)]) for name, each in some.items()}
        lacking = set()
        for name, content in self.place.read_several(self.machine, most).items():
            if isinstance(content, bytes):
                write_bytes(self.folder / name, content)
            elif kind_of(name) == RUN or not isinstance(content, Absent):
                lacking.add(stem_of(name))
        return lacking


def _is_same(path: Path, entry: Entry) -> bool:
    """Whether a file is that of a place, as far as its listing tells. A run never changes; a standing does, and may keep its size."""
    try:
        if path.stat().st_size != entry.size:
            return False
        if not entry.md5:
            return kind_of(path.name) == RUN
        return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() == entry.md5
    except OSError:
        return False
