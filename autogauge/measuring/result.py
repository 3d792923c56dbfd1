"""A result: a study's plan and all that was measured of it, as data.

When what is measured is left to ``schedule``, what it says of a claim to ``judging``, how it is written down to ``saving``.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from autogauge.measuring import findings, judging
from autogauge.measuring.claim import Claim, Difference, Fact, Ratio, Verdict
from autogauge.measuring.condition import HERE, Condition
from autogauge.measuring.metric import Metric
from autogauge.measuring.plan import Plan
from autogauge.probe.request import Failure
from autogauge.stats.intervals import Interval

Latencies = npt.NDArray[np.float32]  # a list would take eight times the memory, and a tiny model gives millions
Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Check:
    """Whether a fact holds in one sample; ``None`` where that cannot be said there. ``why`` says what was seen."""

    holds: bool | None
    why: str = ""


@dataclass(frozen=True)
class Sample:
    """What one turn of one condition gave.

    Figures by metric, what was beside it, which devices answered, each latency, whether facts held by the claim's name, ``arrays``
    of the study's own by name (a timeline, say), and in a word what became of it (``handed over``), where turns may end in several ways.
    """

    figures: Mapping[str, float]
    surroundings: Mapping[str, float | None] = field(default_factory=dict)
    execution_devices: tuple[str, ...] = ()
    latencies_ms: Latencies = field(default_factory=lambda: np.empty(0, np.float32), compare=False)
    checks: Mapping[str, Check] = field(default_factory=dict)
    arrays: Mapping[str, Array] = field(default_factory=dict, compare=False)
    outcome: str = ""

    def __post_init__(self) -> None:
        """Raise ``TypeError`` for a figure that is no number: at the study's first turn, not when all is measured and to be saved."""
        for name, figure in self.figures.items():
            if isinstance(figure, bool) or not isinstance(figure, (int, float, np.number)):
                raise TypeError(
                    f"the figure {name} of a sample is {figure!r}, where a number should be: leave out what is not known"
                )


@dataclass
class Replicate:
    """One paired sample: every condition once, in the order in which they were measured.

    ``disturbed`` holds the samples that were measured again at once, since other processes kept them from the processor;
    ``still_disturbed`` names the conditions whose sample in ``samples`` was disturbed: a repetition that was no better, or not repeated.
    """

    index: int
    order: tuple[str, ...]
    samples: dict[str, Sample] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)
    disturbed: dict[str, Sample] = field(default_factory=dict)
    still_disturbed: set[str] = field(default_factory=set)


AS_TABLE, BY_METRIC, CLAIMS = "table", "metrics", "claims"
"""How a result is shown: a row for each condition, with what is recorded; a line for each metric, and a column for each condition; or by
its claims alone, where its conditions have no figures that anybody compares."""
_MEASURED = {"measured": True}
"""Marks a field that is empty before anything is measured, and again when all is measured anew."""


