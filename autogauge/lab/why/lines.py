"""What a line of ``why`` is: a figure of both sides with their difference, and layers with what they are. ``finding`` fills it in."""

from __future__ import annotations

from dataclasses import dataclass

from autogauge.lab.why.matching import Group
from autogauge.stats.intervals import Interval

SIDES = ("A", "B")
ARROW = "→"


@dataclass(frozen=True)
class Line:
    """A figure of both sides with B's difference. Figures are medians over processes, in ``unit``; ``None`` where there is none."""

    title: str
    a: float | None
    b: float | None
    difference: Interval | None
    unit: str = "ms"
    more_is_better: bool = False

    @property
    def word(self) -> str:
        """``slower`` or ``faster`` where the interval says so, else ``open``."""
        found = self.difference
        if found is None or found.low <= 0 <= found.high:
            return "open"
        return "slower" if (found.low > 0) is not self.more_is_better else "faster"


@dataclass(frozen=True)
class Compared:
    """A group of layers with its figures in microseconds. ``kernels`` and ``precisions`` are A's and B's, in words."""

    line: Line
    group: Group
    names: tuple[str, str]
    types: tuple[str, str]
    kernels: tuple[str, str]
    precisions: tuple[str, str]

    @property
    def label(self) -> str:
        """How tables call it: by its name in A, and that in B where it differs."""
        a, b = self.names
        return a or b if not (a and b) or a == b else f"{a} {ARROW} {b}"

    @property
    def kernel(self) -> str:
        """Kernel and precision, of both sides where they differ."""
        return f" {ARROW} ".join(dict.fromkeys(filter(None, self.kernels)))

    @property
    def precision(self) -> str:
        """The precision, of both sides where it differs."""
        return f" {ARROW} ".join(dict.fromkeys(filter(None, self.precisions)))

    @property
    def type(self) -> str:
        """Its type, of both sides where it differs."""
        return f" {ARROW} ".join(dict.fromkeys(filter(None, self.types)))

    @property
    def size(self) -> float:
        """By how many microseconds the sides differ, whatever the sign."""
        return abs(self.line.difference.ratio) if self.line.difference else 0.0
