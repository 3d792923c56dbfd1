"""A condition: one of the things that a study compares. What it runs on is found by the rig under the name ``runs_on``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from autogauge.targets import Target

Role = Literal["candidate", "reference", "pinned"]
CANDIDATE: Role = "candidate"
REFERENCE: Role = "reference"
PINNED: Role = "pinned"
TWIN = "@reference"
"""How the name of a twin ends: no other condition's does."""
HERE = ""
"""The runtime and the model of the session itself."""


@dataclass(frozen=True)
class Condition:
    """One of the things that a study compares. ``title`` is what tables call it; without one they show its target.

    ``infer_requests`` is how many are kept in flight; 0 leaves it to the session's options. ``role`` is whether it is what is judged
    (candidate), its twin on what ``--reference`` names, or the pinned workload; ``runs_on`` names the runtime and model, empty for the
    session's own. ``beside`` names the condition with the pinned workload whose ratio history judges it by; empty without one.
    ``own_labels`` are the study's own, beside those of the target. ``recorded`` is whether its metrics become benchmarks.
    """

    name: str
    target: Target
    title: str = ""
    infer_requests: int = 0
    beside: str = ""
    role: Role = CANDIDATE
    own_labels: Mapping[str, str] = field(default_factory=dict)
    runs_on: str = HERE
    recorded: bool = True

    @property
    def labels(self) -> dict[str, str]:
        """Its place in every table, by key and value: ``device``, ``hint``, other properties in lower case, then the study's own."""
        hint = {"hint": self.target.hint} if self.target.hint else {}
        others = {
            name.lower(): str(value)
            for name, value in sorted(self.target.properties.items())
            if name != "PERFORMANCE_HINT"
        }
        return {"device": self.target.device or "AUTO", **hint, **others, **self.own_labels}

    def to_json(self) -> dict[str, Any]:
        """The fields as a dictionary, with the labels that come of them."""
        return {
            "name": self.name,
            "title": self.title,
            "device": self.target.device,
            "properties": dict(self.target.properties),
            "infer_requests": self.infer_requests,
            "beside": self.beside or None,
            "role": self.role,
            "labels": self.labels,
            "own_labels": dict(self.own_labels),
            "runs_on": self.runs_on,
            "recorded": self.recorded,
        }
