"""The study of first inference latency (FIL): fresh processes, one at a time, in random blocks.

FIL happens once in a process, so a replicate is a block with one fresh process a condition. Every compile is cold: OpenVINO's
cache is off and the GPU driver's kernel cache is a private empty folder. The study of cached starts is the exception: it
fills a ``CACHE_DIR`` first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from autogauge.probe.launcher import Launcher
from autogauge.probe.request import ProbeFailed
from autogauge.stats.verdicts import Claim
from autogauge.studies.pool import DEADLINE_S, ProbePool
from autogauge.studies.progress import Progress
from autogauge.studies.study import Condition, Plan, Sample, Study, run
from autogauge.studies.workload import Setup, Workload
from autogauge.targets import PLAIN_AUTO, Auto, Device, Target

NAME = "first inference latency"
NAME_CACHED = "first inference latency, cached"
METRIC = "fil_s"
PHASES = ("import", "core", "read", "compile", "first_inference", "fil")
CLOSE_TO_CPU = 2.0
"""AUTO's FIL is "close to" the CPU's up to this ratio. Starting AUTO also loads the other devices' plugins: 1.0 to 1.3 was
measured without an accelerator. Waiting for one costs tens of times the CPU's FIL, so the bound tells the two apart."""


NO_FALLBACK = "AUTO-no-fallback"
SAME_FIL = 1.25
"""Without the start-up fallback AUTO's FIL is "the accelerator's" up to this ratio either way; with it it is a fraction of it."""


def conditions_for(devices: Sequence[Device], auto: Auto = PLAIN_AUTO) -> tuple[Condition, ...]:
    """AUTO and each of the devices, without any property: as an application would compile first.

    Where AUTO hands over to an accelerator, also AUTO with ``ENABLE_STARTUP_FALLBACK`` off. An accelerator that AUTO would not choose by
    itself is named: beside an AUTO that leaves it alone, its FIL would say nothing about AUTO.
    """
    found = [Condition("AUTO", Target(auto.device), auto.title)]
    found += [Condition(device.name, Target(device.name), device.label) for device in devices]
    if auto.handed_to is not None:
        without = Target(auto.device, {"ENABLE_STARTUP_FALLBACK": "NO"})
        found.append(Condition(NO_FALLBACK, without, f"{auto.title}, no fallback"))
    return tuple(found)


def claims_for(devices: Sequence[Device], auto: Auto = PLAIN_AUTO) -> tuple[Claim, ...]:
    """AUTO's FIL is close to the CPU's and below that of every other device; without the start-up fallback it is the accelerator's.

    Where AUTO leaves its CPU helper out, it promises neither of the first two: its FIL is the accelerator's as well.
    """
    claims = []
    handed_to = auto.handed_to
    for device in () if auto.no_helper else devices:
        if device.kind == "CPU" and auto.emulated:
            continue  # it compiles on the CPU's own cores, beside the helper's first inference
        if device.kind == "CPU":
            claims.append(
                Claim(
                    "auto-fil-close-to-cpu",
                    "AUTO's first inference comes about as early as the CPU's",
                    METRIC,
                    "AUTO",
                    device.name,
                    "at most",
                    CLOSE_TO_CPU,
                )
            )
        elif auto.why_not(device) is None:  # beside an AUTO that leaves it out its FIL would say nothing
            claims.append(
                Claim(
                    below(device),
                    f"AUTO's first inference comes before that of {device.label}",
                    METRIC,
                    "AUTO",
                    device.name,
                    "at most",
                    1.0,
                )
            )
    if handed_to is not None:
        sentence = f"without the start-up fallback, AUTO's first inference comes {{}} than that of {handed_to.label}"
        names = no_fallback(handed_to)
        sides: tuple[tuple[str, Literal["at most", "at least"], float], ...] = (
            ("no later", "at most", SAME_FIL),
            ("no earlier", "at least", 1 / SAME_FIL),
        )
        for name, (words, relation, bound) in zip(names, sides, strict=True):
            claims.append(
                Claim(name, sentence.format(words), METRIC, NO_FALLBACK, handed_to.name, relation, round(bound, 3))
            )
    return tuple(claims)


def below(accelerator: Device) -> str:
    """The name of the claim that AUTO's FIL is below the accelerator's."""
    return f"auto-fil-below-{accelerator.slug}"


