"""What a benchmark is of: time, or memory. In which unit its samples are saved and shown, and which words go with more of it.

pytest-benchmark knows seconds only. So what is saved as a benchmark's samples are seconds, or MiB in the place of seconds; the name of its
metric says which, in every file and index: a memory's ends in ``_bytes``. How strictly each is judged is left to ``gate``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

BYTES = "_bytes"
"""How the name of a metric ends whose benchmarks are memory."""
MIB = 2.0**20


@dataclass(frozen=True)
class Quantity:
    """Time or memory.

    ``saved_in`` is the unit of samples in files, in the index and in the gate; ``shown_in`` that of tables, ``factor`` times as much.
    ``basis`` is what figures are compared by where there is no ratio to the pinned workload: "by seconds".
    """

    name: str
    saved_in: str
    shown_in: str
    factor: float
    basis: str
    more: str
    less: str

    def shown(self, saved: float) -> float:
        """A saved figure in the unit that tables write."""
        return saved * self.factor

    def written(self, saved: float) -> str:
        """The same with four digits that matter."""
        return f"{self.shown(saved):.4g}"


TIME = Quantity("time", "s", "ms", 1e3, "seconds", "slower", "faster")
MEMORY = Quantity("memory", "MiB", "MiB", 1.0, "MiB", "larger", "smaller")
QUANTITIES = {each.name: each for each in (TIME, MEMORY)}


def quantity_of(metric: str) -> Quantity:
    """What the benchmarks of a metric of that name are of; of one that is not known, as of another project's, time."""
    return MEMORY if metric.endswith(BYTES) else TIME


def shown_in(metrics: Iterable[str]) -> str:
    """The unit for a column of figures of several metrics: ``ms``, ``MiB``, or both."""
    return "/".join(dict.fromkeys(quantity_of(each).shown_in for each in metrics)) or TIME.shown_in
