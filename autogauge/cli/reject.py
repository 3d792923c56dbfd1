"""``python -m autogauge reject``: let no later run be judged against a saved one."""

from __future__ import annotations

from typing import Annotated

import typer

from autogauge.cli.runs import keys_of
from autogauge.cli.shared import OF_A_COMMAND, Benchmarks, NumbersOf, RunFile
from autogauge.errors import UserError
from autogauge.gate import saved
from autogauge.history import standing
from autogauge.plain import plain, sentence

app = typer.Typer(**OF_A_COMMAND)


@app.command(epilog="Example: python -m autogauge reject lab-01/12 --why='fan broken'")
def reject(
    run: RunFile,
    why: Annotated[str, typer.Option(help="Why, for whoever reads the history.")],
    benchmarks: Benchmarks = None,
    root: NumbersOf = saved.HISTORY,
) -> None:
    """Judge no later run against this one, or not against the benchmarks named."""
    if not why.strip():
        raise UserError("give a reason, for whoever reads the history in a year (--why).")
    found = saved.read(run, root)
    keys = keys_of(found, benchmarks)
    before = standing.reject(found.path, why, keys)
    of = f" in {', '.join(map(plain, keys))}" if keys else ""
    print(f"{sentence(str(found.path))}: quarantined{of} (was {before.in_words})")
