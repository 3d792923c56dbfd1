"""One machine ready to measure: devices, model, inputs, runtimes and warm processes; it measures a study and gives its result.

Everything is found when it is first asked for, and once. What is measured is left to the studies, what judges it to the gate.
"""

from __future__ import annotations

import contextlib
import random
import shlex
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from autogauge import checkout
from autogauge.cache import Cache
from autogauge.emulation import parts
from autogauge.emulation.asked import gpus_of
from autogauge.errors import UserError
from autogauge.files import in_short
from autogauge.input_files import GivenInputs, odd_values
from autogauge.inputs import Inputs
from autogauge.leases import Use
from autogauge.measuring import saving, schedule
from autogauge.measuring.condition import HERE, Condition
from autogauge.measuring.progress import Progress
from autogauge.measuring.result import Result
from autogauge.models.artefact import ModelArtefact
from autogauge.models.inspect import Inspection, inspect
from autogauge.models.resolve import Resolver, Wanted
from autogauge.parsing import LONGEST_DEADLINE_S
from autogauge.probe.facts import MachineFacts, seen_here
from autogauge.probe.launcher import Launcher
from autogauge.probe.request import Emulation, ProbeFailed, ProbeRequest
from autogauge.rig import properties, setups, trial
from autogauge.rig.fresh import FreshTurns, Observe
from autogauge.rig.pool import DEADLINE_S, ProbePool, bystander
from autogauge.rig.profile import AUTO, NONE, PROFILES, STANDARD, Deadlines, Profile
from autogauge.rig.study import Study
from autogauge.rig.warm import Drivers, ObserveSlice, Relieved, WarmTurns, check_apart
from autogauge.rig.workload import Setup, Workload, feed, look, try_once, workload_of
from autogauge.runtimes import reference as references
from autogauge.runtimes.reference import Reference
from autogauge.targets import ACCELERATOR_KINDS, Auto, Device, find_device, is_emulated, require_device

KINDS = ("CPU", *ACCELERATOR_KINDS)
NO_HALF_PRECISION = (
    "the emulated GPU infers in f32 only, and the model {} has {} in half precision: "
    "widen it (python -m autogauge.models.widen {} OUT.xml) and measure that (--model)."
)
FROM_ELSEWHERE = (
    "openvino {} comes from {}, not from the environment of this interpreter (PYTHONPATH, LD_LIBRARY_PATH, user site)"
)
SUPPORTED = "SUPPORTED_PROPERTIES"
Live = Callable[[], AbstractContextManager[Progress]]
"""Gives a listener to long work, for as long as a context lives."""


@dataclass(frozen=True)
class Asked:
    """What is asked of a rig. ``devices``, ``hints_on`` and ``probe_deadline_s`` are ``None`` where the machine is to say."""

    wanted: Wanted
    shapes: dict[str, list[int]] = field(default_factory=dict)
    picture: Path | None = None
    inputs: Path | None = None
    inputs_by: str = ""
    """The function that made what is in that file, if one did: ``frames()``."""
    profile: Profile = PROFILES[STANDARD]
    devices: tuple[str, ...] | None = None
    hints_on: tuple[str, ...] | None = None
    accelerator: str = AUTO
    infer_requests: int = 0
    probe_deadline_s: float | None = None
    soak_minutes: float | None = None

    @property
    def is_emulated(self) -> bool:
        """Whether the accelerator is the emulated GPU."""
        return is_emulated(self.accelerator)

    def deadlines(self, slowness: float) -> Deadlines:
        """The deadlines on a machine that is so many times slower at compiling than others; one that the user gave stays as it is."""
        return Deadlines(self.probe_deadline_s or min(DEADLINE_S * slowness, LONGEST_DEADLINE_S))


