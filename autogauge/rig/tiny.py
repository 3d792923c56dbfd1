"""The smallest model, ready to be measured on the session's own runtime whatever ``--model`` says: beside it any cost stands out.

What is measured on it is left to the studies. The models themselves are ``models.tiny``'s.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from autogauge.inputs import Inputs
from autogauge.models import tiny
from autogauge.models.artefact import ModelArtefact
from autogauge.rig.workload import Setup, Workload

if TYPE_CHECKING:
    from autogauge.rig.rig import Rig

RELU = "relu"
RUNS_ON, ON_ONE_PROCESSOR = "the tiny model", "the tiny model on one processor"
TWO_CPUS = "the tiny model on one processor, with the CPU twice"
"""What conditions say under ``runs_on``: a release, a folder or a device is never called so."""
SECOND_CPU = "XCPU"
"""The CPU plugin under a second name. AUTO takes it for another device, so that two devices are on every machine, equally fast.

Only where two are wanted: 2024.6 expands the ``CPU`` of a list to the names of both.
"""
CPU_PLUGIN = "openvino_intel_cpu_plugin"


def set_up(rig: Rig) -> None:
    """One ReLU, in probes that are free to move, on one processor, and on one that know the CPU under a second name too.

    Set up once. Raises ``UserError`` as the cache does.
    """
    if RUNS_ON not in rig.setups:
        path = tiny.paths(rig.cache)[RELU]
        digest = hashlib.sha256(path.read_bytes() + path.with_suffix(".bin").read_bytes()).hexdigest()
        inputs = rig.scratch("tiny") / "inputs.npz"
        Inputs((np.ones((1, tiny.WIDTH), np.float32),), 1, ()).save(inputs)
        model = ModelArtefact(RELU, "embedded", "FP32", path, digest, "random")
        workload = Workload(model, inputs, {}, 1)
        rig.use(model)
        rig.setups[RUNS_ON] = Setup(rig.launcher, workload)
        pinned = replace(workload, on_one_processor=True)
        rig.setups[ON_ONE_PROCESSOR] = Setup(rig.launcher, pinned)
        rig.setups[TWO_CPUS] = Setup(rig.launcher, replace(pinned, plugins={SECOND_CPU: CPU_PLUGIN}))
