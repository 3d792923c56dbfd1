"""The study behind ``autogauge why``: A and B, each once as it is in use and once with its layers counted, in fresh processes by turns.

Counting costs time, so what is judged is of processes that do not count. A block has one process of every kind, in random order; what is
compared stands in one block. Reading layers out of what this measures is left to ``finding``.

Source of the design, beside ``measuring.schedule``'s: a profile perturbs what it measures, which is to be shown (T. Mytkowicz, A. Diwan,
M. Hauswirth and P. Sweeney, "Evaluating the accuracy of Java profilers", PLDI 2010).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from autogauge.lab.why import compiled
from autogauge.lab.why import sides as naming
from autogauge.lab.why.matching import Layer, match
from autogauge.lab.why.script import Reproduced
from autogauge.lab.why.sides import Side
from autogauge.measuring.claim import Claim, Ratio
from autogauge.measuring.condition import Condition
from autogauge.measuring.metric import Metric
from autogauge.measuring.plan import Plan
from autogauge.measuring.progress import Progress
from autogauge.measuring.result import BY_METRIC, Result, Sample
from autogauge.probe.log import AutoLog
from autogauge.probe.request import Failure, ProbeFailed
from autogauge.rig.fresh import FIL, PHASES
from autogauge.rig.rig import Rig
from autogauge.rig.study import Amount, Study, Turns
from autogauge.targets import LATENCY, Target

NAME = "why"
LONGEST_BLOCK_S = 120.0
WARM_UP_S, MEASURE_S = 0.2, 0.6
COUNTED, ALONE = "counted", "one request"
"""How the conditions of a side are called beside its own name: ``A``, ``A one request``, ``A counted``."""
CREATE_REQUEST = Metric("create_request_s", "creating a request", "s", per_process=True, seconds=1.0, written_in="ms")
LATENCY_MS = Metric("latency_ms", "mean latency", "ms", per_process=True, seconds=1e-3)
FPS = Metric("fps", "FPS", "frames per second", higher_is_better=True, per_process=True, seconds=1.0)
LAYERS_MS = Metric("layers_ms", "sum of all layers", "ms", per_process=True, seconds=1e-3)
METRICS = (FIL, *PHASES, CREATE_REQUEST, LATENCY_MS, FPS, LAYERS_MS)
LAYERS_US = "layers_us"
"""The array of a counted sample: microseconds of each layer, in the order of its side's layers."""
STEADY, FIRST = "b-is-no-slower", "b-is-ready-no-later"


def name_of(side: str, kind: str = "") -> str:
    """A condition's name."""
    return f"{side} {kind}".strip()


