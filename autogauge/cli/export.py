"""``python -m autogauge history export``: saved runs for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autogauge.cli.histories import opened
from autogauge.cli.shared import CacheFolder, Filters, HistoryDir
from autogauge.gate.saved import HISTORY
from autogauge.history import where
from autogauge.history.export import files
from autogauge.plain import sentence
from autogauge.report.history import some_of


def export(
    file: Annotated[Path, typer.Argument(help="The file to write; its ending says how: .csv, .parquet or .prom.")],
    root: HistoryDir = HISTORY,
    filters: Filters = None,
    cache: CacheFolder = None,
) -> None:
    """Write a row for each benchmark of each run to a CSV or Parquet file, or the newest figures for node_exporter (.prom)."""
    with opened(root, cache) as histories:
        found = histories.all(where.parse(filters or ()))
        what, left_out = files.export(found, file)
    runs = f"{len(found.runs)} {'run' if len(found.runs) == 1 else 'runs'}"
    print(
        f"{sentence(str(file))}: {what} from {runs}"
        + (f"; {len(found.unreadable)} left out" if found.unreadable else "")
    )
    if left_out:
        print(f"NOTE  {len(left_out)} labels have no column, there are too many: {some_of(left_out, 5)}")
