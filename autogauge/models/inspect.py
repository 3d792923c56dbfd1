"""What a runtime sees: its version, its devices, and the inputs of a model. Asked of a probe, so that no driver loads here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from autogauge import checkout
from autogauge.causes import step_in, step_when_late
from autogauge.emulation.classes import ProcessorClass
from autogauge.errors import MachineLacks, UserError
from autogauge.input_shapes import in_words
from autogauge.models.artefact import ModelArtefact
from autogauge.ports import Port
from autogauge.probe import environment
from autogauge.probe.facts import MachineFacts
from autogauge.probe.launcher import Launcher
from autogauge.probe.process import last_line
from autogauge.probe.request import Failure, ProbeFailed
from autogauge.targets import ANY, Device

SHORTEST_S = 60.0


@dataclass(frozen=True)
class State:
    """What a model keeps from one inference to the next: variables, whether all are in bodies of If and loops, whether one grows."""

    variables: int
    in_bodies: bool = False
    grows: bool = False

    @property
    def words(self) -> str:
        """How much state there is."""
        return f"{self.variables} variable{'' if self.variables == 1 else 's'}"

    @property
    def no_helper(self) -> str:
        """Why AUTO leaves its CPU helper out for such a model; empty where it does not: state in bodies it does not see."""
        if self.in_bodies:
            return ""
        return (
            f"the model has state ({self.words}), and for such a model AUTO leaves its CPU helper out and turns both fallbacks off "
            "(its log says so): the accelerator answers from the first inference on"
        )

    @property
    def note(self) -> str:
        """What is to be said of every run of such a model."""
        grows = ", and left alone it grows with every inference" if self.grows else ""
        return (
            f"the model has state ({self.words}){grows}: figures are of inferences from the first state, to which it is reset "
            "before each (benchmark_app resets nothing)"
        )


@dataclass(frozen=True)
class Inspection:
    """OpenVINO's version and devices, and (if a model was named) its inputs in order, and what of it is in half precision.

    Also its state, and by index the outputs that depend on random operators, with the operators' types.
    """

    openvino: str
    machine: MachineFacts
    """What the machine allows the probe that looked."""
    devices: tuple[Device, ...]
    ports: tuple[Port, ...] = ()
    half_precision: tuple[str, ...] = ()
    precision: str = ANY
    """The capability that AUTO asks of a device for the model."""
    emulated: ProcessorClass | None = None
    """For which processors the emulated GPU compiles, where it is switched on."""
    elsewhere: tuple[str, ...] = ()
    """The folders that openvino comes from, where they are not the interpreter's own environment."""
    shapes: dict[str, list[int]] = field(default_factory=dict)
    """What its inputs were reshaped to, as ``--shape`` names them."""
    state: State | None = None
    random_outputs: Mapping[int, tuple[str, ...]] = field(default_factory=dict)


def inspect(
    launcher: Launcher,
    model: ModelArtefact | None = None,
    shapes: dict[str, list[int]] | None = None,
    *,
    deadline_s: float | None = None,
    option: str = "",
) -> Inspection:
    """Ask a short-lived probe. Raises :class:`UserError` when openvino is missing or broken, or the model cannot be read.

    It is given ``deadline_s``, and never less than ``SHORTEST_S``; ``option`` is the one that gives more.
    """
    try:
        reply = launcher.describe(model.path if model else None, shapes, deadline_s=max(SHORTEST_S, deadline_s or 0))
    except ProbeFailed as error:
        raise _of_the_machine(error.failure, model, option) or _mistake(error, model, shapes) from None
    described = reply["model"]
    return Inspection(
        reply["openvino"],
        MachineFacts.from_json(reply["machine"]),
        tuple(Device.from_json(fields) for fields in reply["devices"]),
        tuple(Port.from_json(fields) for fields in described["inputs"]) if described else (),
        tuple(str(each) for each in described["half_precision"]) if described else (),
        str(described["precision"]) if described else ANY,
        ProcessorClass.from_json(reply["emulated"]),
        tuple(map(str, reply["elsewhere"])),
        shapes or {},
        State(**reply["state"]) if reply["state"] else None,
        {int(index): tuple(types) for index, types in reply["random_outputs"].items()},
    )


def _of_the_machine(failure: Failure, model: ModelArtefact | None, option: str) -> UserError | None:
    """Where the machine is the cause, and neither the file nor the installation: what it lacked."""
    step = step_when_late(option) if failure.kind == "deadline" else failure.next_step
    if step is None:
        return None
    reason = failure.reason.rstrip(". ")
    if failure.kind in ("exit", "signal") and step_in(failure.output_tail):
        reason = f"{reason} ({last_line(failure.output_tail)})"
    what = "say what it sees" if model is None or failure.phase == "start" else f"read the model {model.path}"
    return MachineLacks(f"OpenVINO cannot {what}: {reason} during {failure.phase}; {step}.")


def _mistake(error: ProbeFailed, model: ModelArtefact | None, shapes: dict[str, list[int]] | None) -> UserError:
    failure = error.failure
    reason = failure.reason.rstrip(". ")
    if failure.phase == "reshape" and model is not None:
        return UserError(
            f"the model {model.path} cannot take the shape {in_words(shapes or {})}: {reason}; give another (--shape)."
        )
    if failure.phase in ("read", "describe") and model is not None:
        return UserError(
            f"OpenVINO cannot read the model {model.path}: {reason}; check the file, or name another (--model)."
        )
    if failure.phase == "processor class":
        return UserError(f"{reason} (--accelerator=emulated).")
    if failure.phase == "emulation":
        return UserError(
            f"the emulated GPU cannot be loaded: {reason}; install its parts anew "
            f"({checkout.install('emulation', anew=True)})."
        )
    if failure.phase == "import":
        led = environment.leading(os.environ)  # to install it anew would change nothing while these lead past it
        unset = f"unset {', '.join(led)} if that leads to another openvino, or " if led else ""
        return UserError(f"openvino cannot be imported: {reason}; {unset}install it ({checkout.install()}).")
    return UserError(
        f"OpenVINO cannot say what it sees: {failure.sentence()}; check its installation ({checkout.install()})."
    )
