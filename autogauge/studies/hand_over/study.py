"""The study of the hand-over: what an application sees while AUTO changes from the CPU helper to the accelerator.

A replicate is one fresh process a condition: it compiles on AUTO and infers without pause, synchronously or with a queue of
requests, until some time after the hand-over or until a deadline, which is a result in itself. Each inference carries the
devices that OpenVINO named before and after it. Both devices infer in f32, so that every answer can be held against the CPU's;
the CPU is asked several times before, and an output on which it differs from itself is held against nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from autogauge.measuring.claim import Claim
from autogauge.measuring.condition import Condition
from autogauge.measuring.drawing import Block
from autogauge.measuring.metric import Metric
from autogauge.measuring.plan import Plan
from autogauge.measuring.progress import Progress
from autogauge.measuring.result import BY_METRIC, Result, Sample
from autogauge.probe.launcher import Launcher
from autogauge.probe.log import AutoLog
from autogauge.probe.worker.hand_over import HANDED_OVER, NEVER, NO_HELPER, is_accelerator
from autogauge.rig.fresh import PEAK_MEMORY
from autogauge.rig.pool import DEADLINE_S
from autogauge.rig.profile import LAB, QUICK, STANDARD
from autogauge.rig.rig import Rig
from autogauge.rig.study import Amount, Study, Turns
from autogauge.rig.workload import Workload
from autogauge.studies.hand_over import drawing, promises
from autogauge.studies.hand_over.promises import FAILED, OF_THE_CHANGE, WRONG, answers_right, checks_of, claims_for
from autogauge.studies.hand_over.timeline import HELPER, TRANSITION, Timeline, figures_of
from autogauge.targets import F32, PLAIN_AUTO, Auto, Target

__all__ = [
    "HANDED_OVER",
    "HAND_OVER",
    "NAME",
    "NEVER",
    "NO_HELPER",
    "HandOver",
    "HandOverTurns",
    "disagreements",
    "release_bound_s",
    "seconds_since",
]

NAME = "hand-over"
BENCHMARK = "time to the hand-over"
HAND_OVER_S = Metric("hand_over_s", "hand-over, by EXECUTION_DEVICES", "s", per_process=True, seconds=1.0)
METRICS = (
    Metric("compile_s", "compile_model returned", "s", per_process=True, seconds=1.0),
    Metric("fil_s", "first inference done (FIL)", "s", per_process=True, seconds=1.0),
    Metric("helper_inferences", "inferences by the CPU helper", per_process=True),
    Metric("latency_before_ms", "their median latency", "ms", per_process=True, seconds=1e-3),
    Metric("helper_released_s", "CPU helper released, by AUTO's log", "s", per_process=True, seconds=1.0),
    HAND_OVER_S,
    Metric("transition_inferences", "inferences in transition", per_process=True),
    Metric("latency_at_ms", "slowest at the hand-over", "ms", per_process=True, seconds=1e-3),
    Metric("spike_ratio", "÷ the slower median: spike ratio", per_process=True),
    Metric("time_to_steady_s", "hand-over to steady latency", "s", per_process=True, seconds=1.0),
    Metric("accelerator_inferences", "inferences by the accelerator", higher_is_better=True, per_process=True),
    Metric("latency_after_ms", "median latency once steady", "ms", per_process=True, seconds=1e-3),
    FAILED,
    WRONG,
    Metric("relative_error", "largest error against the CPU, ÷ the output's largest value", per_process=True),
    Metric("largest_error", "largest error against the CPU", per_process=True),
    Metric("memory_before_bytes", "memory before the hand-over", "bytes", per_process=True),
    Metric("memory_after_bytes", "memory at the end", "bytes", per_process=True),
    Metric("destroy_s", "destroying the model", "s", per_process=True, seconds=1.0),
    PEAK_MEMORY,
)
"""In the order of time. ``largest_error`` is what runs before ``relative_error`` saved: it went by no size."""
DAY_S = 86400.0
SYNCHRONOUS = "synchronous"
RELEASE_MARGIN_S = 0.1
"""Beside the slowest inference: for a thread that was kept from the processor before it asked or logged."""
ASK_AGAIN = 20
"""So often, as far as a second allows and once at least, the CPU is asked again for the answers that are right."""
QUEUE = 4
"""Infer requests in flight in the queue, unless the user says otherwise."""


def disagreements(
    timeline: Timeline,
    outcome: str,
    accelerators: Sequence[str],
    log: AutoLog,
    *,
    handed_over_s: float | None = None,
    released_s: float | None = None,
    helper_requests: int | None = None,
) -> list[str]:
    """Where AUTO's log and the labels contradict each other, a sentence each.

    ``handed_over_s`` is when the properties named the accelerator, ``released_s`` when the log says that the helper was released,
    ``helper_requests`` how many infer requests AUTO keeps for the helper, ``None`` where that could not be asked.
    """
    found = [*_about_the_helper(timeline, outcome, log, helper_requests)]
    if outcome == HANDED_OVER:
        answered = {name.partition(".")[0] for name in accelerators}
        finished = {name.partition(".")[0] for name in log.finished}
        if not answered <= finished:
            found.append(
                f"{', '.join(sorted(answered))} answered, and by the log only {', '.join(sorted(finished))} compiled"
            )
    if handed_over_s is not None and released_s is not None:
        apart_s, most_s = abs(handed_over_s - released_s), release_bound_s(timeline)
        if apart_s > most_s:
            found.append(
                f"by the properties it handed over after {handed_over_s:.3f} s, and by the log the CPU helper was released after "
                f"{released_s:.3f} s: {apart_s:.3f} s apart, where at most {most_s:.3f} s can be"
            )
    return found


def release_bound_s(timeline: Timeline) -> float:
    """How far apart the helper's release by the log and the hand-over by the properties can be.

    The properties are asked after an inference: the release may lie anywhere in the one before.
    """
    return float(timeline.latency_s.max(initial=0.0)) + RELEASE_MARGIN_S


def _about_the_helper(timeline: Timeline, outcome: str, log: AutoLog, helper_requests: int | None) -> Iterator[str]:
    """What the log says otherwise about the helper.

    It gives the number of the helper's inferences only if they were more than the helper's infer requests (``AutoSchedule::init`` in
    the plugin's ``auto_schedule.cpp``): the few of a slow model are in no log.
    """
    helper, transition = (int((timeline.label == each).sum()) for each in (HELPER, TRANSITION))
    if helper and not log.cpu_helper_started:
        yield "inferences are labelled CPU helper, and the log has no start of it"
    if outcome in (HANDED_OVER, NEVER) and (outcome == HANDED_OVER) != log.cpu_helper_released:
        said = "was released" if log.cpu_helper_released else "was never released"
        yield f"by the properties it {outcome}, and by the log the CPU helper {said}"
    counted = log.inferences.get("CPU_HELP")
    if counted is None and outcome == HANDED_OVER and helper_requests is not None and helper > helper_requests:
        yield f"the labels have {helper} to {helper + transition} inferences by the CPU helper, and the log counts none"
    if counted is not None and not helper <= counted <= helper + transition:
        yield f"the log counts {counted} inferences by the CPU helper, the labels {helper} to {helper + transition}"


class HandOver(Study):
    """What an application sees while AUTO hands over, in fresh processes that infer without pause."""

    name = NAME
    shown = BY_METRIC
    caption = "seconds since the call of compile_model"
    metrics = METRICS
    recorded = MappingProxyType({BENCHMARK: HAND_OVER_S})
    amounts = MappingProxyType(
        {
            QUICK: Amount(Plan(looks=(1,), budget_s=60)),
            STANDARD: Amount(Plan(looks=(3,), budget_s=60)),
            LAB: Amount(Plan(looks=(6,), budget_s=600)),
        }
    )
    rules = MappingProxyType(
        {
            promises.IN_TIME: ("startup-hand-over",),
            promises.FIRST_AND_LAST: ("startup-cpu-first", "startup-hand-over"),
            promises.ONCE: ("selection-once",),
            "auto-fails-no-inference-*": ("startup-hand-over-seamless",),
            "auto-answers-like-the-cpu-*": ("outputs-across-hand-over",),
            promises.LOG_AGREES: ("selection-execution-devices",),
        }
    )
    after_s = MappingProxyType({QUICK: 1.0, STANDARD: 1.5, LAB: 5.0})
    """How long is inferred after the hand-over, by profile."""
    has_companions = False
    repeats_disturbed = False

    def absent(self, rig: Rig) -> str | None:
        """Without an accelerator there is nothing to hand over to."""
        return rig.why_no_hand_over()

    def conditions(self, rig: Rig) -> tuple[Condition, ...]:
        """Inferred synchronously, and with a queue of at least two requests."""
        queue, auto = max(2, rig.asked.infer_requests or QUEUE), rig.auto
        target = Target(auto.device, F32)
        return (
            Condition(SYNCHRONOUS, target, f"{auto.title}, {SYNCHRONOUS}", infer_requests=1),
            Condition(f"queue of {queue}", target, f"{auto.title}, queue of {queue}", infer_requests=queue),
        )

    def claims(self, rig: Rig, conditions: Sequence[Condition]) -> tuple[Claim, ...]:
        """What AUTO promises of its hand-over."""
        return claims_for(conditions, rig.auto)

    def not_promised(self, rig: Rig) -> Mapping[str, str]:
        """Nothing of a change from the helper where there is none; nothing of answers that depend on a state that cannot be reset."""
        found = dict.fromkeys(OF_THE_CHANGE, rig.auto.no_helper) if rig.auto.no_helper else {}
        state = rig.inspection.state
        why = Expected(has_state=True).why_not((), 0) if state is not None and state.in_bodies else ""
        return found | ({answers_right(condition): why for condition in self.conditions(rig)} if why else {})

    def blocks(self, result: Result) -> Iterable[Block]:
        """Each inference of a process a point."""
        return drawing.blocks(result)

    @contextlib.contextmanager
    def open(self, rig: Rig, result: Result, progress: Progress) -> Iterator[Turns]:
        """Fresh processes that infer without pause across the hand-over."""
        yield HandOverTurns(
            result,
            rig.launcher,
            rig.workload,
            rig.scratch("hand-over"),
            after_s=self.after_s[rig.asked.profile.name],
            hand_over_deadline_s=rig.deadlines.hand_over_s,
            deadline_s=rig.deadlines.probe_s,
            auto=rig.auto,
        )


HAND_OVER = HandOver()


@dataclass(frozen=True)
class Expected:
    """What is known of the right answers: outputs on which the CPU differs from itself, those that are random, whether there is state."""

    unsteady: tuple[int, ...] = ()
    random: Mapping[int, Sequence[str]] = field(default_factory=dict)
    has_state: bool = False

    def why_not(self, compared: Sequence[int], state_variables: int | None) -> str:
        """Why some outputs, or all of them, were held against nothing, in a sentence; empty where all were compared."""
        if self.has_state and not state_variables:
            return (
                "no answer is held against the CPU's: the model's state cannot be reset on AUTO, which sees none inside If and loops "
                "and lets requests of two devices take turns with it"
            )
        if not (left_out := sorted({*self.unsteady, *self.random})):
            return ""
        which = f"output {' and '.join(map(str, left_out))}" if compared else "no answer"
        types = sorted({each for types in self.random.values() for each in types})
        why = "the CPU's own answers differ from one inference to the next"
        why = f"it depends on random operators ({', '.join(types)})" if types else why
        return (
            f"{which} is held against the CPU's: {why}"
            if not compared
            else f"{which} is not held against the CPU's: {why}"
        )


class HandOverTurns:
    """Measures each condition's turn in a fresh process, after one process of the CPU's has given the answers that are right."""

    def __init__(
        self,
        result: Result,
        launcher: Launcher,
        workload: Workload,
        folder: Path,
        *,
        after_s: float,
        hand_over_deadline_s: float,
        deadline_s: float = DEADLINE_S,
        auto: Auto = PLAIN_AUTO,
    ) -> None:
        self._auto = auto
        self._result, self._launcher, self._workload = result, launcher, workload
        self._answers_file, self._timeline = folder / "expected.npz", folder / "timeline.npz"
        self._expected = Expected()
        self._after_s, self._hand_over_deadline_s, self._deadline_s = after_s, hand_over_deadline_s, deadline_s

    def prepare(self) -> None:
        """Nothing: the right answers are asked for by the first turn."""

    def _answers(self) -> str:
        """The path of the CPU's answers, asked for in one process."""
        if not self._answers_file.is_file():
            request = self._workload.request(
                "once",
                Target("CPU", F32),
                save_outputs=str(self._answers_file),
                ask_again=ASK_AGAIN,
                leave_out=tuple(self._workload.random_outputs),
                deadline_s=2 * self._deadline_s,  # three inferences, where the others have one or two
            )
            reply, _ = self._launcher.run_once(request, "hand-over-expected")
            has_state = bool(reply["state_variables"]) or self._workload.has_state
            self._expected = Expected(tuple(reply["unsteady_outputs"]), self._workload.random_outputs, has_state)
        return str(self._answers_file)

    def measure(self, condition: Condition) -> Sample:
        """One process, across its hand-over."""
        name, expected = condition.name, self._answers()
        request = self._workload.request(
            "hand-over",
            condition.target,
            infer_requests=condition.infer_requests,
            expected=expected,
            has_state=self._expected.has_state,
            timeline=str(self._timeline),
            after_hand_over_s=self._after_s,
            hand_over_deadline_s=self._hand_over_deadline_s,
            deadline_s=self._deadline_s + self._hand_over_deadline_s + self._after_s,
        )
        reply, log = self._launcher.run_hand_over(request, f"hand-over-{name}")
        ready_s = _accelerator_ready_s(reply, log)
        timeline = Timeline.load(self._timeline, reply["devices"]).with_accelerator_ready(ready_s)
        self._timeline.unlink()
        facts = self._result.facts.setdefault(name, {"replicates": []})
        facts.update(openvino=reply["openvino"], infer_requests=request.infer_requests)
        facts["state"] = reply["state"]
        facts["not_compared"] = self._expected.why_not(reply["compared"], reply["state_variables"])
        facts["replicates"].append(of_this := _facts(reply, timeline, log))
        figures = _figures(reply, timeline, log)
        checks = checks_of(
            condition,
            of_this,
            figures,
            timeline,
            auto=self._auto,
            deadline_s=self._hand_over_deadline_s,
            not_compared=facts["not_compared"],
        )
        return Sample(
            figures=figures,
            checks={claim.name: checks[claim.name] for claim in self._result.claims if claim.name in checks},
            surroundings=reply["surroundings"],
            execution_devices=tuple(reply["devices"]),
            latencies_ms=(timeline.latency_s * 1e3).astype(np.float32),
            arrays=timeline.to_arrays(),
            outcome=reply["outcome"],
        )


def _accelerator_ready_s(reply: Mapping[str, Any], log: AutoLog) -> float | None:
    """When the accelerator had been compiled by AUTO's log, in seconds since the call of ``compile_model``."""
    of_day_s = [when for device, when in log.finished_of_day_s.items() if is_accelerator(device)]
    return seconds_since(min(of_day_s), reply["compile_began_of_day_s"]) if of_day_s else None


def _helper_released_s(reply: Mapping[str, Any], log: AutoLog) -> float | None:
    """When the CPU helper had been released by AUTO's log, in seconds since the call of ``compile_model``."""
    return seconds_since(log.cpu_helper_released_of_day_s, reply["compile_began_of_day_s"])


def _facts(reply: Mapping[str, Any], timeline: Timeline, log: AutoLog) -> dict[str, Any]:
    accelerators = [name for name in reply["devices"] if is_accelerator(name)]
    return {
        "outcome": reply["outcome"],
        "devices": reply["devices"],
        "failures": reply["failures"],
        "disagreements": disagreements(
            timeline,
            reply["outcome"],
            accelerators,
            log,
            handed_over_s=reply["handed_over_s"],
            released_s=_helper_released_s(reply, log),
            helper_requests=reply["helper_requests"],
        ),
        "auto_log": log.to_json(),
        "accelerator_ready_s": _accelerator_ready_s(reply, log),
        "printed": reply["printed"],
    }


def _figures(reply: Mapping[str, Any], timeline: Timeline, log: AutoLog) -> dict[str, float]:
    seconds = reply["seconds"]
    optional = {
        "destroy_s": reply["destroy_s"],
        "wrong": reply["wrong"] if reply["compared"] else None,
        "helper_released_s": _helper_released_s(reply, log),
    }
    return {
        "fil_s": float(seconds["fil"]),
        "compile_s": float(seconds["compile"]),
        "failed": float(reply["failed"]),
        "peak_memory_bytes": float(reply["peak_memory_bytes"] or 0),
        **figures_of(timeline, reply["handed_over_s"], compared=bool(reply["compared"])),
        **{key: float(value) for key, value in optional.items() if value is not None},
    }


def seconds_since(of_day_s: float | None, began_of_day_s: float) -> float | None:
    """Seconds between two times of day, the second one the earlier, also across midnight; ``None`` for a clock that was set back."""
    if of_day_s is None:
        return None
    seconds = (of_day_s - began_of_day_s) % DAY_S
    return seconds if seconds < DAY_S / 2 else None
