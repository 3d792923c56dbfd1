"""A step with Python's own queue of requests: ``queues`` (make one, use it, let go of it and of its model, again and again)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autogauge.probe.worker.steps.stage import Stage

    Step = dict[str, Any]


def queues(stage: Stage, step: Step) -> dict[str, Any]:
    """``times`` times: compile, an AsyncInferQueue of ``requests`` with a callback, ``inferences``, wait for all, let go of both.

    Told is how many were let go of, and how often a callback was called. The queue goes first, then the model: that must return.
    """
    called = [0]

    def count(request: Any, user: Any) -> None:
        called[0] += 1

    for _ in range(step["times"]):
        compiled = stage.compile(step["model"], step["device"], dict(step.get("properties", {})), "object")
        inputs = dict(enumerate(stage.inputs(compiled)))
        queue = stage.ov.AsyncInferQueue(compiled, step["requests"])
        queue.set_callback(count)
        for _ in range(step["inferences"]):
            queue.start_async(inputs)
        queue.wait_all()
        del queue
        del compiled
    return {"let_go_of": step["times"], "called": called[0]}


KINDS = {"queues": queues}
