"""The study of memory: what a process has resident at the compile, across AUTO's hand-over, and once that is over.

And what else AUTO takes once: threads, a later first inference, and a slower helper while its accelerator compiles.

A replicate is one fresh process a condition, which infers in bursts. What AUTO costs by the inference is another study's.
"""

from __future__ import annotations

import contextlib
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from autogauge.measuring.claim import Claim, Difference, Fact, Ratio
from autogauge.measuring.condition import Condition
from autogauge.measuring.drawing import NONE, Block, Table, number
from autogauge.measuring.metric import Metric
from autogauge.measuring.plan import Plan
from autogauge.measuring.progress import Progress
from autogauge.measuring.result import BY_METRIC, Check, Result, Sample
from autogauge.probe.log import AutoLog
from autogauge.probe.request import Failure, ProbeFailed
from autogauge.rig.fresh import FIL
from autogauge.rig.profile import LAB, QUICK, STANDARD
from autogauge.rig.rig import Asked, Rig
from autogauge.rig.study import Amount, Study, Turns
from autogauge.studies.hand_over.study import seconds_since
from autogauge.targets import ACCELERATOR_KINDS, Auto, Device, Target, kinds

CPU, AUTO, ON_THE_CPU = "CPU", "AUTO", "AUTO on the CPU"
BEFORE = Metric("before_bytes", "before the compile", "bytes", per_process=True)
COMPILE_PEAK = Metric("compile_peak_bytes", "peak at the compile", "bytes", per_process=True)
HAND_OVER_PEAK = Metric("hand_over_peak_bytes", "peak from there to the hand-over", "bytes", per_process=True)
PEAK = Metric("whole_peak_bytes", "peak of all", "bytes", per_process=True)
STEADY = Metric("steady_bytes", "steady", "bytes", per_process=True)
THREADS = Metric("threads", "threads", per_process=True)
BY_THE_CPU = Metric(
    "by_the_cpu_ms",
    "inference by the CPU",
    "ms",
    per_process=True,
    seconds=1e-3,
    means="of AUTO that hands over this is its helper's, while the accelerator compiles",
)
PHASES = (BEFORE, COMPILE_PEAK, HAND_OVER_PEAK, PEAK, STEADY)
"""The memory, in the order of time."""
AT_THE_COMPILE = "peak memory at the compile in MiB"
MORE_MEMORY, MORE_THREADS, FIL_RATIO = "auto-price-memory", "auto-price-threads", "auto-price-first-inference"
HELPER_RATIO = "auto-helper-while-the-accelerator-compiles"
RELEASED = "auto-helper-is-released-before-memory-is-steady"
RAN = "memory-is-of-the-device-that-it-should-be"
MOST_MORE_BYTES, MOST_MORE_THREADS, LATEST_FIL, SLOWEST_HELPER = 256 * 2**20, 16, 3.0, 20.0
"""No targets. Measured were 2 to 110 MiB and 4 threads more, a FIL of 1.0 to 1.3 times the CPU's, and a helper from 0.7 times as slow
as AUTO on the CPU alone."""
NO_CPU = "what AUTO takes is measured beside the CPU, which the options leave out: --devices names it"
RACED = (
    "with AUTO's helper, how much of the accelerator's compile falls before the first result is a race: "
    "the peak of all is recorded, and the steady memory"
)
NEEDED = ("memory_bytes", "threads", "helper_latencies_ms", "steady_latencies_ms", "steady_of_day_s")
"""What an answer must hold beside what any measured one must; what it holds has been looked at."""
FEWEST = 6
"""With fewer processes no interval of 95 % has an end (``fewest_replicates``), and nothing that is claimed here can be decided."""
NO_HELPER = "there is no helper to slow down: AUTO hands over to nothing here"


def conditions_for(auto: Auto) -> tuple[Condition, ...]:
    """The CPU and AUTO over it alone; and where AUTO hands over, its accelerator and AUTO as it does so."""
    if auto.handed_to is None:
        return Condition(CPU, Target(CPU), CPU), Condition(AUTO, Target(auto.device), auto.title)
    return (
        Condition(CPU, Target(CPU), CPU),
        Condition(ON_THE_CPU, Target("AUTO:CPU"), ON_THE_CPU),
        Condition(auto.handed_to.name, Target(auto.handed_to.name), auto.handed_to.label),
        Condition(AUTO, Target(auto.device), f"{auto.title}, hand-over"),
    )


