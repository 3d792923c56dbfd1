"""A study: conditions measured by turns until its claims are decided. One machinery for every comparison.

How a condition is measured (a fresh process, a slice of a warm one) is left to ``fil`` and ``steady``; the judging is
``autogauge.stats``'.

Sources of the design: T. Kalibera and R. Jones, "Rigorous benchmarking in reasonable time" (ISMM 2013): repeat where the variance
arises. A. Abedi and T. Brecht, "Conducting repeatable experiments in highly variable cloud computing environments" (ICPE 2017):
randomized multiple interleaved trials.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from autogauge.probe.request import Failure, ProbeFailed
from autogauge.stats.intervals import Interval, block_means, paired_ratio
from autogauge.stats.verdicts import Claim, Outcome, Verdict, confidence_of_look, outcome_of
from autogauge.studies.progress import Progress
from autogauge.studies.timeline import Timeline
from autogauge.targets import Target

Latencies = npt.NDArray[np.float32]  # a list would take eight times the memory, and a tiny model gives millions

GIVE_UP_AFTER = 3  # failures of one condition in a row
HARD_LIMIT = 6.0  # times the budget: then a study ends even before its first look


@dataclass(frozen=True)
class Condition:
    """One of the things that a study compares. ``title`` is what tables call it; without one they show its target.

    ``infer_requests`` is how many are kept in flight where the study says so; 0 leaves it to the session's options.
    """

    name: str
    target: Target
    title: str = ""
    infer_requests: int = 0


@dataclass(frozen=True)
class Sample:
    """What one turn of one condition gave: figures by metric, what was beside it, which devices answered, each latency.

    A hand-over has its timeline too.
    """

    figures: Mapping[str, float]
    surroundings: Mapping[str, float | None] = field(default_factory=dict)
    execution_devices: tuple[str, ...] = ()
    latencies_ms: Latencies = field(default_factory=lambda: np.empty(0, np.float32), compare=False)
    timeline: Timeline | None = field(default=None, compare=False)

    def to_json(self) -> dict[str, Any]:
        """The fields as a dictionary, without single latencies and timelines: they are files of their own."""
        return {
            "figures": dict(self.figures),
            "surroundings": dict(self.surroundings),
            "execution_devices": list(self.execution_devices),
        }


@dataclass
class Replicate:
    """One paired sample: every condition once, in the order in which they were measured."""

    index: int
    order: tuple[str, ...]
    samples: dict[str, Sample] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The fields as a dictionary."""
        return {
            "index": self.index,
            "order": list(self.order),
            "samples": {name: sample.to_json() for name, sample in self.samples.items()},
            "failures": {name: failure.to_json() for name, failure in self.failures.items()},
        }


@dataclass(frozen=True)
class Plan:
    """When to look at the evidence (numbers of replicates, rising), and how long to go on (seconds).

    ``block`` consecutive replicates count as one observation: neighbours in time may resemble each other.
    """

    looks: tuple[int, ...]
    budget_s: float
    confidence: float = 0.95
    block: int = 1

    @property
    def look_confidence(self) -> float:
        """The confidence of each look's interval."""
        return confidence_of_look(self.confidence, len(self.looks))


