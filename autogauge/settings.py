"""What the user asked of a run, checked as a whole. Which options there are is left to ``autogauge.options``."""

from __future__ import annotations

import platform
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

from autogauge.defaults import CONTAINER, Given
from autogauge.errors import UserError, explain_os_error
from autogauge.files import exists, is_folder, readable, slug, write_bytes
from autogauge.gate import gate as gates
from autogauge.history import store
from autogauge.input_files import check_fed_once, check_feeding
from autogauge.models import resolve
from autogauge.models.resolve import Wanted
from autogauge.options import EMULATED_MODEL, EMULATED_PRECISION, OPTIONS
from autogauge.plain import plain
from autogauge.rig.profile import Profile
from autogauge.rig.rig import Asked
from autogauge.runtimes.reference import Reference, parse
from autogauge.targets import ACCELERATOR_KINDS, is_emulated

LONGEST_PAIRED_SLICE_S = 1.0
"""With longer ones a comparison beside a reference would take hours to its first look."""
NEVER_EMULATED = tuple(kind for kind in ACCELERATOR_KINDS if kind != "GPU")


@dataclass(frozen=True)
class Settings:
    """The options of a run. ``devices``, ``hints_on`` and ``probe_deadline_s`` are ``None`` where the machine is to say."""

    wanted: Wanted
    shapes: dict[str, list[int]]
    picture: Path | None
    inputs: Path | None
    profile: Profile
    devices: tuple[str, ...] | None
    hints_on: tuple[str, ...] | None
    accelerator: str
    infer_requests: int
    reference: str | None
    pinned: bool
    pair_budget_s: float
    probe_deadline_s: float | None
    soak_minutes: float | None
    wait_s: float
    gate: str
    fail_inconclusive: bool
    fail_no_baseline: bool
    fail_creep: bool
    baseline: str | None
    """Another machine's name or folder, whose history is judged against and only read."""
    smallest_change: float
    accept_disturbed: bool
    """Whether a heavily disturbed run may become part of the baseline."""
    reports: Path
    machine: str
    cache: Path | None
    """``None``: the default one, asked for when it is needed, since a user may have none."""
    report: str = "latest"
    """The folder in ``reports`` for the report of the run: where several models are measured in a session, each has one."""

    @classmethod
    def of(cls, given: Mapping[str, str], reports: Path) -> Settings:
        """The settings that the texts of options stand for, by the options' names; ``reports`` is where reports go by default.

        Raises :class:`UserError`.
        """
        read = {option.place: option.value_of(given.get(option.name)) for option in OPTIONS.values()}
        wanted = Wanted.named(
            read["wanted.model"] or default_model(read["accelerator"]),
            read["wanted.precision"],
            read["wanted.source"],
            read["wanted.deadline_s"],
            default_precision(read["accelerator"]),
        )
        whole = {place: value for place, value in read.items() if "." not in place}
        whole.update(
            wanted=wanted,
            shapes=read["shapes"] or {},
            reports=read["reports"] or reports,
            machine=read["machine"] or default_machine(),
        )
        return cls(**whole)

    @classmethod
    def checked(cls, given: Given, reports: Path, *, elsewhere: bool = False) -> Settings:
        """The same, checked as far as it can be without measuring; for a run ``elsewhere`` without this computer's files.

        Raises :class:`UserError`, which says where the options stand.
        """
        try:
            settings = cls.of(given.texts, reports)
            settings.check_words() if elsewhere else settings.check()
            given.project.check()
        except UserError as error:
            raise UserError(given.explain(str(error))) from error
        return settings

    @property
    def parsed_reference(self) -> Reference | None:
        """The reference taken apart. Raises :class:`UserError`."""
        return parse(self.reference) if self.reference else None

    @property
    def latest(self) -> Path:
        """The folder of the latest run's report."""
        return self.reports / self.report

    @property
    def is_emulated(self) -> bool:
        """Whether the accelerator is the emulated GPU."""
        return is_emulated(self.accelerator)

    @property
    def history(self) -> Path:
        """The folder of this machine's saved runs; those with the emulated GPU have one of their own, and those with other ones too."""
        return self._history_of(self.machine)

    def _history_of(self, machine: str) -> Path:
        emulated = "-" + re.sub("[:,]", "-", self.accelerator) if self.is_emulated else ""
        return self.reports / "history" / (machine + emulated)

    @property
    def judged_against(self) -> Path:
        """The folder whose accepted runs are judged against: this machine's own, unless another baseline is named."""
        if not self.baseline:
            return self.history
        place = Path(self.baseline)
        is_name = place.name == self.baseline and not is_folder(place)
        return self._history_of(slug(self.baseline)) if is_name else place

    def check_baseline(self) -> None:
        """Raise :class:`UserError` when there is no history to judge against where one was named, or it is this run's own."""
        if self.baseline is None:
            return
        place = self.judged_against
        if place.resolve() == self.history.resolve():
            raise UserError(
                f"{place} is where this run is saved, and a baseline that is named is only read: "
                "leave it out, or give this run's machine another name, such as --machine=lab-01-pr (--baseline)."
            )
        if not is_folder(place) or not store.runs(place):
            raise UserError(
                f"there is no saved run in {place} to judge against: "
                f"name a machine in {self.reports / 'history'}, or its folder (--baseline)."
            )

    @property
    def asked(self) -> Asked:
        """What of it is asked of the rig."""
        of_settings = {each.name for each in fields(self)}  # which function made inputs, only a test knows
        return Asked(**{each.name: getattr(self, each.name) for each in fields(Asked) if each.name in of_settings})

    def chosen(self) -> dict[str, str]:
        """The options that change what is measured or judged, by their names on the command line, as text."""
        said = {option.name: option.said_of(self) for option in OPTIONS.values() if option.is_measured}
        return {name: value for name, value in said.items() if value}

    def check(self) -> None:
        """Raise :class:`UserError` for what can be seen to be wrong without measuring."""
        self.wanted.check()
        _ = self.parsed_reference
        self.check_words()
        if self.is_emulated:
            self._check_emulated()
        check_feeding(self.inputs, self.picture, self.shapes)

    def check_words(self) -> None:
        """The same of what is wrong on every computer, whatever files it has."""
        for option, named in (("--reference", self.reference), ("--baseline", self.baseline)):
            if named and self.gate == gates.OFF:
                raise UserError(
                    f"a {option[2:]} is there to be judged by, and --gate=off judges nothing: leave one of them out ({option})."
                )
        for option, chosen in (("--no-baseline", self.fail_no_baseline), ("--creep", self.fail_creep)):
            if chosen and self.gate != gates.FAIL:
                raise UserError(
                    f"{option}=fail asks the gate to fail, and --gate={self.gate} fails nothing: add --gate=fail ({option})."
                )
        if self.reference and self.profile.slice_s > LONGEST_PAIRED_SLICE_S:
            raise UserError(
                f"a reference is measured in many short slices, and those of --profile={self.profile.name} take "
                f"{self.profile.slice_s:g} s: take --profile=standard or quick (--reference, --profile)."
            )
        check_fed_once(self.inputs, self.picture, self.shapes)
        for option, names in (("--devices", self.devices), ("--hints-on", self.hints_on)):
            if names is not None and not names:
                raise UserError(f"the list of devices is empty: name one, such as CPU ({option}).")

    def _check_emulated(self) -> None:
        model, precision = self.wanted.model, self.wanted.precision
        if not exists(Path(model)) and precision != EMULATED_PRECISION:
            raise UserError(
                f"the emulated GPU infers in f32 only, and cannot compile {model} in {precision}: "
                f"leave --precision out, or give {EMULATED_PRECISION} (--accelerator=emulated)."
            )
        if others := [name for name in self.hints_on or () if name != "CPU"]:
            raise UserError(
                f"the emulated GPU shows how AUTO behaves, not how fast a GPU is: hints are not compared on {', '.join(others)} "
                "with it; leave --hints-on out (--accelerator=emulated)."
            )
        if others := [name for name in self.devices or () if name.partition(".")[0] in NEVER_EMULATED]:
            raise UserError(
                f"what is emulated is not measured beside a real accelerator, and {', '.join(others)} would be one: "
                "leave it out of --devices, or measure it by itself with --accelerator=auto (--accelerator=emulated)."
            )
        reference = self.parsed_reference
        if reference is not None and reference.names_device:
            raise UserError(
                f"what is emulated is not compared with a real device, and the reference {reference.text} names a device: "
                "give a release, an environment, a model or properties, or leave one of the two out "
                "(--accelerator=emulated, --reference)."
            )

    def check_reports_folder(self) -> None:
        """Raise :class:`UserError` when reports could not be saved, now rather than after the measuring."""
        trial = self.history / f".writable-{secrets.token_hex(8)}"
        try:
            write_bytes(trial, b"")
            trial.unlink()
        except OSError as error:
            raise explain_os_error(error, f"cannot write reports to {self.reports}", "--reports=DIR") from error


