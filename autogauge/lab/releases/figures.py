"""What of releases is compared, and in which words: a figure of each beside that of a base, as a ratio of costs with its interval."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from autogauge.errors import UserError
from autogauge.gate.judgement import percent, percent_confidence
from autogauge.gate.side_by_side import cost_of
from autogauge.measuring.claim import Ratio
from autogauge.measuring.metric import Metric
from autogauge.measuring.result import Result
from autogauge.parsing import parse_list
from autogauge.rig.fresh import FIL
from autogauge.rig.warm import FPS, LATENCY_MS
from autogauge.stats.intervals import Interval
from autogauge.stats.verdicts import Outcome
from autogauge.targets import LATENCY, THROUGHPUT

SLOWER, FASTER, ALIKE, OPEN = "slower", "faster", "alike", "INCONCLUSIVE"
"""``ALIKE`` is written out with the smallest change: ``no difference larger than 5 %``."""


@dataclass(frozen=True)
class Figure:
    """A figure by which releases are compared: its ``name`` as a user writes it, the metric, and the hint that it belongs to."""

    name: str
    metric: Metric
    hint: str | None = None

    @property
    def title(self) -> str:
        """How tables call it."""
        return f"{self.metric.title}, {self.hint}" if self.hint else self.metric.title

    @property
    def unit(self) -> str:
        """What its columns are called: the unit, or the title where that is short for it."""
        return self.metric.title if " " in self.metric.written_unit else self.metric.written_unit

    @property
    def is_fresh(self) -> bool:
        """Whether each sample of it is a process."""
        return self.metric.per_process


FIGURES = {
    each.name: each
    for each in (Figure("latency", LATENCY_MS, LATENCY), Figure("fps", FPS, THROUGHPUT), Figure("fil", FIL))
}


class _Of(Enum):
    """What a study of releases compares: each hint by what it is for, or the first inference of an AUTO without any."""

    hints = ("latency", "fps")
    fil = ("fil",)


STUDIES: dict[str, tuple[str, ...]] = {each.name: each.value for each in _Of}
DEFAULT_STUDY = _Of.hints.name


def parse(study: str, metric: str | None) -> tuple[Figure, ...]:
    """The figures of the studies that are named, or of those only the metrics that are named. Raises :class:`UserError`."""
    studies = parse_list(study)
    if wrong := [each for each in studies if each not in STUDIES] or (not studies and [study]):
        raise UserError(f"there is no study {wrong[0]!r} of releases: take {' or '.join(STUDIES)} (--study).")
    names = tuple(dict.fromkeys(name for each in studies for name in STUDIES[each]))
    if metric is not None:
        chosen = parse_list(metric)
        if wrong := [each for each in chosen if each not in FIGURES] or (not chosen and [metric]):
            raise UserError(f"there is no metric {wrong[0]!r}: take some of {', '.join(FIGURES)} (--metric).")
        names = chosen
    return tuple(FIGURES[name] for name in FIGURES if name in names)


@dataclass(frozen=True)
class Change:
    """A release beside the base, in one figure.

    ``word`` is one of ``SLOWER``, ``FASTER``, ``ALIKE`` and ``OPEN``; ``cost`` the ratio of costs with its interval, above 1 where the
    release is slower than the base; ``medians`` those of base and release in the rounds that have both, in the unit that
    tables write; ``requests`` how many infer requests either had in flight; ``rests_on`` how many rounds or processes, ``replicates`` the
    same as a number. The interval may be that of quiet pairs, of which there are fewer (``stats.changes``).
    """

    release: str
    base: str
    figure: Figure
    word: str
    cost: Interval | None
    smallest_change: float
    medians: tuple[float | None, float | None] = (None, None)
    requests: tuple[int | None, int | None] = (None, None)
    rests_on: str = ""
    failures: tuple[str, ...] = ()
    is_control: bool = False
    replicates: int = 0
    untold: str = ""
    """Of a control: why too little is known of it, in words."""
    measured_with: tuple[str, ...] = ()
    """Of a control: the releases that were measured in its rounds."""

    @property
    def differs(self) -> bool:
        """Whether it is slower or faster beyond doubt."""
        return self.word in (SLOWER, FASTER)

    @property
    def holds_1(self) -> bool:
        """Whether the two may be the same."""
        return self.cost is None or self.cost.holds(1.0)

    @property
    def is_bounded(self) -> bool:
        """Whether its interval has both ends."""
        return self.cost is not None and self.cost.low > 0 and self.cost.high != float("inf")

    def in_words(self) -> str:
        """The verdict as tables show it."""
        if self.cost is None:
            return "not measured"
        return f"no difference larger than {100 * self.smallest_change:.3g} %" if self.word == ALIKE else self.word

    def bounds(self) -> str:
        """The interval in words."""
        if self.cost is None or not self.is_bounded:
            return "not yet bounded"
        return f"{percent(self.cost.low)} to {percent(self.cost.high)}"

    def evidence(self) -> str:
        """One sentence: by how much the time of the figure differs, how sure that is, and on what it rests."""
        beside = f"{self.release} against {self.base}" if self.cost else self.release
        return f"{beside}: {self.figure.title}: {self.seen()}"

    def seen(self) -> str:
        """The same without who is compared, and in what."""
        if self.cost is None:
            return f"nothing to compare{_because(self.failures)}"
        return f"{self.measured()}: {self.in_words()}{_because(self.failures)}"

    def measured(self) -> str:
        """The change with its interval, without a verdict; empty where there is none."""
        if self.cost is None:
            return ""
        interval = f"{percent_confidence(self.cost.confidence)} interval {self.bounds()}, {self.rests_on}"
        return f"time {percent(self.cost.ratio)} ({interval})"

    def open_since(self, why: str) -> Change:
        """The same, with nothing said: its verdict is not to be trusted."""
        return replace(self, word=OPEN, failures=(*self.failures, why))

    def to_json(self) -> dict[str, Any]:
        """The fields as a dictionary; bounds that are not finite are ``null``."""
        cost, (base, own), requests = self.cost, self.medians, self.requests
        return {
            "release": self.release,
            "base": self.base,
            "metric": self.figure.name,
            "hint": self.figure.hint,
            "unit": self.figure.metric.written_unit,
            "verdict": self.word if self.word != ALIKE else "no difference",
            "in_words": self.in_words(),
            "smallest_change": self.smallest_change,
            "time_ratio": cost.ratio if cost else None,
            "ci": [cost.low, cost.high] if cost and self.is_bounded else None,
            "confidence": cost.confidence if cost else None,
            "replicates": self.replicates,
            "base_median": base,
            "median": own,
            "infer_requests": list(requests),
            "is_control": self.is_control,
            "untold": self.untold or None,
            "failures": list(self.failures),
            "evidence": self.evidence(),
        }


def _because(failures: Sequence[str]) -> str:
    return f"; {'; '.join(failures)}" if failures else ""


def fewest_of(result: Result) -> int:
    """On how many pairs a verdict rests at least: fewer are of too few processes."""
    return result.plan.looks[0]


def change_of(
    result: Result, claim: Ratio, figure: Figure, labels: tuple[str, str], *, control: bool = False
) -> Change:
    """What a result says of a pair; ``labels`` are those of the release and of the base."""
    verdict, metric = result.verdict(claim), claim.metric
    cost = cost_of(verdict.interval, metric)
    word = {Outcome.PASS: ALIKE, Outcome.INCONCLUSIVE: OPEN}.get(verdict.outcome)
    failures = verdict.failures
    if cost is not None and verdict.replicates < fewest_of(result) and word != OPEN:
        word = OPEN  # a measuring that took very long ended before its first look
        failures = (*failures, f"decided by {metric.count(verdict.replicates)}, and the least is {fewest_of(result)}")
    if word is None:
        assert cost is not None
        word = SLOWER if cost.ratio > 1 else FASTER
    facts = [result.facts.get(name, {}).get("infer_requests") for name in (claim.denominator, claim.numerator)]
    # Of the rounds that have both: the base is measured on when the release is decided, in other moments of the machine.
    sides = [*zip(*result.pairs(claim), strict=True)][::-1] or [(), ()]
    medians = [metric.written(statistics.median(figures)) if figures else None for figures in sides]
    rests_on = metric.count(verdict.replicates) if verdict.replicates else "nothing"
    return Change(
        *labels,
        figure,
        word,
        cost,
        round(claim.bound - 1, 9),
        (medians[0], medians[1]),
        (facts[0], facts[1]),
        rests_on,
        failures,
        control,
        verdict.replicates,
    )
