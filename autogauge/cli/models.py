"""``python -m autogauge models``: what the cache holds, fetching, importing, removing."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Optional

import typer
from rich.filesize import decimal

from autogauge.cache import Cache, default_cache_dir
from autogauge.cli.shared import OF_A_COMMAND, AsJson, CacheFolder, refuse_before
from autogauge.models import cached
from autogauge.models.artefact import ModelArtefact
from autogauge.models.cached import CachedModel
from autogauge.models.omz.importing import import_folder
from autogauge.models.omz.zoo import DEADLINE_S, Zoo
from autogauge.models.resolve import AUTO, DEFAULT_PRECISION, SOURCES, Resolver, Wanted
from autogauge.parsing import parse_choice, parse_deadline
from autogauge.plain import plain, sentence
from autogauge.report.console import console
from autogauge.report.output import print_json
from autogauge.report.progress import progress_on
from autogauge.report.tables import Column, Fitted
from autogauge.tools.running import Deadline

app = typer.Typer(
    help="The models in the cache: list (without a command), fetch, import, remove.",
    epilog="Example: python -m autogauge models fetch googlenet-v1 --source omz",
    **OF_A_COMMAND,
)

WIDTH_OF_A_PIPE = 140
DeadlineS = Annotated[str, typer.Option("--deadline", help="How many seconds it may take.")]


@app.callback(invoke_without_command=True)
def models(context: typer.Context, cache: CacheFolder = None, as_json: AsJson = False) -> None:
    """List the models in the cache, each checked against its digests, and the Open Model Zoo's tools."""
    if context.invoked_subcommand is not None:
        refuse_before(context)
        return
    _print(cached.listed(_cache(cache)), as_json)


@app.command(epilog="Example: python -m autogauge models fetch googlenet-v1 --precision FP32")
def fetch(
    name: Annotated[str, typer.Argument(help="A model's name.")],
    precision: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help=f"FP16, FP32 or another that the model has (default {DEFAULT_PRECISION})."),
    ] = None,
    source: Annotated[str, typer.Option(help="auto, omz or embedded.")] = AUTO,
    deadline_s: DeadlineS = f"{DEADLINE_S:g}",
    cache: CacheFolder = None,
    as_json: AsJson = False,
) -> None:
    """Put a model into the cache; it is not fetched again when it is there and undamaged."""
    seconds = parse_deadline("--deadline", deadline_s)
    wanted = Wanted.named(name, precision, parse_choice("--source", source, SOURCES), seconds)
    progress = progress_on(sys.stderr, terminal=sys.stderr.isatty())
    _print_models([Resolver(_cache(cache), progress).fetch(wanted)], as_json)


@app.command(name="import", epilog="Example: python -m autogauge models import /media/usb/googlenet-v1")
def import_(
    folder: Annotated[Path, typer.Argument(help="A folder with the Zoo's own files, as it distributes them.")],
    precision: Annotated[Optional[str], typer.Option(help="Convert to this (FP16 if there is one).")] = None,  # noqa: UP045
    deadline_s: DeadlineS = f"{DEADLINE_S:g}",
    cache: CacheFolder = None,
    as_json: AsJson = False,
) -> None:
    """Take models of the Open Model Zoo from a folder, for machines without a network; files are held against the Zoo's checksums."""
    deadline = Deadline(parse_deadline("--deadline", deadline_s))
    progress = progress_on(sys.stderr, terminal=sys.stderr.isatty())
    zoo = Zoo(_cache(cache), progress)
    try:
        found = import_folder(zoo, folder, deadline)
        models = [zoo.download(each.name, each.choose(precision), deadline) for each in found]
    finally:
        progress.end()
    _print_models(models, as_json)


@app.command(epilog="Example: python -m autogauge models remove googlenet-v1")
def remove(
    name: Annotated[str, typer.Argument(help="The name that the list shows.")],
    force: Annotated[
        bool, typer.Option("--force", help="Also while a session measures with it, which then fails.")
    ] = False,
    cache: CacheFolder = None,
    as_json: AsJson = False,
) -> None:
    """Delete a model from the cache in every precision, with the Zoo's files that it was made from; or the Zoo's tools."""
    gone = cached.remove(_cache(cache), name, force=force)
    if as_json:
        print_json([each.to_json() for each in gone])
        return
    for each in gone:
        print(f"removed {plain(each.name)} {plain(each.precision or each.kind)} ({decimal(each.bytes)})")


def _cache(folder: Path | None) -> Cache:
    return Cache(folder or default_cache_dir())


def _print_models(models: Sequence[ModelArtefact], as_json: bool) -> None:
    if as_json:
        print_json([model.to_json() for model in models])
        return
    for model in models:
        print(f"{sentence(model.describe())}\n{sentence(str(model.path))}")


def _print(entries: Sequence[CachedModel], as_json: bool) -> None:
    if as_json:
        print_json([each.to_json() for each in entries])
        return
    if not entries:
        print("the cache holds no models yet")
        return
    table = Fitted(
        (
            Column("name", 100, 20),
            Column("source", 60),
            Column("precision", 90),
            Column("weights", 50),
            Column("size", 70, right=True),
            Column("sha256", 80),
            Column("state", 95, 12),
            Column("made by tools", 40, 12),
        )
    )
    for each in entries:
        table.add_row(
            *(each.name, each.source or each.kind, each.precision, each.weights),
            *(decimal(each.bytes), each.sha256[:12], each.state, each.toolchain),
        )
    width = None if sys.stdout.isatty() or os.environ.get("COLUMNS") else WIDTH_OF_A_PIPE
    console(width=width).print(table)
