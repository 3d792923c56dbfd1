"""Steps on the emulated GPUs: ``fault`` lets builds or launches fail or hang, ``count`` says whether they did."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from autogauge.probe.worker import emulation

if TYPE_CHECKING:
    from autogauge.probe.worker.steps.stage import Stage

    Step = dict[str, Any]

COUNTED = ("build", "build-fault", "launch", "launch-fault")


def fault(stage: Stage, step: Step) -> dict[str, Any]:
    """From now on ``what`` (build, launch) of the emulated GPU ``gpu`` (0, 1) fails as ``how`` says (empty: not any more), after ``after``.

    Tells the counts of that GPU as they were, as ``count`` does.
    """
    before = count(stage, step)
    emulation.fault(step.get("gpu", 0), step["what"], step["how"], step.get("after", 0))
    return before


def count(stage: Stage, step: Step) -> dict[str, Any]:
    """How often the emulated GPU ``gpu`` (0, 1) built and launched so far, and how often it met a fault at that.

    With ``until`` (one of the four, such as ``build-fault``) it waits until that is at least ``least`` (1), at most ``within_s`` (20).
    """
    gpu, until = step.get("gpu", 0), step.get("until")
    stop_at = time.monotonic() + step.get("within_s", 20.0)
    while until and emulation.count(gpu, until) < step.get("least", 1) and time.monotonic() < stop_at:
        time.sleep(0.01)
    return {what: emulation.count(gpu, what) for what in COUNTED}


KINDS = {"fault": fault, "count": count}
