"""``python -m autogauge doctor``: what this machine has for measuring, what it lacks, and whether it is fit to measure."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from autogauge.cache import Cache, cache_dir_or_temporary
from autogauge.cli.shared import OF_A_COMMAND, AsJson, CacheFolder
from autogauge.doctor.examination import examine
from autogauge.doctor.finding import State
from autogauge.doctor.machine.checks import in_short, why_not
from autogauge.plain import sentence
from autogauge.report.console import console
from autogauge.report.output import print_json
from autogauge.report.terminal import doctor_table

MEND = "On it, `python -m autogauge doctor` says what that does to results, and how to mend it"

app = typer.Typer(**OF_A_COMMAND)


@app.command(epilog="Example: python -m autogauge doctor --strict")
def doctor(
    cache: CacheFolder = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit status 1 also where the machine is not fit to measure (docs/lab.md).")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what is installed, which devices there are, why one may be missing, and whether this machine is fit to measure.

    Each finding says what it does to results and how to mend it. Nothing is changed. Exit status 1 when something is broken; with --strict
    also when the machine is unfit, or does not tell what must be known. A device that is absent is neither.
    """
    with cache_dir_or_temporary(cache) as folder:
        findings = examine(Cache(folder))
    unfit = why_not(findings)
    if as_json:
        print_json([finding.to_json() for finding in findings])
    else:
        screen = console()
        screen.print(doctor_table(findings))
        screen.print(in_short(findings), highlight=False, markup=False)
    if strict and unfit:
        print(f"autogauge: this machine is not fit to measure: {sentence('; '.join(unfit))}. {MEND}.", file=sys.stderr)
    if any(finding.state is State.BROKEN for finding in findings) or (strict and unfit):
        raise typer.Exit(1)
