"""What a study promises, and a promise's verdict with its evidence. Judging figures is left to ``result``.

A *ratio* or a *difference* of two conditions, or a *bound* on a metric of one, holds when the interval lies on the claimed side. A bound
on every sample, and a *fact*, hold when no sample breaks them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Union

from autogauge import checkout
from autogauge.measuring.metric import Metric
from autogauge.plain import few
from autogauge.stats.intervals import Interval, fewest_replicates
from autogauge.stats.verdicts import Outcome

BEYOND = "beyond what is known: "
"""Begins what is told of a sample that breaks a fact by more than the known difference excuses."""
Relation = Literal["at most", "at least"]
WITHIN: Literal["within"] = "within"
"""The relation of a ratio that is claimed to be no further from 1 than a factor, either way: the two sides are alike."""


@dataclass(frozen=True)
class Ratio:
    """A ratio of two conditions of a study, and the side of ``bound`` that it is claimed to be on.

    Or, ``within`` it: at least 1 over ``bound``, a factor above 1, and at most ``bound``.
    ``metric`` is which figure of a sample is compared; ``sentence`` is the promise in words.
    """

    kind: ClassVar[str] = "ratio"
    is_looked_at: ClassVar[bool] = True
    name: str
    sentence: str
    metric: Metric
    numerator: str
    denominator: str
    relation: Relation | Literal["within"]
    bound: float
    rules: tuple[str, ...] = ()
    """The documented rules that it asserts, by key (``contract.rules``)."""
    known: str = ""
    """The known difference by which it fails on the release that is measured (``contract.differences``); empty where it is to hold."""

    @property
    def conditions(self) -> tuple[str, ...]:
        """The conditions that it is about."""
        return self.numerator, self.denominator

    @property
    def subject(self) -> str:
        """What is compared, in words."""
        return f"{self.metric.title} of {self.numerator} ÷ {self.denominator}"


@dataclass(frozen=True)
class Difference:
    """By how much a metric of one condition is above that of another in the same replicate, and the side of ``bound`` that this is on.

    ``bound`` is in the metric's unit, and may be negative. For a price: what AUTO costs beside the plain device, in microseconds.
    """

    kind: ClassVar[str] = "difference"
    is_looked_at: ClassVar[bool] = True
    name: str
    sentence: str
    metric: Metric
    condition: str
    base: str
    relation: Relation
    bound: float
    rules: tuple[str, ...] = ()
    known: str = ""
    given: str = ""
    """The bound as whoever claims it wrote it."""

    @property
    def conditions(self) -> tuple[str, ...]:
        """The conditions that it is about."""
        return self.condition, self.base

    @property
    def subject(self) -> str:
        """What is compared, in words."""
        return f"{self.metric.title} of {self.condition} − {self.base}"


@dataclass(frozen=True)
class Bound:
    """A metric of one condition and the side of ``bound`` that it is claimed to be on, in the metric's unit.

    With ``every`` each sample has to be there (no failed inference, say); else the median is meant, by its interval. A sample's
    ``checks`` may say under the claim's name, in ``why``, what there is to know of its figure, or why it has none.
    """

    kind: ClassVar[str] = "bound"
    name: str
    sentence: str
    metric: Metric
    condition: str
    relation: Relation
    bound: float
    every: bool = False
    rules: tuple[str, ...] = ()
    """The documented rules that it asserts, by key (``contract.rules``)."""
    known: str = ""
    """The known difference by which it fails on the release that is measured (``contract.differences``); empty where it is to hold."""
    given: str = ""
    """The bound as whoever claims it wrote it; sentences add it where they have another unit."""

    @property
    def conditions(self) -> tuple[str, ...]:
        """The condition that it is about."""
        return (self.condition,)

    @property
    def is_looked_at(self) -> bool:
        """Whether more samples may decide it: a median's interval."""
        return not self.every

    @property
    def subject(self) -> str:
        """What is bounded, in words."""
        return f"{self.metric.title} of {self.condition}"


@dataclass(frozen=True)
class Fact:
    """Something that holds in every sample of its conditions, or does not.

    Each sample's ``checks`` have it under the claim's name. A sample that says nothing of it leaves it open, and so does a failed turn.
    """

    kind: ClassVar[str] = "fact"
    is_looked_at: ClassVar[bool] = False
    name: str
    sentence: str
    conditions: tuple[str, ...]
    rules: tuple[str, ...] = ()
    """The documented rules that it asserts, by key (``contract.rules``)."""
    known: str = ""
    """The known difference by which it fails on the release that is measured (``contract.differences``); empty where it is to hold."""

    @property
    def subject(self) -> str:
        """Of what it holds, in words."""
        *others, last = self.conditions
        return f"{', '.join(others)} and {last}" if others else last


Claim = Union[Ratio, Difference, Bound, Fact]  # noqa: UP007 (Python 3.9 evaluates it)