class Why(Study):
    """Two sides, so many blocks of fresh processes."""

    name = NAME
    metrics = METRICS
    shown = BY_METRIC
    has_companions = False
    caption = "counted: while the device counts how long each layer takes, which costs time of its own"
    amounts = MappingProxyType({})

    def __init__(self, a: Side, b: Side, base: Target, blocks: int, confidence: float = 0.95) -> None:
        self.sides: tuple[Side, Side] = (a, b)
        """What is compared; ``measured`` puts others in their place where the rig is to say what they run on."""
        self.reproduced: list[Reproduced] = []
        """A and B for a script, once they are set up."""
        self.blocks_wanted = blocks
        self._base, self._confidence = base, confidence

    def target_of(self, side: Side) -> Target:
        """What a side compiles for as it is in use."""
        return side.target(self._base)

    def amount(self, rig: Rig) -> Amount:
        """Exactly so many blocks, and one look at the end."""
        count = self.blocks_wanted
        return Amount(Plan((count,), count * LONGEST_BLOCK_S, self._confidence), count)

    def conditions(self, rig: Rig) -> tuple[Condition, ...]:
        """Of each side: as it is in use; with one request, where that is not the same; and counted."""
        found = []
        for side in self.sides:
            target = self.target_of(side)
            alone, changed = naming.counted_target(target)
            several = self.requests_of(side, rig) > 1
            for kind, each in (
                ("", target),
                *([(ALONE, alone)] if changed or several else []),
                (COUNTED, alone),
            ):
                labels = {"side": side.name, "named": side.label, **({"kind": kind} if kind else {})}
                name = name_of(side.name, kind)
                requests = 0 if kind else side.infer_requests
                found.append(
                    Condition(name, each, name, requests, own_labels=labels, runs_on=side.runs_on, recorded=False)
                )
        return tuple(found)

    @staticmethod
    def _in_flight(rig: Rig | None) -> int:
        return rig.asked.infer_requests if rig is not None else 0

    def requests_of(self, side: Side, rig: Rig | None) -> int:
        """How many requests a side is asked to keep in flight as it is in use; 0 lets the device say."""
        return side.infer_requests or self._in_flight(rig)

    def _in_flight_alike(self, rig: Rig | None) -> bool:
        """Whether nothing that is asked gives one side other requests in flight than the other."""
        spread = [naming.spreading(self.target_of(each)) for each in self.sides]
        a, b = (self.requests_of(each, rig) for each in self.sides)
        return a == b and (a > 0 or spread[0] == spread[1])

    def claims(self, rig: Rig, conditions: Sequence[Condition]) -> tuple[Claim, ...]:
        """B against A, as they are in use: by latency where both are asked to have as many requests in flight, else by frames a second."""
        a, b = (name_of(side.name) for side in self.sides)
        hints = {self.target_of(side).hint for side in self.sides}
        steady = (
            Ratio(STEADY, "B infers no slower than A", LATENCY_MS, b, a, "at most", 1.0)
            if hints <= {None, LATENCY} and self._in_flight_alike(rig)
            else Ratio(STEADY, "B gives no fewer frames than A", FPS, b, a, "at least", 1.0)
        )
        return steady, Ratio(FIRST, "B's first inference comes no later than A's", FIL, b, a, "at most", 1.0)

    @contextlib.contextmanager
    def open(self, rig: Rig, result: Result, progress: Progress) -> Iterator[Turns]:
        """Fresh processes, nothing cached."""
        yield WhyTurns(rig, result)


