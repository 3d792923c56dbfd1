"""Mode ``case``: does its steps one after another, and tells at once what became of each.

A step that fails is something that was seen, and the next one follows. A crash or a hang ends the case; which step that was is
known from the last one that was told. What each kind of step does stands in ``steps``.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from autogauge.probe.worker.channel import renew_watchdog
from autogauge.probe.worker.machine import Surroundings
from autogauge.probe.worker.steps import KINDS
from autogauge.probe.worker.steps.stage import Stage
from autogauge.probe.worker.subject import Subject

if TYPE_CHECKING:
    from autogauge.probe.worker.channel import Channel, Phase

    Request = dict[str, Any]

clock = time.perf_counter
MARK = "[autogauge] step {}"
"""A line of its own in what the probe prints, before each step: AUTO's log is there too."""
MOST_MESSAGE = 2000


def run_case(request: Request, phase: Phase, channel: Channel) -> None:
    """Do the steps; then end at once, since a model that is still being compiled would keep the process."""
    surroundings = Surroundings()
    stage = Stage(Subject(request, phase), request["models"])
    for number, step in enumerate(request["steps"]):
        phase.enter("step {}: {}".format(number, step["do"]))
        # Later than the launcher's own deadline, which for the first step counts from the start of the process.
        renew_watchdog(step["deadline_s"] + (0.0 if number else request["deadline_s"]))
        os.write(1, (MARK.format(number) + "\n").encode())
        value, error, began = {}, None, clock()
        try:
            value = KINDS[step["do"]](stage, step) or {}
        except Exception as caught:
            error = "{}: {}".format(type(caught).__name__, str(caught).strip())[:MOST_MESSAGE]
        channel.send("step", number=number, seconds=clock() - began, value=value, error=error)
    channel.send("done", openvino=stage.ov.get_version(), surroundings=surroundings.since())
    os._exit(0)
