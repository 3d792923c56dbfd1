"""What the user asked of a run, checked, and what a profile stands for. Reading the command line is left to the fixtures."""

from __future__ import annotations

import math
import platform
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from autogauge.errors import UserError, explain_os_error
from autogauge.files import exists, is_folder, readable, slug, write_bytes
from autogauge.gate import session as gates
from autogauge.history import store
from autogauge.input_files import check_feeding
from autogauge.input_shapes import in_words
from autogauge.measuring.plan import Plan
from autogauge.models import resolve
from autogauge.models.resolve import Wanted
from autogauge.models.topology import SMALL_CNN
from autogauge.plain import plain
from autogauge.reference import spec
from autogauge.reference.spec import Reference
from autogauge.rig import lock
from autogauge.rig.pool import DEADLINE_S
from autogauge.rig.warm import RELAY_ROUNDS
from autogauge.targets import ACCELERATOR_KINDS


@dataclass(frozen=True)
class Profile:
    """How much a run measures: the plans of its studies, slice and interval lengths in seconds.

    ``fil_with_accelerator`` takes the place of ``fil`` where an accelerator is measured: its cold compile takes seconds, not tenths.
    ``fil_at_least`` and ``steady_at_least`` are the replicates that history's figures rest on, within the budget, where there is a gate;
    ``relay_rounds`` is how many rounds a warm process serves before it gives way to a fresh one.
    """

    name: str
    fil: Plan
    fil_with_accelerator: Plan
    fil_cached: Plan
    hand_over: Plan
    steady: Plan
    fil_at_least: int
    steady_at_least: int
    relay_rounds: int
    slice_s: float
    interval_s: float
    warm_up_s: float
    after_hand_over_s: float
    hints_on_devices: bool
    """Whether the hints are compared on each device too, not only on AUTO."""


PROFILES = {
    "quick": Profile(
        "quick",
        fil=Plan(looks=(7, 10), budget_s=8),
        fil_with_accelerator=Plan(looks=(6,), budget_s=120),
        fil_cached=Plan(looks=(3,), budget_s=30),
        hand_over=Plan(looks=(1,), budget_s=60),
        steady=Plan(looks=(24, 48), budget_s=9),
        fil_at_least=7,
        steady_at_least=24,
        relay_rounds=RELAY_ROUNDS,
        slice_s=0.05,
        interval_s=1.0,
        warm_up_s=0.3,
        after_hand_over_s=1.0,
        hints_on_devices=False,
    ),
    "standard": Profile(
        "standard",
        fil=Plan(looks=(8, 12, 16, 24), budget_s=45),
        fil_with_accelerator=Plan(looks=(7, 10), budget_s=120),
        fil_cached=Plan(looks=(6,), budget_s=60),
        hand_over=Plan(looks=(3,), budget_s=60),
        steady=Plan(looks=(40, 80, 160, 320), budget_s=38),
        fil_at_least=32,
        steady_at_least=64,
        relay_rounds=RELAY_ROUNDS,
        slice_s=0.05,
        interval_s=1.0,
        warm_up_s=0.5,
        after_hand_over_s=1.5,
        hints_on_devices=True,
    ),
    # The notebook's own measurement: six intervals of ten seconds for each hint, here by turns.
    "lab": Profile(
        "lab",
        fil=Plan(looks=(10, 20, 40), budget_s=120),
        fil_with_accelerator=Plan(looks=(10, 20), budget_s=600),
        fil_cached=Plan(looks=(10,), budget_s=120),
        hand_over=Plan(looks=(6,), budget_s=600),
        steady=Plan(looks=(6,), budget_s=3600),
        fil_at_least=40,
        steady_at_least=6,
        relay_rounds=2,
        slice_s=10.0,
        interval_s=10.0,
        warm_up_s=2.0,
        after_hand_over_s=5.0,
        hints_on_devices=False,
    ),
}


@dataclass(frozen=True)
class Deadlines:
    """How long is waited: ``probe_s`` for a probe's compile or answer, ``hand_over_s`` for AUTO's hand-over since its compile began."""

    probe_s: float

    @property
    def hand_over_s(self) -> float:
        """Most of what one answer of a probe may take."""
        return self.probe_s * 2 / 3


