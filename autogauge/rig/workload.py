"""What every probe of a session runs. Where it is measured is left to the studies."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from autogauge import input_shapes
from autogauge.errors import UserError
from autogauge.input_files import GivenInputs
from autogauge.inputs import Inputs, prepare
from autogauge.models.artefact import ModelArtefact
from autogauge.models.inspect import Inspection, inspect
from autogauge.ports import Port, Shape, check_types
from autogauge.probe.launcher import Launcher
from autogauge.probe.request import Mode, ProbeFailed, ProbeRequest
from autogauge.runtimes.reference import OPTION, Reference
from autogauge.targets import Target

TRIAL_DEADLINE_S = 120.0
EXAMPLES_DEADLINE_S = 60.0
"""For all examples of shapes together."""
MOST_TOLD = 6
"""Inputs that a sentence names."""


@dataclass(frozen=True)
class Workload:
    """What every probe of a session runs: the model, its inputs on disk, static shapes, frames per inference.

    ``random_outputs`` are the outputs that depend on random operators, by index, with the operators' types; ``has_state`` is whether
    the model keeps anything from one inference to the next. ``plugins`` are devices that the probe's Core gets beside its own, by name,
    each with its plugin's library; ``on_one_processor`` keeps all of its threads on one.
    """

    model: ModelArtefact
    inputs: Path
    shapes: dict[str, list[int]]
    frames: int
    random_outputs: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    has_state: bool = False
    plugins: Mapping[str, str] = field(default_factory=dict)
    on_one_processor: bool = False

    def request(self, mode: Mode, target: Target, **others: Any) -> ProbeRequest:
        """A probe's request for this workload."""
        return ProbeRequest.for_target(
            mode,
            target,
            model=str(self.model.path),
            inputs=str(self.inputs),
            shapes=self.shapes,
            **{
                "has_state": self.has_state,
                "plugins": self.plugins,
                "on_one_processor": self.on_one_processor,
                **others,
            },
        )


@dataclass(frozen=True)
class Setup:
    """A workload and the runtime that it is measured on."""

    launcher: Launcher
    workload: Workload


def look(
    launcher: Launcher,
    model: ModelArtefact,
    shapes: dict[str, list[int]] | None = None,
    given: GivenInputs | None = None,
    *,
    deadline_s: float | None = None,
    option: str = "",
) -> Inspection:
    """Look at the model with its inputs in the shapes that the user named, or those of the arrays that were given.

    ``deadline_s`` and ``option`` as of :func:`inspect`. Raises :class:`~autogauge.errors.UserError`.
    """
    seen = inspect(launcher, model, shapes, deadline_s=deadline_s, option=option)
    if given is not None and (from_arrays := given.shapes(seen.ports)):
        return inspect(launcher, model, from_arrays, deadline_s=deadline_s, option=option)
    return seen


def feed(
    launcher: Launcher,
    model: ModelArtefact,
    inspection: Inspection,
    *,
    picture: Path | None = None,
    given: GivenInputs | None = None,
) -> Inputs:
    """What the model's inputs get. Where they are dynamic, the mistake names shapes that have been tried."""
    check_types(inspection.ports)
    dynamic = [port for port in inspection.ports if not port.is_static]
    if dynamic:
        raise input_shapes.dynamic(dynamic, _working_example(launcher, model, inspection, picture), inspection.shapes)
    return prepare(inspection.ports, picture, given)


def try_once(launcher: Launcher, workload: Workload, inputs: Inputs, deadline_s: float = TRIAL_DEADLINE_S) -> None:
    """One inference on the CPU, before anything is measured. Raises :class:`~autogauge.errors.UserError` where it is refused.

    Pictures are what a model of pictures takes, and need no trial. What goes wrong before the inference is not about its inputs, and
    is left to the studies.
    """
    if len(inputs.pictures) == len(inputs.arrays):
        return
    try:
        launcher.run_once(workload.request("once", Target("CPU"), deadline_s=deadline_s), "trial")
    except ProbeFailed as error:
        failure = error.failure
        if failure.phase != "first_inference" or failure.kind == "deadline" or failure.next_step:
            return
        told = "; ".join(inputs.kinds[:MOST_TOLD]) + (" …" if len(inputs.kinds) > MOST_TOLD else "")
        advice = (
            f"check the values in {inputs.given}" + ("" if inputs.given.endswith("()") else " (--inputs)")
            if inputs.given
            else "give values of your own as --inputs=FILE.npz (numpy.savez, an array for each input by its name)"
        )
        raise UserError(
            f"the model {workload.model.path} refuses what it is fed ({told}): {failure.reason.rstrip('. ')}; {advice}."
        ) from None


