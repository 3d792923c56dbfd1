"""The study of starts with a model cache: how long until the first answer, and until the accelerator's, cold and warm.

The model is a small convolution, whatever ``--model`` says, and each start is a process; a warm one finds what a process before it wrote.
How long AUTO takes to start with the run's own model and a warm cache is ``cached_start``; what is done with the folder is ``study``.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar

from autogauge.measuring.claim import Claim, Ratio
from autogauge.measuring.condition import Condition
from autogauge.measuring.drawing import NONE, Block, Table
from autogauge.measuring.metric import Metric
from autogauge.measuring.plan import Plan
from autogauge.measuring.result import Result
from autogauge.probe.seen import Seen
from autogauge.probe.worker.hand_over import is_accelerator
from autogauge.rig.cases import TOOK, Case, Promise
from autogauge.rig.expecting import Expect
from autogauge.rig.fresh import FIL
from autogauge.rig.profile import LAB, QUICK, STANDARD
from autogauge.rig.rig import Rig
from autogauge.rig.study import Amount
from autogauge.studies.model_cache.cases import AUTO, FOLDER, LIST, filler, labels, sees, start
from autogauge.studies.model_cache.reading import loaded
from autogauge.studies.model_cache.study import ModelCache
from autogauge.studies.model_cache.turns import CachedCase

DEVICES = ("CPU", "GPU", AUTO, LIST)
COLD, WARM = "cold", "warm"
READY = Metric(
    "ready_s",
    "accelerator answers",
    "s",
    per_process=True,
    written_in="ms",
    means="from the call of compile_model until the device answers that is to answer in the end",
)
SAME = 1.1
"""AUTO's first answer may be the CPU's, cold and warm: equal is as it should be, and room is left to see that it is."""
KNOWN_COLD = "starts-are-cold-and-warm"
ON_EMULATED = (
    "who is first, the CPU's compile or the emulated GPU's blob, is the emulation's doing: measured, and not judged"
)


def names_of(device: str) -> tuple[str, str]:
    """The conditions of a device: its warm start, and its cold one."""
    return f"{device} {WARM}", f"{device} {COLD}"


def ratios() -> tuple[Ratio, ...]:
    """What is claimed of each device: of a plain one its first answer, of AUTO that and its accelerator's."""
    rules = ("cache-warm-faster",)
    plain = (
        Ratio(
            f"{slug}-warm-start",
            f"a blob in CACHE_DIR does not make the {device}'s first answer later than it is without one",
            FIL,
            *names_of(device),
            "at most",
            1.0,
            rules=rules,
        )
        for slug, device in (("cpu", "CPU"), ("gpu", "GPU"))
    )
    ready = (
        Ratio(
            f"{slug}-warm-accelerator",
            f"a blob in CACHE_DIR does not make the accelerator of {device} answer later than without one",
            READY,
            *names_of(device),
            "at most",
            1.0,
            rules=rules,
        )
        for slug, device in (("auto", AUTO), ("list", LIST))
    )
    first = (
        Ratio(
            f"{slug}-warm-start",
            f"a blob in CACHE_DIR does not make {device}'s first answer later than it is without one",
            FIL,
            *names_of(device),
            "at most",
            SAME,
            rules=rules,
        )
        for slug, device in (("auto", AUTO), ("list", LIST))
    )
    return (*plain, *ready, *first)


