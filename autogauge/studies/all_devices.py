"""The study of all devices at once: CUMULATIVE_THROUGHPUT gives more frames per second than the best single device.

Only on real devices: the emulated GPU computes on the CPU's own cores, so two devices are no more than one there. Which devices take part,
and what each has of the requests, is left to ``hinted`` and ``policy``, which time nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from autogauge.measuring.claim import Claim, Fact, Ratio
from autogauge.measuring.condition import Condition
from autogauge.measuring.drawing import NONE, Block, Table, number
from autogauge.measuring.progress import Progress
from autogauge.measuring.result import Check, Result
from autogauge.rig.fresh import Seen
from autogauge.rig.pool import WarmProbe
from autogauge.rig.rig import Rig
from autogauge.rig.study import Amount, Study, Turns
from autogauge.rig.warm import FPS, METRICS
from autogauge.stats.intervals import paired_ratio
from autogauge.studies.hints import HINTS
from autogauge.targets import CUMULATIVE, THROUGHPUT, Target, kinds

ALL = "all devices"
RAN = "cumulative-inferences-ran-on-all-devices"
CONFIDENCE = 0.95
EMULATED = (
    "the emulated GPU computes on the CPU's own cores, so that all devices are no faster than one: "
    "it is compared without --accelerator=emulated"
)
TOO_FEW = (
    "it compares all devices with the best single one, and there is only {}: it needs an accelerator beside the CPU"
)


def beats(device: str) -> str:
    """The name of the claim that all devices are faster than that one."""
    return f"cumulative-faster-than-{device.lower()}"


def alone(device: str) -> str:
    """The name of that device's own condition."""
    return f"{device} alone"


class AllDevices(Study):
    """AUTO with CUMULATIVE_THROUGHPUT over all devices, and each of them alone with THROUGHPUT, in warm processes by turns."""

    name = "all devices at once"
    metrics = METRICS
    rules = MappingProxyType(
        {
            "cumulative-faster-than-*": ("cumulative-faster",),
            RAN: ("cumulative-all-devices", "selection-execution-devices"),
        }
    )
    amounts = MappingProxyType({profile: Amount(each.plan) for profile, each in HINTS.amounts.items()})
    """As long as the hints; no benchmark wants more."""
    has_companions = False
    is_relayed = True

    def absent(self, rig: Rig) -> str | None:
        """The emulated GPU has no speed of its own, and one device is nothing to compare with itself."""
        if rig.asked.is_emulated:
            return EMULATED
        devices = self.devices(rig)
        return TOO_FEW.format(" and ".join(devices) or "none") if len(devices) < 2 else None

    def devices(self, rig: Rig) -> tuple[str, ...]:
        """By what AUTO would take first: accelerators, then the CPU."""
        return tuple(each.name for each in sorted(rig.devices, key=lambda device: not device.is_accelerator))

    def conditions(self, rig: Rig) -> tuple[Condition, ...]:
        """All at once, then each alone."""
        devices = self.devices(rig)
        together = Target.with_hint(f"AUTO:{','.join(devices)}", CUMULATIVE)
        each = ((alone(name), Target.with_hint(name, THROUGHPUT)) for name in devices)
        return tuple(Condition(name, target, name) for name, target in ((ALL, together), *each))

    def claims(self, rig: Rig, conditions: Sequence[Condition]) -> tuple[Claim, ...]:
        """Faster than each device is faster than the best."""
        faster = (
            Ratio(
                beats(device),
                f"with CUMULATIVE_THROUGHPUT all devices give more frames per second than {device} alone",
                FPS,
                ALL,
                alone(device),
                "at least",
                1.0,
            )
            for device in self.devices(rig)
        )
        return *faster, Fact(RAN, "AUTO names all of the devices as its executing ones", (ALL,))

    @contextlib.contextmanager
    def open(self, rig: Rig, result: Result, progress: Progress) -> Iterator[Turns]:
        """Slices of warm processes."""
        with rig.warm(result, progress, observe=observing(self.devices(rig))) as turns:
            yield turns

    def blocks(self, result: Result) -> Iterable[Block]:
        """How much of the sum of its devices AUTO reaches, with the interval of the pairs."""
        cells = [part for part in (_of_the_sum(result),) if part]
        how = (
            "Frames per second of all devices at once, divided by the sum of what each gives alone in the same rounds; "
            f"{CONFIDENCE:.0%} interval."
        )
        if cells:
            columns = ("all at once, fps", "sum of each alone, fps", "part of the sum", "from", "to")
            yield Block("all-devices-sum", "All devices at once, and their sum", how, Table.of(columns, cells))


ALL_DEVICES = AllDevices()


def observing(devices: Sequence[str]) -> Any:
    """What looks at a slice's reply: all of the devices are named, or the one that is alone."""

    def observe(condition: Condition, reply: Mapping[str, Any], probe: WarmProbe) -> Seen:
        if condition.name != ALL:
            return Seen()
        named = sorted(reply["execution_devices"] or ())
        by = f"by {' and '.join(named)}"
        missing = kinds(devices) - kinds(named)
        check = Check(not missing, by) if named else Check(None, "OpenVINO names no device that answered")
        return Seen(checks={RAN: check})

    return observe


def _of_the_sum(result: Result) -> tuple[str, ...] | None:
    """A line of the table; ``None`` without a round in which all were measured."""
    others = [each.name for each in result.conditions if each.name != ALL]
    rounds = [
        (each.samples[ALL].figures[FPS.name], sum(each.samples[name].figures[FPS.name] for name in others))
        for each in result.replicates
        if all(name in each.samples and FPS.name in each.samples[name].figures for name in (ALL, *others))
    ]
    if not rounds or not others:
        return None
    together, summed = zip(*rounds, strict=True)
    part = paired_ratio(together, summed, CONFIDENCE, neighbours=True)
    ends = (
        NONE if low_or_high in (0.0, float("inf")) else f"{low_or_high:.3f}" for low_or_high in (part.low, part.high)
    )
    middle = sorted(together)[len(together) // 2], sorted(summed)[len(summed) // 2]
    return (*(number(each) for each in middle), f"{part.ratio:.3f}", *ends)
