"""Steps of several requests, Cores or processes: ``together`` (requests that are started at once), ``another-core``, ``meet``.

After ``another-core`` the next compile has a Core of its own; ``meet`` waits for another process that does the same.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from autogauge.probe.worker.answers import Answers
from autogauge.probe.worker.steps.failures import Failures
from autogauge.probe.worker.steps.inferring import fill

if TYPE_CHECKING:
    from autogauge.probe.worker.steps.stage import Stage

    Step = dict[str, Any]

MOST_ROUNDS = 64
MEETING_TICK_S = 0.001


def together(stage: Stage, step: Step) -> dict[str, Any]:
    """Start ``requests`` of the model kept as ``of`` at once and wait for all, ``times`` times over, from one thread.

    One that has not come back ``patience_s`` seconds after they were started has never: then no further ones are started. Told:
    ``done``, ``never``, ``failed`` with ``errors``; ``compared`` and ``wrong`` (``None`` where nothing was) against ``expect``;
    ``rounds_s``, the seconds from a round's start to its last answer (the first 64).
    """
    name = step.get("of", "a")
    compiled = stage.compiled[name]
    requests = [compiled.create_infer_request() for _ in range(step["requests"])]
    kept = [fill(stage, compiled, request, step) for request in requests]
    stage.kept.setdefault("started", []).append((requests, kept))  # one that never comes back must not be destroyed
    right = Answers(stage.right[stage.model_of[name]]) if stage.model_of[name] in stage.right else None
    found = {"done": 0, "never": 0, "compared": 0, "wrong": 0}
    failures = Failures()
    rounds_s: list[float] = []
    for _ in range(step.get("times", 1)):
        began = time.monotonic()
        until = began + step.get("patience_s", 10.0)
        started = []
        for request, tensors in zip(requests, kept):  # noqa: B905, Python 3.8
            try:
                if right is not None:  # the last round's answer is none of this one
                    right.spoil(request, [each.data for each in tensors])
                request.start_async()
                started.append(request)
            except Exception as error:
                failures.fail(error)
        for request in started:
            try:
                if not request.wait_for(int(max(0.0, until - time.monotonic()) * 1e3) + 1):
                    found["never"] += 1
                    continue
            except Exception as error:
                failures.fail(error)
                continue
            found["done"] += 1
            if right is not None:
                found["compared"] += 1
                found["wrong"] += not right.compare(request)[1]
        if found["never"]:
            break
        rounds_s = [*rounds_s, time.monotonic() - began][:MOST_ROUNDS]
    if not found["never"]:
        stage.kept["started"].pop()
    wrong = found["wrong"] if found["compared"] else None
    return {**found, "wrong": wrong, **failures.told(), "rounds_s": rounds_s}


def another_core(stage: Stage, step: Step) -> None:
    """What is compiled from now on is compiled by a Core of its own; what was compiled before lives on."""
    stage.kept.setdefault("cores", []).append(stage.core)
    stage.core = stage.ov.Core()
    stage.kept["logs"] = False


def meet(stage: Stage, step: Step) -> dict[str, Any]:
    """Wait until ``count`` processes are here, which all leave a file in the folder ``path``; at most ``within_s`` seconds.

    ``met`` is how many were; ``at_s`` is when this one went on, in seconds of a clock that all of them have.
    """
    os.makedirs(step["path"], exist_ok=True)
    with open(os.path.join(step["path"], str(os.getpid())), "w", encoding="utf-8"):
        pass
    until = time.monotonic() + step.get("within_s", 20.0)
    while len(os.listdir(step["path"])) < step["count"] and time.monotonic() < until:
        time.sleep(MEETING_TICK_S)
    return {"met": len(os.listdir(step["path"])), "at_s": time.time()}


KINDS = {"meet": meet, "together": together, "another-core": another_core}
