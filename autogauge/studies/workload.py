"""What every probe of a session runs. Where it is measured is left to the studies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autogauge.inputs import prepare
from autogauge.models.artefact import ModelArtefact
from autogauge.models.inspect import Inspection, inspect
from autogauge.probe.launcher import Launcher
from autogauge.probe.request import Mode, ProbeRequest
from autogauge.targets import Target


@dataclass(frozen=True)
class Workload:
    """What every probe of a session runs: the model, its inputs on disk, static shapes, frames per inference."""

    model: ModelArtefact
    inputs: Path
    shapes: dict[str, list[int]]
    frames: int

    def request(self, mode: Mode, target: Target, **others: Any) -> ProbeRequest:
        """A probe's request for this workload."""
        return ProbeRequest.for_target(
            mode,
            target,
            model=str(self.model.path),
            inputs=str(self.inputs),
            shapes=self.shapes,
            **others,
        )


@dataclass(frozen=True)
class Setup:
    """A workload and the runtime that it is measured on."""

    launcher: Launcher
    workload: Workload


def prepare_workload(
    model: ModelArtefact,
    launcher: Launcher,
    folder: Path,
    shapes: dict[str, list[int]] | None = None,
) -> tuple[Workload, Inspection]:
    """Look at the model and save its inputs in ``folder``, in one go. Raises :class:`~autogauge.errors.UserError`."""
    inspection = inspect(launcher, model, shapes)
    inputs = prepare(inspection.ports)
    inputs.save(folder / "inputs.npz")
    return Workload(model, folder / "inputs.npz", shapes or {}, inputs.frames), inspection
