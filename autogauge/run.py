"""One run: everything that a session of ``pytest -m perf`` has found out so far. Showing it is left to ``report``."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autogauge.doctor.steps import step_for
from autogauge.emulation.asked import gpus_of
from autogauge.emulation.classes import ProcessorClass
from autogauge.emulation.parts import identity
from autogauge.files import as_json, in_short
from autogauge.gate.gate import Gate
from autogauge.history import circumstances, run_file
from autogauge.history.fingerprint import Fingerprint, fingerprint
from autogauge.history.recorded import Recorded, of_document
from autogauge.measuring import findings, notes
from autogauge.measuring.disturbance import OfRun, of_run
from autogauge.measuring.findings import Finding
from autogauge.measuring.result import Array, Result
from autogauge.models.artefact import ModelArtefact
from autogauge.probe.facts import MachineFacts, seen_here
from autogauge.probe.request import Emulation
from autogauge.rig.rig import Rig
from autogauge.settings import Settings
from autogauge.targets import Device


@dataclass
class Run:
    """The record of a session. Studies are in it while they are being measured, so an interruption loses nothing."""

    settings: Settings
    own: str = ""
    """What tests call the model whose claims it is of; empty for the session's own run. Such runs have a history of their own."""
    started: datetime.datetime = field(default_factory=lambda: datetime.datetime.now(datetime.timezone.utc))
    finished: datetime.datetime | None = None
    openvino: str = ""
    openvino_from: tuple[str, ...] = ()
    """Where it comes from, when that is not the environment of the interpreter."""
    devices: list[Device] = field(default_factory=list)
    emulation: Emulation | None = None
    emulated: ProcessorClass | None = None
    """For which processors the emulated GPU compiles, where it is switched on and has been asked."""
    model: ModelArtefact | None = None
    inputs: tuple[str, ...] = ()
    inputs_digest: str = ""
    frames: int = 1
    """How many frames one inference counts."""
    frames_are_new: bool = False
    """Whether earlier releases counted one there."""
    has_state: bool = False
    """Whether the model keeps anything from one inference to the next, which is then reset before each."""
    notes: list[str] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)
    """The studies that a test asked for and that cannot be measured here, by name, with the reason."""
    gate: Gate | None = None
    faults: list[str] = field(default_factory=list)
    """Its perf tests that failed for another reason than a judgement, before there was a gate, too."""
    history_file: Path | None = None
    logs: Path | None = None
    """Where its probes' output lies, where that is not the session's place."""
    here: MachineFacts = field(default_factory=seen_here)
    """What this process saw of the machine when the measuring began: what changes later is said, and changes no fingerprint."""
    machine_facts: MachineFacts | None = None
    """The same as a probe told it, which counts; ``None`` until one has."""
    changes: list[str] = field(default_factory=list)
    """What of it changed while the session measured."""
    interrupted_by: str = ""
    """The signal that ended the session before its time; empty without one."""
    spoilt: str = ""
    """Why nothing of what was measured may be kept or shown: a runtime was not the one that it is said to be."""

    @property
    def interrupted(self) -> bool:
        """Whether the session ended before its time."""
        return bool(self.interrupted_by)

    @property
    def measured(self) -> bool:
        """Whether there is anything to report."""
        return any(study.replicates for study in self.results)

    @property
    def fingerprint(self) -> Fingerprint | None:
        """What identifies the run, once the model and the devices are known: of the circumstances those at the beginning."""
        if self.model is None or self.machine_facts is None:
            return None
        settings = self.settings
        measured: dict[str, Any] = {
            "shapes": settings.shapes,
            "inputs": self.inputs_digest,
            "infer_requests": settings.infer_requests,
            "slice_s": settings.profile.slice_s,
            "profile": settings.profile.name,
        }
        if self.own:
            measured["claims"] = self.own
        if self.frames_are_new:
            measured["frames"] = self.frames
        if self.has_state:
            measured["state"] = "reset before each inference"  # runs of before had left it to grow
        if self.emulation is not None:
            processors = self.emulated.name if self.emulated else ""
            measured["emulation"] = identity(processors, gpus_of(settings.accelerator))
        return fingerprint(settings.machine, self.machine_facts, self.devices, self.model, measured)

    @property
    def noted(self) -> dict[str, Any]:
        """What is noted of the machine beside the fingerprint; empty before a probe has told it."""
        return dict(self.machine_facts.noted) if self.machine_facts else {}

    def take(self, rig: Rig) -> None:
        """Take over what the rig has found out so far."""
        self.emulation, self.model = rig.found("emulation"), rig.found("model")
        inspection, inputs = rig.found("inspection"), rig.found("inputs")
        if inspection is not None:
            self.emulated, self.devices = inspection.emulated, [*inspection.devices]
            self.openvino, self.openvino_from = inspection.openvino, inspection.elsewhere
            self.has_state = inspection.state is not None
            if self.machine_facts is None:
                here, self.machine_facts = rig.machine
                if (apart := circumstances.apart(here, self.machine_facts)) and apart not in self.notes:
                    self.notes.append(apart)
        if inputs is not None:
            self.inputs, self.inputs_digest = inputs.kinds, inputs.digest
            self.frames, self.frames_are_new = inputs.frames, inputs.frames_are_new

    def begin(self) -> None:
        """The measuring begins: from now on the machine shall stay as it is."""
        self.here, self.machine_facts = seen_here(), None  # what a probe told may be of long ago: the rig knows

    def look_again(self) -> None:
        """Remember what of the machine has changed since the measuring began. This process looks, and turns tell: no probe is asked."""
        now = circumstances.changes(self.here, seen_here())
        if not any(each.startswith("the number of processors") for each in (*self.changes, *now)):
            now += circumstances.of_turns(turns for each in self.all_results() for turns in each.surroundings())
        self.changes += [each for each in now if each not in self.changes]

    def all_results(self) -> list[Result]:
        """What was measured, and what was measured again on a suspicion."""
        return [*self.results, *(self.gate.results_again if self.gate else ())]

    def disturbance(self) -> OfRun:
        """What disturbed the run as a whole, what was measured again included."""
        studies = self.all_results()
        names = [(study, each.name) for study in studies for each in study.conditions]
        disturbed = sum(study.disturbed(name) + study.still_disturbed(name) for study, name in names)
        return of_run([turn.surroundings for study in studies for turn in study.all_turns()], disturbed)

    def unfit(self) -> list[str]:
        """Why later runs should not be judged against this one, though nothing failed in it: one clause each."""
        changes = [f"while it measured, {each}" for each in self.changes]
        return [*changes, *(() if self.settings.accept_disturbed else self.disturbance().heavy())]

    def all_notes(self) -> list[str]:
        """What was noted, and what the studies have to say about disturbances."""
        changes = [
            f"WARNING: while it measured, {each}: no later run is judged against this one" for each in self.changes
        ]
        return [
            *self.notes,
            *(circumstances.limits(self.machine_facts) if self.machine_facts else ()),
            *changes,
            *(note for study in self.all_results() for note in notes.of(study)),
        ]

    def findings(self) -> list[Finding]:
        """What never worked, each cause once, with doctor's next step."""
        return findings.of(self.results, lambda found: step_for(found.failure, found.devices, self.emulated))

    def in_short(self) -> dict[str, Any]:
        """What is the same for all of its benchmarks; see ``run_file.extra_info``."""
        fingerprint = self.fingerprint
        return {
            "accelerator": self.settings.accelerator,
            "profile": self.settings.profile.name,
            "openvino": self.openvino,
            "fingerprint": fingerprint.digest if fingerprint else None,
            "model": self.model.to_published_json() if self.model else None,
        }

    def in_words(self) -> dict[str, Any]:
        """All that its file holds beside benchmarks, results and what the gate said; see ``history.recorded``. Raises no error."""
        settings = self.settings
        model, emulated = self.model, self.emulated
        return {
            "machine": settings.machine,
            "started": self.started.isoformat(),
            "finished": self.finished.isoformat() if self.finished else None,
            "interrupted_by": self.interrupted_by or None,
            "openvino": self.openvino,
            "openvino_from": [in_short(each) for each in self.openvino_from],
            "profile": settings.profile.name,
            "accelerator": settings.accelerator,
            "emulated_gpu": {**emulated.to_json(), "words": emulated.describe(), **self._other_gpus()}
            if emulated
            else None,
            "options": settings.chosen(),
            "model": {**model.to_published_json(), "words": model.describe()} if model else None,
            "inputs": list(self.inputs),
            "frames": self.frames,
            "devices": [device.to_json() for device in self.devices],
            "notes": self.all_notes(),
            "absent": dict(self.absent),
            "findings": [each.to_json() for each in self.findings()],
            "changes": list(self.changes),
            "disturbance": self.disturbance().to_json(),
        }

    def _other_gpus(self) -> dict[str, str]:
        """Which GPUs were emulated, where it was not the plain one."""
        gpus = gpus_of(self.settings.accelerator)
        return {} if gpus.is_plain else {"gpus": gpus.words}

    def put_into(self, document: dict[str, Any]) -> dict[str, Any]:
        """Put what this project has to say of the run into a document of pytest-benchmark's; returns it."""
        gate = self.gate
        again = gate.results_again if gate else []
        return run_file.add(document, self.in_words(), self.results, again, gate.to_json() if gate else None)

    def recorded(self, document: dict[str, Any]) -> Recorded:
        """The run as its document tells it: what is shown of a session is what will be shown of its file."""
        return of_document(json.loads(as_json(document)), self.arrays(), self.history_file)

    def arrays(self) -> dict[str, Array]:
        """Every latency and array of its results, as they lie beside its file."""
        return run_file.arrays_of(self.results, self.gate.results_again if self.gate else [])
