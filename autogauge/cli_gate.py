"""``python -m autogauge gate``, ``accept`` and ``reject``: judge saved runs, and say which of them are judged against."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Optional

import typer

from autogauge.errors import UserError
from autogauge.gate import saved
from autogauge.gate.carrying import carry_over
from autogauge.history import standing
from autogauge.history.records import SavedRun
from autogauge.plain import plain, sentence
from autogauge.report.console import console
from autogauge.report.gate import heading, judgements, not_judged
from autogauge.report.output import print_json
from autogauge.settings import DEFAULT_SMALLEST_CHANGE, parse_change, parse_choice

Run = Annotated[
    Path,
    typer.Argument(
        metavar="RUN",
        help="A saved run's file, or its number (13, or lab-01/13); or a machine's folder, for its newest run.",
    ),
]
HistoryDir = Annotated[Path, typer.Option("--history", help="The history whose numbers are meant.")]

Benchmarks = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Argument(metavar="[BENCHMARK]...", help="Only these, by the names that tables give them; without: all."),
]


def gate(
    run: Run,
    against: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Option(
            help="Judge against this file (may be repeated) or this folder's accepted runs; without it: RUN's own folder."
        ),
    ] = None,
    smallest_change: Annotated[
        str, typer.Option(help="As of pytest -m perf; twice that is to be found, at least 10 %.")
    ] = "5%",
    inconclusive: Annotated[
        str, typer.Option(help="What INCONCLUSIVE does to the exit status: warn or fail.")
    ] = "warn",
    no_baseline: Annotated[
        str,
        typer.Option(
            help="What a benchmark with no accepted run to judge it against does to the exit status: warn or fail."
        ),
    ] = "warn",
    creep: Annotated[
        str,
        typer.Option(
            help="What a benchmark that became slower in many small steps does to the exit status: warn or fail."
        ),
    ] = "warn",
    root: HistoryDir = saved.HISTORY,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Judge a saved run against accepted ones, with no measuring.

    Exit status 1 when a benchmark became slower; with --inconclusive=fail also when that is not known, a benchmark cannot be read, or
    nothing was judged.
    """
    change = parse_change("--smallest-change", smallest_change)
    strict = parse_choice("--inconclusive", inconclusive, ("warn", "fail")) == "fail"
    failing = {"FAIL", *(["INCONCLUSIVE"] if strict else [])}
    if parse_choice("--no-baseline", no_baseline, ("warn", "fail")) == "fail":
        failing.add("NO BASELINE")
    fail_creep = parse_choice("--creep", creep, ("warn", "fail")) == "fail"
    found = saved.read(run, root)
    if not found.benchmarks:
        reason = f" ({found.problems[0]})" if found.problems else ""
        raise UserError(f"{found.path} has no benchmark that can be judged{reason}: name another run.")
    history = saved.history_for(found, saved.named_against(against or [], found, root))
    judged = saved.judge(found, history, change, fail_creep=fail_creep)
    problems = [*(f"{found.path.name}: {each}" for each in found.problems), *history.problems]
    nothing = all(each.outcome is None for each in judged.judgements)
    if as_json:
        print_json({"run": str(found.path), **judged.to_json(), "problems": problems})
    else:
        screen = console()
        screen.print(sentence(str(found.path)), soft_wrap=True)
        screen.print(heading(judged))
        for part in judgements(judged.judgements):
            screen.print(part)
        if lost := judged.lost():
            screen.print(f"NOTE  not in this run, but in one of the last before it: {', '.join(map(plain, lost))}")
        for note in (*judged.notes, *problems):
            screen.print(f"NOTE  {sentence(note)}")
        if unjudged := not_judged(judged, found.path):
            screen.print(f"NOT JUDGED  {unjudged}", soft_wrap=True)
        if nothing:
            screen.print("NOTHING WAS JUDGED: no benchmark has an accepted run to be judged against")
    unreadable = strict and bool(found.problems)
    if unreadable or (strict and nothing) or failing & {each.word for each in judged.judgements}:
        raise typer.Exit(1)


def accept(
    run: Run,
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
    root: HistoryDir = saved.HISTORY,
) -> None:
    """Judge later runs against this one, or against the benchmarks named: what it failed or improved in begins a new level with it."""
    found = saved.read(run, root)
    keys = _keys(found, benchmarks)
    if as_continuation:
        if keys or new_level:
            raise UserError(
                "a whole run goes on from an older one: leave benchmarks and --new-level out (--as-continuation)."
            )
        for line in carry_over(found, of, why, DEFAULT_SMALLEST_CHANGE):
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


def reject(
    run: Run,
    why: Annotated[str, typer.Option(help="Why, for whoever reads the history.")],
    benchmarks: Benchmarks = None,
    root: HistoryDir = saved.HISTORY,
) -> None:
    """Judge no later run against this one, or not against the benchmarks named."""
    if not why.strip():
        raise UserError("give a reason, for whoever reads the history in a year (--why).")
    found = saved.read(run, root)
    keys = _keys(found, benchmarks)
    before = standing.reject(found.path, why, keys)
    of = f" in {', '.join(map(plain, keys))}" if keys else ""
    print(f"{sentence(str(found.path))}: quarantined{of} (was {before.in_words})")


def _keys(run: SavedRun, names: Sequence[str] | None) -> tuple[str, ...]:
    """The benchmarks named, each once. Raises :class:`UserError` for one that the run has not."""
    for name in names or ():
        if name not in run.benchmarks:
            raise UserError(f"{run.path} has no benchmark {name[:120]!r}: it has {', '.join(run.benchmarks)}.")
    return tuple(dict.fromkeys(names or ()))


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example: python -m autogauge gate reports/history/lab-01")(gate)
    app.command(epilog="Example: python -m autogauge accept 12 --why='a slower, safer kernel'")(accept)
    app.command(epilog="Example: python -m autogauge reject lab-01/12 --why='fan broken'")(reject)
