"""One machine's folder in two histories, file by file: which are the same. What follows from it is left to ``apart`` and ``transfer``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from autogauge.errors import UserError
from autogauge.history import pruned
from autogauge.history.sharing.place import LARGEST, Entry, Place, Unusable, kind_of


@dataclass
class Pair:
    """A machine's folder at the sender, and the one that it is ``called`` at the receiver."""

    sender: Place
    machine: str
    receiver: Place
    called: str
    here: dict[str, Entry] = field(default_factory=dict)
    there: dict[str, Entry] = field(default_factory=dict)

    def look(self) -> None:
        """List both."""
        self.here, self.there = self.sender.files(self.machine), self.receiver.files(self.called)

    def pruned(self) -> frozenset[str]:
        """The runs' files that were pruned at the receiver. Raises :class:`UserError` for a list that cannot be read."""
        try:
            return frozenset(pruned.names_in(self.receiver.read(self.called, pruned.NAME, pruned.LARGEST_BYTES)))
        except FileNotFoundError:
            return frozenset()
        except Unusable as error:
            raise UserError(f"{self.receiver.shown}: {self.called}/{pruned.NAME} cannot be read: {error}.") from None

    def costs_little(self, name: str) -> bool:
        """Whether that file's content can be compared without fetching it from far away."""
        ours = self.sender.is_near or bool(self.here[name].md5)
        return ours and (self.receiver.is_near or bool(self.there[name].md5))

    def differing(self, names: Iterable[str]) -> list[str]:
        """Those of these files, which both have, that do not have the same content; what cannot be read is left out."""
        return [name for name in names if self._compared(name) is False]

    def is_same(self, name: str) -> bool:
        """Whether a file, which both have, has the same content on both sides; not where one of the two cannot be read."""
        return self._compared(name) is True

    def _compared(self, name: str) -> bool | None:
        """Whether both are the same; ``None`` where that cannot be told."""
        one, other = self.here[name], self.there[name]
        if one.size != other.size:
            return False
        if one.md5 and one.md5 == other.md5:
            return True
        most = LARGEST[kind_of(name)]
        ours: bytes | Unusable | None = None
        theirs: bytes | Unusable | None = None
        if self.sender.is_near:
            ours = self.sender.read_several(self.machine, {name: most})[name]
            if other.md5 and isinstance(ours, bytes) and _md5(ours) == other.md5:
                return True  # a store whose tags are no MD5 is asked for the content
        if self.receiver.is_near:
            theirs = self.receiver.read_several(self.called, {name: most})[name]
            if one.md5 and isinstance(theirs, bytes) and _md5(theirs) == one.md5:
                return True
        ours = self.sender.read_several(self.machine, {name: most})[name] if ours is None else ours
        theirs = self.receiver.read_several(self.called, {name: most})[name] if theirs is None else theirs
        return ours == theirs if isinstance(ours, bytes) and isinstance(theirs, bytes) else None


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()  # what object stores tell of their files
