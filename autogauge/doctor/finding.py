"""One thing that the doctor looked at, and in which state it is. Looking is left to the other files here, showing to ``report``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any


class State(str, Enum):
    """Of what is installed and of devices: ``OK``, ``ABSENT`` (it may be missing), ``BROKEN`` (it may not).

    Of the machine as a place to measure: ``FIT``, ``NOTED`` (all figures are of it, and it does not make them worse than others),
    ``UNFIT``, ``NOT_KNOWN`` (it could not be read, so nobody may call it good).
    """

    OK = "ok"
    ABSENT = "absent"
    BROKEN = "BROKEN"
    FIT = "fit"
    NOTED = "noted"
    UNFIT = "UNFIT"
    NOT_KNOWN = "not known"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Finding:
    """One thing looked at: of which subject, what was found, and what to do about it.

    ``effect`` is what it does to results here; ``figures`` are the numbers behind it, by names that hold their units.
    """

    subject: str
    what: str
    state: State
    found: str
    next_step: str = ""
    effect: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The fields as a dictionary."""
        return {**asdict(self), "state": str(self.state), "figures": dict(self.figures)}
