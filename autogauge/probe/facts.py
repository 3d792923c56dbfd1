"""The facts of a machine: what it allows a process and how it is governed, as that process read them. Words are left to ``history``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from autogauge.probe.worker.facts import machine_facts

STEADY = (
    "logical_cpus",
    "processor_quota",
    "processors",
    "memory_limit_mib",
    "governor",
    "frequency_driver",
    "energy_preference",
    "boost",
    "smt",
    "clock_source",
    "power_source",
    "power_profile",
)
"""What must not change while a run measures. A frequency limit is left out: some machines move it by themselves as they grow warm."""


@dataclass(frozen=True)
class MachineFacts:
    """The facts at one moment: those that a fingerprint holds, and those that are ``noted`` beside it."""

    logical_cpus: int | None
    processor_quota: float | None
    """How many processors' time the tightest quota allows, where that is less than there are; else ``None``."""
    memory_gib: int | None
    noted: Mapping[str, Any] = field(default_factory=dict)
    system: str = ""
    architecture: str = ""

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> MachineFacts:
        """The facts as a probe described them."""
        return cls(**{name: fields[name] for name in cls.__dataclass_fields__})

    def by_name(self) -> dict[str, Any]:
        """All of them, those of a fingerprint first."""
        own = ("system", "architecture", "logical_cpus", "processor_quota", "memory_gib")
        return {**{name: getattr(self, name) for name in own}, **self.noted}

    def steady(self) -> dict[str, Any]:
        """Those that must not change while a run measures."""
        return {name: value for name, value in self.by_name().items() if name in STEADY}


def seen_here() -> MachineFacts:
    """What this process sees now: it costs some files, and no probe. A probe may see something else."""
    return MachineFacts.from_json(machine_facts())
