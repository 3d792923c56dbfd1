"""The study of first inference latency (FIL) from a cold start."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from autogauge.measuring.claim import Claim, Ratio
from autogauge.measuring.condition import Condition
from autogauge.measuring.drawing import Block
from autogauge.measuring.plan import Plan
from autogauge.measuring.progress import Progress
from autogauge.measuring.result import Result
from autogauge.rig.fresh import FIL, METRICS
from autogauge.rig.profile import LAB, QUICK, STANDARD
from autogauge.rig.rig import Rig
from autogauge.rig.study import Amount, Study, Turns
from autogauge.studies.first_inference import drawing, promises
from autogauge.targets import PLAIN_AUTO, Auto, Device, Target

NAME = "first inference latency"
CLOSE_TO_CPU = 2.0
"""AUTO's FIL is "close to" the CPU's up to this ratio. Starting AUTO also loads the other devices' plugins: 1.0 to 1.3 was
measured without an accelerator. Waiting for one costs tens of times the CPU's FIL, so the bound tells the two apart."""


CLOSE = "auto-fil-close-to-cpu"
TAKES_CORES = "the emulated GPU compiles on the CPU's own cores: how close to the CPU AUTO comes is measured without it"
NO_FALLBACK = "AUTO-no-fallback"
SAME_FIL = 1.25
"""Without the start-up fallback AUTO's FIL is "the accelerator's" up to this ratio either way; with it it is a fraction of it."""


def conditions_for(devices: Sequence[Device], auto: Auto = PLAIN_AUTO) -> tuple[Condition, ...]:
    """AUTO and each of the devices, without any property: as an application would compile first.

    Where AUTO hands over to an accelerator, also AUTO with ``ENABLE_STARTUP_FALLBACK`` off. An accelerator that AUTO would not choose by
    itself is named: beside an AUTO that leaves it alone, its FIL would say nothing about AUTO.
    """
    found = [Condition("AUTO", Target(auto.device), auto.title)]
    found += [Condition(device.name, Target(device.name), device.label) for device in devices]
    if auto.handed_to is not None:
        without = Target(auto.device, {"ENABLE_STARTUP_FALLBACK": "NO"})
        found.append(Condition(NO_FALLBACK, without, f"{auto.title}, no fallback", recorded=False))
    return tuple(found)


def claims_for(devices: Sequence[Device], auto: Auto = PLAIN_AUTO) -> tuple[Ratio, ...]:
    """AUTO's FIL is close to the CPU's and below that of every other device; without the start-up fallback it is the accelerator's.

    Where AUTO leaves its CPU helper out, it promises neither of the first two: its FIL is the accelerator's as well.
    """
    claims = []
    handed_to = auto.handed_to
    for device in () if auto.no_helper else devices:
        if device.kind == "CPU" and auto.emulated:
            continue  # it compiles on the CPU's own cores, beside the helper's first inference
        if device.kind == "CPU":
            claims.append(
                Ratio(
                    CLOSE,
                    "AUTO's first inference comes about as early as the CPU's",
                    FIL,
                    "AUTO",
                    device.name,
                    "at most",
                    CLOSE_TO_CPU,
                )
            )
        elif auto.why_not(device) is None:  # beside an AUTO that leaves it out its FIL would say nothing
            claims.append(
                Ratio(
                    below(device),
                    f"AUTO's first inference comes before that of {device.label}",
                    FIL,
                    "AUTO",
                    device.name,
                    "at most",
                    1.0,
                )
            )
    if handed_to is not None:
        sentence = f"without the start-up fallback, AUTO's first inference comes {{}} than that of {handed_to.label}"
        names = no_fallback(handed_to)
        sides: tuple[tuple[str, Literal["at most", "at least"], float], ...] = (
            ("no later", "at most", SAME_FIL),
            ("no earlier", "at least", 1 / SAME_FIL),
        )
        for name, (words, relation, bound) in zip(names, sides, strict=True):
            claims.append(
                Ratio(name, sentence.format(words), FIL, NO_FALLBACK, handed_to.name, relation, round(bound, 3))
            )
    return tuple(claims)


