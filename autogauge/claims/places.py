"""Where in the user's files something was written."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

_HERE = str(Path(__file__).parent)


@dataclass(frozen=True)
class Place:
    """A file and a line of it."""

    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        return f"{in_short(self.file)}:{self.line}" if self.line else in_short(self.file)


def in_short(file: str) -> str:
    """The file as seen from the working folder, where that is shorter."""
    path = Path(file)
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return file


def of_the_caller() -> Place:
    """Where this package was called from."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_HERE):
        frame = frame.f_back
    return Place(frame.f_code.co_filename, frame.f_lineno)
