"""``report --releases``: the trends over OpenVINO releases, of the history and of saved matrices, on the terminal and as a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from autogauge import folders
from autogauge.cli import from_settings
from autogauge.cli.from_settings import USED
from autogauge.cli.histories import opened, saying
from autogauge.errors import UserError, explain_os_error
from autogauge.files import write_json
from autogauge.gate.trends import in_order_of_time, trends_of
from autogauge.history import run_file, where
from autogauge.lab.matrix import outcome
from autogauge.lab.matrix.outcome import Matrix
from autogauge.lab.releases import kept
from autogauge.lab.releases.over_history import OverReleases, over_releases
from autogauge.report import releases as shown
from autogauge.report.console import console
from autogauge.report.output import print_json
from autogauge.report.pages.render import ASSETS, put_script
from autogauge.report.releases import Releases

MATRICES = "matrix"
"""Beside the history: where matrices are kept."""
MOST_MATRICES = 10
"""The newest of them."""
PAGE, DATA = "index.html", "over-releases.json"
FOLDER = folders.Kind("the page of trends over releases", DATA, (b'"history"',), frozenset({PAGE, DATA}), "--out=DIR")


def show(root: Path, filters: Sequence[str], out: Path | None, cache: Path | None, base: str, *, as_json: bool) -> None:
    """Print them, and write the page into ``out``. Raises :class:`UserError` where there is nothing over two releases."""
    if out is not None:
        folders.check(out, FOLDER)
    matrices, notes = _matrices(root.absolute().parent / MATRICES, filters)
    try:
        trends = _trends(root, filters, cache, base)
        USED.tell()
    except UserError as error:
        if not matrices:
            raise
        trends, notes = [], [*notes, str(error)]
    if not trends and not matrices:
        raise UserError(
            f"no benchmark in {root} was measured with two OpenVINO releases on one machine: measure with another "
            "(python -m autogauge matrix --openvino=…), or pull other runs (python -m autogauge history pull)."
        )
    if base and not any(each.base == base for each in trends):
        notes = [*notes, f"no trend has the release {base}: each is held against its newest one"]
    found = Releases(tuple(trends), tuple(matrices), tuple(notes))
    if as_json:
        print_json(found.to_json())
    else:
        screen = console()
        for part in shown.parts(found):
            screen.print(part)
    if out is not None:
        _save(found, out)
        saying(f"page: {out / PAGE}")


def _trends(root: Path, filters: Sequence[str], cache: Path | None, base: str) -> list[OverReleases]:
    change = from_settings.value_of("--smallest-change")
    with opened(root, cache) as histories:
        found = histories.all(where.parse(filters))
        runs = in_order_of_time(found.runs)
        trends = trends_of(found.figures(), runs, found.remembered)
    return over_releases(trends, runs, change, base)


def _matrices(folder: Path, filters: Sequence[str]) -> tuple[list[Matrix], list[str]]:
    """The newest saved matrices; and what was left out."""
    paths = sorted(folder.glob("[0-9]*.json"), key=lambda path: int(path.name.partition("_")[0]), reverse=True)
    if filters and paths:
        return [], ["no matrix is shown, since filters are of the history's runs: leave --where out"]
    found, notes = [], []
    for path in paths[:MOST_MATRICES]:
        try:
            document = run_file.read_document(path)
            if kept.kind_of(document) == outcome.KIND:
                found.append(outcome.of_file(path, document))
        except UserError as error:
            notes.append(str(error))
    if len(paths) > MOST_MATRICES:
        notes.append(f"{len(paths) - MOST_MATRICES} older matrices are not shown (python -m autogauge report FILE)")
    return found, notes


def _save(found: Releases, out: Path) -> None:
    from autogauge.report.pages import releases_page

    try:
        content = releases_page.page(found, (out / PAGE).absolute(), (out.parent / ASSETS).absolute())
        put_script(out.parent / ASSETS)
        with folders.replaced(out, FOLDER) as staging:
            write_json(staging / DATA, found.to_json())
            (staging / PAGE).write_bytes(content)
    except OSError as error:
        raise explain_os_error(error, f"cannot write the page in {out}", "--out=DIR") from error
