"""``python -m autogauge compare``: two runs, machines, releases or histories held against each other."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from autogauge.cli.from_settings import USED
from autogauge.cli.histories import opened
from autogauge.cli.shared import OF_A_COMMAND, AsJson, CacheFolder, HistoryDir, of_a_run
from autogauge.errors import UserError, explain_os_error
from autogauge.gate import comparison, comparison_by, comparison_pooled
from autogauge.gate.saved import HISTORY
from autogauge.options import OPTIONS
from autogauge.parsing import parse_change
from autogauge.plain import sentence
from autogauge.report import history as shown
from autogauge.report import markdown
from autogauge.report.console import console
from autogauge.report.output import print_json

PAGES = (".html", ".htm")
ONLY = (None, "changed", "all")
Only = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--only",
        metavar="changed|all",
        help="changed: the lines that became slower or faster alone. all: every line, however many machines there are.",
    ),
]
By = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--by",
        metavar="LABEL[=VALUE]",
        help="Compare A's benchmarks by a label, within each run: others with VALUE.",
    ),
]

app = typer.Typer(**OF_A_COMMAND)


@app.command(epilog="Example: python -m autogauge compare 'openvino=2026.3' 'openvino=2026.4' --markdown")
def compare(
    a: Annotated[
        str,
        typer.Argument(
            metavar="A",
            help="What to compare with: a file, a run's number, a machine's name, a pattern, a folder, filters.",
        ),
    ],
    b: Annotated[Optional[str], typer.Argument(metavar="B", help="What is compared, named likewise.")] = None,  # noqa: UP045
    root: HistoryDir = HISTORY,
    cache: CacheFolder = None,
    by: By = None,
    smallest_change: Annotated[str, of_a_run("--smallest-change", help="The change that is to be found.")] = str(
        OPTIONS["--smallest-change"].default
    ),
    only: Only = None,
    failing: Annotated[bool, typer.Option("--fail", help="Exit status 1 when a benchmark became slower.")] = False,
    as_json: AsJson = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown, for a pull request.")] = False,
    html: Annotated[Optional[Path], typer.Option("--html", help="Write a page to this file, FILE.html.")] = None,  # noqa: UP045
) -> None:
    """Compare two runs, machines, releases or histories, benchmark by benchmark: B against A, with intervals.

    Of several machines that both sides have, a line a benchmark over all of them comes first; then each machine's, the worst first.

    With --by there is no B: of A's runs, benchmarks that differ in that label alone are compared (two devices, two policies).

    Of each benchmark the accepted runs are taken, or all where none is; a run that is named is taken in any case. Filters: FIELD=VALUE,
    several in one pair of quotes.
    """
    change = parse_change("--smallest-change", smallest_change)
    if as_json and as_markdown:
        raise UserError("--json and --markdown both ask for the output: choose one.")
    if html is not None and html.suffix.lower() not in PAGES:  # a saved run, say, would be lost
        raise UserError(f"{html} is no name of a page: let it end in {' or '.join(PAGES)} (--html=FILE).")
    if only not in ONLY:
        raise UserError(f"--only={str(only)[:80]} is none of the two that there are: changed, all.")
    key, _, base = (by or "").partition("=")
    if (b is None) != bool(key) or (by and not key):
        raise UserError("name what A is compared with: B, or a label within A's runs (--by=LABEL), and not both.")
    USED.tell()
    with opened(root, cache) as histories:
        if b is not None:
            found = comparison.compare(histories.select(a), histories.select(b), change)
        else:
            found = comparison_by.compare_by(histories.select(a), key, base, change)
    found = _only(found, only)
    if html is not None:
        _save(found, html)
    _print(found, as_json=as_json, as_markdown=as_markdown)
    if html is not None:
        print(f"page: {sentence(str(html))}", file=sys.stderr)
    if failing and found.became_slower:
        raise typer.Exit(1)


def _only(found: comparison.Comparison, only: str | None) -> comparison.Comparison:
    """The comparison with the lines that are asked for."""
    changed = frozenset(comparison_pooled.CHANGED) if only == "changed" else None
    return dataclasses.replace(found, shown=changed, all_lines=only == "all")


def _print(found: comparison.Comparison, *, as_json: bool, as_markdown: bool) -> None:
    if as_json:
        print_json(found.to_json())
    elif as_markdown:
        print(markdown.of_comparison(found), end="")
    else:
        screen = console()
        for part in shown.comparison(found):
            screen.print(part)


def _save(found: comparison.Comparison, page: Path) -> None:
    """Write it as a page. Raises :class:`UserError`."""
    from autogauge.report.pages import comparison_page

    try:
        comparison_page.save(found, page)
    except OSError as error:
        raise explain_os_error(error, f"cannot write {page}", "--html=FILE") from error
