"""Steps of a case that do not need one another: one that crashes or hangs costs only itself, and the rest goes on in a new process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from autogauge.probe.launcher import Launcher
from autogauge.probe.log import AutoLog
from autogauge.probe.request import ProbeFailed, ProbeRequest
from autogauge.probe.seen import Seen, Step, name_of

MOST_PROCESSES = 8
"""So many processes serve one case: where more than these end in a step, what is left is not known."""


def run(launcher: Launcher, request: ProbeRequest, name: str, prelude: int | None) -> Seen:
    """What was seen of the request's steps. Without a ``prelude`` (``None``) they are one process's.

    Else the first ``prelude`` of them are done anew in every process, and told once. A case that was cut short all the same keeps the
    ending of its last process. Raises ``ProbeFailed`` where the first process does not even begin.
    """
    if prelude is None:
        return launcher.run_case(request, name)
    first, left = request.steps[:prelude], request.steps[prelude:]
    told: list[Step] = []
    for number in range(MOST_PROCESSES):
        try:
            seen = launcher.run_case(replace(request, steps=(*first, *left)), name)
        except ProbeFailed as error:
            if not number:
                raise
            return Seen(told, error.failure, AutoLog())
        told += seen.steps[prelude if number else 0 :]
        done = len(seen.steps) - prelude
        left = left[max(done, 0) :]
        if seen.ending is None or not left or done <= 0:  # a prelude that fails would fail again
            return Seen(told, seen.ending if left else None, seen.log if not number else AutoLog(), seen.surroundings)
    return Seen(told, seen.ending, AutoLog(), seen.surroundings)


def joined(before: Sequence[Seen], seen: Seen) -> Seen:
    """What a case saw after what others saw before it, whose steps are called by their number: ``1: compile``."""
    steps = [
        replace(step, asked={**step.asked, "name": f"{number}: {name_of(step.asked)}"})
        for number, each in enumerate(before, 1)
        for step in each.steps
    ]
    endings = [each.ending for each in (*before, seen) if each.ending is not None]
    return Seen([*steps, *seen.steps], endings[0] if endings else None, seen.log, seen.surroundings)
