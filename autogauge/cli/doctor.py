"""``python -m autogauge doctor``: what this machine has for measuring, and what it lacks."""

from __future__ import annotations

import typer

from autogauge.cache import Cache, cache_dir_or_temporary
from autogauge.cli.shared import OF_A_COMMAND, AsJson, CacheFolder
from autogauge.doctor import State, examine
from autogauge.report.console import console
from autogauge.report.output import print_json
from autogauge.report.terminal import doctor_table

app = typer.Typer(**OF_A_COMMAND)


@app.command(epilog="Example: python -m autogauge doctor --json")
def doctor(cache: CacheFolder = None, as_json: AsJson = False) -> None:
    """Say what is installed, which devices there are, why one may be missing, and whether the GPU can be emulated.

    Exit status 1 when something is broken; a device that is absent is not.
    """
    with cache_dir_or_temporary(cache) as folder:
        findings = examine(Cache(folder))
    if as_json:
        print_json([finding.to_json() for finding in findings])
    else:
        console().print(doctor_table(findings))
    if any(finding.state is State.BROKEN for finding in findings):
        raise typer.Exit(1)