class CacheStarts(ModelCache):
    """Cold and warm starts of the CPU, the GPU and AUTO by turns; each a process with a folder of its own."""

    name = "starts with a cache"
    caption = "a small convolution, whatever the model of the run"
    metrics = (TOOK, FIL, READY)
    amounts: ClassVar[Mapping[str, Amount]] = MappingProxyType(
        {
            QUICK: Amount(Plan(looks=(6,), budget_s=30)),
            STANDARD: Amount(Plan(looks=(6,), budget_s=60)),
            LAB: Amount(Plan(looks=(30,), budget_s=300)),
        }
    )
    promises: ClassVar[tuple[Promise, ...]] = (
        Promise(KNOWN_COLD, "a cold start compiles, and a warm one loads its blob", ("cache-told",)),
    )

    def cases(self, rig: Rig) -> Sequence[Case]:
        """Each device, cold and warm."""
        return tuple(_start(device, how) for device in DEVICES for how in (COLD, WARM))

    def asserts(self) -> Mapping[str, tuple[str, ...]]:
        """The rules of the promise and of the ratios."""
        return {**super().asserts(), **{each.name: each.rules for each in ratios()}}

    def claims(self, rig: Rig, conditions: Sequence[Condition]) -> tuple[Claim, ...]:
        """The ratios of starts that can be had here."""
        there = {each.name for each in conditions}
        return (*super().claims(rig, conditions), *(each for each in ratios() if there.issuperset(each.conditions)))

    def not_promised(self, rig: Rig) -> Mapping[str, str]:
        """Ratios of devices that are not here; with the emulated GPU who answers first is the emulation's doing."""
        reasons = dict(super().not_promised(rig))
        absent = {case.name: why for case in self.cases(rig) if (why := case.absent(rig))}
        for each in ratios():
            if why := next((absent[name] for name in each.conditions if name in absent), None):
                reasons[each.name] = why
            elif rig.asked.is_emulated and each.metric == FIL and each.numerator.startswith(AUTO):
                reasons[each.name] = ON_EMULATED
        return reasons

    def blocks(self, result: Result) -> Iterable[Block]:
        """Cold beside warm, and where a warm start was the slower one."""
        cells, slower = [], []
        for device in DEVICES:
            for metric in (FIL, READY):
                warm, cold = (result.figures(name, metric.name) for name in names_of(device))
                if not warm or not cold:
                    continue
                middle = statistics.median(cold), statistics.median(warm)
                ratio = middle[1] / middle[0] if middle[0] else None
                cells.append(
                    (
                        device,
                        metric.title,
                        *(f"{each * 1e3:.1f}" for each in middle),
                        NONE if ratio is None else f"{ratio:.2f}",
                    )
                )
                if ratio is not None and ratio > 1:
                    slower.append(f"{device} ({metric.title}: {ratio:.2f} times as long)")
        if cells:
            said = (
                f" A warm start was slower than a cold one: {', '.join(slower)}."
                if slower
                else " No warm start was slower than a cold one."
            )
            how = f"Medians in ms of processes that found an empty folder, and of some that found a blob.{said}"
            yield Block(
                "starts-with-a-cache",
                "Starts, cold and warm",
                how,
                Table.of(("device", "until", "cold ms", "warm ms", "warm ÷ cold"), cells),
            )


def _start(device: str, how: str) -> Case:
    """Without the steps that only answers are asked in."""
    steps = tuple(each for each in start(device, FOLDER) if each["do"] in ("compile", "infer", "wait"))[:-1]
    return CachedCase(
        f"{device} {how}",
        f"{device}, {how}",
        steps,
        (Expect(KNOWN_COLD, "LOADED_FROM_CACHE", loaded, how == WARM),),
        sees(device),
        labels=labels(device, how),
        figures=figures,
        filled=filler(device) if how == WARM else None,
    )


def figures(seen: Seen) -> Mapping[str, float]:
    """First inference latency and the time until the accelerator answers, in seconds; each only where there was such an answer."""
    compile_s, infer = seen.value("compile", "compile_s"), seen.step("infer")
    latencies = seen.value("infer", "latencies_ms")
    if compile_s is None or infer is None or not latencies or infer.seconds is None:
        return {}
    found = {FIL.name: compile_s + latencies[0] / 1e3}
    waited_s, devices = seen.value("wait", "waited_s"), seen.value("wait", "devices")
    if waited_s is not None and devices and is_accelerator(str(devices[-1])):  # else AUTO's helper, for all that time
        found[READY.name] = compile_s + infer.seconds + waited_s
    return found


CACHE_STARTS = CacheStarts()
