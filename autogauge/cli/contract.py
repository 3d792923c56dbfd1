"""``python -m autogauge contract``: what AUTO's documentation promises, what asserts it, and what releases do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from autogauge.cli.shared import OF_A_COMMAND, AsJson, NumbersOf
from autogauge.contract import seen
from autogauge.gate.saved import HISTORY, find_run
from autogauge.history import outcomes
from autogauge.plain import sentence
from autogauge.report import contract_page
from autogauge.report.output import print_json

app = typer.Typer(**OF_A_COMMAND)


@app.command(epilog="Example: python -m autogauge contract > docs/contract.md")
def contract(
    keep: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            "--keep",
            metavar="RUN",
            help="Keep what this run saw of each claim, for its release, and print nothing else: a saved run's file, its number, or the "
            "summary.json of a report.",
        ),
    ] = None,
    folder: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            "--seen",
            metavar="DIR",
            help="Where outcomes are kept, a file a release; without it autogauge's own (autogauge/contract/seen).",
        ),
    ] = None,
    root: NumbersOf = HISTORY,
    as_json: AsJson = False,
) -> None:
    """Print AUTO's contract as the page docs/contract.md has it: each rule of its documentation, what asserts it, and what releases do."""
    kept = folder or seen.FOLDER
    if keep is not None:
        _keep(find_run(keep, root), kept)
        return
    found = contract_page.described(seen.of(kept))
    if as_json:
        print_json(found)
    else:
        print(contract_page.markdown(found), end="")


def _keep(run: Path, folder: Path) -> None:
    release = outcomes.of_run(outcomes.recorded_in(run), contract_page.claims_by_study())
    path = seen.keep(release, folder)
    claims = sum(len(each.outcomes) for each in release.studies.values())
    print(sentence(f"kept: {path} (openvino {release.openvino}, claims: {claims}, studies: {len(release.studies)})"))
