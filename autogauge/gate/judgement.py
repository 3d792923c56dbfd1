"""A judgement: one benchmark against what was accepted, with its evidence. How it comes about is left to ``side_by_side`` and ``past``."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from autogauge.measuring.quantity import TIME, Quantity
from autogauge.stats.intervals import Interval
from autogauge.stats.verdicts import Outcome


class Way(str, Enum):
    """Against what a benchmark was judged."""

    SIDE_BY_SIDE = "side by side"
    HISTORY = "history"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Judgement:
    """What is known about one benchmark's change.

    ``change`` is the ratio of its cost (seconds, or MiB by its ``quantity``) to what it is judged against: above 1 is slower, or larger;
    ``None`` where nothing could be compared.
    ``floor`` is the smallest ratio that would be called a change. ``outcome`` is ``None`` where there is no baseline yet.
    ``cannot_measure`` says that the comparison broke off: a gate that cannot measure must not pass. ``own`` says what this run's figure
    rests on (``80 rounds``), where the interval's replicates are other runs. ``remarkable`` ones are said in full whatever their outcome.
    """

    benchmark: str
    way: Way
    against: str
    outcome: Outcome | None
    change: Interval | None
    floor: float
    measured_again: bool = False
    cannot_measure: bool = False
    notes: tuple[str, ...] = ()
    own: str = ""
    remarkable: bool = False
    quantity: Quantity = TIME

    @property
    def improved(self) -> bool:
        """Whether it passes and the figure is better by more than the floor, beyond doubt."""
        return self.outcome is Outcome.PASS and self.change is not None and self.change.high < 1 / self.floor

    @property
    def word(self) -> str:
        """The outcome in capitals, as tables show it."""
        if self.outcome is None:
            return "NO BASELINE"
        return "IMPROVED" if self.improved else str(self.outcome)

    def noted(self, note: str) -> Judgement:
        """The same with one more note."""
        return replace(self, notes=(*self.notes, note))

    def sentence(self) -> str:
        """What changed by how much, how sure that is, and against what: one sentence."""
        if self.change is None or self.outcome is None:
            text = f"{self.benchmark}: not judged against {self.against}"
        else:
            rests_on = f"{self.count()}, this one with {self.own}" if self.own else self.count()
            text = (
                f"{self.benchmark}: {self.quantity.name} {percent(self.change.ratio)} "
                f"({percent_confidence(self.change.confidence)} interval {self.bounds()}, {rests_on}) "
                f"against {self.against}; a change counts from {percent(self.floor)} on"
            )
        if self.measured_again:
            text += "; measured again"
        return "; ".join([text, *self.notes])

    def bounds(self) -> str:
        """The interval in words."""
        if self.change is None or not math.isfinite(self.change.high):
            return "not yet bounded"
        return f"{percent(self.change.low)} to {percent(self.change.high)}"

    def count(self) -> str:
        """What the interval rests on: so many runs, or replicates."""
        number = self.change.replicates if self.change else 0
        what = "run" if self.way is Way.HISTORY else "replicate"
        return f"{number} {what}" if number == 1 else f"{number} {what}s"

    def to_json(self) -> dict[str, Any]:
        """The judgement for ``summary.json`` and the history file; bounds that are not finite become ``null``."""
        change = self.change
        return {
            "benchmark": self.benchmark,
            "verdict": self.word,
            "way": str(self.way),
            "against": self.against,
            "ratio": change.ratio if change else None,
            "ci": [change.low, change.high if math.isfinite(change.high) else None] if change else None,
            "confidence": change.confidence if change else None,
            "replicates": change.replicates if change else 0,
            "own": self.own or None,
            "floor": self.floor,
            "measured_again": self.measured_again,
            "cannot_measure": self.cannot_measure,
            "notes": list(self.notes),
            "remarkable": self.remarkable,
            "evidence": self.sentence(),
            **({} if self.quantity is TIME else {"quantity": self.quantity.name}),
        }


def changes_of(judgements: Iterable[Judgement]) -> str:
    """What a column of these changes is called: ``time``, ``memory``, or both."""
    return " or ".join(dict.fromkeys(each.quantity.name for each in judgements)) or TIME.name


def percent(ratio: float) -> str:
    """A ratio as a signed change: 1.05 is ``+5.0 %``."""
    if not math.isfinite(ratio):
        return "∞"
    if ratio >= 10:
        return f"×{ratio:.3g}"
    return f"{round(100 * (ratio - 1), 1) + 0.0:+.1f} %"  # no -0.0


def percent_confidence(confidence: float) -> str:
    """A confidence with as many nines as it has: 0.9995 is ``99.95 %``."""
    missing = 1 - confidence
    digits = max(0, math.ceil(-math.log10(100 * missing))) if missing > 0 else 0
    return f"{100 * confidence:.{digits}f} %"