@dataclass
class Result:
    """The plan of a study and all that was measured of it so far. ``facts`` holds what is known about each condition beyond samples.

    ``claims`` are promises about what is measured; ``changes`` compare it with a reference beside it, by a plan of their own.
    """

    name: str
    conditions: tuple[Condition, ...]
    claims: tuple[Claim, ...]
    plan: Plan
    seed: int
    changes: tuple[Ratio, ...] = ()
    change_plan: Plan | None = None
    pinned: str = ""
    """What the pinned workload is, if one is measured beside the conditions."""
    at_least: int = 0
    """So many replicates of every condition, within the budget, also when every claim is decided: what history judges rests on them."""
    repeats_disturbed: bool = True
    """Whether a disturbed turn is measured again: where a turn takes long, or has facts of its own, it is not."""
    relay_rounds: int = 0
    """After so many rounds a warm process gives way to a fresh one; 0: it serves to the end."""
    metrics: tuple[Metric, ...] = ()
    """What is known of its figures, in the order in which tables show them."""
    recorded: Mapping[str, str] = field(default_factory=dict)
    """The metrics that become benchmarks, by what those are called: ``seconds per frame`` is ``fps``."""
    shown: str = AS_TABLE
    """``AS_TABLE``, ``BY_METRIC`` or ``CLAIMS``."""
    caption: str = ""
    """What a reader of its figures must know: ``seconds since the call of compile_model``."""
    not_promised: Mapping[str, str] = field(default_factory=dict)
    """The claims that do not apply where it was measured, by name, with the reason."""
    controls: tuple[str, ...] = ()
    """The changes, by name, that compare a thing with itself: measured as long as any other is open, and looked at once, at the end."""
    process_plan: Plan | None = None
    """By which plan claims on figures of warm processes (``Metric.of_process``) are looked at: its looks are numbers of processes."""
    replicates: list[Replicate] = field(default_factory=list, metadata=_MEASURED)
    facts: dict[str, dict[str, Any]] = field(default_factory=dict, metadata=_MEASURED)
    state: str = field(default="planned", metadata=_MEASURED)
    """planned, running, decided, budget ended, gave up, interrupted, broken off"""
    seconds: float = field(default=0.0, metadata=_MEASURED)
    elapsed_s: float = field(default=0.0, metadata=_MEASURED)
    """How much of the budget had passed at the end of the latest replicate."""
    looked: dict[str, float] = field(default_factory=dict, metadata=_MEASURED)
    """The share of its budget that had passed at each claim's latest look, where looks spend the error by time."""
    closed: dict[str, Verdict] = field(default_factory=dict, metadata=_MEASURED)
    """The verdicts that stand: what is measured after a claim was decided does not move it."""

    def condition(self, name: str) -> Condition:
        """The condition of that name. Raises ``KeyError``."""
        for condition in self.conditions:
            if condition.name == name:
                return condition
        raise KeyError(name)

    def labels(self, name: str) -> dict[str, str]:
        """The labels of that condition; where it runs on something else than the session, also the OpenVINO release that was seen there."""
        condition, release = self.condition(name), str(self.facts.get(name, {}).get("openvino") or "")
        elsewhere = {"openvino": release.partition("-")[0]} if condition.runs_on != HERE and release else {}
        return {**condition.labels, **elsewhere}

    def metric(self, name: str) -> Metric:
        """The metric of that name; one that the study does not declare is called by its name."""
        return next((each for each in self.metrics if each.name == name), Metric(name, name))

    def samples(self, condition: str) -> list[Sample]:
        """The samples of one condition, in the order measured."""
        return [each.samples[condition] for each in self.replicates if condition in each.samples]

    def figures(self, condition: str, metric: str) -> list[float]:
        """One metric of one condition, in the order measured, from the samples that have it; what is not finite is no figure to show."""
        found = [each.figures[metric] for each in self.samples(condition) if metric in each.figures]
        return [figure for figure in found if math.isfinite(figure)]

    def metrics_with_figures(self) -> list[Metric]:
        """The metrics that some sample has, in their order; those that the study does not declare at the end."""
        seen = dict.fromkeys(name for each in self.all_turns() for name in each.figures)
        declared = [each for each in self.metrics if each.name in seen]
        names = {each.name for each in declared}
        return [*declared, *(self.metric(name) for name in seen if name not in names)]

    def outcomes(self, condition: str) -> str:
        """What became of the condition's turns, in words: ``handed over (3), failed (1)``."""
        counted = Counter(each.outcome or "measured" for each in self.samples(condition))
        words = [f"{outcome} ({count})" for outcome, count in counted.items()]
        failed = len(self.failures(condition))
        return ", ".join([*words, f"failed ({failed})"] if failed else words) or "not measured"

    def turns(self, condition: str) -> int:
        """How often the condition answered, the turns that were measured again included."""
        return len(self.samples(condition)) + self.disturbed(condition)

    def latencies_ms(self, condition: str) -> Latencies:
        """Every request's latency of one condition, in the order measured; shape ``(requests,)``."""
        return np.concatenate([np.empty(0, np.float32), *(sample.latencies_ms for sample in self.samples(condition))])

    def failures(self, *conditions: str) -> list[tuple[int, str, Failure]]:
        """Replicate index, condition and failure of all that went wrong, for the named conditions or all of them."""
        return [
            (replicate.index, name, failure)
            for replicate in self.replicates
            for name, failure in replicate.failures.items()
            if not conditions or name in conditions
        ]

    def devices_that_answered(self, condition: str) -> set[str]:
        """Every execution device seen in the condition's samples."""
        return {device for sample in self.samples(condition) for device in sample.execution_devices}

    def pairs(self, claim: Ratio | Difference) -> list[tuple[float, float]]:
        """The claim's figures from every replicate in which both its conditions have one; of warm processes the first of each, and on."""
        metric, (first, second) = claim.metric.name, claim.conditions
        if claim.metric.of_process:  # they give way in different rounds
            return [*zip(self.of_processes(first, metric), self.of_processes(second, metric), strict=False)]
        return [
            (each.samples[first].figures[metric], each.samples[second].figures[metric])
            for each in self.replicates
            if all(name in each.samples and metric in each.samples[name].figures for name in claim.conditions)
        ]

    def of_processes(self, condition: str, metric: str) -> list[float]:
        """A figure of the condition's warm processes, in the order in which these gave way; of one that was disturbed, too."""
        return [
            each.figures[metric]
            for replicate in self.replicates
            for each in (replicate.disturbed.get(condition), replicate.samples.get(condition))
            if each is not None and metric in each.figures
        ]

    def counts_processes(self, claim: Claim) -> bool:
        """Whether what a claim rests on is counted in warm processes, and not in rounds."""
        return not isinstance(claim, Fact) and bool(claim.metric.of_process)

    def plan_of(self, claim: Claim) -> Plan:
        """By which plan that claim is looked at."""
        if self.process_plan is not None and self.counts_processes(claim):
            return self.process_plan
        return self.change_plan if self.change_plan is not None and claim in self.changes else self.plan

    def interval(self, claim: Claim) -> Interval | None:
        """The interval of the claim's figures so far; ``None`` without any, and for a claim that asks every sample."""
        return judging.interval(self, claim)

    def verdict(self, claim: Claim) -> Verdict:
        """The claim's outcome with its evidence; a condition that never worked is named there, and its cause in the finding."""
        return findings.told(self, self.judged(claim))

    def judged(self, claim: Claim) -> Verdict:
        """The same with each cause, as it is kept."""
        return self.closed.get(claim.name) or judging.verdict_so_far(self, claim)

    def close(self, claim: Claim, *, for_good: bool) -> bool:
        """Look at the claim; whether its verdict stands from now on: it is decided, or this was the last look."""
        verdict = judging.verdict_so_far(self, claim)
        if for_good or verdict.is_decided:
            self.closed[claim.name] = verdict
            return True
        self.looked[claim.name] = min(1.0, self.elapsed_s / max(self.plan_of(claim).budget_s, 1e-9))
        return False

    def verdicts(self) -> list[Verdict]:
        """Every claim's verdict; those on changes are asked for by claim."""
        return [self.verdict(claim) for claim in self.claims]

    def anew(self, seed: int) -> Result:
        """The same plan with nothing measured yet."""
        new = type(self)(self.name, self.conditions, self.claims, self.plan, seed)
        measured = [each.name for each in dataclasses.fields(self) if each.metadata.get("measured")]
        return dataclasses.replace(self, seed=seed, **{name: getattr(new, name) for name in measured})

    def all_turns(self) -> Iterator[Sample]:
        """Every sample, the disturbed ones included."""
        for each in self.replicates:
            yield from each.samples.values()
            yield from each.disturbed.values()

    def surroundings(self) -> Iterator[list[Mapping[str, float | None]]]:
        """Of each condition those of its samples, in the order measured."""
        for each in self.conditions:
            yield [sample.surroundings for sample in self.samples(each.name)]

    def disturbed(self, condition: str) -> int:
        """How many of its turns were measured again because they were disturbed."""
        return sum(condition in each.disturbed for each in self.replicates)

    def still_disturbed(self, condition: str) -> int:
        """How many of its samples were disturbed and kept: their repetition was no better, or there was none."""
        return sum(condition in each.still_disturbed for each in self.replicates)
