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
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from autogauge.probe.request import Failure, ProbeFailed
from autogauge.stats.changes import judge_change
from autogauge.stats.intervals import Interval, paired_ratio
from autogauge.stats.sequential import share_by_time
from autogauge.stats.verdicts import Claim, Outcome, Verdict, outcome_of
from autogauge.studies import answered, disturbance, harness, reservations
from autogauge.studies.progress import Progress
from autogauge.studies.timeline import Timeline
from autogauge.targets import Target

Latencies = npt.NDArray[np.float32]  # a list would take eight times the memory, and a tiny model gives millions

GIVE_UP_AFTER = 3  # failures of one condition in a row
HARD_LIMIT = 6.0  # times the budget: then a study ends even before its first look


@dataclass(frozen=True)
class Condition:
    """One of the things that a study compares. ``title`` is what tables call it; without one they show its target.

    ``infer_requests`` is how many are kept in flight where the study says so; 0 leaves it to the session's options. ``beside`` names the
    condition with the pinned workload whose ratio history judges it by; empty without one.
    """

    name: str
    target: Target
    title: str = ""
    infer_requests: int = 0
    beside: str = ""


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

    def to_json(self) -> dict[str, Any]:
        """The fields as a dictionary."""
        return {
            "index": self.index,
            "order": list(self.order),
            "samples": {name: sample.to_json() for name, sample in self.samples.items()},
            "failures": {name: failure.to_json() for name, failure in self.failures.items()},
            **(
                {"disturbed": {name: sample.to_json() for name, sample in self.disturbed.items()}}
                if self.disturbed
                else {}
            ),
            **({"still_disturbed": sorted(self.still_disturbed)} if self.still_disturbed else {}),
        }


@dataclass(frozen=True)
class Plan:
    """When to look at the evidence (numbers of replicates, rising), and how long to go on (seconds).

    ``confidence`` is that of all looks together; they share its error equally, or with ``by_time`` by the time that has passed.
    """

    looks: tuple[int, ...]
    budget_s: float
    confidence: float = 0.95
    by_time: bool = False

    def confidence_at(self, elapsed_s: float = 0.0, looked: float = 0.0) -> float:
        """The confidence of the interval at a look after so many seconds; ``looked`` is the share of the budget at the look before."""
        share = share_by_time(elapsed_s, self.budget_s, looked) if self.by_time else 1 / len(self.looks)
        return 1 - (1 - self.confidence) * share


