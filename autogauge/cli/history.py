"""``python -m autogauge history``: which runs were saved. Its ``export``, ``push``, ``pull`` and ``prune`` are files of their own."""

from __future__ import annotations

from typing import Annotated

import typer

from autogauge.cli.export import export
from autogauge.cli.histories import opened, print_notes
from autogauge.cli.prune import prune
from autogauge.cli.shared import OF_A_COMMAND, AsJson, CacheFolder, Filters, HistoryDir, refuse_before
from autogauge.cli.sharing import pull, push
from autogauge.gate.saved import HISTORY
from autogauge.history import where
from autogauge.history.index_rows import UNREADABLE
from autogauge.history.told_apart import Models
from autogauge.plain import counted
from autogauge.report import history as shown
from autogauge.report.console import console
from autogauge.report.output import print_json

SHOWN = 20
app = typer.Typer(
    help="List saved runs, export them, send them to another history or fetch them from there, remove old ones.",
    invoke_without_command=True,
    **OF_A_COMMAND,
)
app.command(epilog="Example: python -m autogauge history export runs.parquet --where=machine=lab-01")(export)
app.command(epilog="Example: python -m autogauge history push ssh://central/srv/history --machine=lab-01")(push)
app.command(epilog="Example: python -m autogauge history pull s3://lab/history --where='since=2026-11'")(pull)
app.command(
    epilog="Example: python -m autogauge history prune --keep-last=100 --keep-days=365 --keep-quarantined-days=30"
)(prune)


@app.callback(epilog="Example: python -m autogauge history --where='openvino=2026.4 since=2026-11-01'")
def history(
    context: typer.Context,
    root: HistoryDir = HISTORY,
    filters: Filters = None,
    everything: Annotated[bool, typer.Option("--all", help=f"Every run, not only the newest {SHOWN}.")] = False,
    cache: CacheFolder = None,
    as_json: AsJson = False,
) -> None:
    """List saved runs, the newest last, a line each; `history export` writes them to a file."""
    if context.invoked_subcommand is not None:
        refuse_before(context)
        return
    with opened(root, cache) as histories:
        found = histories.all(where.parse(filters or ()))
        runs = sorted(found.runs, key=lambda run: (run.when.timestamp() if run.when else 0.0, run.number))
        if as_json:
            print_json([shown.run_json(run) for run in (*runs, *found.unreadable)])
            return
        some = runs if everything else runs[-SHOWN:]
        screen = console()
        screen.print(shown.runs_table(some, Models(runs)))
        left = len(runs) - len(some)
        counts = {run.standing: 0 for run in runs} | ({UNREADABLE: 0} if found.unreadable else {})
        for run in (*runs, *found.unreadable):
            counts[run.standing] += 1
        screen.print(
            counted(len(runs), "run")
            + (f", the newest {len(some)} shown (--all shows the other {left})" if left else "")
            + f": {', '.join(f'{count} {name}' for name, count in counts.items()) or 'none passes the filters'}"
        )
        print_notes(screen, found)
