"""The options that commands share with a run take their defaults from where a run's come from: variables, the project's file, pytest's.

Which parameters those are is said where they are declared (``shared.of_a_run``). Nothing is read before such a default is needed, so
commands without one work beside a settings file that has a mistake, and ``--help`` does. What holds is left to ``autogauge.defaults``.
"""

from __future__ import annotations

import os
import sys
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autogauge.errors import UserError

if TYPE_CHECKING:
    from autogauge.defaults import Given

REPORTS = "--reports"
OF_A_PROJECT = ("pyproject.toml", "pytest.ini", "tox.ini", "setup.cfg", ".pytest.ini")
"""What makes a folder the one that pytest takes for the project's."""
_said: set[Path] = set()
GOES_ON = ("doctor",)
"""It tells a mistake among its findings, and uses none of the settings."""


@dataclass(frozen=True)
class Mark:
    """What a parameter takes: an option of a run, as text, or what ``follows`` from it. Then it has another ``name``."""

    option: str
    follows: Callable[[str], str] = lambda text: text
    name: str = ""


def marked(mark: Mark, declared: Any) -> Any:
    """What typer declares of a parameter, with that mark."""
    declared.mark = mark
    return declared


@dataclass
class Used:
    """What this process took from settings. ``names`` are the options, ``followed`` the names of what follows from one."""

    given: Given | None = None
    names: dict[str, None] = field(default_factory=dict)
    followed: dict[str, str] = field(default_factory=dict)
    asked: dict[str, None] = field(default_factory=dict)
    """The options that were looked for, whether they were found or not."""

    def explain(self, said: str) -> str:
        """A mistake's sentence, with where the options stand that it names and that were taken from settings."""
        if self.given is None:
            return said
        for name, option in self.followed.items():
            found = self.given.stands(option)
            if f"{name}=" in said and found is not None:
                return f"{said.removesuffix('.')}; {option} comes from {found[1].precisely}."
        return self.given.explain(said, self.names)

    def leave(self, *names: str) -> list[str]:
        """Take nothing from settings of these options, since the command line says in another way what they would: which were taken."""
        left = [name for name in names if name in self.names]
        for name in left:
            del self.names[name]
        for name in names:
            self.asked.pop(name, None)
        return left

    def tell(self) -> None:
        """Say on standard error what was taken of all that changes figures, or whose they are: who measures or judges does, first."""
        from autogauge.options import OPTIONS

        if self.given is None:
            return
        measured = [name for name in self.names if OPTIONS[name].is_measured or name == "--machine"]
        left_out = self.given.told_left_out(self.asked)
        for line in (*self.given.from_elsewhere(measured), *left_out):
            print(f"autogauge: {line}", file=sys.stderr)


USED = Used()


def text_of(option: str, typed: Mapping[str, str] | None = None) -> str | None:
    """What variables and files say of an option of a run; ``None`` where they say nothing, or that it is left out.

    ``typed`` is what the command line says of others. Raises :class:`UserError`.
    """
    from autogauge.options import OPTIONS

    given = here(typed)
    USED.asked[option] = None
    found = given.stands(option)
    if found is None:
        return _reports_of_the_project(Path.cwd()) if option == REPORTS else None
    if OPTIONS[option].leaves_out(found[1].text):
        return None
    USED.names[option] = None
    return found[1].text


def here(typed: Mapping[str, str] | None = None) -> Given:
    """All that is given here; asked once for each command. Raises :class:`UserError`."""
    if USED.given is None:
        USED.given = _given(typed or {})
    return USED.given


def value_of(option: str) -> Any:
    """What an option of a run means here that the command itself does not have: settings', or its default. Raises :class:`UserError`."""
    from autogauge.options import OPTIONS

    return OPTIONS[option].value_of(text_of(option))


