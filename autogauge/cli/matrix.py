"""``python -m autogauge matrix``: OpenVINO releases side by side, each beside one of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from autogauge.cache import Cache
from autogauge.cli import releases_asked as options
from autogauge.cli import releases_shown
from autogauge.cli.from_settings import USED
from autogauge.cli.shared import OF_A_COMMAND, AsJson, of_a_run, taking
from autogauge.errors import UserError
from autogauge.lab.matrix.measuring import Measuring
from autogauge.lab.matrix.outcome import of_file
from autogauge.lab.matrix.plan import Wanted
from autogauge.lab.releases import figures, named
from autogauge.parsing import parse_deadline
from autogauge.report.progress import progress_on

FOLDER = "matrix"
"""Where in the reports' folder matrices are kept."""
app = typer.Typer(**OF_A_COMMAND)
Releases = Annotated[
    str,
    typer.Option(
        "--openvino",
        metavar="LIST",
        help="The releases, such as 2024.6,2026.4, environments, wheels, archives; or all that the index offers.",
    ),
]
Base = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--base", metavar="NAME", help="The one that the others are held against. [default: the last named]"),
]
Study = Annotated[
    str,
    typer.Option(
        "--study", metavar="hints,fil", help="Steady speed by hint (latency, FPS), first inferences, or both."
    ),
]
Metric = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--metric", metavar="latency,fps,fil", help="Only these. [default: all of the study's]"),
]
PairBudget = Annotated[
    str,
    typer.Option(
        "--pair-budget",
        metavar="SECONDS",
        help="How long a release may be measured beside the base, for each figure; for FIL twice that.",
    ),
]
Reports = Annotated[Path, of_a_run("--reports", help="What was measured is kept in DIR/matrix.")]


@app.command(epilog="Example: python -m autogauge matrix --openvino=2024.6.0,2025.4.1,2026.4.1 --study=hints,fil")
@taking(options.Asked)
def matrix(
    openvino: Releases,
    base: Base = None,
    study: Study = figures.DEFAULT_STUDY,
    metric: Metric = None,
    pair_budget: PairBudget = "30",
    reports: Reports = Path("reports"),
    *,
    asked: options.Asked,
    as_json: AsJson = False,
) -> None:
    """Measure OpenVINO releases side by side: which are slower or faster than one of them, by how much, and how sure that is.

    The base is measured twice (A/A): that shows what noise looks like here. What was measured is kept, also after Ctrl-C, and is drawn
    again by `report FILE`.

    Exit status 0: all were measured, whatever the verdicts. 1: some could not be, or A/A shows a difference or was measured too little, so
    that a figure's verdicts do not count. 2: a mistake, or interrupted.
    """
    USED.tell()
    progress = progress_on(sys.stderr, terminal=sys.stderr.isatty())
    offered = openvino == named.ALL
    listed = named.offered(progress, Cache(asked.cache_folder)) if offered else named.parse(openvino)
    names, chosen = named.distinct(listed), base or listed[-1]
    named.check(listed)
    named.check((chosen,), "--base")
    chosen = next((name for name in names if named.place_of(name) == named.place_of(chosen)), chosen)
    if len({*names, chosen}) < 2:
        raise UserError(f"there is nothing to compare {chosen} with: name another one, too ({named.OPTION}).")
    budget_s = parse_deadline("--pair-budget", pair_budget)
    wanted = Wanted(figures.parse(study, metric), asked.change, budget_s, asked.device)
    releases_shown.check_places(asked.out, reports / FOLDER)
    place = asked.workplace
    for name in named.twice(openvino):
        progress.say(f"{name} is named more than once, and measured as one: the base is measured twice in any case")
    with place.opened("python -m autogauge matrix", progress) as held:
        place.check_device(held)
        measuring = Measuring(held, wanted, reports / FOLDER, place.machine, asked.seed)
        path, interruption = measuring.run(names, chosen)
    if path is None:
        raise interruption or KeyboardInterrupt
    found = of_file(path)
    releases_shown.keep(found, path, asked.out or (), as_json=as_json)
    if interruption is not None:
        raise interruption
    if not found.is_good:
        raise typer.Exit(1)
