"""What must be equal for two runs to be comparable: machine, devices with their drivers, model, benchmark version.

The OpenVINO release is left out on purpose: releases are what histories are compared for.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autogauge.models.artefact import ModelArtefact
from autogauge.targets import Device

BENCHMARK_VERSION = 3
"""Raised whenever a change makes new figures incomparable with old ones."""


@dataclass(frozen=True)
class Fingerprint:
    """The facts that identify what was measured on what; ``digest`` is short and equal exactly when they are."""

    facts: dict[str, Any]

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal digits."""
        return hashlib.sha256(json.dumps(self.facts, sort_keys=True).encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, Any]:
        """The facts and their digest."""
        return {"digest": self.digest, **self.facts}


def fingerprint(
    machine: str, devices: Sequence[Device], model: ModelArtefact, measured: Mapping[str, Any] | None = None
) -> Fingerprint:
    """The fingerprint of a run on this machine, known as ``machine``. Memory is in GiB, rounded.

    ``measured`` holds the options that change the figures: shapes, inputs, infer requests, the profile, the length of a slice.
    """
    return Fingerprint(
        {
            "machine": machine,
            "system": platform.system(),
            "architecture": platform.machine(),
            "logical_cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
            "memory_gib": _memory_gib(),
            "devices": [{"name": each.name, "full_name": each.full_name, "driver": each.driver} for each in devices],
            "model": {"name": model.name, "precision": model.precision, "digest": model.digest},
            "measured": dict(measured or {}),
            "benchmark_version": BENCHMARK_VERSION,
        }
    )


def _memory_gib() -> int | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    except (AttributeError, ValueError, OSError):
        return None