def below(accelerator: Device) -> str:
    """The name of the claim that AUTO's FIL is below the accelerator's."""
    return f"auto-fil-below-{accelerator.slug}"


def no_fallback(accelerator: Device) -> tuple[str, str]:
    """The names of the claims that without the start-up fallback AUTO's FIL is the accelerator's: no later, no earlier."""
    return f"auto-no-fallback-fil-not-above-{accelerator.slug}", f"auto-no-fallback-fil-not-below-{accelerator.slug}"


class FirstInference(Study):
    """Cold starts of AUTO and of each device, in fresh processes."""

    name = NAME
    metrics = METRICS
    recorded = MappingProxyType({NAME: FIL})
    amounts = MappingProxyType(
        {
            QUICK: Amount(Plan(looks=(7, 10), budget_s=8), at_least=7),
            STANDARD: Amount(Plan(looks=(8, 12, 16, 24), budget_s=45), at_least=32),
            LAB: Amount(Plan(looks=(10, 20, 40), budget_s=120), at_least=40),
        }
    )
    rules = MappingProxyType(
        {
            CLOSE: ("startup-first-inference-as-cpu",),
            "auto-fil-below-*": ("startup-first-inference-ahead",),
            "auto-no-fallback-fil-*": ("startup-off",),
            promises.HELPER_OUT: ("startup-off",),
            promises.RAN: ("startup-cpu-first", "startup-helper-marked", "selection-execution-devices"),
        }
    )
    with_accelerator = MappingProxyType(
        {
            QUICK: Plan(looks=(6,), budget_s=120),
            STANDARD: Plan(looks=(7, 10), budget_s=120),
            LAB: Plan(looks=(10, 20), budget_s=600),
        }
    )
    """Where an accelerator is measured its cold compile takes seconds, not tenths."""

    def amount(self, rig: Rig) -> Amount:
        """Less where an accelerator is measured."""
        if not any(device.is_accelerator for device in rig.devices):
            return super().amount(rig)
        plan = self.with_accelerator[rig.asked.profile.name]
        return Amount(plan, plan.looks[0])

    def conditions(self, rig: Rig) -> tuple[Condition, ...]:
        """AUTO and the devices of the machine."""
        return conditions_for(rig.devices, rig.auto)

    def claims(self, rig: Rig, conditions: Sequence[Condition]) -> tuple[Claim, ...]:
        """About the devices that AUTO may select; and that each process was what its time is to be of."""
        return *claims_for(rig.devices, rig.auto), *promises.claims_for(conditions)

    def not_promised(self, rig: Rig) -> Mapping[str, str]:
        """Without its helper AUTO is as late as its accelerator; the emulated GPU takes the CPU's cores; a CPU left out says nothing."""
        auto = rig.auto
        found = {}
        if all(device.kind != "CPU" for device in rig.devices):
            measured = ", ".join(condition.name for condition in self.conditions(rig))
            found[CLOSE] = (
                f"{CLOSE} needs a device that the options leave out (measured: {measured}): --devices names it"
            )
        elif auto.emulated:
            found[CLOSE] = TAKES_CORES
        for device in rig.devices:
            why = auto.no_helper or (auto.why_not(device) or "" if device.is_accelerator else "")
            found |= {below(device) if device.is_accelerator else CLOSE: why} if why else {}
        return found

    def blocks(self, result: Result) -> Iterable[Block]:
        """First inferences by phase."""
        return drawing.blocks(result)

    @contextlib.contextmanager
    def open(self, rig: Rig, result: Result, progress: Progress) -> Iterator[Turns]:
        """Fresh processes, nothing cached."""
        observe = promises.observing(rig.auto, rig.inspection.devices)
        yield rig.fresh(result, progress, observe=observe)


FIRST_INFERENCE = FirstInference()
