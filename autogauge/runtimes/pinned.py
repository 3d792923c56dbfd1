"""The pinned workload: one fixed model on one fixed OpenVINO release, measured by turns with what is judged against history.

The ratio to it is what history is judged by, since it has little of the machine's mood in it, and is not moved by a new OpenVINO. Why
it is GoogLeNet-v1 with the same hint is on the page ``docs/gate-choices.md``. When it is measured is left to the studies.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from autogauge.cache import Cache
from autogauge.measuring.progress import Progress
from autogauge.models import embedded
from autogauge.models.artefact import ModelArtefact
from autogauge.probe.identity import Runtime
from autogauge.runtimes.environment import numpy_of, python_with

RELEASE = "2024.6.0" if sys.version_info < (3, 13) else "2025.0.0"
"""The newest long-term release when this was chosen; it has no wheel for Python 3.13."""
MODEL, PRECISION, DEVICE = "googlenet-v1", "FP16", "CPU"
NAME = "pinned"
"""How its conditions are called: ``pinned-LATENCY``, and ``pinned`` for first inferences."""


@dataclass(frozen=True)
class Pinned:
    """The fixed workload: its interpreter and model, and the numpy beside it, which the installer chose.

    Runs are comparable by their ratio to it only where ``identity`` is equal.
    """

    python: Path
    model: ModelArtefact
    numpy: str

    @property
    def runtime(self) -> Runtime:
        """What its probes run on: that release, or nothing is measured."""
        return Runtime(str(self.python), "the pinned workload", RELEASE)

    @property
    def identity(self) -> str:
        """Everything that it is, in words."""
        model = f"{self.model.name} {self.model.precision} {self.model.digest[:12]}"
        runtime = f"openvino {RELEASE}, numpy {self.numpy}, python {sys.version_info.major}.{sys.version_info.minor}"
        return f"{model} on {DEVICE}, {runtime}"


def prepare(cache: Cache, progress: Progress) -> Pinned:
    """The pinned workload, installed and built in the cache if it is not there. Raises :class:`~autogauge.errors.UserError`.

    The model is built by the pinned release, so that its digest does not change with the OpenVINO that is measured.
    """
    python = python_with(RELEASE, cache, progress, "--pinned=off does without")
    return Pinned(python, embedded.build(MODEL, PRECISION, cache, python=python, release=RELEASE), numpy_of(python))
