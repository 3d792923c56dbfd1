"""How much a run measures, and how long it waits. How much of one study that is, the study says itself."""

from __future__ import annotations

from dataclasses import dataclass

AUTO, NONE = "auto", "none"
"""Real accelerators where there are any; none. The third choice is the emulated GPU and no real one (``emulation.asked``)."""
RELAY_ROUNDS = 12
"""How many rounds a warm process serves. A fresh one costs as much as eight slices: ``docs/gate-choices.md`` weighs it up."""


@dataclass(frozen=True)
class Profile:
    """How warm processes are measured: slice, interval and warm-up lengths in seconds.

    ``relay_rounds`` is how many rounds a warm process serves before it gives way to a fresh one.
    """

    name: str
    slice_s: float
    interval_s: float
    warm_up_s: float
    relay_rounds: int = RELAY_ROUNDS


QUICK, STANDARD, LAB = "quick", "standard", "lab"
PROFILES = {
    QUICK: Profile(QUICK, slice_s=0.05, interval_s=1.0, warm_up_s=0.3),
    STANDARD: Profile(STANDARD, slice_s=0.05, interval_s=1.0, warm_up_s=0.5),
    # The notebook's own measurement: intervals of ten seconds, here by turns.
    LAB: Profile(LAB, slice_s=10.0, interval_s=10.0, warm_up_s=2.0, relay_rounds=2),
}


@dataclass(frozen=True)
class Deadlines:
    """How long is waited: ``probe_s`` for a probe's compile or answer, ``hand_over_s`` for AUTO's hand-over since its compile began."""

    probe_s: float

    @property
    def hand_over_s(self) -> float:
        """Most of what one answer of a probe may take."""
        return self.probe_s * 2 / 3
