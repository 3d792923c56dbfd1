"""The calibration's commands."""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Optional

import typer

from benchmarks.calibration import data

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


@app.callback()
def main() -> None:
    """The calibration of the gate: record on a machine, and replay every rule on what was recorded."""


if __name__ == "__main__":
    app()
