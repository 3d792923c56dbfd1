"""``python -m autogauge settings``: what each option of a run is here, and where that comes from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import typer

from autogauge import defaults
from autogauge.cli.shared import OF_A_COMMAND, AsJson, taking_all
from autogauge.report import settings as shown
from autogauge.report.console import console
from autogauge.report.output import print_json
from autogauge.settings import Settings, default_machine
from autogauge.variables import notes_on

app = typer.Typer(**OF_A_COMMAND)


@app.command(epilog="Example: python -m autogauge settings --machine=lab-01")
@taking_all
def settings(*, asked: Mapping[str, str], as_json: AsJson = False) -> None:
    """Say for each option of a run its value here, and where that comes from: which file and line, which variable, or its default.

    It takes the options of a run: with --machine=NAME it tells what holds on that machine, as far as this computer's files and variables
    say so. Exit status 2 where a run would end with a mistake, which is told.
    """
    given = defaults.of_command(asked, os.environ, Path.cwd(), default_machine())
    is_elsewhere = given.machine != defaults.of_command({}, os.environ, Path.cwd(), default_machine()).machine
    notes = [given.note_on_machine(default_machine()), *notes_on(os.environ)]
    if is_elsewhere:
        notes.append(f"this is another computer than {given.machine}: whether its files are there was not looked at")
    if as_json:
        print_json({**shown.to_json(given), "notes": [*filter(None, notes)]})
    else:
        screen = console()
        screen.print(shown.table(given))
        screen.print(shown.places(given, filter(None, notes)))
    Settings.checked(given, Path("reports"), elsewhere=is_elsewhere)
