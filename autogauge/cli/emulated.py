"""``python -m autogauge emulated``: a script that needs only openvino, run with emulated GPUs."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Optional

import typer

from autogauge.cache import Cache, default_cache_dir
from autogauge.cli.shared import OF_A_COMMAND, CacheFolder
from autogauge.emulation import parts, script
from autogauge.emulation.asked import Gpus, with_faults
from autogauge.errors import UserError
from autogauge.parsing import parse_deadline
from autogauge.plain import sentence

app = typer.Typer(**OF_A_COMMAND)


@app.command(
    epilog="Example: python -m autogauge emulated --gpus=2,discrete --fault=1:launch=fail,after=3 reproduction.py",
    context_settings={"allow_interspersed_args": False, "ignore_unknown_options": True},
)
def emulated(
    path: Annotated[Path, typer.Argument(metavar="SCRIPT", help="A Python script; it needs only openvino.")],
    arguments: Annotated[Optional[list[str]], typer.Argument(metavar="[ARGS]...", help="Its own.")] = None,  # noqa: UP045
    gpus: Annotated[
        str,
        typer.Option(
            metavar="N[,discrete][,other-vendor]",
            help="How many GPUs are emulated (1 or 2); whether the last one is discrete, and another vendor's than Intel.",
        ),
    ] = "1",
    fault: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            metavar="GPU:WHAT=HOW[,after=N]",
            help="What fails on which GPU, counted from 0, may be repeated: WHAT is build or launch, HOW is fail, hang or slow:SECONDS, "
            "after N good ones.",
        ),
    ] = None,
    deadline: Annotated[str, typer.Option(help="After how many seconds it is ended.")] = "120",
    cache: CacheFolder = None,
) -> None:
    """Run a script with the emulated GPU in its process, where there is no GPU: a reproduction of a fault, for instance.

    The exit status is the script's. A script that has not ended by the deadline is ended, with all that it started: exit status 2.
    """
    seconds = parse_deadline("--deadline", deadline)
    asked = Gpus.read("--gpus", gpus)
    devices = with_faults("--fault", asked, fault or ())
    if not path.is_file():
        raise UserError(f"there is no script {path}: name a file (SCRIPT).")
    emulation = replace(parts.prepare(Cache(cache or default_cache_dir())), devices=devices)
    if os.pathsep in emulation.runtime + emulation.layer:
        raise UserError(
            f"OpenCL's loader finds nothing in a folder whose name has a {os.pathsep}, such as that of {emulation.runtime} or "
            f"{emulation.layer}: install the runtime elsewhere, or name another cache (--cache)."
        )
    faults = f" with {' and '.join(fault)}" if fault else ""
    print(f"autogauge: {sentence(str(path))} sees {asked.words}{faults}, and no real one", file=sys.stderr, flush=True)
    status = script.run(path, arguments or (), emulation, seconds)
    if status > 128 and (status - 128) in {each.value for each in signal.Signals}:
        print(f"autogauge: {sentence(str(path))} was killed by {signal.Signals(status - 128).name}", file=sys.stderr)
    raise typer.Exit(status)
