"""Why AUTO never handed over, in the words of its own log. Whether it should have is left to ``promises``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from autogauge.probe.worker.hand_over import is_accelerator

_CAUSE = re.compile(r"\[(?:GPU|NPU|CPU)\] .*", re.DOTALL)
LONGEST = 300


def in_autos_words(log: Mapping[str, Any], ready_s: float | None, printed: str) -> str:
    """What AUTO's log says of an accelerator that never took over.

    ``log`` holds an ``AutoLog``'s fields, ``ready_s`` is when by it the accelerator had been compiled, in seconds since the call of
    ``compile_model``; ``printed`` names the file that has the whole log.
    """
    return f"AUTO's log says: {_said(log, ready_s)} (all of it: probes/{printed})"


def _said(log: Mapping[str, Any], ready_s: float | None) -> str:
    if failures := {device: why for device, why in log["failures"].items() if is_accelerator(device)}:
        return "; ".join(f"Device: [{device}]: Compile model failure: {cause(why)}" for device, why in failures.items())
    if finished := _accelerators(log["finished"]):
        when = "" if ready_s is None else f" after {ready_s:.1f} s"
        released = log["cpu_helper_released"]
        rest = (
            "released its CPU helper"
            if released
            else "never released its CPU helper, which EXECUTION_DEVICES still names"
        )
        return f"it compiled the model for {' and '.join(finished)}{when}, and {rest}"
    if selected := _accelerators(log["selected"]):
        return f"it selected {' and '.join(dict.fromkeys(selected))}, whose compile had not ended"
    return "nothing of an accelerator"


def _accelerators(names: Sequence[str]) -> list[str]:
    return [name for name in names if is_accelerator(name)]


def cause(reason: str) -> str:
    """The part of an OpenVINO exception's text that says what is wrong: from the device's own words on, cut where it is long."""
    found = _CAUSE.search(reason)
    words = " ".join((found[0] if found else reason).split())
    return words if len(words) <= LONGEST else f"{words[:LONGEST]}…"
