"""What a study promises, and a promise's verdict with its evidence. Judging figures is left to ``result``.

A *ratio* of two conditions, or a *bound* on a metric of one, holds when the interval lies on the claimed side. A bound on every sample,
and a *fact*, hold when no sample breaks them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Union

from autogauge.measuring.metric import Metric
from autogauge.stats.intervals import Interval
from autogauge.stats.verdicts import Outcome

Relation = Literal["at most", "at least"]


@dataclass(frozen=True)
class Ratio:
    """A ratio of two conditions of a study, and the side of ``bound`` that it is claimed to be on.

    ``metric`` is which figure of a sample is compared; ``sentence`` is the promise in words.
    """

    kind: ClassVar[str] = "ratio"
    is_looked_at: ClassVar[bool] = True
    name: str
    sentence: str
    metric: Metric
    numerator: str
    denominator: str
    relation: Relation
    bound: float

    @property
    def conditions(self) -> tuple[str, ...]:
        """The conditions that it is about."""
        return self.numerator, self.denominator

    @property
    def subject(self) -> str:
        """What is compared, in words."""
        return f"{self.metric.title} of {self.numerator} ÷ {self.denominator}"


@dataclass(frozen=True)
class Bound:
    """A metric of one condition and the side of ``bound`` that it is claimed to be on, in the metric's unit.

    With ``every`` each sample has to be there (no failed inference, say); else the median is meant, by its interval.
    """

    kind: ClassVar[str] = "bound"
    name: str
    sentence: str
    metric: Metric
    condition: str
    relation: Relation
    bound: float
    every: bool = False

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
    """Something that holds in every sample of its conditions or does not: each sample's ``checks`` have it under the claim's name."""

    kind: ClassVar[str] = "fact"
    is_looked_at: ClassVar[bool] = False
    name: str
    sentence: str
    conditions: tuple[str, ...]

    @property
    def subject(self) -> str:
        """Of what it holds, in words."""
        return " and ".join(self.conditions)


Claim = Union[Ratio, Bound, Fact]  # noqa: UP007 (Python 3.9 evaluates it)


@dataclass(frozen=True)
class Verdict:
    """A claim's outcome with its evidence.

    ``interval`` is that of the ratio or of the median, ``replicates`` how many samples (of a ratio: complete pairs) it rests on;
    ``broken`` says which samples break a fact or a bound on every sample, ``worst`` is the sample nearest to that bound or furthest beyond.
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

    @property
    def is_decided(self) -> bool:
        """Whether it is PASS or FAIL."""
        return self.outcome is not Outcome.INCONCLUSIVE

    def evidence(self) -> str:
        """One sentence: the figures, the bound, the number of replicates, and what went wrong."""
        text = self._found()
        if self.failed_replicates:
            text += f"; {self.failed_replicates} failed: {', '.join(self.failures)}"
        return text + (f"; {self.remark}" if self.remark else "") + ("; interrupted" if self.interrupted else "")

    def _found(self) -> str:
        claim = self.claim
        if isinstance(claim, Fact):
            return self._in_every(claim.subject, "holds")
        to_be = f"to be {claim.relation} {claim.bound:g}"
        unit = f" {claim.metric.unit}" if isinstance(claim, Bound) and claim.metric.unit else ""
        if isinstance(claim, Bound) and claim.every:
            worst = "" if self.worst is None else f" = {self.worst:.4g}{unit} at worst"
            return self._in_every(f"{claim.subject}{worst}", f"is {claim.relation} {claim.bound:g}{unit}")
        if self.interval is None:
            return f"{claim.subject}: no complete replicate"
        percent = f"{100 * self.interval.confidence:.4g} %"
        bounds = f"{self.interval.low:.3f}–{_finite(self.interval.high)}"
        interval = f"({percent} interval {bounds}, {self.replicates} replicates)"
        return f"{claim.subject} = {self.interval.ratio:.3f}{unit} {interval}, {to_be}{unit}"

    def _in_every(self, subject: str, what: str) -> str:
        samples = f"{self.replicates} sample{'' if self.replicates == 1 else 's'}"
        if not self.replicates:
            return f"{subject}: not measured"
        if self.broken:
            some = "; ".join(self.broken[:MOST_BROKEN]) + (
                f"; and {len(self.broken) - MOST_BROKEN} more" if len(self.broken) > MOST_BROKEN else ""
            )
            return f"{subject}: in {len(self.broken)} of {samples} it does not: {some}"
        return f"{subject}: it {what} in {'the one sample' if self.replicates == 1 else f'all {samples}'}"

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
            "ratio": interval.ratio if interval else None,
            "ci": [interval.low, interval.high if math.isfinite(interval.high) else None] if interval else None,
            "confidence": interval.confidence if interval else None,
            "replicates": self.replicates,
            "failed_replicates": self.failed_replicates,
            "failures": list(self.failures),
            "interrupted": self.interrupted,
            "remark": self.remark,
            "broken": list(self.broken),
            "worst": self.worst,
            "evidence": self.evidence(),
        }

    @classmethod
    def from_json(cls, fields: Mapping[str, Any], metrics: Mapping[str, Metric]) -> Verdict:
        """The verdict that was saved, with its claim; ``metrics`` are the study's by name.

        Raises ``KeyError``, ``TypeError``, ``ValueError``.
        """
        interval = None
        if fields["ci"] is not None:
            low, high = fields["ci"]
            interval = Interval(
                float(fields["ratio"]),
                float(low),
                math.inf if high is None else float(high),
                float(fields["confidence"]),
                int(fields["replicates"]),
            )
        return cls(
            _claim_from(fields, metrics),
            Outcome(fields["verdict"]),
            interval,
            int(fields["replicates"]),
            tuple(map(str, fields["failures"])),
            int(fields["failed_replicates"]),
            bool(fields["interrupted"]),
            str(fields["remark"]),
            tuple(map(str, fields.get("broken") or ())),
            fields.get("worst"),
        )


MOST_BROKEN = 3
"""Samples that a sentence tells of."""


def _claim_from(fields: Mapping[str, Any], metrics: Mapping[str, Metric]) -> Claim:
    name, sentence, kind = str(fields["name"]), str(fields["claim"]), fields.get("kind", Ratio.kind)
    if kind == Fact.kind:
        return Fact(name, sentence, tuple(map(str, fields["conditions"])))
    metric, relation, bound = metrics[fields["metric"]], fields["relation"], float(fields["bound"])
    if relation not in ("at most", "at least"):
        raise ValueError(f"there is no relation {relation!r}")
    if kind == Bound.kind:
        return Bound(name, sentence, metric, str(fields["conditions"][0]), relation, bound, bool(fields["every"]))
    return Ratio(name, sentence, metric, str(fields["numerator"]), str(fields["denominator"]), relation, bound)


def _finite(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "∞"
