"""``python -m autogauge gate``: judge a saved run, with no measuring."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Optional

import typer

from autogauge.cli import from_settings
from autogauge.cli.from_settings import USED
from autogauge.cli.shared import OF_A_COMMAND, AsJson, NumbersOf, RunFile, of_a_run
from autogauge.errors import UserError
from autogauge.gate import saved
from autogauge.gate.gate import Gate
from autogauge.history.records import SavedRun
from autogauge.options import OPTIONS
from autogauge.parsing import parse_change, parse_choice
from autogauge.plain import plain, sentence
from autogauge.report.console import console
from autogauge.report.gate import heading, judgements, not_judged
from autogauge.report.output import print_json

app = typer.Typer(**OF_A_COMMAND)
Against = Annotated[
    Optional[list[Path]],  # noqa: UP045
    typer.Option(
        help="Judge against this file (may be repeated) or this machine's or folder's accepted runs; without it: what settings say "
        "of --baseline, else RUN's own folder."
    ),
]
SmallestChange = Annotated[
    str,
    of_a_run("--smallest-change", metavar=None, help="As of pytest -m perf; twice that is to be found, at least 10 %."),
]
Inconclusive = Annotated[
    str,
    of_a_run("--inconclusive", metavar=None, help="What INCONCLUSIVE does to the exit status: warn or fail."),
]
NoBaseline = Annotated[
    str,
    of_a_run(
        "--no-baseline",
        metavar=None,
        help="What a benchmark with no accepted run to judge it against does to the exit status: warn or fail.",
    ),
]
Creep = Annotated[
    str,
    of_a_run(
        "--creep",
        metavar=None,
        help="What a benchmark that became slower in many small steps does to the exit status: warn or fail.",
    ),
]


@app.command(epilog="Example: python -m autogauge gate reports/history/lab-01")
def gate(
    run: RunFile,
    against: Against = None,
    smallest_change: SmallestChange = str(OPTIONS["--smallest-change"].default),
    inconclusive: Inconclusive = "warn",
    no_baseline: NoBaseline = "warn",
    creep: Creep = "warn",
    root: NumbersOf = saved.HISTORY,
    as_json: AsJson = False,
) -> None:
    """Judge a saved run against accepted ones, with no measuring.

    Exit status 1 when a benchmark became slower; with --inconclusive=fail also when that is not known, a benchmark cannot be read, or
    nothing was judged.
    """
    change = parse_change("--smallest-change", smallest_change)
    strict = _fails("--inconclusive", inconclusive)
    failing = {"FAIL", *(["INCONCLUSIVE"] if strict else [])}
    if _fails("--no-baseline", no_baseline):
        failing.add("NO BASELINE")
    fail_creep = _fails("--creep", creep)
    found = saved.read(run, root)
    if not found.benchmarks:
        reason = f" ({found.problems[0]})" if found.problems else ""
        raise UserError(f"{found.path} has no benchmark that can be judged{reason}: name another run.")
    named = saved.named_against(against, found, root) if against else _of_settings(found, root)
    USED.tell()
    history = saved.history_for(found, named)
    judged = saved.judge(found, history, change, fail_creep=fail_creep)
    problems = [*(f"{found.path.name}: {each}" for each in found.problems), *history.problems]
    if as_json:
        print_json({"run": str(found.path), **judged.to_json(), "problems": problems})
    else:
        _print(found, judged, problems)
    unreadable = strict and bool(found.problems)
    if unreadable or (strict and _nothing_in(judged)) or failing & {each.word for each in judged.judgements}:
        raise typer.Exit(1)


def _of_settings(run: SavedRun, root: Path) -> list[Path]:
    """The baseline that settings name; nothing where they name none: then the run's own folder."""
    baseline = from_settings.text_of("--baseline")
    return [] if baseline is None else [saved.baseline_named(baseline, run, root)]


def _fails(option: str, text: str) -> bool:
    return parse_choice(option, text, ("warn", "fail")) == "fail"


def _nothing_in(judged: Gate) -> bool:
    return all(each.outcome is None for each in judged.judgements)


def _print(run: SavedRun, judged: Gate, problems: Sequence[str]) -> None:
    screen = console()
    screen.print(sentence(str(run.path)), soft_wrap=True)
    screen.print(heading(judged.judged()))
    for part in judgements(judged.judgements):
        screen.print(part)
    if lost := judged.lost():
        screen.print(f"NOTE  not in this run, but in one of the last before it: {', '.join(map(plain, lost))}")
    for note in (*judged.notes, *problems):
        screen.print(f"NOTE  {sentence(note)}")
    if unjudged := not_judged(judged.judged(), run.path):
        screen.print(f"NOT JUDGED  {unjudged}", soft_wrap=True)
    if _nothing_in(judged):
        screen.print("NOTHING WAS JUDGED: no benchmark has an accepted run to be judged against")
