"""The studies of one model's own claims: in warm processes by rounds, by what each process gave, and in fresh ones."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from autogauge.claims.said import FACT
from autogauge.measuring.claim import Claim
from autogauge.measuring.condition import CANDIDATE, Condition
from autogauge.measuring.plan import Plan
from autogauge.measuring.progress import Progress
from autogauge.measuring.result import Check, Result
from autogauge.probe.log import AutoLog
from autogauge.rig import fresh, stints, warm
from autogauge.rig.fresh import Seen
from autogauge.rig.pool import WarmProbe
from autogauge.rig.profile import LAB, QUICK, STANDARD
from autogauge.rig.rig import Asked, Rig
from autogauge.rig.stints import Stints
from autogauge.rig.study import Amount, Study, Turns
from autogauge.studies.own.asserted import Asserted, absent_of, conditions_of, recorded_of

NO_SPEED = (
    "the emulated GPU shows behaviour, not speed, and AUTO would be that GPU: claims on steady inferences are measured "
    "without --accelerator=emulated"
)


class OwnClaims(Study):
    """Some of the claims that tests make of one model. A study for each model, so that no two models stand in one result."""

    repeats_disturbed: ClassVar[bool] = False
    """What others' work does to a tail is in it: to measure slow turns once more would leave out what is claimed of."""

    def __init__(self, model: str, asserted: Sequence[Asserted]) -> None:
        """``model`` is what its benchmarks are called by; ``asserted`` are all of its claims of this kind."""
        self.model, self.asserted = model, tuple(asserted)

    def absent(self, rig: Rig) -> str | None:
        """Where no claim can be measured: why the first one cannot."""
        absent = absent_of(self.asserted, rig)
        return next(iter(absent.values())) if len(absent) == len(self.asserted) else None

    def not_promised(self, rig: Rig) -> Mapping[str, str]:
        """The claims about a device that is not there."""
        return absent_of(self.asserted, rig)

    def here(self, rig: Rig) -> tuple[Asserted, ...]:
        """The claims that can be measured on this machine."""
        absent = absent_of(self.asserted, rig)
        return tuple(each for each in self.asserted if each.name not in absent)

    def may_record(self, asked: Asked) -> tuple[str, ...]:
        """Every condition that a claim on a figure is about."""
        return tuple(dict.fromkeys(name for each in self.asserted for name, _ in each.benchmarks))

    def conditions(self, rig: Rig) -> tuple[Condition, ...]:
        """What the claims are about."""
        return conditions_of(self.here(rig), self.model)

    def claims(self, rig: Rig, conditions: Sequence[Condition]) -> tuple[Claim, ...]:
        """The claims themselves."""
        return tuple(each.claim() for each in self.here(rig))

    def benchmarks(self, rig: Rig) -> int:
        """One for each figure of each condition that is claimed of."""
        return len({(name, metric.name) for each in self.here(rig) for name, metric in each.benchmarks})

    def planned(self, rig: Rig, seed: int) -> Result:
        """With benchmarks of what is claimed only, called by the model."""
        result = super().planned(rig, seed)
        return dataclasses.replace(result, recorded=recorded_of(self.here(rig), self.model))


class Warm(OwnClaims):
    """Claims that warm processes tell."""

    is_relayed = True

    def absent(self, rig: Rig) -> str | None:
        """The emulated GPU has no speed worth a claim."""
        return NO_SPEED if rig.asked.is_emulated else super().absent(rig)

    @property
    def facts(self) -> tuple[Asserted, ...]:
        """The claims on who answered."""
        return tuple(each for each in self.asserted if each.said.kind == FACT)


class Steady(Warm):
    """What is compared within rounds, and who answered. Processes give way by rounds, as in every study of speed."""

    name = "own claims"
    caption = "claims of tests; a comparison is within rounds of warm processes"
    metrics = warm.METRICS
    repeats_disturbed: ClassVar[bool] = True
    """As other comparisons within rounds: no tail is claimed of."""
    amounts = MappingProxyType(
        {
            QUICK: Amount(Plan(looks=(24, 48), budget_s=9), at_least=24),
            STANDARD: Amount(Plan(looks=(40, 80, 160), budget_s=38), at_least=64),
            LAB: Amount(Plan(looks=(12,), budget_s=3600), at_least=6),
        }
    )

    @contextlib.contextmanager
    def open(self, rig: Rig, result: Result, progress: Progress) -> Iterator[Turns]:
        """Slices of warm processes."""

        def observe(condition: Condition, reply: Mapping[str, Any], probe: WarmProbe) -> Seen:
            return Seen(checks=checks_of(self.facts, condition, reply["execution_devices"]))

        with rig.warm(result, progress, observe=observe) as turns:
            yield turns


