"""Did the devices answer that a claim is about? Of an accelerator that never answered it says nothing, however well its figures fit.

``AUTO:GPU,CPU`` without a GPU is plain CPU, and an accelerator that AUTO leaves out costs it nothing: both would pass unseen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autogauge.measuring.claim import Claim
from autogauge.stats.verdicts import Outcome
from autogauge.targets import ACCELERATOR_KINDS, Target, kinds, named_devices

if TYPE_CHECKING:
    from autogauge.measuring.result import Result


def allow_for(result: Result, claim: Claim, outcome: Outcome) -> tuple[Outcome, str]:
    """The outcome of a claim, and why a PASS would mean nothing: then it is INCONCLUSIVE."""
    if outcome is Outcome.PASS and (reason := why_empty(result, claim)):
        return Outcome.INCONCLUSIVE, reason
    return outcome, ""


def why_empty(result: Result, claim: Claim) -> str:
    """Which side of the claim was answered by another device than it is about; empty when all is as it should be."""
    targets = {name: result.condition(name).target for name in claim.conditions}
    about = {kind for target in targets.values() for kind in _accelerators(target)}
    for name, target in targets.items():
        answered = result.devices_that_answered(name)
        allowed = _allowed(target, about)
        if (
            allowed is not None
            and answered
            and (wrong := sorted(each for each in answered if _kind(each) not in allowed))
        ):
            return f"{name} was answered by {', '.join(wrong)}, so this says nothing about {' or '.join(sorted(about))}"
    return ""


def _accelerators(target: Target) -> set[str]:
    return kinds(named_devices(target.device or "AUTO")) & set(ACCELERATOR_KINDS)


def _allowed(target: Target, about: set[str]) -> set[str] | None:
    """The kinds that may answer a target in a claim about these accelerators; ``None`` where the claim does not depend on who does."""
    if not about:
        return None
    device = target.device or "AUTO"
    if not device.startswith("AUTO"):
        return _accelerators(target) or None
    if target.properties.get("PERFORMANCE_HINT") == "CUMULATIVE_THROUGHPUT":  # the others of its list infer as well
        return about | kinds(named_devices(device))
    helper = set() if target.properties.get("ENABLE_STARTUP_FALLBACK") == "NO" else {"(CPU)"}
    return about | helper


def _kind(name: str) -> str:
    """``GPU`` for ``GPU.0``; AUTO's helper stays ``(CPU)``."""
    return name.partition(".")[0]