def _reports_of_the_project(started_in: Path) -> str | None:
    """The reports of the project that this is started somewhere in: a run's go there, wherever in it pytest was started.

    ``None`` where this folder has some, or no project around it.
    """
    for folder in (started_in, *started_in.parents):
        if (folder / "reports" / "history").is_dir():
            is_project = folder != started_in and any((folder / each).is_file() for each in OF_A_PROJECT)
            if is_project and folder not in _said:
                _said.add(folder)
                print(
                    f"autogauge: the reports are those of the project around this folder: {folder / 'reports'}",
                    file=sys.stderr,
                )
            return str(folder / "reports") if is_project else None
        if (folder / ".git").exists():
            break
    return None


def _given(asked: Mapping[str, str]) -> Given:
    from autogauge import defaults
    from autogauge.options import OPTIONS
    from autogauge.settings import default_machine

    given = defaults.of_command(asked, os.environ, Path.cwd(), default_machine())
    for name, text in given.texts.items():
        try:
            OPTIONS[name].value_of(text)
        except UserError as error:
            if name not in asked:
                raise UserError(given.explain(str(error))) from error
    given.project.check()
    return given


class Defaults(Mapping[str, Any]):
    """What click asks for the default of a parameter that was not written, by the parameter's name."""

    def __init__(self, marks: Mapping[str, Mark], typed: Mapping[str, str], goes_on: bool) -> None:
        self._marks, self._typed, self._goes_on = marks, typed, goes_on

    def __getitem__(self, name: str) -> str:
        mark = self._marks[name]
        try:
            text = text_of(mark.option, self._typed)
        except UserError:
            if not self._goes_on:
                raise
            text = None
        if text is None:
            raise KeyError(name)
        if mark.name:
            USED.followed[mark.name] = mark.option
        return mark.follows(_as_typed(mark.option, text))

    def __iter__(self) -> Iterator[str]:
        return iter(self._marks)

    def __len__(self) -> int:
        return len(self._marks)


def _as_typed(option: str, text: str) -> str:
    """A whole number may be written otherwise in a file, as 4.0."""
    from autogauge.options import OPTIONS
    from autogauge.parsing import COUNT

    kind = OPTIONS[option].kind
    return kind.write(OPTIONS[option].value_of(text)) if kind is COUNT else text


def attach(command: Any) -> Any:
    """The command, and those below it, with such defaults."""
    for each in getattr(command, "commands", {}).values():
        attach(each)
    marks = _marks_of(command.callback)
    if not marks:
        return command
    parse = command.parse_args
    same = {name: mark.option for name, mark in marks.items() if not mark.name}

    def parse_args(context: Any, words: Sequence[str]) -> Any:
        from autogauge.defaults import last

        USED.given, USED.names, USED.followed, USED.asked = None, {}, {}, {}
        goes_on = command.name in GOES_ON or "--help" in words
        typed = {option: text for option in same.values() if (text := last(words, option)) is not None}
        context.default_map = Defaults(marks, typed, goes_on)
        rest = parse(context, words)
        _as_a_run_reads(context, same, typed)
        return rest

    command.parse_args = parse_args
    return command


def _as_a_run_reads(context: Any, same: Mapping[str, str], typed: Mapping[str, str]) -> None:
    """The command's own default for an option that was written as ``none``; and a path that was written with ``~/`` begins at home."""
    from autogauge.options import OPTIONS

    own = {each.name: each.default for each in context.command.params}
    for name, option in same.items():
        if option in typed and OPTIONS[option].leaves_out(typed[option]):
            context.params[name] = own[name]
        elif option in typed and isinstance(value := context.params[name], (str, Path)):
            context.params[name] = type(value)(OPTIONS[option].at_home(str(value)))


def _marks_of(callback: Any) -> dict[str, Mark]:
    """The marks in a function's signature, by the parameters' names."""
    if callback is None:
        return {}
    found = {}
    for name, hint in typing.get_type_hints(getattr(callback, "__wrapped__", callback), include_extras=True).items():
        # Before Python 3.11 a default of None puts an Optional around what was written.
        for each in (each for one in (hint, *typing.get_args(hint)) for each in getattr(one, "__metadata__", ())):
            if isinstance(mark := getattr(each, "mark", None), Mark):
                found[name] = mark
    return found
