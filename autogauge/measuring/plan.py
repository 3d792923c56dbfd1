"""When to look at the evidence, and how long to go on. Looking is left to ``schedule``."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from autogauge.stats.sequential import share_by_time


@dataclass(frozen=True)
class Plan:
    """When to look at the evidence (numbers of replicates, rising), and how long to go on (seconds).

    ``confidence`` is that of all looks together; they share its error equally, or with ``by_time`` by the time that has passed.
    """

    looks: tuple[int, ...]
    budget_s: float
    confidence: float = 0.95
    by_time: bool = False

    def confidence_at(self, elapsed_s: float = 0.0, looked: float = 0.0) -> float:
        """The confidence of the interval at a look after so many seconds; ``looked`` is the share of the budget at the look before."""
        share = share_by_time(elapsed_s, self.budget_s, looked) if self.by_time else 1 / len(self.looks)
        return 1 - (1 - self.confidence) * share

    def to_json(self) -> dict[str, Any]:
        """The fields as a dictionary."""
        return asdict(self)