def claims_for(conditions: Sequence[Condition]) -> tuple[Claim, ...]:
    """What AUTO takes over the CPU, within reason; and that each process was on the device that it is about."""
    names = [each.name for each in conditions]
    over = ON_THE_CPU if ON_THE_CPU in names else AUTO
    mib = MOST_MORE_BYTES // 2**20
    found: list[Claim] = [
        Difference(
            MORE_MEMORY,
            f"AUTO over the CPU has at most {mib} MiB more resident than the CPU alone",
            STEADY,
            over,
            CPU,
            "at most",
            MOST_MORE_BYTES,
        ),
        Difference(
            MORE_THREADS,
            f"AUTO over the CPU has at most {MOST_MORE_THREADS} threads more than the CPU alone",
            THREADS,
            over,
            CPU,
            "at most",
            MOST_MORE_THREADS,
        ),
        Ratio(
            FIL_RATIO,
            f"AUTO over the CPU takes at most {LATEST_FIL:g} times as long to its first inference as the CPU alone",
            FIL,
            over,
            CPU,
            "at most",
            LATEST_FIL,
        ),
    ]
    if over != AUTO:
        found.append(
            Fact(RELEASED, "AUTO has released its helper before its steady memory is read, by its log", (AUTO,))
        )
        found.append(
            Ratio(
                HELPER_RATIO,
                f"while the accelerator compiles, AUTO's helper takes at most {SLOWEST_HELPER:g} times as long as AUTO over the CPU alone",
                BY_THE_CPU,
                AUTO,
                ON_THE_CPU,
                "at most",
                SLOWEST_HELPER,
            )
        )
    return *found, Fact(RAN, "each process was on the device that its memory is of", tuple(names))


class Memory(Study):
    """Fresh processes of the CPU, of AUTO and of its accelerator, which say what they have resident, phase by phase."""

    name = "memory and threads"
    shown = BY_METRIC
    metrics = (*PHASES, THREADS, FIL, BY_THE_CPU)
    recorded = MappingProxyType(
        {AT_THE_COMPILE: COMPILE_PEAK, "peak memory in MiB": PEAK, "steady memory in MiB": STEADY}
    )
    amounts = MappingProxyType(
        {
            QUICK: Amount(Plan(looks=(FEWEST,), budget_s=20)),
            STANDARD: Amount(Plan(looks=(FEWEST,), budget_s=60)),
            LAB: Amount(Plan(looks=(7, 14), budget_s=300)),
        }
    )
    after_s = MappingProxyType({QUICK: 0.25, STANDARD: 0.5, LAB: 2.0})
    """How long is inferred after the first inference, or after the hand-over, by profile."""
    has_companions = False
    gate_share = 0.1
    repeats_disturbed = False

    def absent(self, rig: Rig) -> str | None:
        """Without the CPU there is nothing to compare with."""
        return None if any(device.kind == CPU for device in rig.devices) else NO_CPU

    def may_record(self, asked: Asked) -> tuple[str, ...]:
        """Those that there may be; which accelerator there is, is known later."""
        named = [name for name in asked.devices or () if name.partition(".")[0] in ACCELERATOR_KINDS]
        return tuple(dict.fromkeys((CPU, AUTO, ON_THE_CPU, *ACCELERATOR_KINDS, *named)))

    def conditions(self, rig: Rig) -> tuple[Condition, ...]:
        """The CPU, AUTO over it, the accelerator, and AUTO as it hands over."""
        return conditions_for(rig.auto)

    def claims(self, rig: Rig, conditions: Sequence[Condition]) -> tuple[Claim, ...]:
        """What AUTO takes once."""
        return claims_for(conditions)

    def not_promised(self, rig: Rig) -> Mapping[str, str]:
        """Nothing of a helper where AUTO has none."""
        auto = rig.auto
        why = auto.no_helper if auto.handed_to is not None else rig.why_no_hand_over() or NO_HELPER
        return dict.fromkeys((HELPER_RATIO, RELEASED), why) if why else {}

    def unrecorded(self, rig: Rig) -> Mapping[tuple[str, str], str]:
        """The peak at the compile of AUTO that has a helper."""
        return {(AT_THE_COMPILE, AUTO): RACED} if has_helper(rig.auto) else {}

    @contextlib.contextmanager
    def open(self, rig: Rig, result: Result, progress: Progress) -> Iterator[Turns]:
        """Fresh processes, nothing cached."""
        yield FootprintTurns(rig, result, self.after_s[rig.asked.profile.name])

    def blocks(self, result: Result) -> Iterable[Block]:
        """What was resident in each phase, condition beside condition."""
        return blocks(result)


MEMORY = Memory()