class Processes(Warm):
    """What rests on warm processes as such: bounds, and percentiles. Each serves until it has given what is claimed of it.

    A study apart from what is compared within rounds: a process that serves for a percentile outlives many rounds' relays, and those
    comparisons would then be of one process. Nothing stands beside it, neither a reference nor the pinned workload: both are compared
    within rounds.
    """

    name = "own claims on processes"
    caption = "claims of tests; each warm process serves, gives one figure, and gives way to a fresh one"
    metrics = (*warm.METRICS, *stints.METRICS)
    has_companions = False
    amounts = MappingProxyType(
        {
            QUICK: Amount(Plan(looks=(24,), budget_s=9)),
            STANDARD: Amount(Plan(looks=(40,), budget_s=38)),
            LAB: Amount(Plan(looks=(12,), budget_s=3600)),
        }
    )
    by_process = MappingProxyType(
        {
            QUICK: Plan(looks=(6,), budget_s=20),
            STANDARD: Plan(looks=(8, 16), budget_s=60),
            LAB: Plan(looks=(8, 16), budget_s=3600),
        }
    )
    """How much is measured: numbers of processes. With six a 95 % interval has its ends, with seven one of two looks does."""

    def planned(self, rig: Rig, seed: int) -> Result:
        """With a plan for what is counted in processes."""
        plan = self.by_process[rig.asked.profile.name]
        return dataclasses.replace(super().planned(rig, seed), process_plan=plan)

    @contextlib.contextmanager
    def open(self, rig: Rig, result: Result, progress: Progress) -> Iterator[Turns]:
        """Slices of warm processes, which serve as long as what is claimed of them takes."""
        serving = self.serving(rig, result)

        def observe(condition: Condition, reply: Mapping[str, Any], probe: WarmProbe) -> Seen:
            figures = serving.observe(condition, reply, probe)
            return Seen(figures, checks_of(self.facts, condition, reply["execution_devices"]))

        with rig.warm(result, progress, observe=observe, relieved=serving.is_over) as turns:
            yield turns

    def serving(self, rig: Rig, result: Result) -> Stints:
        """When a process of this result has served, and what it gives then."""
        here = self.here(rig)
        needed: dict[str, int] = {}
        metrics = {metric.name: metric for each in here for _, metric in each.benchmarks}
        for each in here:
            for name, metric in each.benchmarks:
                needed[name] = max(needed.get(name, 0), metric.of_process)
        compared = [[name for name, _ in each.benchmarks] for each in here if len(each.benchmarks) > 1]
        return Stints(result, result.relay_rounds, metrics.values(), needed, compared)


class Start(OwnClaims):
    """Claims on what happens once in a process: the first inference, and the peak of memory until then."""

    name = "own claims on starts"
    caption = "claims of tests; each process is a fresh one, and nothing is cached"
    metrics = fresh.METRICS
    amounts = MappingProxyType(
        {
            QUICK: Amount(Plan(looks=(7, 10), budget_s=8), at_least=7),
            STANDARD: Amount(Plan(looks=(8, 12, 16, 24), budget_s=45), at_least=32),
            LAB: Amount(Plan(looks=(10, 20, 40), budget_s=120), at_least=40),
        }
    )

    @contextlib.contextmanager
    def open(self, rig: Rig, result: Result, progress: Progress) -> Iterator[Turns]:
        """Fresh processes, nothing cached."""
        yield rig.fresh(result, progress, observe=_told)


def _told(condition: Condition, reply: Mapping[str, Any], log: AutoLog) -> Seen:
    """A peak of memory that the system does not tell is none, and not 0."""
    return Seen() if reply.get("peak_memory_bytes") else Seen({fresh.PEAK_MEMORY.name: math.nan})


def checks_of(facts: Sequence[Asserted], condition: Condition, answered: Sequence[str] | None) -> dict[str, Check]:
    """Whether the devices that answered a slice are those that are claimed, by claim."""
    if condition.role != CANDIDATE:
        return {}
    about = [each for each in facts if any(on.name == condition.name for on in each.said.conditions)]
    return {each.name: ran(each.said.devices, answered) for each in about}


def ran(wanted: Sequence[str], answered: Sequence[str] | None) -> Check:
    """Whether only these devices answered; ``GPU`` stands for any, ``GPU.1`` for itself. AUTO's helper, ``(CPU)``, is no CPU."""
    if not answered:
        return Check(None, "OpenVINO names no device that answered")
    names = sorted(answered)
    held = all(name in wanted or name.partition(".")[0] in wanted for name in names)
    return Check(held, f"by {' and '.join(names)}")


def studies_of(model: str, asserted: Sequence[Asserted]) -> tuple[OwnClaims, ...]:
    """The studies of a model's claims: those of which there is any."""
    starts = [each for each in asserted if each.is_of_starts]
    processes = [each for each in asserted if each.is_of_processes]
    facts = [each for each in asserted if each.said.kind == FACT]
    rounds = [each for each in asserted if each not in starts and each not in processes and each not in facts]
    in_rounds, in_processes = (
        {on.name for each in some for on in each.said.conditions} for some in (rounds, processes)
    )
    for each in facts:  # told where its condition is measured anyway
        names = {on.name for on in each.said.conditions}
        is_there_anyway = names <= in_processes and not names <= in_rounds
        (processes if is_there_anyway else rounds).append(each)
    found: list[OwnClaims] = [Steady(model, rounds)] if rounds else []
    found += [Processes(model, processes)] if processes else []
    return (*found, Start(model, starts)) if starts else tuple(found)
