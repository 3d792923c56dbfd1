"""``python -m autogauge history export``: saved runs for other programs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from autogauge.cli.histories import opened
from autogauge.cli.shared import CacheFolder, Filters, HistoryDir
from autogauge.gate.saved import HISTORY
from autogauge.history import where
from autogauge.history.export import database, files
from autogauge.history.export.database_address import is_database
from autogauge.history.select import Histories, Selection
from autogauge.history.where import Where
from autogauge.plain import counted, sentence
from autogauge.report.history import some_of


def export(
    destination: Annotated[
        str,
        typer.Argument(
            metavar="DESTINATION",
            help="A file, whose ending says how it is written (.csv, .parquet, .prom), or a database: postgresql://USER@HOST/DATABASE.",
        ),
    ],
    root: HistoryDir = HISTORY,
    filters: Filters = None,
    cache: CacheFolder = None,
) -> None:
    """Write saved runs for other programs: to a file, or into a PostgreSQL database.

    A .csv or .parquet file has a row for each benchmark of each run, a .prom file the newest figures for node_exporter. A database is
    brought up to date: an export again changes what has changed. Its password comes from PGPASSWORD or ~/.pgpass.
    """
    wanted = where.parse(filters or ())
    said: set[str] = set()
    with opened(root, cache, said) as histories:
        found = histories.all(wanted)
        if not is_database(destination):
            _to_a_file(found, Path(destination))
    if is_database(destination):
        _to_a_database(
            lambda histories: (histories.all(wanted), histories.all(Where())), root, cache, destination, said
        )


def _to_a_file(found: Selection, file: Path) -> None:
    what, labels = files.export(found, file)
    print(f"{sentence(str(file))}: {what} from {counted(len(found.runs), 'run')}{_left_out(len(found.unreadable))}")
    if labels:
        print(f"NOTE  {len(labels)} labels have no column, there are too many: {some_of(labels, 5)}")


def _to_a_database(
    of: Callable[[Histories], tuple[Selection, Selection]],
    root: Path,
    cache: Path | None,
    destination: str,
    said: set[str],
) -> None:
    """The history is read again when it is its turn to write: it may have waited for another exporter. What was said is not said twice."""
    with contextlib.ExitStack() as stack:
        done = database.export(lambda: of(stack.enter_context(opened(root, cache, said))), destination)
    print(f"{sentence(done.shown)}: {done.words}{_left_out(done.unreadable)}")
    if done.only_there:
        print(
            f"NOTE  {counted(done.only_there, 'run')} of these machines are there and not in this history: they stay there"
        )
    if done.overtaken:
        print(f"NOTE  {counted(done.overtaken, 'run')} changed here while this wrote: export again")


def _left_out(count: int) -> str:
    return f"; {count} left out" if count else ""
