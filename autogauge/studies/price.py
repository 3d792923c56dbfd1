"""The study of AUTO's price: what an inference costs through AUTO beside the plain CPU, on a model that takes hardly any time itself.

The model is one ReLU, whatever ``--model`` says: what AUTO adds is the same for every model, and beside a large one nobody could see it.
AUTO hands a single device's model through, and puts its scheduler before several. So that there are several on every machine, the CPU
plugin is registered under a second name, in that condition's processes alone. Which devices AUTO has on its list is asked of the compiled
model, and a fact. CUMULATIVE_THROUGHPUT has no price here: it leaves out the second name, and is then AUTO with one device.

All of a process's threads are kept on one processor: AUTO hands an inference to a thread of its own, and where that lies on another
processor waking it takes 40 µs, in some processes always and in others never. That is measured too, and is no benchmark. Memory and
threads, which are paid once and not by inference, are another study's.
"""

from __future__ import annotations

import contextlib
import statistics
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from autogauge.measuring.claim import Claim, Difference, Fact
from autogauge.measuring.condition import Condition
from autogauge.measuring.metric import Metric
from autogauge.measuring.plan import Plan
from autogauge.measuring.progress import Progress
from autogauge.measuring.result import Check, Result, Sample
from autogauge.rig import tiny
from autogauge.rig.fresh import Seen
from autogauge.rig.pool import WarmProbe
from autogauge.rig.profile import LAB, QUICK, STANDARD
from autogauge.rig.rig import Asked, Rig
from autogauge.rig.study import Amount, Study, Turns
from autogauge.rig.warm import INFERENCES, WarmTurns
from autogauge.targets import Target

CPU, PASSED, SCHEDULED = "CPU", "AUTO (one device)", "AUTO (two devices)"
PRICED = (PASSED, SCHEDULED)
CPU_FREE, AUTO_FREE = "CPU (threads free)", "AUTO (threads free)"
CLAIMS = MappingProxyType(
    {
        PASSED: "auto-price-one-device",
        SCHEDULED: "auto-price-two-devices",
        AUTO_FREE: "auto-price-threads-free",
    }
)
"""The names of the claims on the price, by condition."""
RAN = "priced-inferences-ran-on-the-cpu"
LISTED = "auto-priced-has-the-devices-that-it-is-priced-with"
LISTS = MappingProxyType(
    {PASSED: frozenset({CPU}), SCHEDULED: frozenset({CPU, tiny.SECOND_CPU}), AUTO_FREE: frozenset({CPU})}
)
"""What AUTO is to have on its list of devices (``MULTI_DEVICE_PRIORITIES``), by condition: one is handed through, two are scheduled."""
MOST_US = 1000.0
"""No target: about 10 µs were measured on one processor, with threads free 10 or 50 by process, and in single processes up to 260 where
three others wanted the same processor. What is beyond a millisecond is a wait."""
INFERENCE = Metric(
    "inference_us",
    "synchronous inference",
    "µs",
    seconds=1e-6,
    means="a synchronous inference is of one ReLU, by OpenVINO's own clock: from its start until its answer is there",
)
COUNTED = Metric("counted_inferences", "inferences in a slice")
SLICE_S = 0.02
"""A thousand inferences or two."""
SYNCHRONOUS = "infer"
NO_CPU = "what AUTO costs is measured beside the CPU, which the options leave out: --devices names it"


def claims_for(conditions: Sequence[Condition]) -> tuple[Claim, ...]:
    """What an inference costs more through AUTO, in each way of its; and that each was a CPU's."""
    words = {
        PASSED: "given one device, an inference costs",
        SCHEDULED: "given two devices, an inference costs",
        AUTO_FREE: "with its threads free to move, an inference costs",
    }
    sides = {**dict.fromkeys(PRICED, CPU), AUTO_FREE: CPU_FREE}
    prices = (
        Difference(
            CLAIMS[name],
            f"through AUTO {words[name]} at most {MOST_US:g} µs more than on the plain CPU",
            INFERENCE,
            name,
            base,
            "at most",
            MOST_US,
        )
        for name, base in sides.items()
    )
    facts = (
        Fact(RAN, "each of these inferences ran on the CPU", tuple(each.name for each in conditions)),
        Fact(LISTED, "AUTO has one device to hand through, or two to schedule, as its price is for", tuple(LISTS)),
    )
    return *prices, *facts


