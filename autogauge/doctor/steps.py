"""What to do next, where something is missing or fails in every turn alike. One place, so that a run and the doctor say the same."""

from __future__ import annotations

from collections.abc import Sequence

from autogauge import checkout
from autogauge.causes import step_when_late
from autogauge.emulation.classes import ProcessorClass
from autogauge.probe.request import Failure
from autogauge.rig import trial
from autogauge.targets import kinds, named_devices

INSTALL = checkout.install()
EMULATED = "measure with --accelerator=emulated"
UPDATE_GPU = "look at what clinfo says; update Intel's compute runtime and the kernel"
UPDATE_NPU = "look for intel_vpu in dmesg; install or update Intel's NPU driver (intel-level-zero-npu, intel-fw-npu)"
ASK = "python -m autogauge doctor says what this machine lacks"
MORE_TIME = "--probe-deadline"


def step_for(failure: Failure, devices: Sequence[str], emulated: ProcessorClass | None = None) -> str:
    """What to do where these target devices failed in every turn alike; ``emulated`` is the emulated GPU's class, if it is on.

    What the machine lacked comes first, then time; then the device that is likelier to be at fault than the CPU and OpenVINO.
    """
    if failure.next_step:
        return failure.next_step
    if failure.kind == "deadline":
        return f"{step_when_late(MORE_TIME)}; {ASK}"
    named = {kind for device in devices for kind in kinds(named_devices(device))}
    if "CPU" in devices:
        return ASK
    if emulated is not None:
        return trial.next_step(emulated)
    for kind, step in (("GPU", UPDATE_GPU), ("NPU", UPDATE_NPU)):
        if kind in named:
            return f"{step}; {ASK}"
    return ASK
