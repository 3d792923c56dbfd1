"""What driving infer requests costs by itself, and what that means for a promise. How they are driven is the probe's (``worker.lanes``).

With n requests in flight and a mean latency L nobody can get more than n ÷ L inferences a second. The share of that bound that was
reached is what the harness left; it hardly feels the machine's noise, since both figures are of the same slice.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
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
LATENCY = "latency_ms"
"""What a slice's samples call these two, by which the harness's cost is known."""
POLLING = "polling"
"""The driver that never sleeps: it keeps a processor from the device."""
USUAL = "the usual driver"
LARGE = 0.05
"""A harness that takes so much of a condition's time is worth a word, and may cost more than the time between inferences: its threads wake,
sleep and hand over Python's lock, and inferences that are hardly longer than that wait for it. How much is bounded by :data:`WOKEN` and
:data:`BETWEEN_THREADS`; both are about twice the most that was seen."""
SHORT_MS = 0.2
"""Several requests that are answered sooner are as short, whatever the share says: a latency holds the waiting for each other's threads.
Two of a model that takes 0.02 ms alone took 0.05 ms, with a share above 0.95."""
WOKEN = 2.0
"""So many times as fast, at most, may one request of a short model be for which no thread is woken: polling made two 1.75 times as fast."""
BETWEEN_THREADS = 4.0
"""The same of several, for each of them: two requests of 0.02 ms gave less than half of one's frames, where a device may give twice."""


@dataclass(frozen=True)
class Cost:
    """What the harness may have taken from one condition.

    ``share`` is the median share of the bound that was reached, above 0; ``processors`` is how many the probe may use. ``better`` is
    the driver that gave this condition clearly more when all were tried, and ``gain`` by which factor: conditions with the same number of
    requests are driven alike, so it need not be the one that serves. Empty and 1 where there is none. ``requests`` is how many are in
    flight, 0 where nobody said, and ``latency_ms`` how long each took.
    """

    condition: str
    share: float
    driver: str
    processors: int
    better: str = ""
    gain: float = 1.0
    requests: int = 0
    latency_ms: float = math.inf

    @property
    def takes_much(self) -> bool:
        """Whether inferences are so short that the time between them counts, or the waiting of one for another's thread."""
        return 1 - self.share > LARGE or (self.requests != 1 and self.latency_ms < SHORT_MS)

    @property
    def is_large(self) -> bool:
        """Whether a reader should know of it."""
        return self.driver == POLLING or self.takes_much

    def most(self, metric: Metric, *, short: bool) -> float:
        """By which factor, at most, the device would do better without the harness; at least 1.

        The time between inferences is missing in rates only (FPS): OpenVINO itself takes a request's latency. A processor that is kept
        busy may be missing in both, and so may what another driver leaves the device. Where inferences are so ``short`` that the harness
        takes much, a latency holds a part of it as well.
        """
        factor = self.gain / self.share if metric.higher_is_better or short else self.gain
        if short:
            factor *= WOKEN if self.requests == 1 else BETWEEN_THREADS * (self.requests or math.inf)
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
    processors, requests = (int(facts.get(name) or least) for name, least in (("processors", 1), ("infer_requests", 0)))
    latencies = [each.figures[LATENCY] for each in result.samples(condition) if LATENCY in each.figures]
    latency_ms = statistics.median(latencies) if latencies else math.inf
    return Cost(condition, share, facts["driver"], processors, better, gain, requests, latency_ms)


def _better(tried_ones: Mapping[str, float], driver: str) -> tuple[str, float]:
    """The driver that clearly gave more than the one that served, and by which factor; the usual one, 1, is not among those tried."""
    others = {USUAL: 1.0, **tried_ones}
    served = others.pop(driver, None) or others.pop(USUAL)
    best = max(others, key=lambda name: others[name], default="")
    gain = others[best] / served if best and served > 0 else 1.0
    return (best, gain) if gain > MARGIN else ("", 1.0)


def allow_for(result: Result, claim: Ratio | Bound, outcome: Outcome, interval: Interval | None) -> tuple[Outcome, str]:
    """The outcome of a promise when the harness's own cost is allowed for, and a remark where that cost is large.

    A promise does not FAIL where it might hold for the device alone: if the side whose cost speaks against it, given back all that the
    harness may have taken from it, would reach the bound, nothing is known. Where the harness takes much of either side's time, that is
    more than the share of the one side says: several requests of so short a model wait for the threads that start them. What misses the
    bound all the same FAILs. Nor does a bound PASS that only the harness keeps, such as that a latency is at least so long. What is no
    time is as it was measured.
    """
    if claim.metric.seconds is None:
        return outcome, ""
    costs = [found for name in claim.conditions if (found := cost_of(result, name)) is not None]
    remark = "; ".join(each.sentence() for each in costs if each.is_large)
    if outcome is Outcome.FAIL and interval is not None:
        return _broken(result, claim, interval, costs, remark)
    if outcome is Outcome.PASS and interval is not None and isinstance(claim, Bound):
        return _kept(claim, interval, costs, remark)
    return outcome, remark


def _broken(
    result: Result, claim: Ratio | Bound, interval: Interval, costs: Sequence[Cost], remark: str
) -> tuple[Outcome, str]:
    """FAIL, where the bound is missed by the device alone as well."""
    is_of_first = _speaks_against(claim)
    side = claim.conditions[0] if is_of_first else claim.conditions[-1] if isinstance(claim, Ratio) else ""
    cost = next((each for each in costs if each.condition == side), None)
    if cost is None:
        return Outcome.FAIL, remark
    much = [each for each in costs if each.takes_much]
    awake = _awake(result, claim) if isinstance(claim, Ratio) and is_of_first and claim.relation == "at most" else 1.0
    most = cost.most(claim.metric, short=bool(much)) * awake
    best = interval.high * most if claim.relation == "at least" else interval.low / most
    might_hold = best >= claim.bound if claim.relation == "at least" else best <= claim.bound
    if not might_hold or most == 1.0:
        still = f": given back {most:.3g}-fold, which is the most that it may have cost, the bound is missed still"
        return Outcome.FAIL, f"{remark}{still}" if much else remark
    if much:
        excuses = "; ".join(each.excuse() for each in much)
        return Outcome.INCONCLUSIVE, f"{excuses}: inferences are too short to tell the device from what drives it"
    polled = f", and {claim.conditions[-1]} alone was polled, {awake:.2f} times as fast as asleep" if awake > 1 else ""
    return Outcome.INCONCLUSIVE, f"{cost.excuse()}{polled}, without which the promise might hold"


def _kept(claim: Bound, interval: Interval, costs: Sequence[Cost], remark: str) -> tuple[Outcome, str]:
    """PASS, where the bound is not kept by what the harness costs alone: that a latency is at least so long, or a rate at most so high."""
    if not costs or _speaks_against(claim):
        return Outcome.PASS, remark
    (cost,) = costs
    most = cost.most(claim.metric, short=cost.takes_much)
    is_low = claim.relation == "at least"
    holds = interval.low / most >= claim.bound if is_low else interval.high * most <= claim.bound
    if holds or most == 1.0:
        return Outcome.PASS, remark
    return Outcome.INCONCLUSIVE, f"{cost.excuse()}, without which the promise might not hold"


def _speaks_against(claim: Ratio | Bound) -> bool:
    """Whether what the harness takes from the numerator, or from what is bounded, speaks against the claim; else it speaks for it."""
    return (claim.relation == "at least") == claim.metric.higher_is_better


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
