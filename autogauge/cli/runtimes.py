"""``python -m autogauge runtimes``: which OpenVINO releases there are, and which of them run here."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Optional

import typer

from autogauge.cache import Cache, default_cache_dir
from autogauge.cli.shared import OF_A_COMMAND, AsJson, CacheFolder
from autogauge.errors import explain_os_error
from autogauge.files import require_writable, utf8, write_for_a_user
from autogauge.measuring.progress import Progress
from autogauge.report import runtimes as shown
from autogauge.report.console import console
from autogauge.report.output import print_json
from autogauge.report.progress import progress_on
from autogauge.runtimes import table
from autogauge.runtimes.releases import Index
from autogauge.runtimes.table import Row

app = typer.Typer(**OF_A_COMMAND)
OPTION = "autogauge runtimes"


@app.command(
    epilog="Example: python -m autogauge runtimes 2025.4 2022.3 ./openvino-2026.5.0-cp311-cp311-linux_x86_64.whl"
)
def runtimes(
    names: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(
            metavar="[NAME]...",
            help="Try these, by any name that --reference takes for another OpenVINO: a release, a virtual environment, a wheel's file, "
            "an archive's folder. What is installed stays in the cache.",
        ),
    ] = None,
    try_all: Annotated[
        bool, typer.Option("--try", help="Install each release, load it, and let it describe a model. Takes minutes.")
    ] = False,
    keep: Annotated[
        bool,
        typer.Option(
            "--keep", help="With --try: keep what is installed; else what was not in the cache before goes again."
        ),
    ] = False,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--out", metavar="FILE", help="Write the table as Markdown, too."),
    ] = None,
    cache: CacheFolder = None,
    as_json: AsJson = False,
) -> None:
    """List every OpenVINO release that the package index offers: which Pythons it is for, and which one of this machine it runs on.

    With names or --try: whether it works, else why not in one sentence. The exit status is 1 where something that was tried does not work.
    """
    progress = progress_on(sys.stderr, terminal=sys.stderr.isatty())
    if out is not None:
        _write(out, lambda: require_writable(out.absolute()))  # trying all takes minutes
    rows = _rows(names or (), Cache(cache or default_cache_dir()), progress, try_all=try_all, keep=keep)
    if as_json:
        print_json([each.to_json() for each in rows])
    else:
        screen = console()
        screen.print(shown.table(rows))
        screen.print(shown.summary(rows))
    if out is not None:
        sys.stdout.flush()
        _write(out, lambda: write_for_a_user(out, utf8(shown.markdown(rows))))
    if any(each.works is False and (each.python or names) for each in rows):
        raise typer.Exit(1)


def _write(out: Path, do: Callable[[], None]) -> None:
    try:
        do()
    except OSError as error:
        raise explain_os_error(error, f"cannot write {out}", "--out=FILE") from error


def _rows(names: Sequence[str], cache: Cache, progress: Progress, *, try_all: bool, keep: bool) -> list[Row]:
    index = Index()
    if names:
        return [table.of_text(each, cache, progress, OPTION, index) for each in names]
    rows = table.listed(index, cache, progress, OPTION)
    return [*table.tried(rows, cache, progress, OPTION, index, keep=keep)] if try_all else rows
