"""What a first inference must be for its time to mean anything, and whether one process was that. Measuring one is left to ``rig.fresh``.

It ran where it should, after a cold compile, and AUTO said what it selected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autogauge.measuring.claim import Claim, Fact
from autogauge.measuring.condition import CANDIDATE, Condition
from autogauge.measuring.result import Check
from autogauge.probe.log import AutoLog
from autogauge.rig.fresh import Seen
from autogauge.targets import Auto, Device, kinds

RAN = "first-inferences-ran-where-they-should"
COLD = "first-inferences-compiled-cold"
LOG = "auto-log-says-what-it-selected"
HELPER_OUT = "auto-no-fallback-leaves-the-helper-out"
HELPER = "(CPU)"


def claims_for(conditions: Sequence[Condition]) -> tuple[Claim, ...]:
    """What is promised of AUTO and of each device, and of AUTO without its start-up fallback where that is measured."""
    with_helper = [condition for condition in conditions if not _is_without_fallback(condition)]
    without = tuple(condition.name for condition in conditions if _is_without_fallback(condition))
    every = tuple(condition.name for condition in with_helper)
    autos = tuple(condition.name for condition in with_helper if _is_auto(condition))
    return (
        Fact(RAN, "each first inference ran on the device that it should", every),
        Fact(COLD, "each first inference came after a cold compile", every),
        *((Fact(LOG, "AUTO says in its log what it selected", autos),) if autos else ()),
        *(
            (Fact(HELPER_OUT, "without the start-up fallback AUTO leaves its CPU helper out", without),)
            if without
            else ()
        ),
    )


def observing(auto: Auto, available: Sequence[Device]) -> Callable[[Condition, Mapping[str, Any], AutoLog], Seen]:
    """What looks at a turn's reply and at AUTO's log, for the claims. ``available`` are the devices that OpenVINO sees."""
    selectable = auto.may_select(available)
    handed_to = {auto.handed_to.kind} if auto.handed_to else kinds(selectable)

    def observe(condition: Condition, reply: Mapping[str, Any], log: AutoLog) -> Seen:
        if condition.role != CANDIDATE:
            return Seen()
        before, after = reply["execution_devices_before"] or (), reply["execution_devices"] or ()
        answered = sorted({*before, *after})
        if not answered:
            where = Check(None, "OpenVINO names no device that answered")
        elif _is_without_fallback(condition):
            where = Check(kinds(answered) == handed_to, _by(answered))
        elif _is_auto(condition):
            where = _of_auto(list(before), answered, log, selectable, auto)
        else:
            where = Check(kinds(answered) == kinds([str(condition.target.device)]), _by(answered))
        if _is_without_fallback(condition):
            return Seen(checks={HELPER_OUT: where})
        said = {LOG: _said(log, selectable)} if _is_auto(condition) else {}
        return Seen(checks={RAN: where, COLD: _cold(condition, reply["loaded_from_cache"]), **said})

    return observe


def _is_auto(condition: Condition) -> bool:
    return (condition.target.device or "AUTO").startswith("AUTO")


def _is_without_fallback(condition: Condition) -> bool:
    return condition.target.properties.get("ENABLE_STARTUP_FALLBACK") == "NO"


def _by(answered: Sequence[str]) -> str:
    return f"by {' and '.join(answered)}"


def _of_auto(before: list[str], answered: Sequence[str], log: AutoLog, selectable: Sequence[str], auto: Auto) -> Check:
    """From the CPU where AUTO may select nothing else; from its helper where an accelerator compiles, unless it has none by its rules."""
    if list(selectable) == ["CPU"]:
        return Check(list(answered) == ["CPU"], _by(answered))
    others = kinds(name for name in answered if name != HELPER)
    if auto.no_helper:
        if log.cpu_helper_started:
            return Check(False, f"it started its CPU helper, and should not: {auto.no_helper}")
        return Check(HELPER not in answered and others <= kinds(selectable), _by(answered))
    if before != [HELPER]:
        return Check(False, f"{' and '.join(before) or 'nothing'} answered first, and not AUTO's CPU helper")
    return Check(others <= kinds(selectable), _by(answered))


def _cold(condition: Condition, loaded: bool | None) -> Check:
    """Whether nothing came from a cache, by LOADED_FROM_CACHE, which only AUTO and a GPU have in every release."""
    may_be_unknown = not _is_auto(condition) and kinds([str(condition.target.device)]) != {"GPU"}
    if loaded is None:
        return Check(True) if may_be_unknown else Check(None, "LOADED_FROM_CACHE is not there")
    return Check(not loaded, "LOADED_FROM_CACHE is True" if loaded else "")


def _said(log: AutoLog, selectable: Sequence[str]) -> Check:
    """Whether AUTO's log names what it selected first, and may select."""
    if not log.selected:
        return Check(False, "its log names no device")
    return Check(kinds(log.selected[:1]) <= kinds(selectable), f"it selected {log.selected[0]}")
