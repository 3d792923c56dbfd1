"""``python -m autogauge report``: the pages of all history."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autogauge.cli.histories import opened, print_notes
from autogauge.cli.shared import OF_A_COMMAND, CacheFolder, Filters, HistoryDir
from autogauge.errors import UserError, explain_os_error
from autogauge.gate.saved import HISTORY
from autogauge.history import where
from autogauge.plain import sentence
from autogauge.report.console import console

app = typer.Typer(**OF_A_COMMAND)


@app.command(epilog="Example: python -m autogauge report --history=reports/history --where=machine=lab-01")
def report(
    root: HistoryDir = HISTORY,
    filters: Filters = None,
    out: Annotated[Path, typer.Option("--out", help="The folder of the pages; it is replaced as a whole.")] = Path(
        "reports/trends"
    ),
    cache: CacheFolder = None,
) -> None:
    """Write the pages of all history: a trend for every benchmark, with change points, and filters."""
    from autogauge.report.pages import trends_page

    with opened(root, cache) as histories:
        found = histories.all(where.parse(filters or ()))
        if not found.runs:
            raise UserError(f"no run in {root} passes the filters: check them (--where).")
        try:
            page = trends_page.save(found, out)
        except OSError as error:
            raise explain_os_error(error, f"cannot write the report in {out}", "--out=DIR") from error
    print(f"report: {sentence(str(page))} ({len(found.runs)} {'run' if len(found.runs) == 1 else 'runs'})")
    print_notes(console(), found)
