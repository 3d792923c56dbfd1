"""A metric: a named figure of a sample, and all that the rest needs to know of it. Who measures it says so, once.

Which figures a sample has is left to who measures it (``rig``, ``studies``).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from autogauge.measuring.quantity import MEMORY, MIB, TIME, quantity_of

FACTORS = {("s", "ms"): 1e3, ("bytes", "MiB"): 2.0**-20}
"""By what a figure is multiplied that is written in another unit than its own."""


@dataclass(frozen=True)
class Metric:
    """A named figure of a sample.

    ``name`` is its key in samples and files, ``title`` how sentences and tables call it, ``unit`` that of the figures.
    ``per_process`` says that each sample of it is a process; else it is a round of a warm one. ``seconds`` is how many seconds one unit
    of its cost is; ``None`` where it is no time. What is no time can be recorded, and judged against history, only where it is memory: in
    bytes, and with a name that ends in ``_bytes``. ``written_in`` is the unit that
    tables write it in, where that is not its own: ``ms`` of seconds, ``MiB`` of bytes. ``of_latencies`` says that it sums up the sample's
    latencies: where these are there, tables show their percentiles instead. Raises ``ValueError`` for a unit that it cannot be written in.
    """

    name: str
    title: str
    unit: str = ""
    higher_is_better: bool = False
    per_process: bool = False
    seconds: float | None = None
    written_in: str = ""
    of_latencies: bool = False
    means: str = ""
    """What a reader of a table must know of it: a sentence without its end."""
    of_process: int = 0
    """Of a warm process that gives way to a fresh one: only the last round that it serves has it, after so many inferences. 0: of none."""

    def __post_init__(self) -> None:
        if self.written_in and (self.unit, self.written_in) not in FACTORS:
            raise ValueError(f"{self.name} is in {self.unit or 'no unit'} and cannot be written in {self.written_in}")

    @property
    def written_unit(self) -> str:
        """The unit that tables write; bytes are always MiB."""
        return self.written_in or ("MiB" if self.unit == "bytes" else self.unit)

    def written(self, figure: float) -> float:
        """The figure in the unit that tables write."""
        return figure * FACTORS.get((self.unit, self.written_unit), 1.0)

    @property
    def heading(self) -> str:
        """What a column of it is called: its title, with the unit where that is a short one (``FPS`` needs no ``frames per second``)."""
        return self.title if " " in self.written_unit else f"{self.title} {self.written_unit}".strip()

    @property
    def is_memory(self) -> bool:
        """Whether it is memory, whose benchmarks are in MiB."""
        return self.unit == "bytes" and quantity_of(self.name) is MEMORY and not self.higher_is_better

    @property
    def can_be_recorded(self) -> bool:
        """Whether it can become a benchmark: it is a time, or memory, and its name says which."""
        return self.is_memory or (self.seconds is not None and quantity_of(self.name) is TIME)

    def cost(self, figure: float) -> float:
        """The figure as it is saved and judged: in seconds, of a rate the seconds of one; of memory in MiB.

        Raises ``ValueError`` for a metric that is neither.
        """
        if self.is_memory:
            return figure / MIB
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
        """The fields as a dictionary, without those that are as they are for most."""
        left_out = {each.name: each.default for each in fields(self)}
        return {name: value for name, value in asdict(self).items() if value != left_out[name]}
