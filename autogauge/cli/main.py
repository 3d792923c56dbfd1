"""The command line as a whole: which commands there are, and how one ends.

Exit status: 0 done, 1 the answer is bad news, 2 a user's mistake (one sentence on standard error).
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.main
from typer.core import TyperGroup

from autogauge import __version__, checkout
from autogauge.cli import from_settings
from autogauge.errors import UserError, what_lacks
from autogauge.interruption import Interruption
from autogauge.plain import sentence
from autogauge.report.output import end_where_nobody_reads, flush, make_writable

COMMANDS = (
    *("perf", "functional", "soak"),
    *("devices", "doctor", "aa", "models", "runtimes", "emulated"),
    *("matrix", "bisect", "why"),
    *("gate", "accept", "reject", "alert"),
    *("history", "compare", "report", "fleet", "settings", "options", "contract"),
)
"""In the order of the help. Each is a module of this package, which has it as its ``app``."""


class Imported(Mapping[str, Any]):
    """The commands, each imported when it is asked for: most need no pages, some no statistics."""

    def __getitem__(self, name: str) -> Any:
        if name not in COMMANDS:
            raise KeyError(name)
        return from_settings.attach(typer.main.get_command(importlib.import_module(f"autogauge.cli.{name}").app))

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class Commands(TyperGroup):
    """A group of what is imported when it is asked for."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)
        commands: Any = Imported()
        self.commands = commands

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named; what typer says of a value that does not fit is said in this project's words."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = _in_our_words(error.message)
            raise

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names, in the order of the help."""
        return [*COMMANDS]


_OF_VALUES = (
    (r"Input should be a valid number.*", "it is no number: write one without a unit, such as 30"),
    (r"Input should be a valid integer.*", "it is no whole number: write one without a unit, such as 30"),
    (r"Input should be a finite number.*", "it is no number that can be counted with: write one such as 30"),
    (r"Input should be greater than or equal to (\S+)", r"give at least \1"),
    (r"Input should be less than or equal to (\S+)", r"give at most \1"),
)
"""What typer says, which is pydantic's, and what is said instead."""


def _in_our_words(said: str) -> str:
    for pattern, words in _OF_VALUES:
        if found := re.fullmatch(pattern, said, re.DOTALL):
            return found.expand(words)
    return said


app = typer.Typer(
    name="python -m autogauge",
    cls=Commands,
    help="Performance of OpenVINO's AUTO device. `perf`, `functional` and `soak` measure, as `pytest -m perf` does in the checkout.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main() -> None:
    """Run a command; a user's mistake is one sentence and exit status 2."""
    make_writable(sys.stdout, sys.stderr)
    interruption = Interruption()
    interruption.watch()
    try:
        _say_which_copy(sys.argv[1:])
        try:
            app()
        finally:
            flush()
    except UserError as error:
        _end(from_settings.USED.explain(str(error)))
    except ModuleNotFoundError as error:
        if not error.name or error.name.startswith("autogauge"):
            raise
        _end(f"{error.name} is not installed: {checkout.install()}.")
    except BaseException as error:
        if interruption:
            interruption.heard()
            _end(f"interrupted by {interruption.name}: it is not done; run it again.")
        if isinstance(error, FileNotFoundError) and (lacking := what_lacks()):
            _end(lacking)
        end_where_nobody_reads(error)
        raise


SAID_BY_PYTEST = ("perf", "functional", "soak")
"""Where they are started in a checkout, that one's own files count, and the head of the output says so."""
_COMPLETING = "_AUTOGAUGE_COMPLETE"


def _say_which_copy(words: Sequence[str]) -> None:
    """Of two copies, say which one this is: in a checkout its own might be meant."""
    if _COMPLETING in os.environ or next(iter(words), "") in SAID_BY_PYTEST:
        return
    with contextlib.suppress(OSError):
        if other := checkout.another(Path.cwd()):
            said = f"the copy in {checkout.ROOT} runs, and the checkout in {other} is passed over (there: python -m autogauge)"
            print(f"autogauge: {sentence(said)}", file=sys.stderr)


def _end(why: str) -> None:
    print(f"autogauge: {sentence(why)}", file=sys.stderr)
    sys.exit(2)


@app.callback(invoke_without_command=True)
def version(show: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    """Performance of OpenVINO's AUTO device. `perf`, `functional` and `soak` measure, as `pytest -m perf` does in the checkout."""
    if show:
        print(__version__)
        raise typer.Exit
