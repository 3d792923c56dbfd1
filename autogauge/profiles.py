"""How much a run measures: what a profile stands for, and how long is waited. Choosing one is left to ``autogauge.settings``."""

from __future__ import annotations

from dataclasses import dataclass

from autogauge.measuring.plan import Plan
from autogauge.rig.warm import RELAY_ROUNDS


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
