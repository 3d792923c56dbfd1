"""The study of hints: THROUGHPUT gives more frames per second than LATENCY; LATENCY gives the lower latency."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from autogauge.measuring.claim import Claim, Fact, Ratio
from autogauge.measuring.condition import CANDIDATE, Condition
from autogauge.measuring.plan import Plan
from autogauge.measuring.progress import Progress
from autogauge.measuring.result import Check, Result
from autogauge.rig.fresh import Seen
from autogauge.rig.pool import WarmProbe
from autogauge.rig.profile import LAB, QUICK, STANDARD
from autogauge.rig.rig import Rig
from autogauge.rig.study import Amount, Study, Turns
from autogauge.rig.warm import FPS, LATENCY_MS, METRICS
from autogauge.targets import HINTS as BOTH
from autogauge.targets import LATENCY, THROUGHPUT, Device, Target, kinds, require_device, selectable_by_default

NAME = "hints"
RAN = "steady-inferences-ran-where-they-should"
ON_DEVICES = (STANDARD,)
"""The profiles that have the time to compare the hints on each device too."""
NO_HINTS = "the emulated GPU shows behaviour, not speed: hints are compared without --accelerator=emulated"
TOLERANCE = 0.02
""""Not below" and "not above" leave room for 2 %: two hints that a device treats alike are equal, and equal keeps the promise."""


def conditions_for(devices: Sequence[str]) -> tuple[Condition, ...]:
    """Both hints on each of the devices, given by name (``AUTO`` among them)."""
    targets = [Target.with_hint(device, hint) for device in devices for hint in BOTH]
    return tuple(Condition(target.label, target) for target in targets)


def claims_for(conditions: Sequence[Condition]) -> tuple[Ratio, ...]:
    """For each device with both hints: THROUGHPUT's FPS is not below LATENCY's, LATENCY's latency not above THROUGHPUT's."""
    devices = list(dict.fromkeys(condition.target.device for condition in conditions))
    claims = []
    for device in devices:
        throughput, latency = f"{device}-{THROUGHPUT}", f"{device}-{LATENCY}"
        slug = str(device).lower()
        claims.append(
            Ratio(
                f"{slug}-throughput-hint-fps",
                f"on {device}, the THROUGHPUT hint gives no fewer frames per second than LATENCY",
                FPS,
                throughput,
                latency,
                "at least",
                1 - TOLERANCE,
            )
        )
        claims.append(
            Ratio(
                f"{slug}-latency-hint-latency",
                f"on {device}, the LATENCY hint gives no higher latency than THROUGHPUT",
                LATENCY_MS,
                latency,
                throughput,
                "at most",
                1 + TOLERANCE,
            )
        )
    return tuple(claims)


def observing(available: Sequence[Device], precision: str) -> Callable[[Condition, Mapping[str, Any], WarmProbe], Seen]:
    """What looks at a slice's reply: the device itself answered, or for AUTO one that it may select, and its helper no more."""
    selectable = kinds(selectable_by_default(available, precision))

    def observe(condition: Condition, reply: Mapping[str, Any], probe: WarmProbe) -> Seen:
        if condition.role != CANDIDATE:
            return Seen()
        answered, device = sorted(reply["execution_devices"] or ()), condition.target.device or "AUTO"
        by = f"by {' and '.join(answered)}"
        if not answered:
            check = Check(None, "OpenVINO names no device that answered")
        elif any(name.startswith("(") for name in answered):
            check = Check(False, f"the CPU helper still answered after the warm-up: {by}")
        elif device == "AUTO":
            check = Check(kinds(answered) <= selectable, by)
        else:
            check = Check(kinds(answered) == kinds([device]), by)
        return Seen(checks={RAN: check})

    return observe


class Hints(Study):
    """Both hints on AUTO, and on the devices that the options or the profile name, in warm processes by turns."""

    name = NAME
    metrics = METRICS
    recorded = MappingProxyType({"seconds per frame": FPS, "latency": LATENCY_MS})
    amounts = MappingProxyType(
        {
            QUICK: Amount(Plan(looks=(24, 48), budget_s=9), at_least=24),
            STANDARD: Amount(Plan(looks=(40, 80, 160, 320), budget_s=38), at_least=64),
            # The notebook's own measurement: six intervals of ten seconds for each hint, here by turns.
            LAB: Amount(Plan(looks=(6,), budget_s=3600), at_least=6),
        }
    )
    is_relayed = True
    rules = MappingProxyType(
        {
            "*-throughput-hint-fps": ("hint-throughput-higher",),
            "*-latency-hint-latency": ("hint-latency-lower",),
            RAN: ("hint-one-device", "hint-every-device"),
        }
    )

    def absent(self, rig: Rig) -> str | None:
        """The emulated GPU has no speed worth comparing."""
        return None if self.devices(rig) else NO_HINTS

    def devices(self, rig: Rig) -> tuple[str, ...]:
        """On what the hints are compared: as the options say, else AUTO, and with a profile that has the time each device.

        Raises :class:`~autogauge.errors.UserError` for a device that is not there.
        """
        if rig.asked.hints_on is not None:
            available = rig.inspection.devices
            named = [name if name == "AUTO" else require_device(name, available).name for name in rig.asked.hints_on]
            return tuple(dict.fromkeys(named))
        if rig.asked.is_emulated:
            return ()
        others = tuple(device.name for device in rig.devices) if rig.asked.profile.name in ON_DEVICES else ()
        return ("AUTO", *others)

    def conditions(self, rig: Rig) -> tuple[Condition, ...]:
        """Each of the devices with each hint."""
        return conditions_for(self.devices(rig))

    def claims(self, rig: Rig, conditions: Sequence[Condition]) -> tuple[Claim, ...]:
        """About each device with both hints; and that each slice ran where it should."""
        names = tuple(condition.name for condition in conditions)
        return *claims_for(conditions), Fact(RAN, "each steady inference ran on the device that it should", names)

    @contextlib.contextmanager
    def open(self, rig: Rig, result: Result, progress: Progress) -> Iterator[Turns]:
        """Slices of warm processes."""
        observe = observing(rig.inspection.devices, rig.inspection.precision)
        with rig.warm(result, progress, observe=observe) as turns:
            yield turns


HINTS = Hints()
