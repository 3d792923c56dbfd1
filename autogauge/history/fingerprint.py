"""What must be equal for two runs to be comparable: machine, devices with their drivers, model, benchmark version.

The OpenVINO release is left out on purpose: releases are what histories are compared for. What the machine allows and how it is governed
is told by a probe (``probe.facts``); what of it is only noted beside a change of level does not come in here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autogauge.models.artefact import ModelArtefact
from autogauge.probe.facts import MachineFacts
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
    machine: str,
    facts: MachineFacts,
    devices: Sequence[Device],
    model: ModelArtefact,
    measured: Mapping[str, Any] | None = None,
) -> Fingerprint:
    """The fingerprint of a run on the machine known as ``machine``, of which a probe told the ``facts``. Memory is in GiB, rounded.

    ``measured`` holds the options that change the figures: shapes, inputs, infer requests, the profile, the length of a slice.
    The facts are those at the beginning of the run. A quota of processors comes in only where there is one, so that other machines keep
    their fingerprint.
    """
    quota = {} if facts.processor_quota is None else {"processor_quota": facts.processor_quota}
    return Fingerprint(
        {
            "machine": machine,
            "system": facts.system,
            "architecture": facts.architecture,
            "logical_cpus": facts.logical_cpus,
            **quota,
            "memory_gib": facts.memory_gib,
            "devices": [{"name": each.name, "full_name": each.full_name, "driver": each.driver} for each in devices],
            "model": {"name": model.name, "precision": model.precision, "digest": model.digest},
            "measured": dict(measured or {}),
            "benchmark_version": BENCHMARK_VERSION,
        }
    )
