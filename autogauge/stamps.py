"""How files of a cache entry looked to the file system when they were last hashed: one that looks the same is not read again for a week.

What is compared is size, both times, inode and device. Nobody can write to a file, or put another one in its place, and keep all of them:
the time of change (``ctime``) is the kernel's own. What a disk spoils by itself is not seen by that, so everything is read anew each week.
Where stamps are kept, and whether who wrote them is to be trusted, is left to ``cache``.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from autogauge.files import read_regular, write_json

LONGEST_NS = 7 * 86_400 * 10**9
"""So long what was seen is believed."""
SETTLED_NS = 2 * 10**9
"""A file that changed so short a time ago may change once more and look the same, as coarse as some file systems' clocks are."""
_MOST_BYTES = 64 << 20


@dataclass
class Stamps:
    """What was seen of the files of one entry, whose manifest has that digest."""

    path: Path
    manifest: str
    at_ns: int = field(default_factory=time.time_ns)
    seen: dict[str, list[int]] = field(default_factory=dict)
    _learnt: bool = False

    @classmethod
    def read(cls, path: Path, manifest: str) -> Stamps:
        """What is kept there about an entry with that manifest; nothing, where that is another's, older than a week, or no such thing."""
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            found = json.loads(read_regular(path, _MOST_BYTES))
            if found["manifest"] == manifest and 0 <= time.time_ns() - found["at_ns"] < LONGEST_NS:
                return cls(path, manifest, found["at_ns"], dict(found["seen"]))
        return cls(path, manifest)

    def knows(self, name: str, found: os.stat_result) -> bool:
        """Whether a file looks as it did when its digest was right."""
        return self.seen.get(name) == _look_of(found)

    def learn(self, name: str, before: os.stat_result, after: os.stat_result) -> None:
        """Its digest was right. ``before`` and ``after`` are how it looked around the reading."""
        look = _look_of(before)
        if look == _look_of(after) and max(before.st_mtime_ns, before.st_ctime_ns) < time.time_ns() - SETTLED_NS:
            self.seen[name], self._learnt = look, True

    def keep(self) -> None:
        """Write it down, if there is anything new; where that cannot be written, all is read again the next time."""
        if self._learnt:
            with contextlib.suppress(OSError):
                write_json(self.path, {"manifest": self.manifest, "at_ns": self.at_ns, "seen": self.seen})
                self.path.chmod(0o644)


def _look_of(found: os.stat_result) -> list[int]:
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev]
