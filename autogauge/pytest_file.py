"""What pytest's own file says of our options (``autogauge_gate = fail``, or words in ``addopts``), and which file that is.

pytest reads one file. A table of its own that it passes over is told, where options of ours stand in it.
"""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import iniconfig

from autogauge import toml_lines
from autogauge.errors import UserError
from autogauge.files import exists
from autogauge.options import OPTIONS
from autogauge.project_file import TABLE, Stands, hint, text_of

ADDOPTS, PREFIX = "addopts", "autogauge_"
NAMES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "pytest.toml": (("pytest",),),
    ".pytest.toml": (("pytest",),),
    "pytest.ini": (("pytest",),),
    ".pytest.ini": (("pytest",),),
    "pyproject.toml": (("tool", "pytest", "ini_options"), ("tool", "pytest")),
    "tox.ini": (("pytest",),),
    "setup.cfg": (("tool:pytest",),),
}
"""pytest's files, in its order, and the tables that are read in each."""
SUFFICE = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini")
"""These count also where they say nothing."""


@dataclass(frozen=True)
class PytestFile:
    """What such a file says: ``words`` are those of ``addopts``, ``options`` the keys that are ours, by names on the command line."""

    path: Path | None = None
    words: Sequence[str] = ()
    words_line: int | None = None
    options: Mapping[str, Stands] = field(default_factory=dict)

    @property
    def names_ours(self) -> bool:
        """Whether it says anything of our options."""
        return bool(self.options) or any(word.partition("=")[0] in OPTIONS for word in self.words)


def find(start: Path) -> PytestFile:
    """The file that pytest takes where it is started in that folder, read. Raises :class:`UserError`."""
    for folder in (start, *start.parents):
        for name in NAMES:
            if exists(folder / name) and (found := read(folder / name)) is not None:
                return found
    return PytestFile()


def read(path: Path) -> PytestFile | None:
    """What that file says; ``None`` where it is no file of pytest's. Raises :class:`UserError`."""
    usual = NAMES["pyproject.toml"] if path.suffix == ".toml" else (*NAMES["pytest.ini"], *NAMES["setup.cfg"])
    tables = NAMES.get(path.name, usual)  # any name may be given to pytest (-c)
    said = _of_toml(path, tables) if path.suffix == ".toml" else _of_ini(path, tables)
    if said is None:
        return PytestFile(path) if path.name in SUFFICE else None
    words, line = said.pop(ADDOPTS, ("", None))
    for key in said.keys() - {option.ini for option in OPTIONS.values()}:
        if key.startswith(PREFIX):
            close = hint(key.removeprefix(PREFIX), lambda option: option.ini)
            raise UserError(
                f"{path}:{said[key][1]} has {key}, and there is no such option{close}: python -m autogauge options lists them."
            )
    options = {}
    for option in OPTIONS.values():
        if option.ini in said:
            text, line_of_it = said[option.ini]
            text = text_of(option, text, f"{path}:{line_of_it}", path.parent, option.ini)
            options[option.name] = Stands(text, f"{option.ini} in {path}", path, line_of_it)
    return PytestFile(path, list(map(str, words)) if isinstance(words, list) else words_of(str(words)), line, options)


def words_of(text: str) -> list[str]:
    """The words of a command line; none where it is none."""
    with contextlib.suppress(ValueError):
        return shlex.split(text)
    return []


def _of_toml(path: Path, tables: Sequence[tuple[str, ...]]) -> dict[str, tuple[Any, int | None]] | None:
    toml = toml_lines.read(path, b"pytest")
    for keys in tables:
        table: Any = toml.data if toml is not None else None
        for key in keys:
            table = table.get(key) if isinstance(table, dict) else None
        if toml is not None and isinstance(table, dict):
            return {key: (value, toml.line(*keys, key)) for key, value in table.items()}
    return None


def _of_ini(path: Path, tables: Sequence[tuple[str, ...]]) -> dict[str, tuple[Any, int | None]] | None:
    try:
        ini = iniconfig.IniConfig(str(path))
    except (OSError, UnicodeError) as error:
        raise UserError(f"cannot read {path} ({error}): pytest cannot either; mend it.") from error
    except iniconfig.ParseError as error:
        raise UserError(f"{path}:{error.lineno + 1} is no line of such a file ({error.msg}): mend it.") from error
    for (section,) in tables:
        if section in ini.sections:
            return {key: (value, ini.lineof(section, key)) for key, value in ini.sections[section].items()}
    return None


def check_unread(path: Path, read_by_pytest: Path | None) -> None:
    """Raise :class:`UserError` where a ``pyproject.toml`` has options of ours in pytest's own table and pytest read another file.

    They would be passed over in silence.
    """
    if read_by_pytest is None or read_by_pytest.resolve() == path.resolve():
        return
    found = None
    with contextlib.suppress(UserError):  # then it is not read at all, or told elsewhere
        found = read(path)
    if found is not None and found.names_ours:
        raise UserError(
            f"pytest does not read [tool.pytest] in {path}, since {read_by_pytest} stands before it: "
            f"write the suite's options into [{TABLE}], a line each, and pytest's own into {read_by_pytest.name}."
        )
