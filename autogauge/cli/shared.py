"""The options and arguments that several commands take, and what every command's ``app`` is made with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from autogauge.history import where
from autogauge.options import OPTIONS

OF_A_COMMAND: dict[str, Any] = {"add_completion": False, "rich_markup_mode": None}


def of_a_run(name: str, **more: Any) -> Any:
    """An option that ``pytest -m perf`` has too, in its words."""
    option = OPTIONS[name]
    return typer.Option(name, metavar=option.kind.metavar, help=option.help, **more)


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
CacheFolder = Annotated[Optional[Path], of_a_run("--cache")]  # noqa: UP045

RunFile = Annotated[
    Path,
    typer.Argument(
        metavar="RUN",
        help="A saved run's file, or its number (13, or lab-01/13); or a machine's folder, for its newest run.",
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