def no_fallback(accelerator: Device) -> tuple[str, str]:
    """The names of the claims that without the start-up fallback AUTO's FIL is the accelerator's: no later, no earlier."""
    return f"auto-no-fallback-fil-not-above-{accelerator.slug}", f"auto-no-fallback-fil-not-below-{accelerator.slug}"


def planned(devices: Sequence[Device], plan: Plan, seed: int, auto: Auto = PLAIN_AUTO) -> Study:
    """The study of cold starts before its first block."""
    return Study(NAME, conditions_for(devices, auto), claims_for(devices, auto), plan, seed)


def planned_cached(auto: Auto, accelerator: Device, plan: Plan, seed: int) -> Study:
    """The study of starts with a warm ``CACHE_DIR``: AUTO and the accelerator that it hands over to. It makes no claim that is a ratio."""
    conditions = (
        Condition("AUTO", Target(auto.device), auto.title),
        Condition(accelerator.name, Target(accelerator.name), accelerator.label),
    )
    return Study(NAME_CACHED, conditions, (), plan, seed, repeats_disturbed=False)


class FilRunner:
    """Measures each condition's turn in a fresh process; with ``cache``, a folder, from a ``CACHE_DIR`` that was filled before."""

    def __init__(
        self,
        study: Study,
        launcher: Launcher,
        workload: Workload,
        deadline_s: float = DEADLINE_S,
        cache: Path | None = None,
        elsewhere: Mapping[str, Setup] | None = None,
    ) -> None:
        """``elsewhere`` names the conditions that run something else than the others, or on another runtime."""
        self._study, self._launcher, self._workload = study, launcher, workload
        self._elsewhere = elsewhere or {}
        self._deadline_s, self._cache = deadline_s, cache
        self._failed_to_fill: dict[str, ProbeFailed] = {}

    def __call__(self, progress: Progress) -> Study:
        """Run the study to its end; returns it."""
        self._progress = progress
        run(self._study, self._measure, progress, self._fill)
        return self._study

    def _fill(self) -> None:
        """Compile every condition into the cache, waiting for the accelerator where AUTO has one; a failure is told at its first turn."""
        if self._cache is None:
            return
        for number, condition in enumerate(self._study.conditions):
            self._progress.advance(f"filling the cache: {condition.name}", number, len(self._study.conditions), None)
            pool = ProbePool(
                self._launcher, self._workload, warm_up_s=0.05, deadline_s=self._deadline_s, cache=self._cache
            )
            try:
                pool.warm(condition.target)
            except ProbeFailed as error:
                self._failed_to_fill[condition.name] = error
            finally:
                pool.close()

    def _measure(self, condition: Condition) -> Sample:
        if failed := self._failed_to_fill.pop(condition.name, None):
            raise failed
        setup = self._elsewhere.get(condition.name) or Setup(self._launcher, self._workload)
        request = setup.workload.request(
            "once",
            condition.target,
            deadline_s=self._deadline_s,
            cache=self._cache or "off",
            await_accelerator=self._cache is not None,
            accelerator_wait_s=self._deadline_s / 2,
        )
        reply, log = setup.launcher.run_once(request, f"fil-{condition.name}")
        facts = self._study.facts.setdefault(condition.name, {"auto_logs": []})
        facts.setdefault("loaded_from_cache", []).append(reply["loaded_from_cache"])
        if self._cache is not None:
            facts.setdefault("answered_in_the_end", []).append(reply["execution_devices_in_the_end"])
        facts.setdefault("answered_first", []).append([reply["execution_devices_before"], reply["execution_devices"]])
        facts.update(openvino=reply["openvino"], infer_requests=reply["optimal_infer_requests"], hint=reply["hint"])
        if log.lines:
            facts["auto_logs"].append(log.to_json())
        seconds = reply["seconds"]
        answered = {*(reply["execution_devices_before"] or ()), *(reply["execution_devices"] or ())}
        return Sample(
            figures={
                **{f"{phase}_s": float(seconds[phase]) for phase in PHASES},
                **({"destroy_s": float(reply["destroy_s"])} if "destroy_s" in reply else {}),
                "peak_memory_bytes": float(reply["peak_memory_bytes"] or 0),
            },
            surroundings=reply["surroundings"],
            execution_devices=tuple(sorted(answered)),
        )