@dataclass
class Study:
    """A study and all that it has measured so far. ``facts`` holds what is known about each condition beyond samples.

    ``claims`` are promises about what is measured; ``changes`` compare it with a reference beside it, by a plan of their own.
    """

    name: str
    conditions: tuple[Condition, ...]
    claims: tuple[Claim, ...]
    plan: Plan
    seed: int
    changes: tuple[Claim, ...] = ()
    change_plan: Plan | None = None
    pinned: str = ""
    """What the pinned workload is, if one is measured beside the conditions."""
    at_least: int = 0
    """So many replicates of every condition, within the budget, also when every claim is decided: what history judges rests on them."""
    repeats_disturbed: bool = True
    """Whether a disturbed turn is measured again: where a turn takes long, or has facts of its own, it is not."""
    relay_rounds: int = 0
    """After so many rounds a warm process gives way to a fresh one; 0: it serves to the end."""
    replicates: list[Replicate] = field(default_factory=list)
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    state: str = "planned"  # planned, running, decided, budget ended, gave up, interrupted, broken off
    seconds: float = 0.0
    elapsed_s: float = 0.0
    """How much of the budget had passed at the end of the latest replicate."""
    looked: dict[str, float] = field(default_factory=dict)
    """The share of its budget that had passed at each claim's latest look, where looks spend the error by time."""
    closed: dict[str, Verdict] = field(default_factory=dict)
    """The verdicts that stand: what is measured after a claim was decided does not move it."""

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

    def pairs(self, claim: Claim) -> list[tuple[float, float]]:
        """The claim's figures from every replicate in which both its conditions were measured."""
        return [
            (each.samples[claim.numerator].figures[claim.metric], each.samples[claim.denominator].figures[claim.metric])
            for each in self.replicates
            if claim.numerator in each.samples and claim.denominator in each.samples
        ]

    def plan_of(self, claim: Claim) -> Plan:
        """By which plan that claim is looked at."""
        return self.change_plan if self.change_plan is not None and claim in self.changes else self.plan

    def interval(self, claim: Claim) -> Interval | None:
        """The claim's ratio from the complete pairs so far; ``None`` without one."""
        pairs = self.pairs(claim)
        if not pairs:
            return None
        numerators, denominators = zip(*pairs, strict=True)
        plan = self.plan_of(claim)
        elapsed_s = (
            plan.budget_s if len(pairs) >= plan.looks[-1] else self.elapsed_s
        )  # the last look may spend the rest
        confidence = plan.confidence_at(elapsed_s, self.looked.get(claim.name, 0.0))
        return paired_ratio(numerators, denominators, confidence, neighbours=True)

    def verdict(self, claim: Claim) -> Verdict:
        """The claim's outcome with its evidence."""
        return self.closed.get(claim.name) or self._verdict_so_far(claim)

    def close(self, claim: Claim, *, for_good: bool) -> bool:
        """Look at the claim; whether its verdict stands from now on: it is decided, or this was the last look."""
        verdict = self._verdict_so_far(claim)
        if for_good or verdict.outcome is not Outcome.INCONCLUSIVE:
            self.closed[claim.name] = verdict
            return True
        self.looked[claim.name] = min(1.0, self.elapsed_s / max(self.plan_of(claim).budget_s, 1e-9))
        return False

    def _verdict_so_far(self, claim: Claim) -> Verdict:
        interval = self.interval(claim)
        outcome = outcome_of(claim, interval)
        if claim in self.changes and interval is not None:
            numerators, denominators = zip(*self.pairs(claim), strict=True)
            outcome, interval = judge_change(numerators, denominators, claim, interval.confidence)
        remark = ""
        if claim in self.claims:
            outcome, remark = harness.allow_for(self, claim, outcome, interval)
            outcome, empty = answered.allow_for(self, claim, outcome)
            remark = "; ".join(filter(None, (empty, remark)))
        failures = self.failures(claim.numerator, claim.denominator)
        sentences = tuple(dict.fromkeys(f"{name}: {failure.sentence()}" for _, name, failure in failures))
        failed = len({index for index, _, _ in failures})
        return Verdict(
            claim,
            outcome,
            interval,
            len(self.pairs(claim)),
            sentences,
            failed,
            self.state == "interrupted",
            remark,
        )

    def verdicts(self) -> list[Verdict]:
        """Every claim's verdict; those on changes are asked for by claim."""
        return [self.verdict(claim) for claim in self.claims]

    def anew(self, seed: int) -> Study:
        """The same study with nothing measured yet."""
        return Study(
            self.name,
            self.conditions,
            self.claims,
            self.plan,
            seed,
            self.changes,
            self.change_plan,
            self.pinned,
            self.at_least,
            self.repeats_disturbed,
            self.relay_rounds,
        )

    def all_turns(self) -> Iterator[Sample]:
        """Every sample, the disturbed ones included."""
        for each in self.replicates:
            yield from each.samples.values()
            yield from each.disturbed.values()

    def disturbed(self, condition: str) -> int:
        """How many of its turns were measured again because they were disturbed."""
        return sum(condition in each.disturbed for each in self.replicates)

    def still_disturbed(self, condition: str) -> int:
        """How many of its samples were disturbed and kept: their repetition was no better, or there was none."""
        return sum(condition in each.still_disturbed for each in self.replicates)

    def notes(self) -> list[str]:
        """How it was measured, what that leaves out, and disturbances: how many turns, repeated or not, by what, on whom they fell."""
        names = [each.name for each in self.conditions]
        again = sum(self.disturbed(name) for name in names)
        turns = {name: (self.disturbed(name) + self.still_disturbed(name), self.turns(name)) for name in names}
        count = sum(disturbed for disturbed, _ in turns.values())
        found = []
        if sentence := harness.driven(self.facts):
            found.append(f"{self.name}: {sentence}")
        found += [f"{self.name}: {sentence}" for sentence in reservations.sentences(self.facts)]
        if count:
            found.append(
                f"{self.name}: {count} of {sum(own for _, own in turns.values())} turns were disturbed, {again} of them measured again"
            )
        if sentence := disturbance.totals([each.surroundings for each in self.all_turns()]):
            found.append(f"{self.name}: {sentence}")
        if sentence := disturbance.falls_on_one(turns):
            found.append(f"{self.name}: WARNING: {sentence}")
        return found

    def to_json(self) -> dict[str, Any]:
        """Everything but the single latencies, which are a file of their own."""
        return {
            "name": self.name,
            "state": self.state,
            "seed": self.seed,
            "seconds": self.seconds,
            "plan": asdict(self.plan),
            "pinned": self.pinned or None,
            "at_least": self.at_least,
            "relay_rounds": self.relay_rounds,
            "change_plan": asdict(self.change_plan) if self.change_plan else None,
            "changes": [self.verdict(claim).to_json() for claim in self.changes],
            "conditions": [
                {
                    "name": each.name,
                    "title": each.title,
                    "device": each.target.device,
                    "properties": dict(each.target.properties),
                    "beside": each.beside or None,
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
    shuffled = random.Random(study.seed)
    in_a_row = dict.fromkeys((condition.name for condition in study.conditions), 0)
    watch = disturbance.Watch()
    undecided = [*study.claims, *study.changes]
    while True:
        needed = {name for claim in undecided for name in (claim.numerator, claim.denominator)}
        if _wants_everything(study, time.monotonic() - began):
            needed |= {condition.name for condition in study.conditions}
        wanted = [condition for condition in study.conditions if condition.name in needed]
        live = [condition for condition in wanted if in_a_row[condition.name] < GIVE_UP_AFTER]
        if len(live) < min(2, len(study.conditions)):
            study.state = "gave up"
            return
        shuffled.shuffle(live)
        replicate = Replicate(len(study.replicates), tuple(condition.name for condition in live))
        for condition in live:
            name = condition.name
            progress.advance(name, len(study.replicates), *_ahead(study, undecided, began))
            try:
                sample = measure(condition)
                is_disturbed = watch.is_disturbed(name, sample.surroundings)
                if is_disturbed and study.repeats_disturbed and watch.may_repeat():
                    replicate.disturbed[name] = sample
                    sample = measure(condition)
                    is_disturbed = watch.is_disturbed(name, sample.surroundings)
                if is_disturbed:
                    replicate.still_disturbed.add(name)
                replicate.samples[name] = sample
                in_a_row[name] = 0
            except ProbeFailed as error:
                replicate.failures[name] = error.failure
                in_a_row[name] += 1
                progress.say(f"{study.name}: {name} failed: {error.failure.sentence()}")
        study.replicates.append(replicate)
        given_up = {name for name, failures in in_a_row.items() if failures >= GIVE_UP_AFTER}
        study.elapsed_s = time.monotonic() - began
        undecided = _look(study, undecided, given_up, study.elapsed_s)
        if not undecided and not _wants_everything(study, time.monotonic() - began):
            verdicts = [study.verdict(claim) for claim in (*study.claims, *study.changes)]
            open_ones = [verdict for verdict in verdicts if verdict.outcome is Outcome.INCONCLUSIVE]
            unfinished = open_ones or len(study.replicates) < study.plan.looks[0]
            study.state = "budget ended" if unfinished else "decided"
            return


def _wants_everything(study: Study, elapsed_s: float) -> bool:
    """Whether every condition is measured once more, whatever is decided."""
    done, plan = len(study.replicates), study.plan
    if done < plan.looks[0]:
        return elapsed_s <= HARD_LIMIT * plan.budget_s
    return done < study.at_least and elapsed_s < plan.budget_s


def _look(study: Study, undecided: Sequence[Claim], given_up: Collection[str], elapsed_s: float) -> list[Claim]:
    """Close what can be closed after the latest replicate; returns what stays open."""
    done = len(study.replicates)
    still_open = []
    for claim in undecided:
        plan = study.plan_of(claim)
        pairs = len(study.pairs(claim))
        hopeless = elapsed_s > plan.budget_s or claim.numerator in given_up or claim.denominator in given_up
        last = (hopeless and done >= plan.looks[0]) or done >= plan.looks[-1] or elapsed_s > HARD_LIMIT * plan.budget_s
        looked = (pairs in plan.looks and claim.numerator in study.replicates[-1].samples) or last
        if not (looked and study.close(claim, for_good=last)):
            still_open.append(claim)
    return still_open


def _ahead(study: Study, undecided: Sequence[Claim], began: float) -> tuple[int, float | None]:
    """The number of replicates at the next look, and the estimated seconds until then."""
    done = len(study.replicates)
    looks = {look for claim in undecided for look in study.plan_of(claim).looks} or {
        study.plan.looks[0],
        study.at_least,
    }
    target = min((look for look in looks if look > done), default=max(looks))
    if not done:
        return target, None
    return target, (time.monotonic() - began) / done * (target - done)
