"""``[tool.autogauge]`` of a project's ``pyproject.toml``, with a table for each machine that is to differ. Errors name file and line.

Which place wins is left to ``autogauge.defaults``, what a text means to ``autogauge.options``.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from autogauge import plain, toml_lines
from autogauge.errors import UserError
from autogauge.files import exists, slug
from autogauge.options import OPTIONS, Option
from autogauge.toml_lines import Keys, Toml

PYPROJECT, TABLE, MACHINES = "pyproject.toml", "tool.autogauge", "machines"
ROOTS = (".git", ".hg")
"""What the folder of a repository has: a file above it is another project's."""
SHARED_BY_STRANGERS = stat.S_IWOTH | stat.S_ISVTX
"""The mode of a folder such as ``/tmp``."""
_KEYS = tuple(TABLE.split("."))


@dataclass(frozen=True)
class Stands:
    """Where an option stands, and its text there as a command line would have it."""

    text: str
    place: str
    """In words, without the line."""
    file: Path | None = None
    line: int | None = None

    @property
    def precisely(self) -> str:
        """The place with its line."""
        return self.place if self.line is None else f"{self.place}:{self.line}"


@dataclass(frozen=True)
class ProjectFile:
    """What such a file says: ``options`` for all machines, ``machines`` for one, by the names of options on the command line."""

    path: Path | None = None
    options: Mapping[str, Stands] = field(default_factory=dict)
    machines: Mapping[str, Mapping[str, Stands]] = field(default_factory=dict)
    passed_over: Sequence[Path] = ()
    """Files that are nearer, or would be the one, and are a stranger's."""

    def check(self) -> None:
        """Raise :class:`UserError` for a text that is not one of its option's, also in the table of another machine."""
        for table in (self.options, *self.machines.values()):
            for name, stands in table.items():
                try:
                    OPTIONS[name].value_of(stands.text)
                except UserError as error:
                    said = str(error).removesuffix(".")
                    raise UserError(f"{said}; {name} comes from {stands.precisely}.") from error


def find(start: Path) -> ProjectFile:
    """The nearest ``pyproject.toml`` with such a table, from that folder upwards to the root of its repository, read.

    A stranger's above that folder does not count: whoever may write to ``/tmp`` is not to say what is measured below it. Raises
    :class:`UserError`.
    """
    passed_over: list[Path] = []
    for folder in (start, *start.parents):
        path = folder / PYPROJECT
        if exists(path) and folder != start and _is_a_strangers(path, start):
            with contextlib.suppress(UserError):
                passed_over += [path] if read(path) else []
        elif (found := read(path)) is not None:
            return replace(found, passed_over=tuple(passed_over))
        if any(exists(folder / each) for each in ROOTS):
            break
    return ProjectFile(passed_over=tuple(passed_over))


def _is_a_strangers(path: Path, start: Path) -> bool:
    """Whether neither this user, nor root, nor the owner of the folder that one stands in keeps that file, in a folder of theirs."""
    try:
        own = {os.getuid(), 0, start.stat().st_uid}
        is_shared = path.parent.stat().st_mode & SHARED_BY_STRANGERS == SHARED_BY_STRANGERS
        return is_shared or path.stat().st_uid not in own
    except OSError:
        return False  # reading it tells


def read(path: Path) -> ProjectFile | None:
    """What that file says; ``None`` where there is none, or it has no such table. Raises :class:`UserError`."""
    toml = toml_lines.read(path, b"autogauge")
    return None if toml is None else of_toml(toml)


def of_toml(toml: Toml) -> ProjectFile | None:
    """The same of what a file says."""
    tool = toml.data.get("tool", {})
    if not isinstance(tool, dict) or "autogauge" not in tool:
        return None
    table = tool["autogauge"]
    if not isinstance(table, dict):
        raise UserError(f'[{TABLE}] in {toml.place(*_KEYS)} is no table: write options into it, such as gate = "fail".')
    machines = table.get(MACHINES, {})
    if not isinstance(machines, dict):
        raise UserError(
            f"{MACHINES} of [{TABLE}] in {toml.place(*_KEYS, MACHINES)} is no table: write [{TABLE}.{MACHINES}.NAME]."
        )
    return ProjectFile(
        toml.path,
        dict(_options(toml, _KEYS, {key: value for key, value in table.items() if key != MACHINES})),
        {name: dict(_machine(toml, name, value)) for name, value in machines.items()},
    )


def _machine(toml: Toml, name: str, table: Any) -> Iterator[tuple[str, Stands]]:
    place = toml.place(*_KEYS, MACHINES, name)
    if not isinstance(table, dict):
        raise UserError(
            f"{plain.plain(name)} of [{TABLE}.{MACHINES}] in {place} is no table: write [{TABLE}.{MACHINES}.NAME]."
        )
    if slug(name) != name:
        raise UserError(
            f"[{TABLE}.{MACHINES}] in {place} has {name!r}, and no machine is called so in history: write {slug(name)}."
        )
    if "machine" in table:
        place = toml.place(*_KEYS, MACHINES, name, "machine")
        raise UserError(
            f"the table of the machine {name} in {place} names a machine: leave it out, it is for the one that is called {name}."
        )
    return _options(toml, (*_KEYS, MACHINES, name), table)


def _options(toml: Toml, table: Keys, said: Mapping[str, Any]) -> Iterator[tuple[str, Stands]]:
    title = f"[{'.'.join(table)}]"
    for key, value in said.items():
        line = toml.line(*table, key)
        place = f"{title} in {toml.path}"
        if (option := OPTIONS.get(f"--{key}")) is None:
            raise UserError(
                f"{place}:{line} has {key!r}, and no option is called so{hint(key)}: python -m autogauge options lists them."
            )
        yield option.name, Stands(text_of(option, value, f"{place}:{line}", toml.path.parent), place, toml.path, line)


def hint(key: str, called: Callable[[Option], str] = lambda option: option.key) -> str:
    """Which option it may have been, as it is ``called`` there, in brackets; else nothing."""
    close = difflib.get_close_matches(key.lower().replace("_", "-"), [each.key for each in OPTIONS.values()], 1)
    return f" (did you mean {called(OPTIONS[f'--{close[0]}'])}?)" if close else ""


def text_of(option: Option, value: Any, place: str, folder: Path, key: str = "") -> str:
    """What a file of that folder says of an option, as a command line would have it; ``key`` is what the option is called there.

    Raises :class:`UserError` for a value of another kind.
    """
    takes, key = option.kind.takes, key or option.key
    if isinstance(value, str):
        return option.beside(value, folder)
    if takes is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        with contextlib.suppress(ValueError):  # a whole number of thousands of digits has no text
            return str(value)
    if takes is list and isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ",".join(value)
    wanted = {float: "neither a text nor a number that counts", list: "neither a text nor a list of texts"}.get(
        takes, "no text"
    )
    raise UserError(f'{key} of {place} is {wanted}: write {key} = "…" as after {option.name}=.')