class FootprintTurns:
    """Each turn is a fresh process that says what it has resident."""

    def __init__(self, rig: Rig, result: Result, after_s: float) -> None:
        self._rig, self._result, self._after_s = rig, result, after_s

    def prepare(self) -> None:
        """Nothing comes before the first turn."""

    def measure(self, condition: Condition) -> Sample:
        """One process, from its start until it is steady."""
        setup, deadline_s = self._rig.setup(condition), self._rig.deadlines.probe_s
        request = setup.workload.request(
            "footprint",
            condition.target,
            deadline_s=deadline_s + self._rig.deadlines.hand_over_s + self._after_s,
            accelerator_wait_s=self._rig.deadlines.hand_over_s,
            after_hand_over_s=self._after_s,
        )
        reply, log = setup.launcher.run_once(request, f"memory-{condition.name}")
        if lacking := [name for name in NEEDED if name not in reply]:
            raise ProbeFailed(Failure("garbage", "steady", f"its answer was garbage: it lacks {', '.join(lacking)}"))
        facts = self._result.facts.setdefault(condition.name, {})
        facts.update(openvino=reply["openvino"], infer_requests=1, hint=reply["hint"])
        before, after = reply["execution_devices_before"] or (), reply["execution_devices_in_the_end"] or ()
        auto = self._rig.auto
        checks = {RAN: ran(condition, after, auto.handed_to)}
        if condition.name == AUTO and has_helper(auto):
            checks[RELEASED] = released(log, reply["steady_of_day_s"])
        return Sample(
            figures_of(reply, condition, auto),
            surroundings=reply["surroundings"],
            execution_devices=tuple(sorted({*before, *after})),
            checks=checks,
        )


def has_helper(auto: Auto) -> bool:
    """Whether AUTO answers by a helper at first, and hands over."""
    return auto.handed_to is not None and not auto.no_helper


def figures_of(reply: Mapping[str, Any], condition: Condition, auto: Auto) -> dict[str, float]:
    """The figures of one process; one that Linux did not tell is left out, and a peak at the compile that is a race's."""
    memory = reply["memory_bytes"]
    by_the_cpu = reply["helper_latencies_ms"] or (
        reply["steady_latencies_ms"] if kinds(reply["execution_devices_in_the_end"] or ()) == {CPU} else ()
    )
    found = {
        BEFORE.name: memory.get("before"),
        COMPILE_PEAK.name: None if condition.name == AUTO and has_helper(auto) else memory.get("compile_peak"),
        HAND_OVER_PEAK.name: memory.get("hand_over_peak"),
        PEAK.name: memory.get("whole_peak"),
        STEADY.name: memory.get("steady"),
        THREADS.name: reply["threads"],
        FIL.name: reply["seconds"]["fil"],
        BY_THE_CPU.name: statistics.median(by_the_cpu) if by_the_cpu else None,
    }
    return {name: float(value) for name, value in found.items() if value is not None}


def ran(condition: Condition, devices: Sequence[str], handed_to: Device | None) -> Check:
    """Whether the process ended on the device that its memory is of: AUTO's, with a hand-over, on the accelerator."""
    if not devices:
        return Check(None, "OpenVINO names no device")
    wanted = CPU if handed_to is None or condition.name in (CPU, ON_THE_CPU) else handed_to.kind
    return Check(kinds(devices) == {wanted}, f"by {' and '.join(sorted(devices))}")


def released(log: AutoLog, steady_of_day_s: float) -> Check:
    """Whether AUTO's log has its helper's release, and before the steady memory was read."""
    if not log.cpu_helper_started:
        return Check(None, "AUTO's log has no start of a helper")
    if not log.cpu_helper_released:
        return Check(False, "AUTO's log has no release of its helper")
    before_s = seconds_since(steady_of_day_s, log.cpu_helper_released_of_day_s or 0.0)
    return Check(before_s is not None, "after the memory was read" if before_s is None else f"{before_s:.2f} s before")


def blocks(result: Result) -> Iterable[Block]:
    """What was resident in each phase, condition beside condition: medians over the processes."""
    there = [metric for metric in PHASES if any(result.figures(each.name, metric.name) for each in result.conditions)]
    rows = []
    for each in result.conditions:
        medians = [result.figures(each.name, metric.name) for metric in there]
        if any(medians):
            cells = [
                number(metric.written(statistics.median(found))) if found else NONE
                for metric, found in zip(there, medians, strict=True)
            ]
            rows.append((each.title or each.name, *cells))
    if rows:
        how = (
            "What a process has resident: medians over the processes. Before the compile it has OpenVINO, the model and its inputs; "
            "the peak at the compile is up to the first result, and left out where AUTO's helper gives that while the accelerator "
            "compiles; steady is some time after the hand-over."
        )
        columns = ("target", *(f"{metric.title} MiB" for metric in there))
        yield Block("memory-by-phase", "Memory, phase by phase", how, Table.of(columns, rows))
