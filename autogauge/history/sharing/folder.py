"""A history in a folder of this machine, mounted ones too: files appear whole, under the lock that saving takes. It needs no package."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

from autogauge.errors import UserError, explain_os_error
from autogauge.files import NotRegular, create, is_folder, read_regular, write_bytes
from autogauge.history import store
from autogauge.history.numbered import each_once
from autogauge.history.sharing.place import (
    STANDING,
    Denied,
    Entry,
    Place,
    Unusable,
    is_machine,
    kind_of,
    runs_in,
    why_no_machine,
)

_DENIED = (errno.EACCES, errno.EPERM)


def _has_runs(folder: Path) -> bool:
    with contextlib.suppress(OSError):  # a disk's lost+found
        return bool(runs_in(each.name for each in folder.iterdir()))
    return False


class Folder(Place):
    """The history in ``root``: a folder of machines' folders, or (to read from) one machine's own."""

    is_near = True

    def __init__(self, root: Path, where: str = "", option: str = "--history=DIR") -> None:
        self.root, self.shown, self.where, self._option = root, str(root), where or f"in {root}", option

    def is_there(self) -> bool:
        """Whether the folder is there."""
        try:
            return self.root.is_dir()
        except OSError as error:
            raise self._explained(error, f"cannot look for {self.root}") from None

    def begin(self) -> None:
        """Make it, with what is above it."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._explained(error, f"cannot make the folder {self.root}") from None

    def machines(self) -> list[str]:
        """The folders in it; and itself, by its name, where runs lie in it."""
        try:
            folders = [each for each in self.root.iterdir() if is_machine(each.name) and is_folder(each)]
            linked: list[str] = []
            found = [each.name for each in each_once(sorted(folders), linked.append)]
            own = bool(runs_in(each.name for each in self.root.iterdir()))
            others = [each for each in self.root.iterdir() if why_no_machine(each.name) and is_folder(each)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise store.cannot_read(self.root, error) from None
        self.linked = linked
        self.left_out = {each.name: why_no_machine(each.name) for each in others if _has_runs(each)}
        if own:
            self._own = self.root.resolve().name
            if self._own in found:
                raise UserError(f"{self.root} holds runs, and a folder of its own name with runs: move one of them.")
            found.append(self._own)
        return sorted(found)

    def folder(self, machine: str) -> Path:
        """The folder of that machine."""
        return self.root if machine == self._own else self.root / machine

    def files(self, machine: str) -> dict[str, Entry]:
        """As the folder lists them."""
        folder = self.folder(machine)
        found: dict[str, Entry] = {}
        try:
            for path in folder.iterdir():
                if kind_of(path.name):
                    with contextlib.suppress(FileNotFoundError):  # a temporary state, or a link to what is gone
                        found[path.name] = Entry(path.stat().st_size)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise Denied(str(store.cannot_read(folder, error))) from None
        return found

    def read(self, machine: str, name: str, most: int) -> bytes:
        """Also through a link; never waits."""
        path = self.folder(machine) / name
        try:
            return read_regular(path, most)
        except FileNotFoundError:
            if path.is_symlink():
                raise Unusable("it is a link to what is not there") from None
            raise
        except NotRegular as error:
            raise Unusable(error.strerror) from None
        except OSError as error:
            raise Unusable(f"it cannot be read ({error.strerror})") from None

    def create(self, machine: str, name: str, content: bytes) -> bool:
        """To a temporary file, linked to its name."""
        path = self.folder(machine) / name
        try:
            with store.changing(path.parent) if kind_of(name) == STANDING else contextlib.nullcontext():
                return create(path, content)
        except OSError as error:
            raise self._explained(error, f"cannot write {path}") from None

    def replace(self, machine: str, name: str, content: bytes, before: bytes) -> bool:
        """To a temporary file, renamed, while no other process on this file system changes standings."""
        path = self.folder(machine) / name
        try:
            with store.changing(path.parent):
                if read_regular(path, len(before)) != before:
                    return False
                write_bytes(path, content)
        except (FileNotFoundError, NotRegular):
            return False
        except OSError as error:
            raise self._explained(error, f"cannot write {path}") from None
        return True

    @contextlib.contextmanager
    def adding(self, machine: str) -> Iterator[None]:
        """Hold the lock of the folder, which is made where it is missing."""
        folder = self.folder(machine)
        with contextlib.ExitStack() as held:
            try:
                held.enter_context(store.adding(folder))
            except OSError as error:
                raise self._explained(error, f"cannot add runs to {folder}") from None
            yield

    def _explained(self, error: OSError, doing: str) -> UserError:
        found = explain_os_error(error, doing, self._option)
        return Denied(str(found)) if error.errno in _DENIED else found
