"""The options and arguments that several commands take; with what all of them have (``every``)."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import shlex
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from autogauge.cli.every import OF_A_COMMAND as OF_A_COMMAND  # noqa: PLC0414  # handed on to the commands
from autogauge.cli.every import AsJson as AsJson  # noqa: PLC0414
from autogauge.cli.from_settings import Mark, marked
from autogauge.errors import UserError
from autogauge.history import where
from autogauge.options import OPTIONS


def of_a_run(name: str, **more: Any) -> Any:
    """An option that ``pytest -m perf`` has too: in its words, if there are no ``more``, and with what settings say as its default."""
    option = OPTIONS[name]
    return marked(Mark(name), typer.Option(name, **{"metavar": option.kind.metavar, "help": option.help, **more}))


def drawn_again(path: Path) -> str:
    """How to see a saved run again: the command, as a shell takes it."""
    return f"python -m autogauge report {shlex.quote(str(path))} draws it again"


def history_in(help: str) -> Any:  # noqa: A002
    """The history: it lies in the reports' folder, where settings name one."""
    name = "--history"
    mark = Mark("--reports", lambda reports: str(Path(reports) / "history"), name)
    return marked(mark, typer.Option(name, help=help))


def refuse_before(context: typer.Context, *handed_on: str) -> None:
    """Raise :class:`UserError` where an option is written before a command below that has one of that name: it would play no part there.

    Those parameters are ``handed_on`` to it.
    """
    name = context.invoked_subcommand
    below = getattr(context.command, "commands", {})[name]
    own = {option for each in below.params for option in each.opts}
    for each in context.command.params:
        source = context.get_parameter_source(each.name or "")
        is_written = source is not None and source.name == "COMMANDLINE"
        if is_written and each.name not in handed_on and own.intersection(each.opts):
            raise UserError(
                f"{each.opts[0]} stands before {name}, where it plays no part: write {name} {each.opts[0]}…, behind it."
            )


Command = Callable[..., None]


def spread(
    name: str, parameters: Sequence[inspect.Parameter], gather: Callable[[dict[str, Any]], Any]
) -> Callable[[Command], Command]:
    """Let a command take these parameters in the place of one of its own, of that name, which it gets made of them."""

    def decorate(command: Command) -> Command:
        own = [*inspect.signature(command, eval_str=True).parameters.values()]
        place = [each.name for each in own].index(name)
        all_of_them = [*own[:place], *parameters, *own[place + 1 :]]

        @functools.wraps(command)
        def taken(**words: Any) -> None:
            command(**{name: gather({each.name: words.pop(each.name) for each in parameters})}, **words)

        taken.__signature__ = inspect.Signature(all_of_them)  # type: ignore[attr-defined]
        taken.__annotations__ = {each.name: each.annotation for each in all_of_them}
        return taken

    return decorate


def _parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def taking(kind: type) -> Callable[[Command], Command]:
    """Let a command take the fields of a dataclass, each declared as a parameter, and get an instance as ``asked``."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return spread(
        "asked",
        [_parameter(each.name, hints[each.name], each.default) for each in dataclasses.fields(kind)],
        lambda words: kind(**words),
    )


def taking_options(*names: str) -> Callable[[Command], Command]:
    """Let a command take these options of a run, and get as ``asked`` the texts of those that were written, or that settings have."""
    return _texts({name: of_a_run(name) for name in names})


def taking_all(command: Command) -> Command:
    """Let a command take each option of a run, without what settings say. It gets what was written as ``asked``: texts by names."""
    declared = {
        each.name: typer.Option(each.name, metavar=each.kind.metavar, help=each.help) for each in OPTIONS.values()
    }
    return _texts(declared)(command)


def _texts(declared: Mapping[str, Any]) -> Callable[[Command], Command]:
    parts = {OPTIONS[name].key.replace("-", "_"): name for name in declared}
    return spread(
        "asked",
        [_parameter(part, Annotated[Optional[str], declared[name]], None) for part, name in parts.items()],  # noqa: UP045
        lambda words: {parts[part]: text for part, text in words.items() if text is not None},
    )


CacheFolder = Annotated[Optional[Path], of_a_run("--cache")]  # noqa: UP045
Seed = Annotated[Optional[int], typer.Option("--seed", min=0, help="Seed of the order; without it a new one.")]  # noqa: UP045

RunFile = Annotated[
    Path,
    typer.Argument(
        metavar="RUN",
        help="A saved run's file, or its number (13, or lab-01/13); or a machine's name or folder, for its newest run.",
    ),
]
Benchmarks = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Argument(metavar="[BENCHMARK]...", help="Only these, by the names that tables give them; without: all."),
]
NumbersOf = Annotated[Path, history_in("The history whose numbers are meant.")]

HistoryDir = Annotated[Path, history_in("The history: a folder of machines, or a machine's.")]
Filters = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option("--where", help=f"FIELD=VALUE, may be repeated; fields: any label, {', '.join(where.FIELDS)}."),
]
