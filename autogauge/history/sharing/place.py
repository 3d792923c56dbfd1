"""What a place is that has a history: machines' folders with files in them. How each kind is reached is left to the modules beside."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import MappingProxyType

from autogauge.errors import UserError
from autogauge.history import records, run_file, standing, store

RUN, SAMPLES, STANDING = ".json", run_file.ARRAYS, standing.SUFFIX
LARGEST = {RUN: records.LARGEST_BYTES, SAMPLES: run_file.FULLEST_ARRAYS, STANDING: standing.LARGEST_BYTES}
"""Bytes that a file of each kind has at most: what is larger is none of a history's."""


class Denied(UserError):
    """One machine's folder cannot be read or written by this user; the other machines' may be."""


class Unusable(Exception):
    """A file that was listed cannot be had as it was listed. Its text is a clause: ``it is gone``."""


class Absent(Unusable):
    """There is no such file."""

    def __init__(self) -> None:
        super().__init__("it is listed, and is not there")


@dataclass(frozen=True)
class Entry:
    """A file as a listing shows it: bytes, and the MD5 of its content where the place tells it."""

    size: int
    md5: str = ""


class Place(ABC):
    """A history somewhere. ``shown`` is how it is named to people: never with a password in it.

    Every method raises :class:`UserError` where the place cannot be reached or refuses, within the place's deadline, and :class:`Denied`
    where it refuses one machine's folder. Names of machines and files are single names, never paths.
    """

    shown: str
    where: str
    """The same within a sentence: ``here``, ``there``, or ``in …``."""
    is_near = False
    """Whether reading every file costs little."""
    left_out: Mapping[str, str] = MappingProxyType({})
    """The folders with runs that are no machine's, and why, once the machines were listed."""
    linked: Sequence[str] = ()
    """Sentences about folders that are links to others of them, and so no machines, once the machines were listed."""
    _own = ""
    """The name of the machine whose own folder this place is, once its machines were listed."""

    @property
    def identity(self) -> str:
        """Another one for every place; the same each time."""
        return self.shown

    def is_one_machine(self) -> bool:
        """Whether runs lie in it directly: it is a machine's folder then, and no place for other machines."""
        self.machines()
        return bool(self._own)

    @abstractmethod
    def is_there(self) -> bool:
        """Whether there is such a place at all."""

    @abstractmethod
    def begin(self) -> None:
        """Make the place, where it is missing."""

    @abstractmethod
    def machines(self) -> list[str]:
        """The names of the machines that have a folder here."""

    @abstractmethod
    def files(self, machine: str) -> dict[str, Entry]:
        """The files of a machine's runs by name, others left out; none where it has no folder."""

    @abstractmethod
    def read(self, machine: str, name: str, most: int) -> bytes:
        """A file's content. Raises ``FileNotFoundError``, and :class:`Unusable` where it has more than ``most`` bytes, or is no file."""

    @abstractmethod
    def create(self, machine: str, name: str, content: bytes) -> bool:
        """Put a file there, whole or not at all, never in the place of another; false where there is one."""

    @abstractmethod
    def replace(self, machine: str, name: str, content: bytes, before: bytes) -> bool:
        """Put a file in the place of one that has the content ``before``; false where it has another by now."""

    @contextlib.contextmanager
    def adding(self, machine: str) -> Iterator[None]:
        """Keep others from adding runs to a machine's folder, where the place can."""
        yield

    def read_several(self, machine: str, names: Mapping[str, int]) -> dict[str, bytes | Unusable]:
        """Several files, each of at most so many bytes; what cannot be had stands in it as the reason."""
        return {name: self._read_or_reason(machine, name, most) for name, most in names.items()}

    def _read_or_reason(self, machine: str, name: str, most: int) -> bytes | Unusable:
        try:
            return self.read(machine, name, most)
        except FileNotFoundError:
            return Absent()
        except Unusable as error:
            return error


def kind_of(name: str) -> str:
    """``RUN``, ``SAMPLES`` or ``STANDING`` for a file of a run, by its name; empty for every other file."""
    kind = PurePosixPath(name).suffix
    return kind if kind in LARGEST and store.is_run(f"{stem_of(name)}{RUN}") else ""


def stem_of(name: str) -> str:
    """A file's name without its last ending, which the files of a run have in common."""
    return name.rpartition(".")[0]


def number_of(stem: str) -> int:
    """The number of the run whose files are called so."""
    return int(stem.partition("_")[0])


def runs_in(files: Iterable[str]) -> list[str]:
    """The stems of the runs among these files, the oldest number first."""
    return sorted((stem_of(name) for name in files if kind_of(name) == RUN), key=lambda stem: (number_of(stem), stem))


def why_no_machine(name: str) -> str:
    """Why a folder that has runs may not travel as a machine's: a clause; empty for one that may."""
    if is_machine(name):
        return ""
    if name.startswith("."):
        return "its name begins with a dot, and what is hidden does not travel: give it another name"
    if name == "lost+found":
        return "that is where a file system puts what it finds: move the runs elsewhere"
    return "its name is no text (UTF-8): give it another name"


def is_machine(name: str) -> bool:
    """Whether a folder may be a machine's: one name, not hidden, of characters that can be written; a disk's ``lost+found`` is none."""
    single = name not in ("", ".", "..", "lost+found") and not any(each in name for each in "/\\\0")
    return single and not name.startswith(".") and not any("\ud800" <= each <= "\udfff" for each in name)