class Price(Study):
    """The plain CPU, and AUTO over it in two ways, in warm processes by turns; one request, inferred synchronously."""

    name = "AUTO's price"
    caption = "one ReLU, whatever the model of the run; AUTO (two devices) has the CPU under a second name, XCPU, too"
    metrics = (INFERENCE, COUNTED)
    recorded = MappingProxyType({"inference of one ReLU": INFERENCE})
    amounts = MappingProxyType(
        {
            QUICK: Amount(Plan(looks=(24,), budget_s=6)),
            STANDARD: Amount(Plan(looks=(40, 80), budget_s=20)),
            LAB: Amount(Plan(looks=(48, 96), budget_s=600)),
        }
    )
    has_companions = False
    gate_share = 0.1
    is_relayed = True

    def absent(self, rig: Rig) -> str | None:
        """Without the CPU there is nothing to compare with."""
        return None if any(device.kind == CPU for device in rig.devices) else NO_CPU

    def may_record(self, asked: Asked) -> tuple[str, ...]:
        """AUTO's; the plain CPU's is in the results, and no benchmark: it is not AUTO's."""
        return PRICED

    def conditions(self, rig: Rig) -> tuple[Condition, ...]:
        """The plain CPU, and AUTO over it."""
        tiny.set_up(rig)
        targets = {
            CPU: Target("CPU"),
            PASSED: Target("AUTO:CPU"),
            SCHEDULED: Target(f"AUTO:CPU,{tiny.SECOND_CPU}"),
            CPU_FREE: Target("CPU"),
            AUTO_FREE: Target("AUTO:CPU"),
        }
        processes = {CPU_FREE: tiny.RUNS_ON, AUTO_FREE: tiny.RUNS_ON, SCHEDULED: tiny.TWO_CPUS}
        return tuple(
            Condition(
                name,
                target,
                name,
                infer_requests=1,
                runs_on=processes.get(name, tiny.ON_ONE_PROCESSOR),
                recorded=name in PRICED,
                own_labels={"network": "one ReLU"},
            )
            for name, target in targets.items()
        )

    def claims(self, rig: Rig, conditions: Sequence[Condition]) -> tuple[Claim, ...]:
        """What AUTO costs, within reason; and that all of them did the same work."""
        return claims_for(conditions)

    @contextlib.contextmanager
    def open(self, rig: Rig, result: Result, progress: Progress) -> Iterator[Turns]:
        """Slices of warm processes, all driven by synchronous calls."""
        drivers = {(False, 1): SYNCHRONOUS}
        with rig.warm(result, progress, observe=observe, slice_s=SLICE_S, drivers=drivers) as turns:
            yield _Summed(turns)


PRICE = Price()


def observe(condition: Condition, reply: Mapping[str, Any], probe: WarmProbe) -> Seen:
    """The median inference of a slice, whether it was a CPU's, and whether AUTO had the devices that its price is for."""
    checks = {RAN: ran(condition, reply["execution_devices"])}
    if condition.name in LISTS:
        checks[LISTED] = listed(condition, probe.facts.get("priorities"))
    return Seen(figures={INFERENCE.name: statistics.median(reply["latencies_ms"]) * 1e3}, checks=checks)


def ran(condition: Condition, devices: Sequence[str] | None) -> Check:
    """Whether the CPU answered, by a name that it has in this condition."""
    if not devices:
        return Check(None, "OpenVINO names no device")
    return Check({*devices} <= LISTS.get(condition.name, {CPU}), f"by {' and '.join(sorted(devices))}")


def listed(condition: Condition, told: str | Sequence[str] | None) -> Check:
    """Whether AUTO's list of devices is what this condition's price is for. 2024.6 names a device twice, which is no other list."""
    names = [each for each in (told.split(",") if isinstance(told, str) else told or ()) if each]
    if not names:
        return Check(None, "AUTO does not tell its list of devices")
    return Check({*names} == LISTS[condition.name], f"its list: {', '.join(dict.fromkeys(names))}")


class _Summed:
    """The warm turns without every single latency: a tiny model gives millions, and the price is in their medians."""

    def __init__(self, turns: WarmTurns) -> None:
        self._turns = turns

    def prepare(self) -> None:
        """As the turns themselves."""
        self._turns.prepare()

    def measure(self, condition: Condition) -> Sample:
        """A slice, summed up."""
        sample = self._turns.measure(condition)
        kept = {INFERENCE.name: sample.figures[INFERENCE.name], COUNTED.name: sample.figures[INFERENCES.name]}
        return Sample(kept, sample.surroundings, sample.execution_devices, checks=sample.checks)
