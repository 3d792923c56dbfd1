"""A mistake in a device string or a property that somebody gave, in a sentence, before anything is measured with it.

AUTO takes a misspelt property without a word, and is then compared with itself. What there is, a probe finds out on the runtime that the
target is for (``probe.worker.properties``).
"""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autogauge.measuring.checking import StudyMistake
from autogauge.measuring.condition import CANDIDATE, Condition
from autogauge.measuring.result import Result
from autogauge.plain import few, plain
from autogauge.probe.launcher import Launcher
from autogauge.probe.request import ProbeFailed
from autogauge.rig.workload import Setup
from autogauge.targets import HINTS, Target

HINT = "PERFORMANCE_HINT"
SURE = (*HINTS, "CUMULATIVE_THROUGHPUT")
"""Values of it that every release knows."""


def needs_asking(target: Target) -> bool:
    """Whether a target has properties that might be wrong."""
    return any(name != HINT or value not in SURE for name, value in target.properties.items())


def mistakes_in(launcher: Launcher, targets: Sequence[Target], deadline_s: float = 60.0) -> list[str]:
    """What is wrong with the properties of each target on that runtime, in clauses. A device may be absent. Raises ``ProbeFailed``."""
    asked = list({each.key: each for each in targets if needs_asking(each)}.values())
    if not asked:
        return []
    reply = launcher.describe(targets=asked, deadline_s=deadline_s)
    openvino = str(reply["openvino"])
    told = zip(asked, reply["targets"], strict=True)
    clauses = [wrong_property(said, openvino, target) for target, said in told]
    return list(dict.fromkeys(each for each in clauses if each))


def check(result: Result, setup_of: Callable[[Condition], Setup], looked_at: set[object]) -> None:
    """Raise ``StudyMistake`` for a property that a study gives and the runtime of its condition does not know, or takes otherwise.

    ``looked_at`` holds what has been asked, and is added to. What ``--reference`` names has been looked at by then.
    """
    for condition in result.conditions:
        key = (condition.runs_on, condition.target.key)
        if condition.role != CANDIDATE or key in looked_at or not needs_asking(condition.target):
            continue
        looked_at.add(key)
        with contextlib.suppress(ProbeFailed):  # its own turns will say why no probe works
            if wrong := mistakes_in(setup_of(condition).launcher, [condition.target]):
                raise StudyMistake(f"the study {result.name!r} cannot be measured: of {condition.name!r}, {wrong[0]}")


def wrong_device(said: Mapping[str, Any]) -> str | None:
    """That a device which is named is not there; ``None`` where all are. ``said`` is the probe's word about a target."""
    return _absent(said["absent"][0], said["available"]) if said["absent"] else None


def wrong_property(said: Mapping[str, Any], openvino: str, target: Target) -> str | None:
    """The first thing that is wrong with the properties, with what to do about it; ``None`` where nothing is."""
    release = f"openvino {openvino.partition('-')[0]}"
    if unknown := said["unknown"]:
        name, device = unknown[0]
        asked = device or few(said["asked"])
        return f"{release} knows no property {plain(name)} (asked: {asked}){_meant(name, said['known'])}"
    if only_read := said["only_read"]:
        return f"the property {plain(only_read[0])} can be read and not set: leave it out"
    if refused := said["refused"]:
        device, name, value, reason = (plain(each, 300) for each in refused[0])
        what = f"{name}={value}" if name else "what it is given" if target.properties else "such a name"
        return f"{device} of {release} refuses {what}: {reason.rstrip('. ')}; give another"
    return None


def _absent(name: str, available: Sequence[str]) -> str:
    sees = ", ".join(available) or "none"
    if name.startswith("-"):
        return f"there is no kind of device {plain(name[1:])!r} to leave out: OpenVINO sees {sees}"
    return f"there is no device {plain(name)!r} on this machine: OpenVINO sees {sees}; name one of these"


def _meant(name: str, known: Sequence[str]) -> str:
    """The nearest name that is known, or some of them."""
    squeezed = {each.replace("_", ""): each for each in known}
    wanted = name.upper().replace("_", "").replace("-", "")
    close = difflib.get_close_matches(wanted, squeezed, 1)
    if close:
        return f"; did you mean {squeezed[close[0]]}?"
    return "; each device lists what it knows as SUPPORTED_PROPERTIES"