def workload_of(model: ModelArtefact, saved: Path, inspection: Inspection, inputs: Inputs) -> Workload:
    """The model with its inputs, which were saved at ``saved``."""
    return Workload(
        model, saved, inspection.shapes, inputs.frames, inspection.random_outputs, inspection.state is not None
    )


def prepare_workload(
    model: ModelArtefact,
    launcher: Launcher,
    folder: Path,
    shapes: dict[str, list[int]] | None = None,
    *,
    picture: Path | None = None,
    given: GivenInputs | None = None,
) -> tuple[Workload, Inspection]:
    """Look at the model, save its inputs in ``folder`` and try them, in one go. Raises :class:`~autogauge.errors.UserError`."""
    inspection = look(launcher, model, shapes, given)
    inputs = feed(launcher, model, inspection, picture=picture, given=given)
    inputs.save(folder / "inputs.npz")
    workload = workload_of(model, folder / "inputs.npz", inspection, inputs)
    try_once(launcher, workload, inputs)
    return workload, inspection


def fed_alike(
    workload: Workload, ports: Sequence[Port], other: Sequence[Port], folder: Path, named: Reference | None = None
) -> Workload:
    """The same inputs for another model: by name where the names are the same, else in order; inputs are bound by their order.

    ``workload`` has the other model, and inputs as ``ports`` take them. Raises :class:`~autogauge.errors.UserError` where the other
    model takes something else, which is said of what ``named`` it.
    """
    who, option = (named.who, named.option) if named else ("a reference", OPTION)
    what = "reference" if option == OPTION else "model"
    names, theirs = [port.name for port in ports], [port.name for port in other]
    order = [names.index(name) for name in theirs] if sorted(names) == sorted(theirs) else [*range(len(names))]
    alike = len(names) == len(theirs) and all(
        ports[index].element_type == port.element_type and _fits(ports[index].shape, port.shape)
        for index, port in zip(order, other, strict=True)
    )
    if not alike:
        raise UserError(
            f"the model {workload.model.path} takes {_told(other)}, and the model that is measured takes {_told(ports)}: "
            f"{who} is to take the same inputs ({option})."
        )
    with np.load(workload.inputs) as arrays:
        reordered = Inputs(tuple(arrays[str(index)] for index in order), workload.frames, ())
    for port, array in zip(other, reordered.arrays, strict=True):
        if port.table is not None and (beyond := port.beyond_its_table(array)) is not None:
            raise UserError(
                f"the model {workload.model.path} looks {port.name!r} up in {port.table.words}, and is to be fed the index {beyond} "
                f"as the model that is measured is: give indices that both have (--inputs), or name another {what} ({option})."
            )
    if order == sorted(order):
        return workload
    reordered.save(folder / "inputs-of-the-reference.npz")
    return dataclasses.replace(workload, inputs=folder / "inputs-of-the-reference.npz")


def _fits(ours: Shape | None, theirs: Shape | None) -> bool:
    """Whether a static shape is one that another model takes."""
    if ours is None or theirs is None:
        return True
    return len(ours) == len(theirs) and all(there in (length, -1) for length, there in zip(ours, theirs, strict=True))


def _told(ports: Sequence[Port]) -> str:
    more = f" and {len(ports) - MOST_TOLD} more" if len(ports) > MOST_TOLD else ""
    return ", ".join(f"{port.name} {port.shape_in_words} {port.element_type}" for port in ports[:MOST_TOLD]) + more


def _working_example(
    launcher: Launcher, model: ModelArtefact, inspection: Inspection, picture: Path | None
) -> dict[str, list[int]] | None:
    """Shapes with which the model can be reshaped, compiled and run; ``None`` where none of the usual ones will do."""
    stop_at = time.monotonic() + EXAMPLES_DEADLINE_S
    for example in input_shapes.examples(inspection.ports):
        shapes = {**inspection.shapes, **example}
        left_s = stop_at - time.monotonic()
        if left_s <= 0:
            break
        with tempfile.TemporaryDirectory(prefix="autogauge-") as folder:
            try:
                seen = inspect(launcher, model, shapes)
                prepare(seen.ports, picture).save(Path(folder) / "inputs.npz")
                workload = Workload(model, Path(folder) / "inputs.npz", shapes, 1)
                launcher.run_once(workload.request("once", Target("CPU"), deadline_s=max(1.0, left_s)), "example")
            except (UserError, ProbeFailed):
                continue
        return example
    return None
