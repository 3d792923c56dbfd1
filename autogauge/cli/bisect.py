"""``python -m autogauge bisect``: the first OpenVINO release that is slower than a good one."""

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
from autogauge.lab.bisect.measuring import Measuring, Wanted, between
from autogauge.lab.bisect.outcome import of_file
from autogauge.lab.releases import named
from autogauge.lab.releases.figures import FIGURES
from autogauge.parsing import parse_choice, parse_deadline
from autogauge.report.progress import progress_on

FOLDER = "bisect"
"""Where in the reports' folder bisections are kept."""
app = typer.Typer(**OF_A_COMMAND)
Good = Annotated[
    str, typer.Option("--good", metavar="NAME", help="A release that is not slow, or an environment's folder.")
]
Bad = Annotated[str, typer.Option("--bad", metavar="NAME", help="One that is.")]
Metric = Annotated[str, typer.Option("--metric", metavar="latency|fps|fil", help="In what.")]
Between = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--openvino",
        metavar="LIST",
        help="The releases to look among (default: all that the index offers); those between good and bad count. "
        "Of environments the order of the list holds.",
    ),
]
PairBudget = Annotated[
    str,
    typer.Option(
        "--pair-budget",
        metavar="SECONDS",
        help="How long two releases may be compared; three times that where it stays open, and twice for FIL.",
    ),
]
Reports = Annotated[Path, of_a_run("--reports", help="What was measured is kept in DIR/bisect.")]


@app.command(
    epilog="Example: python -m autogauge bisect --good=2024.6.0 --bad=2026.4.1 --metric=fps --openvino=2025.0.0,2025.2.0,2025.4.1,2026.2.0"
)
@taking(options.Asked)
def bisect(
    good: Good,
    bad: Bad,
    metric: Metric,
    openvino: Between = None,
    pair_budget: PairBudget = "30",
    reports: Reports = Path("reports"),
    *,
    asked: options.Asked,
    as_json: AsJson = False,
) -> None:
    """Name the first release that is slower than a good one, by halves, with its evidence, and say what else changed in it.

    The ends come first: without a difference there is nothing to look for. What stays open is measured longer; then its neighbours are
    tried. A series that is not monotone is said. What was measured is kept, also after Ctrl-C, and is drawn again by `report FILE`.

    Exit status 0: one release was named. 1: none was, and it says why. 2: a mistake, or interrupted.
    """
    USED.tell()
    progress = progress_on(sys.stderr, terminal=sys.stderr.isatty())
    figure = FIGURES[parse_choice("--metric", metric, FIGURES)]
    named.check((good,), "--good")
    named.check((bad,), "--bad")
    is_listed = openvino not in (None, named.ALL)
    listed = named.parse(openvino or "") if is_listed else named.offered(progress, Cache(asked.cache_folder))
    named.check(listed)
    taken_for: dict[str, str] = {}

    def release_in(name: str) -> str:
        taken_for[name] = found = named.release_in(name)
        return found

    names = between(listed, good, bad, release_in, is_listed=is_listed)
    budget_s = parse_deadline("--pair-budget", pair_budget)
    wanted = Wanted(names, figure, asked.change, budget_s, asked.device, options=asked.as_given, taken_for=taken_for)
    releases_shown.check_places(asked.out, reports / FOLDER)
    place = asked.workplace
    with place.opened("python -m autogauge bisect", progress) as held:
        place.check_device(held)
        path, interruption = Measuring(held, wanted, reports / FOLDER, place.machine, asked.seed).run()
    if path is None:
        raise interruption or KeyboardInterrupt
    found = of_file(path)
    releases_shown.keep(found, path, asked.out or (), as_json=as_json)
    if interruption is not None:
        raise interruption
    if not found.is_named:
        raise typer.Exit(1)
