"""``python -m autogauge history``, ``compare`` and ``report``: what was saved, read again. The work is the library's."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Optional

import typer
from rich.console import Console

from autogauge.cache import cache_dir_or_temporary
from autogauge.errors import UserError, explain_os_error
from autogauge.gate import comparison as comparing
from autogauge.gate.saved import HISTORY
from autogauge.history import export as exporting
from autogauge.history import where
from autogauge.history.index_rows import UNREADABLE
from autogauge.history.select import Histories, Selection
from autogauge.history.told_apart import Models
from autogauge.plain import sentence
from autogauge.report import history as shown
from autogauge.report import markdown
from autogauge.report.console import console
from autogauge.report.output import print_json
from autogauge.settings import parse_change

SHOWN = 20
PAGES = (".html", ".htm")
app = typer.Typer(help="List saved runs, or export them.", invoke_without_command=True)

HistoryDir = Annotated[Path, typer.Option("--history", help="The history: a folder of machines, or a machine's.")]
CacheDir = Annotated[Optional[Path], typer.Option("--cache", help="Where the index of the history lies.")]  # noqa: UP045
Filters = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option("--where", help=f"FIELD=VALUE, may be repeated; fields: {', '.join(where.FIELDS)}."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@app.callback(epilog="Example: python -m autogauge history --where='openvino=2026.4 since=2026-11-01'")
def history(
    context: typer.Context,
    root: HistoryDir = HISTORY,
    filters: Filters = None,
    everything: Annotated[bool, typer.Option("--all", help=f"Every run, not only the newest {SHOWN}.")] = False,
    cache: CacheDir = None,
    as_json: AsJson = False,
) -> None:
    """List saved runs, the newest last, a line each; `history export` writes them to a file."""
    if context.invoked_subcommand is not None:
        return
    with _histories(root, cache) as histories:
        found = histories.all(where.parse(filters or ()))
        runs = sorted(found.runs, key=lambda run: (run.when.timestamp() if run.when else 0.0, run.number))
        if as_json:
            print_json([shown.run_json(run) for run in (*runs, *found.unreadable)])
            return
        some = runs if everything else runs[-SHOWN:]
        screen = console()
        screen.print(shown.runs_table(some, Models(runs)))
        left = len(runs) - len(some)
        counts = {run.standing: 0 for run in runs} | ({UNREADABLE: 0} if found.unreadable else {})
        for run in (*runs, *found.unreadable):
            counts[run.standing] += 1
        screen.print(
            f"{len(runs)} {'run' if len(runs) == 1 else 'runs'}"
            + (f", the newest {len(some)} shown (--all shows the other {left})" if left else "")
            + f": {', '.join(f'{count} {name}' for name, count in counts.items()) or 'none passes the filters'}"
        )
        _print_notes(screen, found)


@app.command("export", epilog="Example: python -m autogauge history export runs.parquet --where=machine=lab-01")
def export(
    file: Annotated[Path, typer.Argument(help="The file to write; its ending says how: .csv or .parquet.")],
    root: HistoryDir = HISTORY,
    filters: Filters = None,
    cache: CacheDir = None,
) -> None:
    """Write a row for each benchmark of each run to a CSV or Parquet file."""
    with _histories(root, cache) as histories:
        found = histories.all(where.parse(filters or ()))
        rows = exporting.export(found, file)
    runs = f"{len(found.runs)} {'run' if len(found.runs) == 1 else 'runs'}"
    print(
        f"{sentence(str(file))}: {rows} rows from {runs}"
        + (f"; {len(found.unreadable)} left out" if found.unreadable else "")
    )


def compare(
    a: Annotated[
        str,
        typer.Argument(metavar="A", help="What to compare with: a file, a run's number, a pattern, a folder, filters."),
    ],
    b: Annotated[str, typer.Argument(metavar="B", help="What is compared, named likewise.")],
    root: HistoryDir = HISTORY,
    cache: CacheDir = None,
    smallest_change: Annotated[str, typer.Option(help="The change that is to be found.")] = "5%",
    failing: Annotated[bool, typer.Option("--fail", help="Exit status 1 when a benchmark became slower.")] = False,
    as_json: AsJson = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown, for a pull request.")] = False,
    html: Annotated[Optional[Path], typer.Option("--html", help="Write a page to this file, FILE.html.")] = None,  # noqa: UP045
) -> None:
    """Compare two runs, machines, releases or histories, benchmark by benchmark: B against A, with intervals.

    Of each benchmark the accepted runs are taken, or all where none is; a run that is named is taken in any case. Filters: FIELD=VALUE,
    several in one pair of quotes.
    """
    change = parse_change("--smallest-change", smallest_change)
    if as_json and as_markdown:
        raise UserError("--json and --markdown both ask for the output: choose one.")
    if html is not None and html.suffix.lower() not in PAGES:  # a saved run, say, would be lost
        raise UserError(f"{html} is no name of a page: let it end in {' or '.join(PAGES)} (--html=FILE).")
    with _histories(root, cache) as histories:
        found = comparing.compare(histories.select(a), histories.select(b), change)
    if html is not None:
        from autogauge.report.pages import comparison_page

        try:
            comparison_page.save(found, html)
        except OSError as error:
            raise explain_os_error(error, f"cannot write {html}", "--html=FILE") from error
    if as_json:
        print_json(found.to_json())
    elif as_markdown:
        print(markdown.of_comparison(found), end="")
    else:
        screen = console()
        for part in shown.comparison(found):
            screen.print(part)
    if html is not None:
        print(f"page: {sentence(str(html))}", file=sys.stderr)
    if failing and any(each.word == "FAIL" for each in found.judgements):
        raise typer.Exit(1)


def report(
    root: HistoryDir = HISTORY,
    filters: Filters = None,
    out: Annotated[Path, typer.Option("--out", help="The folder of the pages; it is replaced as a whole.")] = Path(
        "reports/trends"
    ),
    cache: CacheDir = None,
) -> None:
    """Write the pages of all history: a trend for every benchmark, with change points, and filters."""
    from autogauge.report.pages import trends_page

    with _histories(root, cache) as histories:
        found = histories.all(where.parse(filters or ()))
        if not found.runs:
            raise UserError(f"no run in {root} passes the filters: check them (--where).")
        try:
            page = trends_page.save(found, out)
        except OSError as error:
            raise explain_os_error(error, f"cannot write the report in {out}", "--out=DIR") from error
    print(f"report: {sentence(str(page))} ({len(found.runs)} {'run' if len(found.runs) == 1 else 'runs'})")
    _print_notes(console(), found)


@contextlib.contextmanager
def _histories(root: Path, cache: Path | None) -> Iterator[Histories]:
    def progress(done: int, total: int) -> None:
        if total > done and sys.stderr.isatty():
            print(f"indexing: {done} of {total} files", end="\r", file=sys.stderr, flush=True)

    def say(text: str) -> None:
        print(f"autogauge: {sentence(text)}", file=sys.stderr, flush=True)

    with contextlib.ExitStack() as stack:
        yield Histories(stack, root, stack.enter_context(cache_dir_or_temporary(cache)), progress, say)


def _print_notes(screen: Console, found: Selection) -> None:
    if found.unreadable:
        count = len(found.unreadable)
        screen.print(f"NOTE  {count} {'file was' if count == 1 else 'files were'} left out:")
    for note in found.notes()[:SHOWN]:
        screen.print(f"NOTE  {shown.short(note, 400)}")
    if len(found.notes()) > SHOWN:
        screen.print(f"NOTE  and {len(found.notes()) - SHOWN} more such notes (--json has them all)")


def register(main: typer.Typer) -> None:
    """Add the commands."""
    main.add_typer(app, name="history")
    main.command(epilog="Example: python -m autogauge compare 'openvino=2026.3' 'openvino=2026.4' --markdown")(compare)
    main.command(epilog="Example: python -m autogauge report --history=reports/history --where=machine=lab-01")(report)
