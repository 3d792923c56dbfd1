"""Does the emulated GPU work on this machine? One convolution, compiled and inferred on it and held against the CPU's answer.

A machine on which it does not would fail every compile alike: that is found here, once, instead of by every test. What is to be done
about it is said by whoever asks.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from autogauge.cache import Cache
from autogauge.emulation.classes import ProcessorClass
from autogauge.errors import UserError
from autogauge.models import resolve
from autogauge.probe.launcher import Launcher
from autogauge.probe.request import Failure, ProbeFailed
from autogauge.probe.worker.emulation import CLASSES, VARIABLE
from autogauge.rig.workload import Workload, prepare_workload
from autogauge.targets import F32, Target

MODEL, TOLERANCE = "one-convolution", 1e-4
DEADLINE_S = 120.0
"""With AVX-512; a second is enough on a machine with nothing else to do."""
LOWEST = list(CLASSES)[-1]
NOT_SEEN = (
    "the emulated GPU is switched on, and OpenVINO does not see it: "
    "python -m autogauge doctor says what is wrong (--accelerator=emulated)."
)


@dataclass(frozen=True)
class Trial:
    """What one convolution on the emulated GPU gave: for which class of processors, its compile's seconds, how far it is off the CPU's."""

    processor_class: ProcessorClass
    compile_s: float
    apart: float

    def sentence(self) -> str:
        """The trial in words."""
        return f"one convolution compiled in {self.compile_s:.1f} s, its answer {self.apart:.1e} off the CPU's"


def attempt(cache: Cache, launcher: Launcher) -> Trial:
    """Try it with that launcher's probes, which see the emulated GPU.

    Raises :class:`UserError` when it cannot be loaded, answers wrongly, or fails twice: once may be one process's bad luck, which the
    replicate that it befalls tells.
    """
    with tempfile.TemporaryDirectory(prefix="autogauge-") as scratch:
        folder = Path(scratch)
        workload, inspection = prepare_workload(resolve.offline(MODEL, "FP32", cache), launcher, folder)
        processors = inspection.emulated
        if processors is None or not any(each.is_emulated for each in inspection.devices):
            raise UserError(NOT_SEEN)
        try:
            found, compile_s = _answer_of_one_of_two(launcher, workload, folder, DEADLINE_S * processors.slowness)
            expected, _ = _answer(launcher, workload, "CPU", folder, DEADLINE_S)
        except ProbeFailed as error:
            raise UserError(_broken(error.failure, processors)) from None
    apart = float(np.abs(found - expected).max())
    if not np.allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE):
        raise UserError(
            f"the emulated GPU answers wrongly here, compiling for the processor class {processors.describe()}: "
            f"one convolution is {apart:.3g} off the CPU's; {next_step(processors)}."
        )
    return Trial(processors, compile_s, apart)


def _broken(failure: Failure, processors: ProcessorClass) -> str:
    """That it does not work, and what to do: about the machine where that lacked something, else about the class."""
    if failure.kind == "deadline":
        again, step = "", "look at the machine's load and run again"
    else:
        again, step = " twice", "" if failure.next_step else next_step(processors)
    return (
        f"the emulated GPU does not work here, compiling for the processor class {processors.describe()}: its trial, one convolution, "
        f"failed{again}: {failure.sentence()}{'; ' if step else ''}{step}."
    )


def next_step(processors: ProcessorClass) -> str:
    """What to try where it does not work."""
    if processors.by_hand:
        step = f"unset {VARIABLE}"
    elif processors.name != LOWEST:
        step = f"try the class that every processor can run ({VARIABLE}={LOWEST})"
    else:
        step = "report it with the processor's name"
    return f"{step}, or measure without it (--accelerator=auto)"


def _answer_of_one_of_two(
    launcher: Launcher, workload: Workload, folder: Path, deadline_s: float
) -> tuple[npt.NDArray[np.float32], float]:
    """The emulated GPU's answer, at the second attempt if the first one fails otherwise than by its deadline. Raises ``ProbeFailed``."""
    try:
        return _answer(launcher, workload, "GPU", folder, deadline_s)
    except ProbeFailed as error:
        if error.failure.kind == "deadline":
            raise
    return _answer(launcher, workload, "GPU", folder, deadline_s)


def _answer(
    launcher: Launcher, workload: Workload, device: str, folder: Path, deadline_s: float
) -> tuple[npt.NDArray[np.float32], float]:
    """The first output of a fresh process on that device, and the seconds that its compile took. Raises ``ProbeFailed``."""
    path = folder / f"{device}.npz"
    target = Target(device, F32)
    request = workload.request("once", target, save_outputs=str(path), deadline_s=deadline_s)
    reply, _ = launcher.run_once(request, f"trial-{device}")
    with np.load(path) as saved:
        return saved["0"], float(reply["seconds"]["compile"])