class WhyTurns:
    """Each turn is a fresh process, from its start over its first result to a steady state."""

    def __init__(self, rig: Rig, result: Result) -> None:
        self._rig, self._result = rig, result

    def prepare(self) -> None:
        """Nothing comes before the first turn."""

    def measure(self, condition: Condition) -> Sample:
        """One process. Raises ``ProbeFailed``."""
        setup, is_counted = self._rig.setup(condition), condition.own_labels.get("kind") == COUNTED
        deadline_s = self._rig.deadlines.probe_s
        request = setup.workload.request(
            "layers",
            condition.target,
            counted=is_counted,
            warm_up_s=WARM_UP_S,
            measure_s=MEASURE_S,
            infer_requests=self._requests(condition),
            deadline_s=deadline_s,
            accelerator_wait_s=deadline_s / 2,
        )
        reply, log = setup.launcher.run_once(request, f"why-{condition.name}")
        facts = self._result.facts.setdefault(condition.name, {"auto_logs": []})
        if told := facts.get("properties"):
            varying = compiled.noted(facts.get("varying") or {}, told, reply.get("properties") or {})
            facts.update({"varying": varying} if varying else {})
        facts.update({each: reply.get(each) for each in ("openvino", "infer_requests", "hint", "properties")})
        facts["python"] = setup.launcher.runtime.python
        if log.lines:
            facts["auto_logs"].append(log.to_json())
        latencies = reply.get("latencies_ms") or ()
        if not latencies:
            raise ProbeFailed(Failure("garbage", "inferring", "its answer was garbage: it has no latencies"))
        figures = figures_of(reply, latencies, setup.workload.frames, log)
        arrays = {}
        if is_counted:
            arrays[LAYERS_US] = self._layers(reply, facts, setup.workload.model.digest)
            figures[LAYERS_MS.name] = float(np.nansum(arrays[LAYERS_US])) / 1e3
        return Sample(
            figures,
            surroundings=reply["surroundings"],
            execution_devices=tuple(reply.get("execution_devices_in_the_end") or reply["execution_devices"] or ()),
            latencies_ms=np.empty(0, np.float32) if is_counted else np.asarray(latencies, np.float32),
            arrays=arrays,
        )

    def _requests(self, condition: Condition) -> int:
        """How many are in flight: one where layers are looked at, else what the side or the session says; 0 lets the device say."""
        return 1 if condition.own_labels.get("kind") else condition.infer_requests or self._rig.asked.infer_requests

    @staticmethod
    def _layers(reply: Mapping[str, Any], facts: dict[str, Any], digest: str) -> Any:
        """The microseconds of each layer, in the order of the first process's layers. Raises ``ProbeFailed`` where they are others.

        A layer that any process of the side executed was executed: the CPU says otherwise of one that is below a microsecond there.
        """
        told, times = reply.get("layers") or (), reply.get("layers_us") or ()
        if not told or len(told) != len(times):
            raise ProbeFailed(
                Failure("garbage", "layers", f"its answer was garbage: {len(told)} layers with {len(times)} times")
            )
        for each in ("averages", "counted_on", "counted_why"):
            if facts.setdefault(each, reply.get(each)) != reply.get(each):
                raise ProbeFailed(
                    Failure(
                        "garbage",
                        "layers",
                        f"it says {each}={reply.get(each)}, and the first process of its kind {each}={facts[each]}",
                    )
                )
        facts["step_us"] = max(facts.get("step_us", 0.0), reply.get("step_us") or 0.0)
        facts["inferences"] = facts.get("inferences", 0) + len(reply["latencies_ms"])
        before = facts.setdefault("layers", list(told))
        facts["model"] = digest
        kernels = {each["name"]: each["kernel"] for each in before}
        others = {each["name"] for each in told if kernels.get(each["name"], each["kernel"]) != each["kernel"]}
        facts["other_kernels"] = sorted({*facts.get("other_kernels", ()), *others})
        if [each["name"] for each in before] == [each["name"] for each in told]:
            executed_in_any(before, told)
            return np.asarray(times, float)
        found = np.zeros(len(before))
        mine, theirs = ([Layer.from_json(each) for each in side] for side in (before, told))
        groups = match(mine, theirs)
        if odd := [group for group in groups if len(group.a) != 1 or len(group.b) != 1]:
            raise ProbeFailed(
                Failure("garbage", "layers", f"{len(odd)} of its layers are not those of the first process of its kind")
            )
        for group in groups:
            found[group.a[0]] = times[group.b[0]]
        executed_in_any([before[each.a[0]] for each in groups], [told[each.b[0]] for each in groups])
        return found


def executed_in_any(before: Sequence[dict[str, Any]], now: Sequence[Mapping[str, Any]]) -> None:
    """Note in ``before`` which of the same layers another process executed."""
    for each, same in zip(before, now, strict=True):
        each["executed"] = bool(each["executed"] or same["executed"])


def figures_of(reply: Mapping[str, Any], latencies: Sequence[float], frames: int, log: AutoLog) -> dict[str, float]:
    """The figures of one process; frames a second only where it was told how many inferences there were."""
    seconds = reply["seconds"]
    found = {each.name: seconds.get(each.name.removesuffix("_s")) for each in (*PHASES, FIL, CREATE_REQUEST)}
    found[LATENCY_MS.name] = sum(latencies) / len(latencies)
    if (per_second := reply.get("inferences_per_second")) is not None:
        found[FPS.name] = per_second * frames
    return {name: float(value) for name, value in found.items() if value is not None}
