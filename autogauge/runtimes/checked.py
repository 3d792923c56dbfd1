"""Whether a runtime works, asked of a probe on it in a clean environment; where not, why, in one sentence with the next step."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from autogauge.causes import step_when_late
from autogauge.errors import UserError
from autogauge.probe.identity import Runtime
from autogauge.probe.launcher import Launcher
from autogauge.probe.process import last_line
from autogauge.probe.request import Failure, ProbeFailed
from autogauge.targets import kinds

DEADLINE_S = 60.0
_MISSING = re.compile(r"No module named '(openvino|numpy)[.\w]*'")


def describe(
    runtime: Runtime, model: Path, folder: Path, option: str, deadline_s: float = DEADLINE_S
) -> Mapping[str, Any]:
    """What a probe on it says of itself, its devices and that model. Raises :class:`UserError`, one sentence that ends in ``option``."""
    try:
        reply = Launcher(folder, runtime).describe(model, deadline_s=deadline_s)
    except ProbeFailed as error:
        raise UserError(f"{runtime.name} cannot be measured: {why(error.failure, runtime)} ({option}).") from None
    if lacking := why_no_device(reply, runtime):
        raise UserError(f"{runtime.name} cannot be measured: {lacking} ({option}).")
    return reply


def why_no_device(reply: Mapping[str, Any], runtime: Runtime, wanted: Sequence[str] = ()) -> str:
    """Why a runtime that answered can compile for nothing, or not for a device that is ``wanted``, and what to do; empty where it can.

    It loads, reads models and lists no device where its plugins are missing, or do not load. Without a full stop.
    """
    seen = [str(each["name"]) for each in reply["devices"]]
    if not seen:
        return f"its openvino sees no device, not even the CPU: its plugins are missing or cannot be loaded; {_anew(runtime)}"
    absent = [each for each in wanted if not kinds([each]) <= kinds(seen)]
    return (
        f"its openvino sees no {absent[0]} (it sees {', '.join(seen)}): name another device (--device)"
        if absent
        else ""
    )


def why(failure: Failure, runtime: Runtime) -> str:
    """Why a probe on a named runtime gave no answer, and what to do; without a full stop."""
    reason = failure.reason.rstrip(". ")
    if failure.kind == "deadline":
        doing = "openvino was imported" if failure.phase == "import" else f"it was at '{failure.phase}'"
        look = f"its import may hang (look with {runtime.python} -c 'import openvino')"
        return f"{reason}, while {doing}: {look}, or {step_when_late()}"
    if failure.next_step:
        return f"{reason}; {failure.next_step}"
    if missing := _MISSING.search(reason):
        return f"it has no {missing[1]}; install it ({runtime.python} -m pip install {missing[1]})"
    return _of_the_runtime(failure, runtime, reason)


def _of_the_runtime(failure: Failure, runtime: Runtime, reason: str) -> str:
    """The same where the machine lacked nothing, and no package is missing."""
    if failure.phase == "import":
        return f"its openvino cannot be imported: {reason}; {_anew(runtime)}"
    if failure.kind == "error" and failure.phase in ("read", "reshape", "describe"):
        return f"{reason}; check the model"
    if failure.kind in ("exit", "signal") and failure.output_tail.strip():
        reason = f"{reason} ({last_line(failure.output_tail)})"
    during = f" during {failure.phase}" if failure.phase not in reason else ""
    return f"{reason}{during}; check that openvino and numpy are installed in it, and are whole"


def _anew(runtime: Runtime) -> str:
    if runtime.within:
        return f"unpack {runtime.within[0]} anew"
    if runtime.entry:
        return f"install it anew (python -m autogauge models remove {runtime.entry})"
    return f"install it anew ({runtime.python} -m pip install --force-reinstall openvino)"
