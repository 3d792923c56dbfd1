"""The study of releases: some of them beside a base in the same rounds (or blocks of fresh processes), and the base a second time.

A pair is a release and the base, in one figure. Its claim is that the two are alike: it fails either way. How many pairs share the error
is said by who plans (``matrix.plan``, ``bisect``), and what is made of the verdicts by ``figures``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from autogauge.lab.releases.figures import Change, Figure, change_of
from autogauge.lab.releases.named import AGAIN, Named, set_up_again
from autogauge.measuring.claim import WITHIN, Ratio
from autogauge.measuring.condition import Condition
from autogauge.measuring.plan import Plan
from autogauge.measuring.progress import Progress
from autogauge.measuring.result import Result
from autogauge.measuring.schedule import GIVE_UP_AFTER
from autogauge.rig import fresh, warm
from autogauge.rig.rig import Rig
from autogauge.rig.study import Study, Turns
from autogauge.stats.sequential import geometric_looks
from autogauge.targets import Target

RELAY_ROUNDS = 6
"""So many rounds a warm process serves: fewer than in other studies, since a verdict waits for so many processes."""
FEWEST_PROCESSES = 10
"""So many processes of each side, one after another, before anything is said of a pair: what a process has of its own is in all of its
rounds, and where that is as large as what differs from round to round, few processes and many rounds are surer than they are right."""
FIRST_FRESH_LOOK, LAST_LOOK, LOOKS_APART = 12, 6000, 1.25
"""Pairs at the first look at fresh processes, and at the last; each look comes after this many times the pairs of the look before."""
CONTROL = "A/A"
"""The label of the base's second half: no table may take it for another release."""


@dataclass(frozen=True)
class Block:
    """Some releases that share a base. ``figures`` are all of warm processes, or all of fresh ones.

    ``error`` is how often one pair may be wrong, all looks and both ways together; ``budget_s`` is for all pairs, their first process
    starts left out. ``relay_rounds`` is how many rounds a warm process serves.
    """

    name: str
    base: Named
    others: tuple[Named, ...]
    figures: tuple[Figure, ...]
    smallest_change: float
    error: float
    budget_s: float
    relay_rounds: int
    device: str | None = "AUTO"
    with_control: bool = True

    @property
    def is_fresh(self) -> bool:
        """Whether each sample is a process."""
        return self.figures[0].is_fresh

    @property
    def plan(self) -> Plan:
        """When the evidence is looked at."""
        first = FIRST_FRESH_LOOK if self.is_fresh else first_look(self.relay_rounds)
        looks = geometric_looks(first, LAST_LOOK, LOOKS_APART)
        return Plan(looks, self.budget_s, 1 - self.error, by_time=True)

    def result(self, rig: Rig, seed: int) -> Result:
        """What is measured, before its first replicate; the base is set up a second time where it is its own control."""
        study = FRESH if self.is_fresh else WARM
        sides = [_Side(each.label, each.text, each) for each in (self.base, *self.others)]
        if self.with_control:
            sides.append(_Side(self.base.label + AGAIN, set_up_again(rig, self.base), self.base, is_control=True))
        conditions = tuple(self._condition(figure, side) for figure in self.figures for side in sides)
        claims = {self._claim(figure, side): side for figure in self.figures for side in sides[1:]}
        return Result(
            self.name,
            conditions,
            (),
            self.plan,
            seed,
            changes=tuple(claims),
            controls=tuple(claim.name for claim, side in claims.items() if side.is_control),
            relay_rounds=0 if self.is_fresh else self.relay_rounds,
            metrics=tuple(study.metrics),
            recorded={},
        )

    def _condition(self, figure: Figure, side: _Side) -> Condition:
        twice = {CONTROL: "the base again"} if side.is_control else {}
        label = side.named.label
        return Condition(
            name_of(figure, side.name),
            Target.with_hint(self.device, figure.hint),
            f"{label} ({CONTROL}: the base again)" if side.is_control else label,
            own_labels={"openvino": label, **twice},
            runs_on=side.runs_on,
            recorded=False,
        )

    def _claim(self, figure: Figure, side: _Side) -> Ratio:
        sides = name_of(figure, side.name), name_of(figure, self.base.label)
        sentence = f"{side.name} is as fast as {self.base.label}"
        return Ratio(claim_of(figure, side.name), sentence, figure.metric, *sides, WITHIN, 1 + self.smallest_change)


