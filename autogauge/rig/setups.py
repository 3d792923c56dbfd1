"""Another runtime or model, ready to be measured beside the session's own: what ``--reference`` names, or a study asks for."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

from autogauge.errors import UserError
from autogauge.files import in_short
from autogauge.history import circumstances
from autogauge.measuring.progress import Progress
from autogauge.models import path as model_path
from autogauge.ports import Port
from autogauge.probe.environment import preloaded
from autogauge.probe.facts import MachineFacts
from autogauge.probe.identity import Runtime
from autogauge.probe.launcher import Launcher
from autogauge.probe.request import ProbeFailed
from autogauge.rig import properties
from autogauge.rig.workload import Setup, fed_alike, prepare_workload
from autogauge.runtimes import checked
from autogauge.runtimes.pinned import Pinned
from autogauge.runtimes.reference import Reference
from autogauge.targets import Target

if TYPE_CHECKING:
    from autogauge.rig.rig import Rig


def beside(rig: Rig, reference: Reference, folder: Path, progress: Progress) -> Setup:
    """The reference on its runtime, installed now if need be, with its model; asked once whether it works. Raises ``UserError``."""
    runtime = reference.runtime(rig.cache, progress) or rig.launcher.runtime
    rig.use_path(Path(runtime.python).parent)  # of the environment: the interpreter itself is a link out of it
    launcher = Launcher(folder / "reference-probes", runtime, rig.emulation)
    workload = rig.workload
    if reference.model is not None:
        workload = dataclasses.replace(workload, model=model_path.artefact_at(reference.model))
        rig.use(workload.model)
    try:
        targets = targets_of(rig, reference)
        reply = launcher.describe(workload.model.path, workload.shapes, targets=targets)
    except ProbeFailed as error:
        raise UserError(
            f"{reference.who} cannot be measured: {checked.why(error.failure, runtime)} ({reference.option})."
        ) from None
    if lacking := checked.why_no_device(reply, runtime, reference.needs):
        raise UserError(f"{reference.who} cannot be measured: {lacking} ({reference.option}).")
    for target, said in zip(targets, reply["targets"], strict=True):
        wrong = properties.wrong_device(said) or properties.wrong_property(said, str(reply["openvino"]), target)
        if wrong:
            raise UserError(f"{reference.who} cannot be measured: {wrong} ({reference.option}).")
    if reference.model is not None:
        ports = [Port.from_json(fields) for fields in reply["model"]["inputs"]]
        workload = fed_alike(workload, rig.inspection.ports, ports, folder, reference)
    rig.notes += notes_on(runtime)
    differing = circumstances.apart(rig.machine[1], MachineFacts.from_json(reply["machine"]), reference=reference.text)
    rig.notes += [differing] if differing else []
    return Setup(launcher, workload)


def targets_of(rig: Rig, reference: Reference) -> list[Target]:
    """What a reference that names a device or properties compiles for: it is looked at before anything is measured."""
    if reference.device is None and not reference.properties:
        return []
    return [reference.target(Target(rig.auto.device))]


def of_pinned(rig: Rig, pinned: Pinned, folder: Path) -> Setup:
    """The pinned workload on its runtime. Raises ``UserError``."""
    rig.use(pinned.model)
    rig.use_path(pinned.python.parent)
    launcher = Launcher(folder / "pinned-probes", pinned.runtime)
    setup = Setup(launcher, prepare_workload(pinned.model, launcher, folder)[0])
    rig.notes += notes_on(launcher.runtime)
    return setup


def notes_on(runtime: Runtime) -> list[str]:
    """What a reader of figures beside a runtime with a name should know of it: where its openvino comes from, what it goes without."""
    notes = []
    if runtime.note:
        notes.append(runtime.note)
    if runtime.name and not runtime.within and (identity := runtime.identity) and identity.elsewhere:
        places = " and ".join(map(in_short, identity.elsewhere))
        notes.append(f"{runtime.name} runs openvino {identity.openvino} from {places}, outside of its environment")
    if runtime.name and (loaded := preloaded(os.environ)):
        notes.append(f"{runtime.name} is measured without LD_PRELOAD={loaded}, which this session has")
    return notes
