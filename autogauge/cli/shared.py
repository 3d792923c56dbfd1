"""The options and arguments that several commands take; with what all of them have (``every``)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from autogauge.cli.every import OF_A_COMMAND as OF_A_COMMAND  # noqa: PLC0414  # handed on to the commands
from autogauge.cli.every import AsJson as AsJson  # noqa: PLC0414
from autogauge.history import where
from autogauge.options import OPTIONS


def of_a_run(name: str, **more: Any) -> Any:
    """An option that ``pytest -m perf`` has too, in its words."""
    option = OPTIONS[name]
    return typer.Option(name, metavar=option.kind.metavar, help=option.help, **more)


CacheFolder = Annotated[Optional[Path], of_a_run("--cache")]  # noqa: UP045

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
NumbersOf = Annotated[Path, typer.Option("--history", help="The history whose numbers are meant.")]

HistoryDir = Annotated[Path, typer.Option("--history", help="The history: a folder of machines, or a machine's.")]
Filters = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option("--where", help=f"FIELD=VALUE, may be repeated; fields: any label, {', '.join(where.FIELDS)}."),
]
