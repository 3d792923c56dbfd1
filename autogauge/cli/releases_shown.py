"""How the commands show what was measured of releases: printed, written to files, and drawn again by ``report``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from autogauge import folders
from autogauge.cli.shared import drawn_again
from autogauge.errors import UserError, explain_os_error
from autogauge.files import require_writable, require_writable_folder, utf8, write_for_a_user, write_json
from autogauge.lab.bisect import outcome as bisect_outcome
from autogauge.lab.bisect.outcome import Bisection
from autogauge.lab.matrix import outcome as matrix_outcome
from autogauge.lab.matrix.outcome import Matrix
from autogauge.plain import plain, sentence
from autogauge.report import bisect as bisect_shown
from autogauge.report import matrix as matrix_shown
from autogauge.report.console import console
from autogauge.report.output import print_json
from autogauge.report.pages.render import ASSETS, put_script

MARKDOWN, PAGES = (".md", ".markdown"), (".html", ".htm")
PAGE, DATA = "index.html", "releases.json"
FOLDER = folders.Kind("the page of releases", DATA, (b'"words"',), frozenset({PAGE, DATA}), "--out=DIR")
READERS: dict[str, Callable[[Path, Mapping[str, Any]], Matrix | Bisection]] = {
    matrix_outcome.KIND: matrix_outcome.of_file,
    bisect_outcome.KIND: bisect_outcome.of_file,
}


def check_places(places: Sequence[Path] | None, folder: Path) -> None:
    """Raise :class:`UserError` where what is measured could not be kept in that folder, or not be written, before it is measured.

    A file that is neither Markdown nor a page by its name is a mistake, too.
    """
    try:
        require_writable_folder(folder)
    except OSError as error:
        raise explain_os_error(error, f"cannot keep what is measured in {folder}", "--reports=DIR") from error
    for place in places or ():
        if place.suffix.lower() not in (*MARKDOWN, *PAGES):  # a saved run, say, would be lost
            raise UserError(
                f"{place} is neither Markdown nor a page by its name: let it end in .md or .html (--out=FILE)."
            )
        try:
            require_writable(place.absolute())
        except OSError as error:
            raise _cannot_write(place, error) from error


def show(found: Matrix | Bisection, *, as_json: bool = False, as_markdown: bool = False) -> None:
    """Print it."""
    if as_json:
        print_json(found.to_json())
    elif as_markdown:
        print(_markdown(found), end="")
    else:
        screen = console()
        for part in bisect_shown.parts(found) if isinstance(found, Bisection) else matrix_shown.parts(found):
            screen.print(part)


def keep(found: Matrix | Bisection, path: Path, places: Sequence[Path], *, as_json: bool) -> None:
    """Print it, say where it is kept, then write the files: one that cannot be written takes nothing along. Raises :class:`UserError`."""
    show(found, as_json=as_json)
    sys.stdout.flush()
    print(f"kept: {sentence(str(path))}; {sentence(drawn_again(path))}", file=sys.stderr)
    write(found, places)


def write(found: Matrix | Bisection, places: Sequence[Path]) -> None:
    """Write it as Markdown or as a page, by the name of each file. Raises :class:`UserError`."""
    for place in places:
        try:
            if place.suffix.lower() in MARKDOWN:
                write_for_a_user(place, utf8(_markdown(found)))
            else:
                path = place.absolute()
                content = _page(found, path, path.parent / ASSETS)
                put_script(path.parent / ASSETS)
                write_for_a_user(path, content)
        except OSError as error:
            raise _cannot_write(place, error) from error
        print(f"written: {sentence(str(place))}", file=sys.stderr)


def _cannot_write(place: Path, error: OSError) -> UserError:
    return explain_os_error(error, f"cannot write {place}", "--out=FILE")


def draw_again(
    path: Path, document: Mapping[str, Any], kind: str, out: Path | None, *, markdown: bool, as_json: bool
) -> None:
    """What the end of the measuring printed, from its file alone; and its page into the folder ``out``. Raises :class:`UserError`."""
    if kind not in READERS:
        raise UserError(f"{path} holds a {plain(kind)}, which this autogauge cannot draw: update autogauge.")
    found = READERS[kind](path, document)
    if out is not None:
        folders.check(out, FOLDER)
        try:
            content = _page(found, (out / PAGE).absolute(), (out.parent / ASSETS).absolute())
            put_script(out.parent / ASSETS)
            with folders.replaced(out, FOLDER) as staging:
                write_json(staging / DATA, found.to_json())
                (staging / PAGE).write_bytes(content)
        except OSError as error:
            raise explain_os_error(error, f"cannot write the page in {out}", "--out=DIR") from error
    show(found, as_json=as_json, as_markdown=markdown)
    if out is not None and not (markdown or as_json):
        print(f"page: {sentence(str(out / PAGE))}")


def _markdown(found: Matrix | Bisection) -> str:
    return bisect_shown.in_markdown(found) if isinstance(found, Bisection) else matrix_shown.in_markdown(found)


def _page(found: Matrix | Bisection, path: Path, assets: Path) -> bytes:
    from autogauge.report.pages import bisect_page, matrix_page

    if isinstance(found, Bisection):
        return bisect_page.page(found, path, assets)
    return matrix_page.page(found, path, assets)