DEFAULT_SMALLEST_CHANGE = 0.05
LONGEST_PAIRED_SLICE_S = 1.0
"""With longer ones a comparison beside a reference would take hours to its first look."""
NOT_MEASURED = ("--fetch-deadline", "--cache", "--reports", "--machine", "--wait")
"""The options that change neither what is measured nor what is judged; all others are said with a run."""
ACCELERATORS = (AUTO, EMULATED, NONE) = ("auto", "emulated", "none")
"""Real ones where there are any; the emulated GPU and no real one; none."""


@dataclass(frozen=True)
class Settings:
    """The options of a run. ``devices``, ``hints_on`` and ``probe_deadline_s`` are ``None`` where the machine is to say."""

    wanted: Wanted
    shapes: dict[str, list[int]]
    picture: Path | None
    profile: Profile
    devices: tuple[str, ...] | None
    hints_on: tuple[str, ...] | None
    accelerator: str
    fail_inconclusive: bool
    infer_requests: int
    probe_deadline_s: float | None
    cache: Path | None
    """``None``: the default one, asked for when it is needed, since a user may have none."""
    reports: Path
    machine: str
    gate: str = gates.WARN
    fail_no_baseline: bool = False
    fail_creep: bool = False
    baseline: str | None = None
    """Another machine's name or folder, whose history is judged against and only read."""
    smallest_change: float = DEFAULT_SMALLEST_CHANGE
    reference: str | None = None
    pinned: bool = True
    pair_budget_s: float = 60.0
    accept_disturbed: bool = False
    """Whether a heavily disturbed run may become part of the baseline."""
    wait_s: float = lock.DEFAULT_WAIT_S
    inputs: Path | None = None

    @property
    def parsed_reference(self) -> Reference | None:
        """The reference taken apart. Raises :class:`UserError`."""
        return spec.parse(self.reference) if self.reference else None

    @property
    def latest(self) -> Path:
        """The folder of the latest run's report."""
        return self.reports / "latest"

    @property
    def is_emulated(self) -> bool:
        """Whether the accelerator is the emulated GPU."""
        return self.accelerator == EMULATED

    @property
    def history(self) -> Path:
        """The folder of this machine's saved runs; those with the emulated GPU have one of their own."""
        return self._history_of(self.machine)

    def _history_of(self, machine: str) -> Path:
        return self.reports / "history" / (f"{machine}-{EMULATED}" if self.is_emulated else machine)

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
        if self.gate == gates.OFF:
            raise UserError(
                "a baseline is there to be judged by, and --gate=off judges nothing: leave one of them out (--baseline)."
            )
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

    def deadlines(self, slowness: float) -> Deadlines:
        """The deadlines on a machine that is so many times slower at compiling than others; one that the user gave stays as it is."""
        return Deadlines(self.probe_deadline_s or min(DEADLINE_S * slowness, LONGEST_DEADLINE_S))

    def chosen(self) -> dict[str, str]:
        """The options that change what is measured or judged, by their names on the command line, as text."""
        options = {
            "--model": self.wanted.model,
            "--model-source": self.wanted.source,
            "--precision": "" if self.wanted.is_file else self.wanted.precision,
            "--shape": in_words(self.shapes),
            "--picture": str(self.picture or ""),
            "--inputs": str(self.inputs or ""),
            "--profile": self.profile.name,
            "--accelerator": self.accelerator,
            "--devices": ",".join(self.devices or ()),
            "--hints-on": ",".join(self.hints_on or ()),
            "--infer-requests": str(self.infer_requests or ""),
            "--gate": self.gate,
            "--inconclusive": "fail" if self.fail_inconclusive else "warn",
            "--no-baseline": "fail" if self.fail_no_baseline else "warn",
            "--creep": "fail" if self.fail_creep else "warn",
            "--baseline": self.baseline or "",
            "--smallest-change": f"{100 * self.smallest_change:g}%",
            "--reference": self.reference or "",
            "--pinned": "on" if self.pinned else "off",
            "--disturbed": "accept" if self.accept_disturbed else "",
            "--pair-budget": f"{self.pair_budget_s:g}" if self.reference else "",
            "--probe-deadline": f"{self.probe_deadline_s:g}" if self.probe_deadline_s else "",
        }
        return {name: value for name, value in options.items() if value}

    def check(self) -> None:
        """Raise :class:`UserError` for what can be seen to be wrong without measuring."""
        self.wanted.check()
        if self.parsed_reference is not None and self.gate == gates.OFF:
            raise UserError(
                "a reference is there to be judged by, and --gate=off judges nothing: leave one of them out (--reference)."
            )
        for option, chosen in (("--no-baseline", self.fail_no_baseline), ("--creep", self.fail_creep)):
            if chosen and self.gate != gates.FAIL:
                raise UserError(
                    f"{option}=fail asks the gate to fail, and --gate={self.gate} fails nothing: add --gate=fail ({option})."
                )
        if self.parsed_reference is not None and self.profile.slice_s > LONGEST_PAIRED_SLICE_S:
            raise UserError(
                f"a reference is measured in many short slices, and those of --profile={self.profile.name} take "
                f"{self.profile.slice_s:g} s: take --profile=standard or quick (--reference, --profile)."
            )
        if self.is_emulated:
            self._check_emulated()
        check_feeding(self.inputs, self.picture, self.shapes)
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


