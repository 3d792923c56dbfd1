"""The options and arguments that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from autogauge.history import where

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
ModelCache = Annotated[Optional[Path], typer.Option("--cache", help="Folder for built models.")]  # noqa: UP045

Run = Annotated[
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
IndexCache = Annotated[Optional[Path], typer.Option("--cache", help="Where the index of the history lies.")]  # noqa: UP045
Filters = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option("--where", help=f"FIELD=VALUE, may be repeated; fields: {', '.join(where.FIELDS)}."),
]
