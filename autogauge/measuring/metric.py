"""A metric: a named figure of a sample, and all that the rest needs to know of it. Who measures it says so, once.

Which figures a sample has is left to who measures it (``rig``, ``studies``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Metric:
    """A named figure of a sample.

    ``name`` is its key in samples and files, ``title`` how sentences and tables call it, ``unit`` that of the figures.
    ``per_process`` says that each sample of it is a process; else it is a round of a warm one. ``seconds`` is how many seconds one unit
    of its cost is; ``None`` where it is no time, and can be neither recorded nor judged against history.
    """

    name: str
    title: str
    unit: str = ""
    higher_is_better: bool = False
    per_process: bool = False
    seconds: float | None = None

    def cost(self, figure: float) -> float:
        """The figure in seconds; of a rate the seconds of one. Raises ``ValueError`` for a metric that is no time."""
        if self.seconds is None:
            raise ValueError(f"{self.name} is no time: it has no cost in seconds")
        return (1 / figure if self.higher_is_better else figure) * self.seconds

    @property
    def sample(self) -> str:
        """What a sample of it is called."""
        return "process" if self.per_process else "round"

    def count(self, samples: int) -> str:
        """So many samples, in words: ``12 processes``."""
        plural = "" if samples == 1 else "es" if self.per_process else "s"
        return f"{samples} {self.sample}{plural}"

    def to_json(self) -> dict[str, Any]:
        """The fields as a dictionary."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Metric:
        """The metric that was saved. Raises ``KeyError``, ``TypeError``."""
        seconds = fields.get("seconds")
        return cls(
            str(fields["name"]),
            str(fields["title"]),
            str(fields.get("unit", "")),
            bool(fields.get("higher_is_better", False)),
            bool(fields.get("per_process", False)),
            None if seconds is None else float(seconds),
        )