EMULATED_MODEL, EMULATED_PRECISION = SMALL_CNN, "FP32"
NEVER_EMULATED = tuple(kind for kind in ACCELERATOR_KINDS if kind != "GPU")


def default_model(accelerator: str) -> str:
    """The model when none is named: one that is compiled in seconds for the emulated GPU, which takes ten times that for GoogLeNet-v1."""
    return EMULATED_MODEL if accelerator == EMULATED else resolve.DEFAULT_MODEL


def default_precision(accelerator: str) -> str:
    """The precision when none is named: the emulated GPU infers in f32 only."""
    return EMULATED_PRECISION if accelerator == EMULATED else resolve.DEFAULT_PRECISION


def parse_list(text: str | None) -> tuple[str, ...] | None:
    """A comma-separated option as a tuple without blanks and repetitions; ``None`` when it was not given."""
    if text is None:
        return None
    return tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))


def default_machine() -> str:
    """This machine's name, fit for a folder."""
    return slug(platform.node() or "machine")


CONTAINER = re.compile(r"[0-9a-f]{12}")
"""The host name that a container is given where nobody gives it one."""
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


def parse_choice(option: str, word: str, known: Collection[str]) -> str:
    """The word, if it is one of those known. Raises :class:`UserError`."""
    if word not in known:
        raise UserError(f"there is no {word!r} to choose: take one of {', '.join(known)} ({option}).")
    return word


def parse_change(option: str, text: str) -> float:
    """A change in percent, with or without its sign, as a fraction: ``5%`` is 0.05. Raises :class:`UserError`."""
    percent = parse_number(option, text.strip().removesuffix("%"), lowest=0.1)
    if percent > 100:
        raise UserError(f"{text!r} does not fit: give at most 100 % ({option}).")
    return percent / 100


LONGEST_DEADLINE_S = 86_400.0


def parse_deadline(option: str, text: str) -> float:
    """A number of seconds from one to a day. Raises :class:`UserError`."""
    seconds = parse_number(option, text, lowest=1)
    if seconds > LONGEST_DEADLINE_S:
        raise UserError(f"{text!r} does not fit: give at most a day, {LONGEST_DEADLINE_S:g} seconds ({option}).")
    return seconds


NO_WAIT = "no"


def parse_wait(option: str, text: str) -> float:
    """How many seconds to wait for another session's measuring; ``no`` and 0 are none. Raises :class:`UserError`."""
    if text.strip() in (NO_WAIT, "0"):
        return 0.0
    try:
        float(text)
    except ValueError:
        raise UserError(f"{text!r} does not fit: give a number of seconds, or {NO_WAIT} ({option}).") from None
    return parse_deadline(option, text)


def parse_number(option: str, text: str, *, lowest: float, whole: bool = False) -> float:
    """A finite number that is not below the lowest. Raises :class:`UserError`."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number < lowest or (whole and number != int(number)):
        kind = "a whole number" if whole else "a number"
        raise UserError(f"{text!r} does not fit: give {kind} that is at least {lowest:g} ({option}).")
    return number