def first_look(relay_rounds: int) -> int:
    """Pairs at the first look at warm processes that serve so many rounds."""
    return FEWEST_PROCESSES * relay_rounds


@dataclass(frozen=True)
class _Side:
    """One of the things that a block measures: what it is called there, under which name it was set up, and what it is."""

    name: str
    runs_on: str
    named: Named
    is_control: bool = False


def name_of(figure: Figure, label: str) -> str:
    """What the condition of a release is called."""
    return f"{figure.hint or figure.name} {label}"


def claim_of(figure: Figure, label: str) -> str:
    """What the comparison of a release with the base is called."""
    return f"{figure.name}: {label}"


def changes_of(result: Result, figures: Sequence[Figure], base: str, others: Sequence[str]) -> list[Change]:
    """What a result says of each of its pairs, those of the base with itself among them; releases are meant by their labels."""
    claims = {each.name: each for each in result.changes}
    return [
        change_of(result, claim, figure, (label, base), control=label == base)
        for figure in figures
        for label in (*others, base)
        if (claim := claims.get(claim_of(figure, label + AGAIN if label == base else label)))
    ]


def given_up(result: Result) -> dict[str, str]:
    """The conditions that failed so often in a row that they were measured no more, by name, and why."""
    found = {}
    for each in result.conditions:
        turns = [replicate for replicate in result.replicates if each.name in replicate.order][-GIVE_UP_AFTER:]
        if len(turns) == GIVE_UP_AFTER and all(each.name in replicate.failures for replicate in turns):
            found[each.name] = turns[-1].failures[each.name].sentence()
    return found


class WarmBeside(Study):
    """Slices of warm processes by turns."""

    name = "releases"
    metrics = warm.METRICS
    amounts: ClassVar = {}
    is_relayed = True

    def conditions(self, rig: Rig) -> tuple[Condition, ...]:
        """A block has them."""
        return ()

    @contextlib.contextmanager
    def open(self, rig: Rig, result: Result, progress: Progress) -> Iterator[Turns]:
        """Slices of warm processes."""
        with rig.warm(result, progress) as turns:
            yield turns


class FreshBeside(Study):
    """First inferences of fresh processes, in blocks."""

    name = "releases, first inference"
    metrics = fresh.METRICS
    amounts: ClassVar = {}

    def conditions(self, rig: Rig) -> tuple[Condition, ...]:
        """A block has them."""
        return ()

    @contextlib.contextmanager
    def open(self, rig: Rig, result: Result, progress: Progress) -> Iterator[Turns]:
        """Fresh processes, nothing cached."""
        yield rig.fresh(result, progress)


WARM, FRESH = WarmBeside(), FreshBeside()


def forget(results: Iterable[Result], name: str) -> None:
    """Take out of what was measured all that is of the runtime that the user called so: plan, samples and verdicts."""
    for result in results:
        gone = {each.name for each in result.conditions if each.runs_on == name}
        result.conditions = tuple(each for each in result.conditions if each.name not in gone)
        result.changes = tuple(each for each in result.changes if gone.isdisjoint(each.conditions))
        kept = {each.name for each in result.changes}
        result.closed = {claim: verdict for claim, verdict in result.closed.items() if claim in kept}
        result.looked = {claim: share for claim, share in result.looked.items() if claim in kept}
        for each in gone:
            result.facts.pop(each, None)
        for replicate in result.replicates:
            replicate.order = tuple(each for each in replicate.order if each not in gone)
            replicate.still_disturbed -= gone
            for told in (replicate.samples, replicate.failures, replicate.disturbed):
                for each in gone:
                    told.pop(each, None)


def measure(rig: Rig, block: Block, result: Result) -> Result:
    """Measure the block to its end; ``result`` is filled while it is measured."""
    return rig.measure(FRESH if block.is_fresh else WARM, result)
