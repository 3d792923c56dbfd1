"""The study of first inference latency (FIL): fresh processes, one at a time, in random blocks.

FIL happens once in a process, so a replicate is a block with one fresh process a condition. Every compile is cold: OpenVINO's
cache is off and the GPU driver's kernel cache is a private empty folder.
"""

from __future__ import annotations

from collections.abc import Sequence

from autogauge.probe.launcher import Launcher
from autogauge.stats.verdicts import Claim
from autogauge.studies.pool import DEADLINE_S
from autogauge.studies.progress import Progress
from autogauge.studies.study import Condition, Plan, Sample, Study, run
from autogauge.studies.workload import Workload
from autogauge.targets import Device, Target

NAME = "first inference latency"
METRIC = "fil_s"
PHASES = ("import", "core", "read", "compile", "first_inference", "fil")
CLOSE_TO_CPU = 2.0
"""AUTO's FIL is "close to" the CPU's up to this ratio. Starting AUTO also loads the other devices' plugins: 1.0 to 1.3 was
measured without an accelerator. Waiting for one costs tens of times the CPU's FIL, so the bound tells the two apart."""


def conditions_for(devices: Sequence[Device]) -> tuple[Condition, ...]:
    """AUTO and each of the devices, without any property: as an application would compile first."""
    return tuple(Condition(name, Target(name)) for name in ("AUTO", *(device.name for device in devices)))


def claims_for(conditions: Sequence[Condition]) -> tuple[Claim, ...]:
    """AUTO's FIL is close to the CPU's, and below that of every other device, as far as these take part."""
    claims = []
    for condition in conditions:
        if condition.name == "CPU":
            claims.append(
                Claim(
                    "auto-fil-close-to-cpu",
                    "AUTO's first inference comes about as early as the CPU's",
                    METRIC,
                    "AUTO",
                    "CPU",
                    "at most",
                    CLOSE_TO_CPU,
                )
            )
        elif condition.name != "AUTO":
            claims.append(
                Claim(
                    f"auto-fil-below-{condition.name.lower()}",
                    f"AUTO's first inference comes before {condition.name}'s",
                    METRIC,
                    "AUTO",
                    condition.name,
                    "at most",
                    1.0,
                )
            )
    return tuple(claims)


def planned(conditions: Sequence[Condition], plan: Plan, seed: int, claims: Sequence[Claim] | None = None) -> Study:
    """The study before its first block, with the usual claims unless others are given."""
    return Study(NAME, tuple(conditions), tuple(claims_for(conditions) if claims is None else claims), plan, seed)


class FilRunner:
    """Measures each condition's turn in a fresh process."""

    def __init__(self, study: Study, launcher: Launcher, workload: Workload, deadline_s: float = DEADLINE_S) -> None:
        self._study, self._launcher, self._workload = study, launcher, workload
        self._deadline_s = deadline_s

    def __call__(self, progress: Progress) -> Study:
        """Run the study to its end; returns it."""
        run(self._study, self._measure, progress)
        return self._study

    def _measure(self, condition: Condition) -> Sample:
        request = self._workload.request("once", condition.target, deadline_s=self._deadline_s)
        reply, log = self._launcher.run_once(request, f"fil-{condition.name}")
        facts = self._study.facts.setdefault(condition.name, {"auto_logs": []})
        facts.update(openvino=reply["openvino"], infer_requests=reply["optimal_infer_requests"], hint=reply["hint"])
        if log.lines:
            facts["auto_logs"].append(log.to_json())
        answered = {*(reply["execution_devices_before"] or ()), *(reply["execution_devices"] or ())}
        return Sample(
            figures={
                **{f"{phase}_s": float(reply["seconds"][phase]) for phase in PHASES},
                **({"destroy_s": float(reply["destroy_s"])} if "destroy_s" in reply else {}),
                "peak_memory_bytes": float(reply["peak_memory_bytes"] or 0),
            },
            surroundings=reply["surroundings"],
            execution_devices=tuple(sorted(answered)),
        )
