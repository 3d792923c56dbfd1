"""The calibration's commands."""

from __future__ import annotations

import contextlib
import io
import json
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Optional

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from autogauge.files import utf8, write_bytes
from benchmarks.calibration import data
from benchmarks.command import alone, run_command

if TYPE_CHECKING:
    from benchmarks.calibration.table import Line
    from benchmarks.calibration.targets import Target

TRIED = " (the relay, what a FAIL asks for and how its error is spent were also tried on this recording)"
"""Of every recording but the first, on which the rest was chosen."""
Write = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(
        metavar="FILE",
        dir_okay=False,
        help="Also write what is printed to this file, with the command in its first line.",
    ),
]
app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command(
    epilog="Example: python -m benchmarks.calibration record lab-01.npz --minutes=60 --pinned=/envs/2024.6/bin/python"
)
def record(
    file: Annotated[Path, typer.Argument(help="The recording to write; one that is there is not replaced.")],
    minutes: Annotated[float, typer.Option(help="How long to record.")] = 60,
    pinned: Annotated[
        str, typer.Option(help="Interpreter with a fixed OpenVINO release: the pinned workload.")
    ] = sys.executable,
    hints: Annotated[float, typer.Option(help="Seconds of a segment of a hint; 0 leaves them out.")] = 160,
    fil: Annotated[float, typer.Option(help="Seconds of a segment of first inferences; 0 leaves them out.")] = 80,
    references: Annotated[
        float, typer.Option(help="Seconds of a segment that compares candidates for the pinned workload.")
    ] = 0,
    seed: Annotated[Optional[int], typer.Option(help="Seed of all that is random; without it a new one.")] = None,  # noqa: UP045
) -> None:
    """Record identical things, known slowdowns and noise on this machine, which shall do nothing else meanwhile."""
    from benchmarks.calibration.record import record as run
    from benchmarks.calibration.record import schedule

    if file.exists():
        print(f"{file} is there already: name another file.", file=sys.stderr)
        raise typer.Exit(2)
    cycle = schedule(hints, fil, references)
    if not cycle or cycle[0].seconds > 60 * minutes:
        print(
            f"no segment fits into {minutes:g} minutes: give more (--minutes) or other lengths (--hints, --fil, --references).",
            file=sys.stderr,
        )
        raise typer.Exit(2)
    with alone(), tempfile.TemporaryDirectory(prefix="autogauge-calibration-") as folder:
        run(
            minutes,
            Path(folder),
            pinned=pinned,
            cycle=cycle,
            seed=random.randrange(2**31) if seed is None else seed,
            done=lambda segments: data.save(file, segments),
        )


@app.command(epilog="Example: python -m benchmarks.calibration table --runs=400 --trials=200")
def table(
    recordings: Annotated[list[Path] | None, typer.Argument(help="Recordings; without one, all that are kept.")] = None,
    runs: Annotated[int, typer.Option(help="Identical whole runs for each kind of noise.", min=2)] = 200,
    trials: Annotated[int, typer.Option(help="Trials of each slowdown for each kind of noise.", min=1)] = 100,
    seed: Annotated[int, typer.Option(help="Seed of the windows chosen.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    write: Write = None,
) -> None:
    """Replay every rule on what was recorded, each recording by itself. Exit status 1 when a target is missed.

    A target is open where a recording is too short for the time that a comparison may take, and that would decide.
    """
    from benchmarks.calibration import replay, targets
    from benchmarks.calibration import table as tables

    recorded = [replay.arrange(data.load(path), path.stem) for path in recordings or data.kept()]
    found = [line for each in recorded for line in tables.lines(each, runs, trials, seed)]
    reached = targets.targets(found, () if recordings else recorded)
    notes = [*targets.ties(found), *(note for each in recorded for note in targets.independent(each))]
    if write:
        with _written(write, 170, f"table --runs={runs} --trials={trials} --seed={seed}", recordings or ()) as console:
            _print(console, found, reached, notes)
    if as_json:
        print(
            json.dumps(
                {"lines": [each.to_json() for each in found], "targets": [each.to_json() for each in reached]}, indent=2
            )
        )
    else:
        _print(_console(170), found, reached, notes)
    if any(each.state == targets.MISSED for each in reached):
        raise typer.Exit(1)


@app.command(epilog="Example: python -m benchmarks.calibration choices")
def choices(
    recording: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Argument(help="A recording; without one, all that are kept."),
    ] = None,
    write: Write = None,
) -> None:
    """Print what the pinned workload and the estimator for history were chosen by, and how far apart identical processes are."""
    from benchmarks.calibration.choices import tables

    console = _console(110)
    shown: list[str | Table] = []
    for path in [recording] if recording else data.kept():
        shown += [f"{path.stem}\n", *tables(data.load(path))]
    for each in shown:
        console.print(each)
    if write:
        with _written(write, 110, "choices", [recording] if recording else ()) as console:
            for each in shown:
                console.print(each)


def _console(width: int, file: IO[str] | None = None) -> Console:
    return Console(file=file, highlight=False, markup=False, width=width, color_system=None if file else "auto")


@contextlib.contextmanager
def _written(path: Path, width: int, words: str, recordings: Sequence[Path]) -> Iterator[Console]:
    """A console whose text becomes a file, whole or not at all: the command that makes it, then what it prints."""
    text = io.StringIO()
    console = _console(width, text)
    names = "".join(f" {each}" for each in recordings)
    text.write(f"python -m benchmarks.calibration {words}{names} --write={path}\n\n")
    yield console
    write_bytes(path, utf8("\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"))


def _print(console: Console, found: list[Line], reached: list[Target], notes: list[str]) -> None:
    for recording, noise in dict.fromkeys((each.recording, each.noise) for each in found):
        tried = "" if recording == data.kept()[0].stem else TRIED
        title = f"{recording}, noise: {noise}{tried}"
        shown = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        for title in (
            "benchmarks",
            "rule",
            "alarms (below)",
            *(f"+{name}" for name in replay_slowdowns()),
            "passed over",
            "inconclusive",
            "ended",
            "s each (95 %)",
        ):
            shown.add_column(title, justify="left" if title in ("benchmarks", "rule") else "right", no_wrap=True)
        for each in (each for each in found if (each.recording, each.noise) == (recording, noise)):
            bound = each.false_alarms_bound
            shown.add_row(
                each.benchmarks,
                each.rule,
                "" if bound is None else f"{_percent(each.false_alarms)} ({_percent(bound)})",
                *(_percent(each.found.get(name)) for name in replay_slowdowns()),
                _percent(each.passed_over),
                _percent(each.inconclusive),
                _percent(each.ended),
                f"{each.seconds:.1f} ({each.most_seconds:.1f})" if each.seconds else "",
            )
        console.print(shown)
    for each in reached:
        console.print(f"{each.state}  {each.sentence}: {each.reached}")
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
    run_command(app)