class Rig:
    """A machine with what is asked of it. Every property may raise :class:`UserError`; ``notes`` gathers what a reader should know."""

    def __init__(self, asked: Asked, cache: Cache, folder: Path, live: Live, notes: list[str] | None = None) -> None:
        """``folder`` is for what probes print and for scratch files; it lives as long as the rig."""
        self.asked, self.cache, self.folder, self._live = asked, cache, folder, live
        self.notes = [] if notes is None else notes
        self.setups: dict[str, Setup] = {}
        self._drivers: dict[str, Drivers] = {}
        self._pool_is_used = False
        self._looked_at: set[object] = set()
        self._uses: list[Use] = []
        self._supported: dict[str, frozenset[str] | None] = {}

    @cached_property
    def emulation(self) -> Emulation | None:
        """The parts of the emulated GPU, where it is asked for."""
        if not self.asked.is_emulated:
            return None
        return replace(parts.prepare(self.cache), devices=gpus_of(self.asked.accelerator).devices)

    @cached_property
    def launcher(self) -> Launcher:
        """Starts probes on the session's own runtime, with the emulated GPU where it is asked for; their output is kept."""
        return Launcher(self.folder / "probes", emulation=self.emulation)

    @cached_property
    def model(self) -> ModelArtefact:
        """The model, fetched into the cache if it is not there."""
        with self._live() as progress:
            progress.say(f"model: {self.asked.wanted.model}")
            model = Resolver(self.cache, progress).fetch(self.asked.wanted)
        if model.note:
            self.notes.append(model.note)
        self.use(model)
        return model

    def use(self, model: ModelArtefact) -> None:
        """Say to others that the model is in use, as long as the rig is. Raises ``UserError`` where it has just been removed."""
        self.use_path(model.path)

    def use_path(self, path: Path) -> None:
        """The same of anything in the cache, such as an environment's interpreter."""
        if (used := self.cache.use(path)) is not None:
            self._uses.append(used)

    @cached_property
    def given(self) -> GivenInputs | None:
        """The user's own arrays, of which the shapes are known so far."""
        return GivenInputs(self.asked.inputs, self.asked.inputs_by) if self.asked.inputs else None

    @cached_property
    def inspection(self) -> Inspection:
        """What OpenVINO sees: its devices, and the model's inputs."""
        asked, launcher, model = self.asked, self.launcher, self.model
        here = seen_here()
        found = look(
            launcher,
            model,
            asked.shapes,
            self.given,
            deadline_s=asked.probe_deadline_s,
            option="--probe-deadline",
        )
        if asked.is_emulated:
            self._check_emulation(found)
        if found.elsewhere:
            self.notes.append(FROM_ELSEWHERE.format(found.openvino, " and ".join(map(in_short, found.elsewhere))))
        if found.state is not None:
            self.notes.append(found.state.note)
        self._machine = here, found.machine
        return found

    @property
    def machine(self) -> tuple[MachineFacts, MachineFacts]:
        """What this process sees of the machine, and what a probe does: that counts. Looked at when the model was, and not again.

        Unless this process sees a change since then, which costs no probe: then a probe is asked anew.
        """
        _ = self.inspection
        now = seen_here()
        if now.steady() != self._machine[0].steady():
            self._machine = now, inspect(self.launcher, deadline_s=self.asked.probe_deadline_s).machine
        return self._machine

    def _check_emulation(self, found: Inspection) -> None:
        if not any(device.is_emulated for device in found.devices):
            raise UserError(trial.NOT_SEEN)
        if found.half_precision:
            path = self.model.path
            raise UserError(NO_HALF_PRECISION.format(path, " and ".join(found.half_precision), shlex.quote(str(path))))
        # Where it does not work nothing that follows would, and each test would say so.
        trial.attempt(self.cache, self.launcher)

    @cached_property
    def deadlines(self) -> Deadlines:
        """How long probes are waited for on this machine."""
        emulated = self.inspection.emulated
        return self.asked.deadlines(emulated.slowness if emulated else 1.0)

    @cached_property
    def devices(self) -> tuple[Device, ...]:
        """The devices to measure beside AUTO: those named, or the CPU and the first of each kind of accelerator."""
        available, asked = self.inspection.devices, self.asked
        if asked.devices is not None:
            named = [require_device(name, available) for name in asked.devices if name != "AUTO"]
            return tuple(dict.fromkeys(named))  # GPU and GPU.0 may be one
        wanted = ("CPU", "GPU") if asked.is_emulated else {AUTO: KINDS, NONE: ("CPU",)}[asked.accelerator]
        found = tuple(device for kind in wanted if (device := find_device(kind, available)))
        if not found:
            raise UserError(f"OpenVINO sees no device on this machine: check its installation ({checkout.install()}).")
        return found

    @cached_property
    def auto(self) -> Auto:
        """AUTO as it hands over on this machine, if it does."""
        inspection = self.inspection
        why = inspection.state.no_helper if inspection.state else ""
        return Auto.on(inspection.devices, self.devices, inspection.precision, why)

    @cached_property
    def inputs(self) -> Inputs:
        """The arrays that every inference takes."""
        fed = feed(self.launcher, self.model, self.inspection, picture=self.asked.picture, given=self.given)
        if self.given is not None and (note := odd_values(self.inspection.ports, fed.arrays)):
            self.notes.append(note)
        return fed

    @cached_property
    def workload(self) -> Workload:
        """What every probe runs: the model with its inputs on disk, which it has been seen to take."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "inputs.npz"
        self.inputs.save(path)
        workload = workload_of(self.model, path, self.inspection, self.inputs)
        try_once(self.launcher, workload, self.inputs, self.deadlines.probe_s)
        self.setups[HERE] = Setup(self.launcher, workload)
        return workload

    @cached_property
    def pool(self) -> ProbePool:
        """The warm probes of the session's own runtime and model; each lives until :meth:`close`."""
        return self._pool(Setup(self.launcher, self.workload))

    def supported(self, device: str) -> frozenset[str] | None:
        """The properties that a device says it supports (``AUTO`` is one too), asked once; ``None`` where it does not tell."""
        if device not in self._supported:
            steps = ({"do": "ask", "device": device, "properties": [SUPPORTED]},)
            told = None
            with contextlib.suppress(ProbeFailed):  # asked anew it would fail anew, and each time take its deadline
                seen = self.launcher.run_case(ProbeRequest("case", steps=steps), f"supported-{device}")
                told = seen.value("ask", "told", SUPPORTED)
            self._supported[device] = frozenset(told) if isinstance(told, list) else None
        return self._supported[device]

    def found(self, name: str) -> Any:
        """What a property holds, where it has been asked for already; else ``None``."""
        return self.__dict__.get(name)

    def close_pool(self, *, at_once: bool = False) -> None:
        """End the session's own warm probes. The next measurement has fresh ones, as it would have without."""
        if self.found("pool") is not None:
            self.notes += self.__dict__.pop("pool").close(at_once=at_once)

    def close(self, *, at_once: bool = False) -> None:
        """End the warm probes, in good order, or at once after an interruption; then let go of the models."""
        self.close_pool(at_once=at_once)
        while self._uses:
            self._uses.pop().end()

    def scratch(self, name: str) -> Path:
        """A new empty folder that lives as long as the rig."""
        number = 0
        while (folder := self.folder / f"{name}-{number}").exists():
            number += 1
        folder.mkdir(parents=True)
        return folder

    def why_no_hand_over(self) -> str | None:
        """Why there is nothing that AUTO would hand over to, and what would change that; ``None`` where there is."""
        auto, inspection = self.auto, self.inspection
        if auto.handed_to is not None:
            return None
        left_out = [why for device in self.devices if device.is_accelerator and (why := auto.why_not(device))]
        if left_out:
            return left_out[0]
        seen = ", ".join(device.name for device in inspection.devices)
        if any(device.is_accelerator for device in inspection.devices):
            return f"the options leave out every accelerator that there is (OpenVINO sees {seen}): --devices names one"
        return (
            f"there is no accelerator that AUTO would hand over to (OpenVINO sees {seen}): "
            "--accelerator=emulated measures it with an emulated GPU"
        )

    def setup(self, condition: Condition, reference: Reference | None = None) -> Setup:
        """The runtime and workload of a condition, set up now if need be.

        ``runs_on`` is then what a user would name by ``--reference``: a release, an environment, a model file; ``reference`` is the same
        where somebody has taken it apart. Raises ``UserError``.
        """
        _ = self.workload
        named = condition.runs_on
        if named not in self.setups:
            with self._live() as progress:
                self.setups[named] = setups.beside(
                    self, reference or references.parse(named), self.scratch("beside"), progress
                )
        return self.setups[named]

    @contextlib.contextmanager
    def warm(
        self,
        result: Result,
        progress: Progress,
        *,
        observe: ObserveSlice | None = None,
        slice_s: float | None = None,
        drivers: Drivers | None = None,
        relieved: Relieved | None = None,
    ) -> Iterator[WarmTurns]:
        """Turns that are slices of warm processes, one for each condition; what drives them is chosen once for all measurements.

        ``observe`` sees each slice. ``slice_s`` is its length where that is not the profile's, ``drivers`` what drives requests, by kind,
        where the study has chosen, ``relieved`` when a process gives way, where that is not after so many rounds. Raises ``StudyMistake``
        where two conditions would be one process, or a property is not known.
        """
        check_apart(result)
        properties.check(result, self.setup, self._looked_at)
        profile = self.asked.profile
        drivers = self._drivers.setdefault(result.name, {} if drivers is None else drivers)
        of_conditions = {each.name: self.setup(each) for each in result.conditions}
        with bystander(self.launcher, self.workload), self._pools(of_conditions) as pools:
            yield WarmTurns(
                result,
                pools,
                progress,
                slice_s=slice_s or profile.slice_s,
                interval_s=profile.interval_s,
                drivers=drivers,
                observe=observe,
                relieved=relieved,
            )

    @contextlib.contextmanager
    def _pools(self, of_conditions: dict[str, Setup]) -> Iterator[dict[str, ProbePool]]:
        """A pool for each condition. The session's own processes serve the first measurement; the next one has fresh ones."""
        there: dict[int, ProbePool] = {}
        here = self.setups[HERE]
        if not self._pool_is_used and any(setup is here for setup in of_conditions.values()):
            self._pool_is_used = True
            there[id(here)] = self.pool
        opened: dict[int, ProbePool] = {}
        finished = False
        try:
            for setup in of_conditions.values():
                if id(setup) not in there and id(setup) not in opened:
                    opened[id(setup)] = self._pool(setup)
            yield {name: {**there, **opened}[id(setup)] for name, setup in of_conditions.items()}
            finished = True
        finally:
            for pool in opened.values():
                self.notes += pool.close(at_once=not finished)

    def _pool(self, setup: Setup) -> ProbePool:
        return ProbePool(
            setup.launcher,
            setup.workload,
            warm_up_s=self.asked.profile.warm_up_s,
            infer_requests=self.asked.infer_requests,
            deadline_s=self.deadlines.probe_s,
        )

    def fresh(
        self, result: Result, progress: Progress, *, cache: Path | None = None, observe: Observe | None = None
    ) -> FreshTurns:
        """Turns that are fresh processes; with ``cache``, a folder, from a ``CACHE_DIR`` that is filled before. ``observe`` sees each.

        Raises ``StudyMistake`` where a condition has a property that its runtime does not know, as ``warm`` does.
        """
        properties.check(result, self.setup, self._looked_at)
        return FreshTurns(result, self.setup, progress, deadline_s=self.deadlines.probe_s, cache=cache, observe=observe)

    def measure(self, study: Study, result: Result | None = None) -> Result:
        """Measure the study to its end; ``result`` is its plan where it is not its own alone. It is filled while it is measured.

        Raises ``ValueError``, before anything is measured, for a plan that could not be read back from a file: the study's own mistake.
        """
        planned = study.planned(self, random.randrange(2**32)) if result is None else result
        saving.from_json(saving.to_json(planned))
        for condition in planned.conditions:  # before the first turn, since a release may have to be installed
            self.setup(condition)
        with self._live() as progress, study.open(self, planned, progress) as turns:
            schedule.run(planned, turns.measure, progress, turns.prepare)
        return planned