def default_model(accelerator: str) -> str:
    """The model when none is named: one that is compiled in seconds for the emulated GPU, which takes ten times that for GoogLeNet-v1."""
    return EMULATED_MODEL if is_emulated(accelerator) else resolve.DEFAULT_MODEL


def default_precision(accelerator: str) -> str:
    """The precision when none is named: the emulated GPU infers in f32 only."""
    return EMULATED_PRECISION if is_emulated(accelerator) else resolve.DEFAULT_PRECISION


def default_machine() -> str:
    """This machine's name, fit for a folder."""
    return slug(platform.node() or "machine")


LONGEST_SHOWN = 60
"""Of a machine's name as it was given."""


def machine_notes(given: str | None, settings: Settings) -> list[str]:
    """What there is to say of the machine's name: ``given`` by the user, or its host name. Looks for a folder of the name's older form."""
    name = given or platform.node()
    if not given and CONTAINER.fullmatch(name):
        return [
            f"the machine's name, {name}, is that of a container, and the next one has another: each begins a new history; "
            "name the machine (--machine=NAME)"
        ]
    if settings.machine == name:
        return []
    said = f"the machine {plain(name, LONGEST_SHOWN)} is called {settings.machine} in history"
    older = replace(settings, machine=readable(name)).history
    if is_folder(older) and not is_folder(settings.history):
        said += f"; {older} may hold its runs from before names were told apart: to go on with them, --machine={readable(name)}"
    return [said]
