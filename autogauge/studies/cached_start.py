"""The study of cached starts: with a warm ``CACHE_DIR`` AUTO has its accelerator from the blob at once, instead of after a compile."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from autogauge.measuring.claim import Claim, Fact
from autogauge.measuring.condition import Condition
from autogauge.measuring.drawing import Block
from autogauge.measuring.plan import Plan
from autogauge.measuring.progress import Progress
from autogauge.measuring.result import Check, Result
from autogauge.probe.log import AutoLog
from autogauge.rig.fresh import FIL, METRICS, Seen
from autogauge.rig.profile import LAB, QUICK, STANDARD
from autogauge.rig.rig import Rig
from autogauge.rig.study import Amount, Study, Turns
from autogauge.studies.first_inference import drawing
from autogauge.targets import Auto, Device, Target, kinds

NAME = "first inference latency, cached"
AUTO = "AUTO"
FROM_THE_BLOB = "cached-start-loads-the-blob"
HELPER = "auto-cached-start-helper"
FIRST_ANSWER = "cached-start-first-answer"
HELPER_ALL_THE_SAME_SINCE = (2025, 2)
"""Until then AUTO looked for the accelerator's blob and, where there was one, left the CPU helper out. Since then it starts both,
and whoever is ready first answers first. Seen by experiment: 2024.6 logs ``found cached blob``, 2025.4 and 2026.4 start the helper. Given a
list of devices (``AUTO:GPU,CPU``) they leave it out as before: in none of 60 starts each it was there, without a list in all of 60."""


class CachedStart(Study):
    """Starts of AUTO and of its accelerator with a warm ``CACHE_DIR``, in fresh processes."""

    name = NAME
    metrics = METRICS
    recorded = MappingProxyType({NAME: FIL})
    amounts = MappingProxyType(
        {
            QUICK: Amount(Plan(looks=(3,), budget_s=30)),
            STANDARD: Amount(Plan(looks=(6,), budget_s=60)),
            LAB: Amount(Plan(looks=(10,), budget_s=120)),
        }
    )
    rules = MappingProxyType({FROM_THE_BLOB: ("cache-told",)})
    has_companions = False
    repeats_disturbed = False

    def absent(self, rig: Rig) -> str | None:
        """Without an accelerator there is nothing worth a cache."""
        return rig.why_no_hand_over()

    def conditions(self, rig: Rig) -> tuple[Condition, ...]:
        """AUTO, and the accelerator that it hands over to."""
        auto, accelerator = rig.auto, _accelerator(rig)
        return (
            Condition(AUTO, Target(auto.device), f"{auto.title}, cached"),
            Condition(accelerator.name, Target(accelerator.name), f"{accelerator.label}, cached"),
        )

    def claims(self, rig: Rig, conditions: Sequence[Condition]) -> tuple[Claim, ...]:
        """From the blob, by who was there; and AUTO starts its helper where its release does."""
        return claims_for(rig.auto, _accelerator(rig))

    def blocks(self, result: Result) -> Iterable[Block]:
        """First inferences by phase."""
        return drawing.blocks(result)

    @contextlib.contextmanager
    def open(self, rig: Rig, result: Result, progress: Progress) -> Iterator[Turns]:
        """Fresh processes with a cache that is filled first."""
        observe = observing(rig.auto, _accelerator(rig))
        yield rig.fresh(result, progress, cache=rig.scratch("openvino-cache"), observe=observe)


CACHED_START = CachedStart()


def _accelerator(rig: Rig) -> Device:
    assert rig.auto.handed_to is not None, "who has none is absent"
    return rig.auto.handed_to


def claims_for(auto: Auto, accelerator: Device) -> tuple[Claim, ...]:
    """From the blob, by who was there; and AUTO starts its helper where its release does."""
    both = (AUTO, accelerator.name)
    since = ".".join(map(str, HELPER_ALL_THE_SAME_SINCE))
    helper = f"beside a blob AUTO starts its CPU helper from openvino {since} on, and not before"
    if auto.no_helper or _is_listed(auto):
        why = "for this model" if auto.no_helper else f"beside a blob when it is given a list ({auto.device})"
        helper = f"AUTO starts no CPU helper {why}"
    return (
        Fact(FROM_THE_BLOB, f"a start with a warm cache loads {accelerator.label} from its blob", both),
        Fact(HELPER, helper, (AUTO,)),
        Fact(FIRST_ANSWER, "with a warm cache the first answer comes from who was there to give it", both),
    )


def observing(auto: Auto, accelerator: Device) -> Callable[[Condition, Mapping[str, Any], AutoLog], Seen]:
    """What looks at a turn's reply and at AUTO's log, for the claims."""

    def observe(condition: Condition, reply: Mapping[str, Any], log: AutoLog) -> Seen:
        is_auto = condition.name == AUTO
        helper_expected = is_auto and starts_the_helper(reply["openvino"], auto)
        checks = {
            FROM_THE_BLOB: _from_the_blob(reply, accelerator),
            FIRST_ANSWER: _first_answer(reply, accelerator, helper_expected=helper_expected),
        }
        if is_auto:
            checks[HELPER] = _helper(reply["openvino"], log, expected=helper_expected)
        return Seen(checks=checks)

    return observe


def starts_the_helper(openvino: str, auto: Auto) -> bool:
    """Whether that release (``2026.4.1-…``) starts the CPU helper beside a blob; for a model with state, or given a list, none does.

    Raises ``ValueError`` for what is no release.
    """
    year, minor = openvino.split(".")[:2]
    return not auto.no_helper and not _is_listed(auto) and (int(year), int(minor)) >= HELPER_ALL_THE_SAME_SINCE


def _is_listed(auto: Auto) -> bool:
    """Whether AUTO is given its devices, since it would not choose the accelerator by itself."""
    return auto.device != AUTO


def _from_the_blob(reply: Mapping[str, Any], accelerator: Device) -> Check:
    """Whether it was loaded from its blob, once the accelerator answers."""
    in_the_end = reply["execution_devices_in_the_end"] or []
    if kinds(in_the_end) != {accelerator.kind}:
        return Check(False, f"{' and '.join(in_the_end) or 'nothing'} answered in the end")
    loaded = reply["loaded_from_cache"]
    return Check(bool(loaded), "" if loaded else f"LOADED_FROM_CACHE is {'not there' if loaded is None else loaded}")


def _helper(openvino: str, log: AutoLog, *, expected: bool) -> Check:
    if not log.lines:
        return Check(None, "AUTO's log is empty")
    release = ".".join(openvino.split(".")[:2])
    said = f"openvino {release} {'started it' if log.cpu_helper_started else 'left it out'}"
    return Check(log.cpu_helper_started == expected, said)


def _first_answer(reply: Mapping[str, Any], accelerator: Device, *, helper_expected: bool) -> Check:
    """Whether the accelerator answered first, or the helper where there is one."""
    answered = sorted({*(reply["execution_devices_before"] or ()), *(reply["execution_devices"] or ())})
    if not answered:
        return Check(None, "OpenVINO names no device that answered")
    may = {accelerator.kind} | ({"(CPU)"} if helper_expected else set())
    return Check(kinds(answered) <= may, f"by {' and '.join(answered)}")
