"""A TOML file as what it says, and the line of each key. ``tomllib`` and ``tomlkit`` tell no lines of what is right in itself.

The lines are found by ``tomllib``, too: a statement is the fewest lines, from where the one before it ended, that are TOML by themselves.
So nothing here knows what a string, a comment or a table looks like.
"""

from __future__ import annotations

import re
import stat
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from autogauge.errors import UserError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Keys = tuple[str, ...]
_ENDS = re.compile(r"(\"\"\"|'''|[]}])\s*(#.*)?$")
"""How the last line ends of a statement that goes over several lines; other lines may end so, too."""


@dataclass(frozen=True)
class Toml:
    """What a file says (``data``), and its ``text``, every line end being one character."""

    path: Path
    text: str
    data: Mapping[str, Any]

    def place(self, *keys: str) -> str:
        """The file and the line where that key stands, or the table that is nearest around it: ``/srv/pyproject.toml:12``."""
        line = self.line(*keys)
        return str(self.path) if line is None else f"{self.path}:{line}"

    def line(self, *keys: str) -> int | None:
        """The line where that key stands, or the table that is nearest around it, counted from 1; ``None`` where there is none."""
        for length in range(len(keys), 0, -1):
            if keys[:length] in self._lines:
                return self._lines[keys[:length]]
        return None

    @cached_property
    def _lines(self) -> dict[Keys, int]:
        """The first line of each table and key."""
        found: dict[Keys, int] = {}
        table: Keys = ()
        for line, text in _statements(self.text.split("\n")):
            said = tomllib.loads(text)
            keys = [*_keys(said)]
            is_header = text.lstrip().startswith("[")
            for each in keys:
                found.setdefault(each if is_header else (*table, *each), line)
            if is_header:
                table = keys[-1]
        return found


def _statements(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Each statement with the number of its first line. The lines are TOML as a whole."""
    start = 0
    while start < len(lines):
        end = start + 1
        while not _is_whole(text := "\n".join(lines[start:end])):
            end += 1
            while end < len(lines) and not _ENDS.search(lines[end - 1]):
                end += 1
            if end > len(lines):
                return
        if text.strip() and not text.lstrip().startswith("#"):
            yield start + 1, text
        start = end


def _is_whole(text: str) -> bool:
    try:
        tomllib.loads(text)
    except ValueError:
        return False
    return True


def _keys(said: Any, around: Keys = ()) -> Iterator[Keys]:
    """Each key in a statement's value, from the outermost to the innermost; of an array of tables that of its last table."""
    if isinstance(said, list) and said and isinstance(said[-1], dict):
        said = said[-1]
    if isinstance(said, dict):
        for key, value in said.items():
            yield (*around, key)
            yield from _keys(value, (*around, key))


def read(path: Path, named: bytes) -> Toml | None:
    """What the file says; ``None`` where there is none, or it does not name that anywhere: then it is others' affair, mistakes and all.

    Raises :class:`UserError` for a file that cannot be read, or is no TOML.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UserError(f"{path} is no file: put a file there, or rename what is there.")
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}; make it readable.") from error
    return parse(path, content) if named in content else None


def parse(path: Path, content: bytes) -> Toml:
    """The same of a file's content: UTF-8, with or without the mark that some editors put before it. Raises :class:`UserError`."""
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}:{line} is not UTF-8, and so no TOML: save the file as UTF-8.") from error
    try:
        return Toml(path, text, tomllib.loads(text))
    except (ValueError, RecursionError) as error:
        said = str(error)
        at = re.search(r" \(at line (\d+), column \d+\)$", said)
        place = f"{path}:{at[1]}" if at else f"{path}"
        reason = said[: at.start()] if at else said.removesuffix(" (at end of document)")
        raise UserError(f"{place} is not TOML ({reason}): mend it.") from error
