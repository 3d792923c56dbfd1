"""One benchmark of a comparison: its runs on either side, and what became of it. How it comes about is left to ``comparison``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from autogauge.gate.judgement import Judgement
from autogauge.gate.past import Figure
from autogauge.history.indexed import IndexedRun
from autogauge.history.labels import Labels
from autogauge.measuring.quantity import TIME, Quantity
from autogauge.stats.prediction import level_of

BY_RATIO = "by the ratio to the pinned workload"


def by_itself(quantity: Quantity) -> str:
    """By what figures are compared that have no ratio to the pinned workload: ``by seconds``."""
    return f"by {quantity.basis}"


@dataclass(frozen=True)
class Group:
    """One benchmark on one side, its runs in the order measured: seconds, ratios to the pinned workload and their standard errors.

    NaN for no ratio. ``runs`` are the runs themselves, ``standing`` is that of the ``unaccepted`` ones among them: of all where none is
    accepted, of those that were named whatever their standing; empty where there are none.
    """

    runs: tuple[IndexedRun, ...]
    seconds: tuple[float, ...]
    ratios: tuple[float, ...]
    errors: tuple[float, ...]
    pinned: tuple[str, ...]
    standing: str = ""
    releases: tuple[str, ...] = ()
    """The OpenVINO release that each figure was measured with."""
    labels: Labels = field(default_factory=dict)
    """The benchmark's, as its newest run has them."""
    unaccepted: int = 0
    """How many of the runs are quarantined or pending here."""

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The same as the gate takes them."""
        rows = zip(self.seconds, self.pinned, self.ratios, self.errors, strict=True)
        return tuple(
            Figure(seconds, pinned, ratio, error) if pinned and not math.isnan(ratio) else Figure(seconds)
            for seconds, pinned, ratio, error in rows
        )


def levels_judged(b: Sequence[float], ratio: float | None) -> tuple[float, float] | None:
    """The levels of A's and B's figures that differ by that ratio: B's trimmed mean, as it was judged, and what A's is by the ratio."""
    if ratio is None:
        return None
    now = math.exp(level_of(b).centre)
    return now / ratio, now


@dataclass(frozen=True)
class Compared:
    """One benchmark on both sides. ``where`` says on which machine and model, as far as both sides share them."""

    benchmark: str
    metric: str
    where: str
    judgement: Judgement
    basis: str
    runs: tuple[int, int]
    seconds: tuple[float, float]
    labels: Labels = field(default_factory=dict)
    """As the newest run of both sides has them."""
    machine: str = ""
    """The machine that both sides measured it on; empty where they share none."""
    beside: str = ""
    """The same as ``where`` without the machine."""
    judged: tuple[float, float] | None = None
    """What was held against each other, of A and of B: the levels of the ratios to the pinned workload, or of seconds. B's over A's is the
    change. Where nothing was, ``seconds`` stand for it."""

    @property
    def by_ratio(self) -> bool:
        """Whether the ratios to the pinned workload were compared, and not its seconds."""
        return self.basis == BY_RATIO

    @property
    def figures(self) -> tuple[float, float]:
        """A's and B's figure as a line shows them: their quotient is the change beside them."""
        return self.judged or self.seconds

    def to_json(self) -> dict[str, Any]:
        """The fields as a dictionary: ``compared`` are the levels whose quotient is ``ratio``, and ``compared_in`` what they are.

        Seconds (``mib`` of memory) are medians over the runs, of A and of B.
        """
        quantity = self.judgement.quantity
        return {
            **self.judgement.to_json(),
            "metric": self.metric,
            "labels": dict(self.labels),
            "where": self.where,
            "machine": self.machine,
            "basis": self.basis,
            "runs": list(self.runs),
            "compared": list(self.figures),
            "compared_in": "ratios to the pinned workload" if self.by_ratio else quantity.basis,
            "seconds" if quantity is TIME else "mib": list(self.seconds),
        }
