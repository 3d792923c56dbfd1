"""``python -m autogauge accept``: let later runs be judged against a saved one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from autogauge.cli import from_settings
from autogauge.cli.from_settings import USED
from autogauge.cli.runs import keys_of
from autogauge.cli.shared import OF_A_COMMAND, Benchmarks, NumbersOf, RunFile
from autogauge.errors import UserError
from autogauge.gate import saved
from autogauge.gate.carrying import carry_over
from autogauge.history import standing
from autogauge.plain import plain, sentence

app = typer.Typer(**OF_A_COMMAND)


@app.command(epilog="Example: python -m autogauge accept 12 --why='a slower, safer kernel'")
def accept(
    run: RunFile,
    benchmarks: Benchmarks = None,
    why: Annotated[str, typer.Option(help="Why, for whoever reads the history.")] = "",
    new_level: Annotated[
        bool, typer.Option("--new-level", help="Begin a new level with it, also where nothing failed or improved.")
    ] = False,
    as_continuation: Annotated[
        bool,
        typer.Option(
            "--as-continuation",
            help="Say that it is the same machine as before its fingerprint changed (a name, memory, a driver): its older runs count on, "
            "and what was saved since is judged against them.",
        ),
    ] = False,
    of: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            help="With --as-continuation: the folder of the machine's older runs; without it, they are looked for."
        ),
    ] = None,
    root: NumbersOf = saved.HISTORY,
) -> None:
    """Judge later runs against this one, or against the benchmarks named: what it failed or improved in begins a new level with it."""
    found = saved.read(run, root)
    keys = keys_of(found, benchmarks)
    if as_continuation:
        if keys or new_level:
            raise UserError(
                "a whole run goes on from an older one: leave benchmarks and --new-level out (--as-continuation)."
            )
        change = from_settings.value_of("--smallest-change")
        USED.tell()
        for line in carry_over(found, of, why, change):
            print(sentence(line))
        return
    if of is not None:
        raise UserError("a folder of older runs is for --as-continuation: add it, or leave the folder out (--of).")
    before = standing.accept(found.path, why, keys, (keys or found.benchmarks) if new_level else ())
    after = standing.read(found.path)
    begins = [key for key in after.new_level if key in (keys or after.new_level)]
    levels = f"; a new level begins with it for {', '.join(map(plain, begins))}" if begins else ""
    where = f" in {', '.join(map(plain, keys))}" if keys else ""
    print(f"{sentence(str(found.path))}: accepted{where} (was {before.in_words}){levels}")