@dataclass
class Study:
    """A study and all that it has measured so far. ``facts`` holds what is known about each condition beyond samples."""

    name: str
    conditions: tuple[Condition, ...]
    claims: tuple[Claim, ...]
    plan: Plan
    seed: int
    replicates: list[Replicate] = field(default_factory=list)
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    state: str = "planned"  # planned, running, decided, budget ended, gave up, interrupted, broken off
    seconds: float = 0.0

    def condition(self, name: str) -> Condition:
        """The condition of that name. Raises ``KeyError``."""
        for condition in self.conditions:
            if condition.name == name:
                return condition
        raise KeyError(name)

    def samples(self, condition: str) -> list[Sample]:
        """The samples of one condition, in the order measured."""
        return [each.samples[condition] for each in self.replicates if condition in each.samples]

    def figures(self, condition: str, metric: str) -> list[float]:
        """One metric of one condition, in the order measured."""
        return [sample.figures[metric] for sample in self.samples(condition)]

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

    def pairs(self, claim: Claim) -> list[tuple[float, float]]:
        """The claim's figures from every replicate in which both its conditions were measured."""
        return [
            (each.samples[claim.numerator].figures[claim.metric], each.samples[claim.denominator].figures[claim.metric])
            for each in self.replicates
            if claim.numerator in each.samples and claim.denominator in each.samples
        ]

    def interval(self, claim: Claim) -> Interval | None:
        """The claim's ratio from the complete pairs so far; ``None`` without one."""
        pairs = self.pairs(claim)
        if not pairs:
            return None
        numerators, denominators = (block_means(values, self.plan.block) for values in zip(*pairs, strict=True))
        return paired_ratio(numerators, denominators, self.plan.look_confidence)

    def verdict(self, claim: Claim) -> Verdict:
        """The claim's outcome with its evidence."""
        interval = self.interval(claim)
        failures = self.failures(claim.numerator, claim.denominator)
        sentences = tuple(dict.fromkeys(f"{name}: {failure.sentence()}" for _, name, failure in failures))
        failed = len({index for index, _, _ in failures})
        return Verdict(
            claim,
            outcome_of(claim, interval),
            interval,
            len(self.pairs(claim)),
            sentences,
            failed,
            self.state == "interrupted",
        )

    def verdicts(self) -> list[Verdict]:
        """Every claim's verdict."""
        return [self.verdict(claim) for claim in self.claims]

    def to_json(self) -> dict[str, Any]:
        """Everything but the single latencies, which are a file of their own."""
        return {
            "name": self.name,
            "state": self.state,
            "seed": self.seed,
            "seconds": self.seconds,
            "plan": {**asdict(self.plan), "look_confidence": self.plan.look_confidence},
            "conditions": [
                {
                    "name": each.name,
                    "title": each.title,
                    "device": each.target.device,
                    "properties": dict(each.target.properties),
                }
                for each in self.conditions
            ],
            "facts": self.facts,
            "replicates": [replicate.to_json() for replicate in self.replicates],
        }


def run(
    study: Study,
    measure: Callable[[Condition], Sample],
    progress: Progress,
    prepare: Callable[[], None] = lambda: None,
) -> None:
    """Prepare, then measure every condition by turns, in random order within each replicate, until the claims are decided.

    The budget begins after ``prepare``. ``measure`` raises ``ProbeFailed`` for a turn that gave nothing: the replicate keeps
    the failure and the study goes on; a condition that fails ``GIVE_UP_AFTER`` times in a row is left out from then on. An
    interruption keeps the finished replicates and marks the study.
    """
    study.state = "running"
    began = time.monotonic()
    progress.begin(study.name)
    try:
        prepare()
        began = time.monotonic()
        _run(study, measure, progress, began)
    except KeyboardInterrupt:
        study.state = "interrupted"
        raise
    except BaseException:
        study.state = "broken off"
        raise
    finally:
        study.seconds = time.monotonic() - began
        progress.end()


def _run(study: Study, measure: Callable[[Condition], Sample], progress: Progress, began: float) -> None:
    plan = study.plan
    shuffled = random.Random(study.seed)
    in_a_row = dict.fromkeys((condition.name for condition in study.conditions), 0)
    while True:
        live = [condition for condition in study.conditions if in_a_row[condition.name] < GIVE_UP_AFTER]
        if len(live) < min(2, len(study.conditions)):
            study.state = "gave up"
            return
        shuffled.shuffle(live)
        replicate = Replicate(len(study.replicates), tuple(condition.name for condition in live))
        for condition in live:
            progress.advance(condition.name, len(study.replicates), *_ahead(study, began))
            try:
                replicate.samples[condition.name] = measure(condition)
                in_a_row[condition.name] = 0
            except ProbeFailed as error:
                replicate.failures[condition.name] = error.failure
                in_a_row[condition.name] += 1
                progress.say(f"{study.name}: {condition.name} failed: {error.failure.sentence()}")
        study.replicates.append(replicate)
        done, elapsed = len(study.replicates), time.monotonic() - began
        over = elapsed > plan.budget_s
        if done in plan.looks or (over and done >= plan.looks[0]) or elapsed > HARD_LIMIT * plan.budget_s:
            if all(verdict.outcome is not Outcome.INCONCLUSIVE for verdict in study.verdicts()):
                study.state = "decided"
                return
            if over or done >= plan.looks[-1]:
                study.state = "budget ended"
                return


def _ahead(study: Study, began: float) -> tuple[int, float | None]:
    """The number of replicates at the next look, and the estimated seconds until then."""
    done = len(study.replicates)
    target = next((look for look in study.plan.looks if look > done), study.plan.looks[-1])
    if not done:
        return target, None
    return target, (time.monotonic() - began) / done * (target - done)
