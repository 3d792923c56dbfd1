"""The calibration's commands."""

from __future__ import annotations

import json
import random
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.calibration import data

if TYPE_CHECKING:
    from benchmarks.calibration.table import Line, Target

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command(
    epilog="Example: python -m benchmarks.calibration record lab-01.npz --minutes=60 --pinned=/envs/2024.6/bin/python"
)
def record(
    file: Annotated[Path, typer.Argument(help="The recording to write; one that is there is not replaced.")],
    minutes: Annotated[float, typer.Option(help="How long to record.")] = 60,
    pinned: Annotated[
        str, typer.Option(help="Interpreter with a fixed OpenVINO release: the reference for history.")
    ] = sys.executable,
    quiet: Annotated[float, typer.Option(help="Seconds of a quiet segment; FIL takes twice that.")] = 240,
    noisy: Annotated[float, typer.Option(help="Seconds of a segment with noise on purpose.")] = 120,
    seed: Annotated[Optional[int], typer.Option(help="Seed of all that is random; without it a new one.")] = None,  # noqa: UP045
) -> None:
    """Record identical things, known slowdowns and noise on this machine, which shall do nothing else meanwhile."""
    from benchmarks.calibration.record import record as run

    if file.exists():
        print(f"{file} is there already: name another file.", file=sys.stderr)
        raise typer.Exit(2)
    with tempfile.TemporaryDirectory(prefix="autogauge-calibration-") as folder:
        run(
            minutes,
            Path(folder),
            pinned=pinned,
            quiet_s=quiet,
            noisy_s=noisy,
            seed=random.randrange(2**31) if seed is None else seed,
            done=lambda segments: data.save(file, segments),
        )


@app.command(epilog="Example: python -m benchmarks.calibration table --runs=400 --trials=200")
def table(
    recordings: Annotated[list[Path] | None, typer.Argument(help="Recordings; without one, all that are kept.")] = None,
    runs: Annotated[int, typer.Option(help="Identical whole runs for each kind of noise.", min=1)] = 200,
    trials: Annotated[int, typer.Option(help="Trials of each slowdown for each kind of noise.", min=1)] = 100,
    seed: Annotated[int, typer.Option(help="Seed of the windows chosen.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Replay every rule on what was recorded. Exit status 1 when a target is missed."""
    from benchmarks.calibration import replay
    from benchmarks.calibration import table as tables

    recorded = replay.arrange(data.load_all(recordings or ()))
    found = list(tables.lines(recorded, runs, trials, seed))
    reached = tables.targets(found)
    if as_json:
        print(
            json.dumps(
                {"lines": [each.to_json() for each in found], "targets": [vars(each) for each in reached]}, indent=2
            )
        )
    else:
        _print(found, reached, tables.independent(recorded))
    if not all(each.met for each in reached):
        raise typer.Exit(1)


@app.command(epilog="Example: python -m benchmarks.calibration choices")
def choices(
    recordings: Annotated[list[Path] | None, typer.Argument(help="Recordings; without one, all that are kept.")] = None,
) -> None:
    """Print what the reference and the estimator for history were chosen by."""
    from benchmarks.calibration.choices import tables

    console = Console(highlight=False, markup=False, width=110)
    for each in tables(data.load_all(recordings or ())):
        console.print(each)


def _print(found: list[Line], reached: list[Target], notes: list[str]) -> None:
    console = Console(highlight=False, markup=False, width=130)
    for noise in dict.fromkeys(each.noise for each in found):
        shown = Table(title=f"noise: {noise}", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        for title in (
            "benchmarks",
            "rule",
            "false alarms",
            *(f"+{name}" for name in replay_slowdowns()),
            "inconclusive",
            "s each",
        ):
            shown.add_column(title, justify="left" if title in ("benchmarks", "rule") else "right")
        for each in (each for each in found if each.noise == noise):
            shown.add_row(
                each.benchmarks,
                each.rule,
                _percent(each.false_alarms),
                *(_percent(value) for value in each.found.values()),
                _percent(each.inconclusive),
                f"{each.seconds:.1f}",
            )
        console.print(shown)
    for each in reached:
        console.print(f"{'met' if each.met else 'MISSED'}  {each.sentence}: {each.reached}")
    for note in notes:
        console.print(note)


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f} %"


def replay_slowdowns() -> list[str]:
    """The slowdowns replayed."""
    from benchmarks.calibration.replay import SLOWDOWNS

    return list(SLOWDOWNS)


@app.callback()
def main() -> None:
    """The calibration of the gate: record on a machine, and replay every rule on what was recorded."""


if __name__ == "__main__":
    app()
