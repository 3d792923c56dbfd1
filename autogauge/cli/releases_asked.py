"""The options that the commands on releases share, and what they mean together."""

from __future__ import annotations

import dataclasses
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Optional

import typer

from autogauge.cache import default_cache_dir
from autogauge.cli.shared import CacheFolder, Seed, of_a_run
from autogauge.files import slug
from autogauge.input_files import check_feeding
from autogauge.inputs import parse_shapes
from autogauge.lab.releases import session
from autogauge.lab.releases.session import Session
from autogauge.measuring.progress import Progress
from autogauge.models import resolve
from autogauge.options import OPTIONS
from autogauge.parsing import parse_change, parse_choice, parse_wait
from autogauge.rig import rig
from autogauge.rig.profile import PROFILES, STANDARD
from autogauge.settings import default_machine
from autogauge.targets import named_devices, require_device

Device = Annotated[str, typer.Option("--device", help="The device to compile for.")]
SmallestChange = Annotated[str, of_a_run("--smallest-change", help="The change that is to be found.")]
Model = Annotated[str, of_a_run("--model")]
Precision = Annotated[Optional[str], of_a_run("--precision")]  # noqa: UP045
Source = Annotated[str, of_a_run("--model-source")]
Shape = Annotated[Optional[str], of_a_run("--shape")]  # noqa: UP045
Picture = Annotated[Optional[Path], of_a_run("--picture")]  # noqa: UP045
Inputs = Annotated[Optional[Path], of_a_run("--inputs")]  # noqa: UP045
InferRequests = Annotated[int, of_a_run("--infer-requests", min=0)]
Machine = Annotated[Optional[str], of_a_run("--machine", help="What this machine is called.")]  # noqa: UP045
Out = Annotated[
    Optional[list[Path]],  # noqa: UP045
    typer.Option(
        "--out",
        metavar="FILE",
        help="Write it there too: FILE.md as Markdown, FILE.html as a page. May be repeated.",
    ),
]
Wait = Annotated[str, of_a_run("--wait")]
AUTO = "AUTO"

QUIET = dataclasses.replace(PROFILES[STANDARD], interval_s=float("inf"))
"""Tells no figures of single releases while it measures: there are very many, and alone they say nothing."""


@dataclass(frozen=True)
class Workplace:
    """On what machine, with what model; ``machine`` is how it is called."""

    asked: rig.Asked
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


@dataclass(frozen=True)
class Asked:
    """What the commands on releases take alike, as it was written."""

    device: Device = AUTO
    smallest_change: SmallestChange = str(OPTIONS["--smallest-change"].default)
    model: Model = resolve.DEFAULT_MODEL
    precision: Precision = None
    model_source: Source = resolve.AUTO
    shape: Shape = None
    picture: Picture = None
    inputs: Inputs = None
    infer_requests: InferRequests = 0
    machine: Machine = None
    out: Out = None
    cache: CacheFolder = None
    seed: Seed = None
    wait: Wait = str(OPTIONS["--wait"].default)

    @property
    def change(self) -> float:
        """The change that is to be found, as a fraction. Raises :class:`~autogauge.errors.UserError`."""
        return parse_change("--smallest-change", self.smallest_change)

    @property
    def workplace(self) -> Workplace:
        """What these options mean together. Raises :class:`~autogauge.errors.UserError`."""
        shapes = parse_shapes(self.shape)
        check_feeding(self.inputs, self.picture, shapes)
        source = parse_choice("--model-source", self.model_source, resolve.SOURCES)
        wanted = resolve.Wanted.named(self.model, self.precision, source)
        wanted.check()
        return Workplace(
            rig.Asked(wanted, shapes, self.picture, self.inputs, profile=QUIET, infer_requests=self.infer_requests),
            self.device,
            slug(self.machine) if self.machine else default_machine(),
            self.cache_folder,
            parse_wait("--wait", self.wait),
        )

    @property
    def cache_folder(self) -> Path:
        """The cache. Raises :class:`~autogauge.errors.UserError` where there is no place for one."""
        return self.cache or default_cache_dir()

    @property
    def as_given(self) -> tuple[str, ...]:
        """These options as words for a command that is to measure the same; those that say nothing are left out."""
        given = {
            "--model": self.model if self.model != resolve.DEFAULT_MODEL else None,
            "--precision": self.precision,
            "--model-source": self.model_source if self.model_source != resolve.AUTO else None,
            "--shape": self.shape,
            "--picture": self.picture,
            "--inputs": self.inputs,
            "--infer-requests": self.infer_requests or None,
            "--device": self.device if self.device != AUTO else None,
        }
        return tuple(f"{option}={value}" for option, value in given.items() if value is not None)
