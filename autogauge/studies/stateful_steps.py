"""Steps of cases about state, and what is read off them. What is expected is left to ``stateful_and_dynamic``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autogauge.probe.seen import Seen
from autogauge.rig.answered import hinted
from autogauge.rig.rig import Rig
from autogauge.targets import F32, LATENCY

ONES = 5
"""So many ones are summed at a time."""
Step = Mapping[str, Any]


def compile_(
    name: str, model: str, device: str, hint: str = LATENCY, given: str = "object", rig: Rig | None = None
) -> Step:
    """``rig`` where there may be a GPU, which is told how many streams to have."""
    properties = {**F32, "PERFORMANCE_HINT": hint} if rig is None else hinted(hint, rig)
    return {"do": "compile", "as": name, "model": model, "device": device, "properties": properties, "from": given}


def ones(of: str, name: str, times: int = ONES, **others: Any) -> Step:
    """Infer so many ones with the model ``of``."""
    return {"do": "infer", "of": of, "name": name, "fill": 1, "times": times, **others}


def answers(name: str) -> Any:
    """Reads the answers of that step."""
    return lambda seen: seen.value(name, "answers")


def both(first: str, second: str) -> Any:
    """The answers of two steps, one behind the other."""
    return lambda seen: [*seen.value(first, "answers"), *seen.value(second, "answers")]


def helped(seen: Seen) -> bool | None:
    """Whether AUTO's log says that the CPU helps; ``None`` where it says nothing at all."""
    return seen.log.cpu_helper_started if seen.log.lines else None


def warned(what: str) -> Any:
    """Whether AUTO's log warns that it turns that fallback off for a stateful model."""

    def read(seen: Seen) -> bool | None:
        if not seen.log.lines:
            return None
        return any("stateful" in each and what in each and "false" in each for each in seen.log.warnings)

    return read
