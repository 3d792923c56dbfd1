"""``python -m autogauge options``: every option there is, of a run and of the commands."""

from __future__ import annotations

from typing import Annotated

import typer

from autogauge.cli.shared import OF_A_COMMAND, AsJson
from autogauge.report import options_page
from autogauge.report.output import print_json

app = typer.Typer(**OF_A_COMMAND)


@app.command(epilog="Example: python -m autogauge options > docs/options.md")
def options(
    context: typer.Context,
    as_json: AsJson = False,
    for_pytest: Annotated[
        bool,
        typer.Option("--for-pytest", help="Print those of a run, as pytest's plugin has them (fixtures/options.json)."),
    ] = False,
) -> None:
    """Print every option of a run and of these commands, as the page docs/options.md has them (Markdown)."""
    if for_pytest:
        print_json(options_page.for_pytest())
        return
    found = options_page.described(context.find_root().command)
    if as_json:
        print_json(found)
    else:
        print(options_page.markdown(found), end="")