@dataclass(frozen=True)
class Verdict:
    """A claim's outcome with its evidence.

    ``interval`` is that of the ratio or of the median, ``replicates`` how many samples (of a ratio: complete pairs) it rests on.
    Of a claim about every sample ``broken`` says which samples break it, ``unknown`` of which nothing is known and why, ``seen`` what was
    seen in those where it holds, ``worst`` is the figure nearest to the bound or furthest beyond. Of a median ``unknown`` says as much.
    ``failures`` are sentences about turns that could not be measured; ``remark`` is what else a reader must know of the figures.
    """

    claim: Claim
    outcome: Outcome
    interval: Interval | None
    replicates: int = 0
    failures: tuple[str, ...] = ()
    failed_replicates: int = 0
    interrupted: bool = False
    remark: str = ""
    broken: tuple[str, ...] = ()
    worst: float | None = None
    unknown: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    never_worked: tuple[str, ...] = ()
    """The conditions that failed in every turn: a verdict left open for that rests on a finding."""

    @property
    def rests_on_a_finding(self) -> bool:
        """Whether it is left open since one of its conditions never worked."""
        return bool(self.never_worked) and not self.is_decided

    @property
    def is_known(self) -> bool:
        """Whether it is FAIL by a difference that is known to be in this release, and by nothing beyond that."""
        return bool(self.claim.known) and self.outcome is Outcome.FAIL and not self.is_beyond_what_is_known

    @property
    def is_beyond_what_is_known(self) -> bool:
        """Whether some sample is broken by more than what the known difference excuses (:data:`BEYOND`)."""
        return any(BEYOND in each for each in self.broken)

    @property
    def is_decided(self) -> bool:
        """Whether it is PASS or FAIL."""
        return self.outcome is not Outcome.INCONCLUSIVE

    def evidence(self) -> str:
        """One sentence: the figures, the bound, the number of replicates, and what went wrong."""
        text = self._found()
        if self.failed_replicates:
            text += f"; {self.failed_replicates} failed: {few(self.failures)}"
        if self.is_known:
            text += f"; known on this release: {self.claim.known} ({checkout.page('findings')})"
        return text + (f"; {self.remark}" if self.remark else "") + ("; interrupted" if self.interrupted else "")

    def _found(self) -> str:
        claim = self.claim
        if isinstance(claim, Fact):
            return f"{claim.subject}: {self._of_every_sample()}"
        unit, bound = "", claim.bound
        if isinstance(claim, Bound):
            name = claim.metric.unit if claim.every else claim.metric.written_unit
            unit, bound = name and f" {name}", claim.bound if claim.every else claim.metric.written(claim.bound)
        to_be = f"to be {claim.relation} {in_digits(bound)}{unit}{_as_given(claim, f'{in_digits(bound)}{unit}')}"
        if claim.relation == WITHIN:
            to_be = f"to be within {in_digits(100 * (claim.bound - 1), 3)} % of 1"
        if isinstance(claim, Bound) and claim.every:
            return f"{claim.subject}{self._at_worst(unit, to_be)}"
        if self.interval is None:
            nothing = self.unknown[:1] if isinstance(claim, Bound) else ()
            if self._of_process > 1:
                nothing = (f"no process served the {self._of_process} inferences that it takes",)
            return f"{claim.subject}: {'; '.join(nothing) or 'no complete replicate'}"
        if isinstance(claim, Difference):
            return f"{claim.subject} = {self._apart(claim)}"
        if isinstance(claim, Bound):
            median = in_digits(claim.metric.written(self.interval.ratio), 4)
            return f"median {claim.subject} = {median}{unit} {self._median_between(unit, claim.metric)}, {to_be}"
        percent = f"{100 * self.interval.confidence:.4g} %"
        bounds = f"{percent} interval {self.interval.low:.3f}–{_finite(self.interval.high)}"
        if not self.interval.low and math.isinf(self.interval.high):
            bounds = self._too_few()
        interval = f"({bounds}, {self.replicates} replicates)"
        return f"{claim.subject} = {self.interval.ratio:.3f} {interval}, {to_be}"

    def _apart(self, claim: Difference) -> str:
        """How far apart the two conditions are, in the unit that tables write, and on which side that is to be."""
        assert self.interval is not None
        interval, metric = self.interval, claim.metric
        percent, unit = f"{100 * interval.confidence:.4g} %", metric.written_unit and f" {metric.written_unit}"
        middle, low, high = (metric.written(each) for each in (interval.ratio, interval.low, interval.high))
        where = f"{percent} interval {in_digits(low, 4)} to {in_digits(high, 4)}{unit}"
        where = where if math.isfinite(low) and math.isfinite(high) else self._too_few()
        bound = f"{in_digits(metric.written(claim.bound))}{unit}"
        bound += _as_given(claim, bound)
        return f"{in_digits(middle, 4)}{unit} ({where}, {self.replicates} replicates), to be {claim.relation} {bound}"

    def _too_few(self) -> str:
        """That an interval of that confidence has no end yet, and how many replicates it takes at least."""
        assert self.interval is not None
        fewest = fewest_replicates(self.interval.confidence)
        counted = self._counted(fewest) if self._of_process else str(fewest)
        more = f": it takes {counted}" if self.replicates < fewest else ""
        return f"too few for a {100 * self.interval.confidence:.4g} % interval{more}"

    def _median_between(self, unit: str, metric: Metric) -> str:
        """Where a median lies, and on how many samples that rests."""
        assert self.interval is not None
        low, high = metric.written(self.interval.low), metric.written(self.interval.high)
        percent = f"{100 * self.interval.confidence:.4g} %"
        if math.isfinite(low) and math.isfinite(high):
            where = f"{percent} interval {in_digits(low, 4)} to {in_digits(high, 4)}{unit}"
        elif math.isfinite(low) or math.isfinite(high):
            where = (
                f"by its {percent} interval "
                + (f"at least {in_digits(low, 4)}" if math.isfinite(low) else f"at most {in_digits(high, 4)}")
                + unit
            )
        else:
            where = self._too_few()
        without = f", {len(self.unknown)} of them without a figure: {few(self.unknown, '; ')}" if self.unknown else ""
        if self._of_process and where == self._too_few():
            return f"({where}, and there {'is' if self.replicates == 1 else 'are'} {self.replicates}{without})"
        return f"({where}, {self._counted(self.replicates)}{without})"

    def _counted(self, count: int) -> str:
        """So many of what a bound rests on; of warm processes with how many inferences each had to serve."""
        if isinstance(self.claim, Fact) or not (self._of_process or self.claim.metric.per_process):
            return _samples(count)
        counted = self.claim.metric.count(count)
        return f"{counted} of {self._of_process} inferences or more" if self._of_process > 1 else counted

    @property
    def _of_process(self) -> int:
        """How many inferences each warm process had to serve, where the claim is on a figure of such."""
        return 0 if isinstance(self.claim, Fact) else self.claim.metric.of_process

    def _of_every_sample(self) -> str:
        """In how many samples the fact holds; where not in all of them, in which and why."""
        samples = _samples(self.replicates)
        if self.broken:
            return f"it did not hold in {len(self.broken)} of {samples}: {few(self.broken, '; ')}"
        if not self.replicates:
            return "not measured"
        if self.unknown:
            where = f" in {len(self.unknown)} of {samples}" if len(self.unknown) <= self.replicates else ""
            return f"not known{where}: {few(self.unknown, '; ')}"
        every = {1: "the one sample", 2: "both samples"}.get(self.replicates, f"all {samples}")
        return f"it held in {every}" + (f" ({few(self.seen, '; ')})" if self.seen else "")

    def _at_worst(self, unit: str, to_be: str) -> str:
        """The figure that is nearest to the bound or furthest beyond; and which samples break it, or leave it open."""
        samples = _samples(self.replicates)
        if not self.replicates:
            return ": not measured"
        worst = "" if self.worst is None else f" = {in_digits(self.worst)}{unit} at worst"
        if self.broken:
            more = f"; beyond it in {len(self.broken)}: {few(self.broken, '; ')}"
        else:
            more = f"; not known in {len(self.unknown)}: {few(self.unknown, '; ')}" if self.unknown else ""
        return f"{worst} ({samples}), {to_be}{more}"

    def to_json(self) -> dict[str, Any]:
        """The verdict for files; bounds that are not finite become ``null``."""
        claim, interval = self.claim, self.interval
        of_metric = (
            {}
            if isinstance(claim, Fact)
            else {"metric": claim.metric.name, "relation": claim.relation, "bound": claim.bound}
        )
        sides = {"numerator": claim.numerator, "denominator": claim.denominator} if isinstance(claim, Ratio) else {}
        every = {"every": claim.every} if isinstance(claim, Bound) else {}
        return {
            "name": claim.name,
            "kind": claim.kind,
            "claim": claim.sentence,
            "verdict": str(self.outcome),
            **of_metric,
            **sides,
            **every,
            "conditions": list(claim.conditions),
            "rules": list(claim.rules),
            "known": "" if self.is_beyond_what_is_known else claim.known,
            "ratio": interval.ratio if interval else None,
            "ci": [each if math.isfinite(each) else None for each in (interval.low, interval.high)]
            if interval
            else None,
            "confidence": interval.confidence if interval else None,
            "replicates": self.replicates,
            "failed_replicates": self.failed_replicates,
            "failures": list(self.failures),
            "interrupted": self.interrupted,
            "remark": self.remark,
            "broken": list(self.broken),
            "worst": self.worst,
            "unknown": list(self.unknown),
            "seen": list(self.seen),
            "evidence": self.evidence(),
        }


def _samples(count: int) -> str:
    return f"{count} sample{'' if count == 1 else 's'}"


def in_digits(figure: float, significant: int = 6) -> str:
    """A figure as a sentence has it: a large one whole, ``123456789`` bytes and not 1.23457e+08."""
    text = f"{figure:.{significant}g}"
    return f"{figure:.0f}" if "e+" in text and abs(figure) < 1e15 else text


def _finite(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "∞"


def _as_given(claim: Bound | Difference | Ratio, written: str) -> str:
    """The bound as it was written in the claim, in brackets, where the sentence has it otherwise."""
    given = "" if isinstance(claim, Ratio) else claim.given
    return f" ({given})" if given.replace(" ", "") not in ("", written.replace(" ", "")) else ""
