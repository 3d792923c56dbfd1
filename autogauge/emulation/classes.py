"""What a class of processors means for the emulated GPU: how it is said, and how much longer compiling takes with it.

Choosing one is left to the probe, which runs on the processor (``autogauge.probe.worker.emulation``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autogauge.probe.worker.emulation import RUNTIMES_OWN, VARIABLE

SLOWNESS = {"core-avx2": 5.0, "corei7-avx": 15.0, "corei7": 25.0}
"""How many times longer than with AVX-512 a large model may take to compile (GoogLeNet-v1 took 4 to 5, 12, and 6 to over 20 times as long,
the machine's load included); a small one takes up to three times as long."""


@dataclass(frozen=True)
class ProcessorClass:
    """For which class of processors the emulated GPU's kernels are compiled, and how it was chosen."""

    name: str
    by_flags: str
    """What the processor's flags allow at best; the same, unless a user named another."""
    by_hand: bool = False

    @property
    def slowness(self) -> float:
        """How many times longer than with AVX-512 compiling may take: deadlines follow it."""
        return SLOWNESS.get(self.by_flags if self.name == RUNTIMES_OWN else self.name, 1.0)

    def describe(self) -> str:
        """The class and how it was chosen, in a few words."""
        return f"{self.name} (by {VARIABLE})" if self.by_hand else f"{self.name} (by the processor's flags)"

    def to_json(self) -> dict[str, Any]:
        """The fields as the probe sends them."""
        return {"class": self.name, "by_flags": self.by_flags, "by_hand": self.by_hand}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any] | None) -> ProcessorClass | None:
        """What a probe said; ``None`` of one that has no emulated GPU."""
        return cls(str(fields["class"]), str(fields["by_flags"]), bool(fields["by_hand"])) if fields else None
