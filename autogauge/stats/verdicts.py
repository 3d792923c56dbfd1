"""PASS, FAIL or INCONCLUSIVE: what an interval says about a claim. Where claims come from is left to ``studies``.

A claim bounds a ratio. PASS: the whole interval is on the claimed side of the bound; FAIL: the whole interval is beyond
it; INCONCLUSIVE: the interval holds the bound, or there is none. That a claim is looked at several times is ``sequential``'s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from autogauge.stats.intervals import Interval

METRICS = {"fil_s": "FIL", "fps": "FPS", "latency_ms": "mean latency"}
"""How the metrics that claims compare are called in sentences."""


class Outcome(str, Enum):
    """What is known about a claim."""

    PASS = "PASS"  # noqa: S105
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Claim:
    """A ratio of two conditions of a study, and the side of ``bound`` that it is claimed to be on.

    ``metric`` is which figure of a sample is compared; ``sentence`` is the promise in words.
    """

    name: str
    sentence: str
    metric: str
    numerator: str
    denominator: str
    relation: Literal["at most", "at least"]
    bound: float


@dataclass(frozen=True)
class Verdict:
    """A claim's outcome with its evidence.

    ``replicates`` is how many complete pairs the interval rests on; ``failures`` are sentences about those that could not
    be measured; ``remark`` is what else a reader must know of the figures.
    """

    claim: Claim
    outcome: Outcome
    interval: Interval | None
    replicates: int = 0
    failures: tuple[str, ...] = ()
    failed_replicates: int = 0
    interrupted: bool = False
    remark: str = ""

    def evidence(self) -> str:
        """One sentence: the ratio, its interval, the bound, the number of replicates, and what went wrong."""
        claim = self.claim
        what = f"{METRICS.get(claim.metric, claim.metric)} of {claim.numerator} ÷ {claim.denominator}"
        if self.interval is None:
            text = f"{what}: no complete replicate"
        else:
            percent = f"{100 * self.interval.confidence:.4g} %"
            bounds = f"{self.interval.low:.3f}–{_finite(self.interval.high)}"
            text = (
                f"{what} = {self.interval.ratio:.3f} ({percent} interval {bounds}, {self.replicates} replicates), "
                f"to be {claim.relation} {claim.bound:g}"
            )
        if self.failed_replicates:
            text += f"; {self.failed_replicates} failed: {', '.join(self.failures)}"
        return text + (f"; {self.remark}" if self.remark else "") + ("; interrupted" if self.interrupted else "")

    def to_json(self) -> dict[str, Any]:
        """The verdict for ``summary.json``; bounds that are not finite become ``null``."""
        interval = self.interval
        return {
            "name": self.claim.name,
            "claim": self.claim.sentence,
            "verdict": str(self.outcome),
            "metric": self.claim.metric,
            "numerator": self.claim.numerator,
            "denominator": self.claim.denominator,
            "relation": self.claim.relation,
            "bound": self.claim.bound,
            "ratio": interval.ratio if interval else None,
            "ci": [interval.low, interval.high if math.isfinite(interval.high) else None] if interval else None,
            "confidence": interval.confidence if interval else None,
            "replicates": self.replicates,
            "failed_replicates": self.failed_replicates,
            "failures": list(self.failures),
            "interrupted": self.interrupted,
            "remark": self.remark,
            "evidence": self.evidence(),
        }


def outcome_of(claim: Claim, interval: Interval | None) -> Outcome:
    """What the interval says about the claim."""
    if interval is None:
        return Outcome.INCONCLUSIVE
    if claim.relation == "at most":
        within, beyond = interval.high <= claim.bound, interval.low > claim.bound
    else:
        within, beyond = interval.low >= claim.bound, interval.high < claim.bound
    if within:
        return Outcome.PASS
    return Outcome.FAIL if beyond else Outcome.INCONCLUSIVE


def _finite(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "∞"
