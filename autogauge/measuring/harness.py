"""What driving infer requests costs by itself, and what that means for a promise. How they are driven is the probe's (``worker.lanes``).

With n requests in flight and a mean latency L nobody can get more than n ÷ L inferences a second. The share of that bound that was
reached is what the harness left; it hardly feels the machine's noise, since both figures are of the same slice.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autogauge.measuring.claim import Bound, Ratio
from autogauge.measuring.metric import Metric
from autogauge.probe.worker.trial import MARGIN
from autogauge.stats.intervals import Interval
from autogauge.stats.verdicts import Outcome

if TYPE_CHECKING:
    from autogauge.measuring.result import Result

SHARE = "share_of_bound"
POLLING = "polling"
"""The driver that never sleeps: it keeps a processor from the device."""
USUAL = "the usual driver"
LARGE = 0.05
"""A harness that takes so much of a condition's time is worth a word, and what it costs beside is not known: its threads wake, sleep and
hand over Python's lock between inferences that are hardly longer than that. No promise FAILs then."""


@dataclass(frozen=True)
class Cost:
    """What the harness may have taken from one condition.

    ``share`` is the median share of the bound that was reached, above 0; ``processors`` is how many the probe may use. ``better`` is
    the driver that gave this condition clearly more when all were tried, and ``gain`` by which factor: conditions with the same number of
    requests are driven alike, so it need not be the one that serves. Empty and 1 where there is none.
    """

    condition: str
    share: float
    driver: str
    processors: int
    better: str = ""
    gain: float = 1.0

    @property
    def takes_much(self) -> bool:
        """Whether inferences are so short that the time between them counts."""
        return 1 - self.share > LARGE

    @property
    def is_large(self) -> bool:
        """Whether a reader should know of it."""
        return self.driver == POLLING or self.takes_much

    def most(self, metric: Metric) -> float:
        """By which factor, at most, the device would do better without the harness; at least 1.

        The time between inferences is missing in rates only (FPS): OpenVINO itself takes a request's latency. A processor that is kept
        busy may be missing in both, and so may what another driver leaves the device.
        """
        factor = self.gain / self.share if metric.higher_is_better else self.gain
        if self.driver == POLLING:
            factor *= self.processors / (self.processors - 1) if self.processors > 1 else math.inf
        return max(1.0, factor)

    def sentence(self) -> str:
        """In words."""
        percent = f"the harness took {100 * (1 - self.share):.0f} % of {self.condition}'s time"
        if self.driver == POLLING:
            percent += f" and one of {self.processors} processors (polling)"
        return percent

    def excuse(self) -> str:
        """Why the promise may be broken by the harness only: what it took, and what another driver gave in its place."""
        if not self.better:
            return self.sentence()
        gained = f"{self.better} gave {100 * (self.gain - 1):.0f} % more than {self.driver} in the trial"
        return f"{self.sentence()}, and {gained}"


def cost_of(result: Result, condition: str) -> Cost | None:
    """What the harness took from that condition; ``None`` where that was not measured."""
    shares = [each.figures[SHARE] for each in result.samples(condition) if SHARE in each.figures]
    facts = result.facts.get(condition, {})
    if not shares or not facts.get("driver"):
        return None
    share = min(1.0, max(1e-3, statistics.median(shares)))
    better, gain = _better(facts.get("drivers_tried") or {}, facts["driver"])
    return Cost(condition, share, facts["driver"], int(facts.get("processors") or 1), better, gain)


def _better(tried_ones: Mapping[str, float], driver: str) -> tuple[str, float]:
    """The driver that clearly gave more than the one that served, and by which factor; the usual one, 1, is not among those tried."""
    others = {USUAL: 1.0, **tried_ones}
    served = others.pop(driver, None) or others.pop(USUAL)
    best = max(others, key=lambda name: others[name], default="")
    gain = others[best] / served if best and served > 0 else 1.0
    return (best, gain) if gain > MARGIN else ("", 1.0)


def allow_for(result: Result, claim: Ratio | Bound, outcome: Outcome, interval: Interval | None) -> tuple[Outcome, str]:
    """The outcome of a promise when the harness's own cost is allowed for, and a remark where that cost is large.

    A promise does not FAIL where it might hold for the device alone: if the numerator, or what is bounded, given back all that the
    harness may have taken from it, would reach the bound, nothing is known. Nor is it where the harness takes much of either side's
    time: several requests of so short a model wait for the threads that start them, which no figure here can tell from the device.
    What is no time is as it was measured.
    """
    if claim.metric.seconds is None:
        return outcome, ""
    first = claim.conditions[0]
    costs = [found for name in claim.conditions if (found := cost_of(result, name)) is not None]
    remark = "; ".join(each.sentence() for each in costs if each.is_large)
    if outcome is not Outcome.FAIL or interval is None or not costs or costs[0].condition != first:
        return outcome, remark
    if much := [each for each in costs if each.takes_much]:
        excuses = "; ".join(each.excuse() for each in much)
        return Outcome.INCONCLUSIVE, f"{excuses}: inferences are too short to tell the device from what drives it"
    awake = _awake(result, claim) if isinstance(claim, Ratio) and not claim.metric.higher_is_better else 1.0
    most = costs[0].most(claim.metric) * awake
    best = interval.high * most if claim.relation == "at least" else interval.low / most
    might_hold = best >= claim.bound if claim.relation == "at least" else best <= claim.bound
    if not might_hold or most == 1.0:
        return outcome, remark
    polled = f", and {claim.conditions[-1]} alone was polled, {awake:.2f} times as fast as asleep" if awake > 1 else ""
    return Outcome.INCONCLUSIVE, f"{costs[0].excuse()}{polled}, without which the promise might hold"


def _awake(result: Result, claim: Ratio) -> float:
    """By which factor the denominator is faster for being polled where the numerator's thread sleeps: a comparison of drivers.

    A thread that sleeps is woken for each inference, which a short model's latency holds. What that is worth here, the denominator's own
    trial has measured: polling over the best driver that sleeps.
    """
    ours, theirs = (result.facts.get(name, {}) for name in (claim.numerator, claim.denominator))
    if theirs.get("driver") != POLLING or ours.get("driver") == POLLING:
        return 1.0
    tried_ones = theirs.get("drivers_tried") or {}
    asleep = max([1.0, *(ratio for name, ratio in tried_ones.items() if name != POLLING)])
    gain = tried_ones.get(POLLING, 1.0) / asleep
    return gain if gain > MARGIN else 1.0


def driven(facts: Mapping[str, Mapping[str, Any]]) -> str | None:
    """How the requests of a study's conditions were driven, in words; ``None`` where nothing is known."""
    found: dict[str, set[int]] = {}
    for each in facts.values():
        if each.get("driver") and each.get("infer_requests"):
            found.setdefault(str(each["driver"]), set()).add(int(each["infer_requests"]))
    if not found:
        return None
    ways = [
        f"{_requests(numbers)} by {driver}" for driver, numbers in sorted(found.items(), key=lambda each: min(each[1]))
    ]
    return f"driven: {', '.join(ways)}"


def _requests(numbers: set[int]) -> str:
    return f"{' or '.join(map(str, sorted(numbers)))} {'request' if numbers == {1} else 'requests'}"
