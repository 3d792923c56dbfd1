"""PASS, FAIL or INCONCLUSIVE: what an interval says about a bound. What is claimed, and of what, is left to ``measuring``.

PASS: the whole interval is on the claimed side of the bound; FAIL: the whole interval is beyond it; INCONCLUSIVE: the interval holds the
bound, or there is none. That a claim is looked at several times is ``sequential``'s.
"""

from __future__ import annotations

from enum import Enum
from typing import Literal, Protocol

from autogauge.stats.intervals import Interval


class Outcome(str, Enum):
    """What is known about a claim."""

    PASS = "PASS"  # noqa: S105
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"

    def __str__(self) -> str:
        return self.value


class Bounded(Protocol):
    """Whatever claims that a figure is on one side of a bound."""

    @property
    def relation(self) -> Literal["at most", "at least", "within"]:
        """On which side; ``within``: of a ratio, no further from 1 than that factor, either way."""

    @property
    def bound(self) -> float:
        """Of what."""


def outcome_of(claim: Bounded, interval: Interval | None) -> Outcome:
    """What the interval says about the claim."""
    if interval is None:
        return Outcome.INCONCLUSIVE
    if claim.relation == "within":
        nearest, furthest = 1 / claim.bound, claim.bound
        within = nearest <= interval.low and interval.high <= furthest
        beyond = interval.high < nearest or furthest < interval.low
    elif claim.relation == "at most":
        within, beyond = interval.high <= claim.bound, interval.low > claim.bound
    else:
        within, beyond = interval.low >= claim.bound, interval.high < claim.bound
    if within:
        return Outcome.PASS
    return Outcome.FAIL if beyond else Outcome.INCONCLUSIVE
