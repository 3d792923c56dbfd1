"""``python -m autogauge report``: the pages of all history, or one saved run drawn again."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import gc
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from autogauge.cli import from_settings
from autogauge.cli.histories import opened, print_notes
from autogauge.cli.shared import OF_A_COMMAND, AsJson, CacheFolder, Filters, HistoryDir
from autogauge.errors import UserError, explain_os_error
from autogauge.gate import hints
from autogauge.gate.saved import HISTORY, find_run
from autogauge.history import where
from autogauge.history.machines import whose
from autogauge.parsing import parse_stale_after
from autogauge.plain import counted, plain, sentence
from autogauge.report.console import console
from autogauge.report.output import print_json

if TYPE_CHECKING:
    from autogauge.history.recorded import Recorded

app = typer.Typer(**OF_A_COMMAND)
TRENDS = Path("reports/trends")
StaleAfter = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--stale-after",
        metavar="DAYS",
        help="A machine is stale when its last run is older than so many days, and not reporting after twice as many (default: its "
        "own rhythm).",
    ),
]
OverReleases = Annotated[
    bool,
    typer.Option(
        "--releases",
        help="The trends over OpenVINO releases instead: of the history, and of the matrices beside it; with --out a page, too.",
    ),
]
Base = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--base", metavar="RELEASE", help="With --releases: what the others are held against (default: the newest)."
    ),
]


@app.command(epilog="Example: python -m autogauge report lab-01/13 --out=reports/run-13")
def report(
    run: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Argument(
            metavar="[RUN]",
            help="Draw this saved run again: its file, its number (13, or lab-01/13), or a machine's name or folder for its newest run. "
            "Without it: the pages of all history.",
        ),
    ] = None,
    root: HistoryDir = HISTORY,
    filters: Filters = None,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            "--out",
            help="The folder of the pages; it is replaced as a whole (default reports/trends). Of a RUN: where its page, summary and "
            "latencies go; without it they are not written.",
        ),
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print RUN as Markdown instead of tables.")] = False,
    as_json: AsJson = False,
    releases: OverReleases = False,
    base: Base = None,
    cache: CacheFolder = None,
    stale_after: StaleAfter = None,
) -> None:
    """Draw the pages of all history: of several machines first which became slower, in what, since when; of each its trends.

    Of one machine the trends are the first page. With RUN: draw one saved run again. With --releases: with which release a level changed.
    """
    if base and not releases:
        raise UserError("--base is for the trends over releases: give --releases too.")
    if releases:
        from autogauge.cli import over_releases

        if run is not None or markdown or stale_after:
            raise UserError("--releases is of the whole history: leave RUN, --markdown and --stale-after out.")
        over_releases.show(root, filters or (), out, cache, base or "", as_json=as_json)
    elif run is None:
        if markdown or as_json:
            raise UserError(
                f"{'--markdown' if markdown else '--json'} shows one run: name it (python -m autogauge report RUN), or see history --json."
            )
        _all_history(root, filters, out or _trends(), cache, parse_stale_after("--stale-after", stale_after))
    elif filters:
        raise UserError("a run that is named needs no filter: leave --where out, or leave RUN out.")
    elif markdown and as_json:
        raise UserError("it is printed once, as Markdown or as JSON: leave one of them out (--markdown, --json).")
    else:
        _one_run(find_run(run, root), root, out, markdown=markdown, as_json=as_json)


def _trends() -> Path:
    """Where the pages go: into the reports' folder, where settings name one."""
    reports = from_settings.text_of("--reports")
    return TRENDS if reports is None else Path(reports) / TRENDS.name


def _all_history(
    root: Path, filters: list[str] | None, out: Path, cache: Path | None, stale_after: float | None
) -> None:
    from autogauge.cli.alerts_shown import marks_of
    from autogauge.lab.alerts import book
    from autogauge.report.pages import morning_page, trends_page

    known, why_not = book.Book(), ""
    try:
        known = book.read(root)
    except UserError as error:  # the pages are worth having without their alerts
        why_not = str(error)
    marks = marks_of(known, datetime.datetime.now(datetime.timezone.utc))
    with _without_collections(), opened(root, cache) as histories:
        found = histories.all(where.parse(filters or ()))
        if not found.runs:
            raise UserError(f"no run in {root} passes the filters: check them (--where).")
        try:
            if morning_page.is_lab(found):
                page = morning_page.save(found, out, stale_after_days=stale_after, marks=marks)
            else:
                page = trends_page.save(found, out, marks, stale_after)
        except OSError as error:
            raise explain_os_error(error, f"cannot write the report in {out}", "--out=DIR") from error
    print(f"report: {sentence(str(page))} ({counted(len(found.runs), 'run')})")
    if len({run.release for run in found.runs if run.release}) > 1:
        print(f"with which release a level changed: {hints.command('report --releases', root)}")
    print_notes(console(), found)
    if why_not:
        print(f"NOTE  no alerts are shown: {sentence(why_not)}")


@contextlib.contextmanager
def _without_collections() -> Iterator[None]:
    """No search for garbage in cycles meanwhile: ten thousand runs are made and kept until the pages are, and each search looks at all."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _as_its_folder_says(run: Recorded, path: Path, root: Path) -> Recorded:
    """The run with the name of the machine that it counts for, as ``history`` and the pages of all history call it."""
    folder = path.absolute().parent
    machine = whose(folder, run.machine, in_history=folder.parent.resolve() == root.resolve())
    if machine == run.machine:
        return run
    measured_as = f"measured as {plain(run.machine, 80)}: the folder says whose a run is"
    return dataclasses.replace(run, machine=machine, notes=(*run.notes, *([measured_as] if run.machine else [])))


def _one_run(path: Path, root: Path, out: Path | None, *, markdown: bool, as_json: bool) -> None:
    """Print what the end of that session printed, from its file alone; and write its page."""
    from rich.text import Text

    from autogauge.cli import why_shown
    from autogauge.history import recorded, run_file
    from autogauge.lab.releases import kept
    from autogauge.lab.why import drawing
    from autogauge.report import markdown as in_markdown
    from autogauge.report import summary, terminal, told, words
    from autogauge.report.pages import why_page
    from autogauge.report.pages.run_page import PAGE

    document = run_file.read_document(path)
    if kind := kept.kind_of(document):
        from autogauge.cli import releases_shown

        releases_shown.draw_again(path, document, kind, out, markdown=markdown, as_json=as_json)
        return
    found = _as_its_folder_says(recorded.of_file(path), path, root)
    if out is not None:
        summary.check_place(out, "--out=DIR")
    try:
        words.judged_of(found)  # what the gate said is read when it is shown
    except ValueError as error:
        raise UserError(f"{path} cannot be drawn: {error}; name another run.") from None
    if why_page.is_one(found):
        why_shown.check(found, path)
    page = ""
    if out is not None:
        try:
            page = str(summary.save(found, out, None).with_name(PAGE))
        except OSError as error:
            raise explain_os_error(error, f"cannot write the page in {out}", "--out=DIR") from error
    if why_page.is_one(found):
        why_shown.show(found, path, drawing.TOP, as_json=as_json, as_markdown=markdown)
    elif as_json:
        print_json(told.summarize(found))
    elif markdown:
        print(in_markdown.of_run(found), end="")
    else:
        screen = console()
        for part in terminal.results(found):
            screen.print(part, soft_wrap=isinstance(part, Text) and bool(part.no_wrap))
    if page and not (as_json or markdown):
        print(f"page: {sentence(page)}")
