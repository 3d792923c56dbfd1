"""What the user asked of a run, checked, and what a profile stands for. Reading the command line is left to the fixtures."""

from __future__ import annotations

import math
import platform
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from autogauge.errors import UserError, explain_os_error
from autogauge.files import slug, write_bytes
from autogauge.models import resolve
from autogauge.studies.study import Plan


@dataclass(frozen=True)
class Profile:
    """How much a run measures: the plans of its studies, slice and interval lengths in seconds."""

    name: str
    fil: Plan
    steady: Plan
    slice_s: float
    interval_s: float
    warm_up_s: float
    hints_on_devices: bool
    """Whether the hints are compared on each device too, not only on AUTO."""


PROFILES = {
    "quick": Profile(
        "quick",
        fil=Plan(looks=(7, 10), budget_s=8),
        steady=Plan(looks=(14, 28), budget_s=7, block=2),
        slice_s=0.1,
        interval_s=1.0,
        warm_up_s=0.3,
        hints_on_devices=False,
    ),
    "standard": Profile(
        "standard",
        fil=Plan(looks=(8, 12, 16, 24), budget_s=20),
        steady=Plan(looks=(24, 48, 96, 192), budget_s=25, block=2),
        slice_s=0.1,
        interval_s=1.0,
        warm_up_s=0.5,
        hints_on_devices=True,
    ),
    # The notebook's own measurement: six intervals of ten seconds for each hint, here by turns.
    "lab": Profile(
        "lab",
        fil=Plan(looks=(10, 20, 40), budget_s=120),
        steady=Plan(looks=(6,), budget_s=3600),
        slice_s=10.0,
        interval_s=10.0,
        warm_up_s=2.0,
        hints_on_devices=False,
    ),
}


@dataclass(frozen=True)
class Settings:
    """The options of a run. ``devices`` and ``hints_on`` are ``None`` where the user left the choice to the machine."""

    model: str
    precision: str
    shapes: dict[str, list[int]]
    picture: Path | None
    profile: Profile
    devices: tuple[str, ...] | None
    hints_on: tuple[str, ...] | None
    use_accelerators: bool
    fail_inconclusive: bool
    infer_requests: int
    probe_deadline_s: float
    cache: Path
    reports: Path
    machine: str

    @property
    def latest(self) -> Path:
        """The folder of the latest run's report."""
        return self.reports / "latest"

    @property
    def history(self) -> Path:
        """The folder of this machine's saved runs."""
        return self.reports / "history" / self.machine

    def check(self) -> None:
        """Raise :class:`UserError` for what can be seen to be wrong without measuring."""
        resolve.check_name(self.model)
        if self.picture is not None and not self.picture.is_file():
            raise UserError(f"there is no picture at {self.picture}: check the path (--picture).")
        for option, names in (("--devices", self.devices), ("--hints-on", self.hints_on)):
            if names is not None and not names:
                raise UserError(f"the list of devices is empty: name one, such as CPU ({option}).")

    def check_reports_folder(self) -> None:
        """Raise :class:`UserError` when reports could not be saved, now rather than after the measuring."""
        trial = self.history / ".writable"
        try:
            write_bytes(trial, b"")
            trial.unlink()
        except OSError as error:
            raise explain_os_error(error, f"cannot write reports to {self.reports}", "--reports=DIR") from error


def parse_list(text: str | None) -> tuple[str, ...] | None:
    """A comma-separated option as a tuple without blanks and repetitions; ``None`` when it was not given."""
    if text is None:
        return None
    return tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))


def default_machine() -> str:
    """This machine's name, fit for a folder."""
    return slug(platform.node() or "machine")


def parse_choice(option: str, word: str, known: Collection[str]) -> str:
    """The word, if it is one of those known. Raises :class:`UserError`."""
    if word not in known:
        raise UserError(f"there is no {word!r} to choose: take one of {', '.join(known)} ({option}).")
    return word


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
