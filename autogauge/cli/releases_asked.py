"""The options that the commands on releases share, and what they mean together."""

from __future__ import annotations

import dataclasses
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Optional

import typer

from autogauge.cache import default_cache_dir
from autogauge.cli.shared import of_a_run
from autogauge.files import slug
from autogauge.input_files import check_feeding
from autogauge.inputs import parse_shapes
from autogauge.lab.releases import session
from autogauge.lab.releases.session import Session
from autogauge.measuring.progress import Progress
from autogauge.models import resolve
from autogauge.options import OPTIONS
from autogauge.parsing import parse_choice, parse_wait
from autogauge.rig.profile import PROFILES, STANDARD
from autogauge.rig.rig import Asked
from autogauge.settings import default_machine
from autogauge.targets import named_devices, require_device

Device = Annotated[str, typer.Option("--device", help="The device to compile for.")]
SmallestChange = Annotated[
    str, typer.Option("--smallest-change", metavar="PERCENT", help="The change that is to be found.")
]
Model = Annotated[str, of_a_run("--model")]
Precision = Annotated[Optional[str], of_a_run("--precision")]  # noqa: UP045
Source = Annotated[str, of_a_run("--model-source")]
Shape = Annotated[Optional[str], of_a_run("--shape")]  # noqa: UP045
Inputs = Annotated[Optional[Path], of_a_run("--inputs")]  # noqa: UP045
InferRequests = Annotated[int, of_a_run("--infer-requests", min=0)]
Machine = Annotated[Optional[str], typer.Option("--machine", metavar="NAME", help="What this machine is called.")]  # noqa: UP045
Out = Annotated[
    Optional[list[Path]],  # noqa: UP045
    typer.Option(
        "--out",
        metavar="FILE",
        help="Write it there too: FILE.md as Markdown, FILE.html as a page. May be repeated.",
    ),
]
Seed = Annotated[Optional[int], typer.Option("--seed", help="Seed of the order; without it a new one.")]  # noqa: UP045
Wait = Annotated[str, of_a_run("--wait")]
AUTO = "AUTO"
SMALLEST, FOREVER = str(OPTIONS["--smallest-change"].default), str(OPTIONS["--wait"].default)

QUIET = dataclasses.replace(PROFILES[STANDARD], interval_s=float("inf"))
"""Tells no figures of single releases while it measures: there are very many, and alone they say nothing."""


@dataclass(frozen=True)
class Workplace:
    """On what machine, with what model; ``machine`` is how it is called."""

    asked: Asked
    device: str
    machine: str
    cache: Path
    wait_s: float

    def opened(self, what: str, progress: Progress) -> AbstractContextManager[Session]:
        """The machine, held for ``what``. Raises :class:`~autogauge.errors.UserError`."""
        return session.opened(self.asked, self.cache, what, self.wait_s, progress)

    def check_device(self, held: Session) -> None:
        """Raise :class:`~autogauge.errors.UserError` for a device that is not there."""
        for name in named_devices(self.device):
            require_device(name, held.rig.inspection.devices)


def workplace(
    model: str,
    precision: str | None,
    source: str,
    shape: str | None,
    inputs: Path | None,
    infer_requests: int,
    device: str,
    machine: str | None,
    cache: Path | None,
    wait: str,
) -> Workplace:
    """What these options mean together. Raises :class:`~autogauge.errors.UserError`."""
    shapes = parse_shapes(shape)
    check_feeding(inputs, None, shapes)
    wanted = resolve.Wanted.named(model, precision, parse_choice("--model-source", source, resolve.SOURCES))
    return Workplace(
        Asked(wanted, shapes, None, inputs, profile=QUIET, infer_requests=infer_requests),
        device,
        slug(machine) if machine else default_machine(),
        cache or default_cache_dir(),
        parse_wait("--wait", wait),
    )


def as_given(
    model: str,
    precision: str | None,
    source: str,
    shape: str | None,
    inputs: Path | None,
    infer_requests: int,
    device: str,
) -> tuple[str, ...]:
    """These options as words for a command that is to measure the same; those that say nothing are left out."""
    given = {
        "--model": model if model != resolve.DEFAULT_MODEL else None,
        "--precision": precision,
        "--model-source": source if source != resolve.AUTO else None,
        "--shape": shape,
        "--inputs": inputs,
        "--infer-requests": infer_requests or None,
        "--device": device if device != AUTO else None,
    }
    return tuple(f"{option}={value}" for option, value in given.items() if value is not None)
