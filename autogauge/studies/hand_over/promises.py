"""What AUTO promises of its hand-over, and whether one process kept it. Measuring a process is left to ``hand_over``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autogauge.measuring.claim import Bound, Claim, Fact
from autogauge.measuring.condition import Condition
from autogauge.measuring.metric import Metric
from autogauge.measuring.result import Check
from autogauge.probe.worker.hand_over import BROKEN, HANDED_OVER, NEVER, NO_HELPER, is_accelerator
from autogauge.studies.hand_over import never
from autogauge.studies.hand_over.timeline import ACCELERATOR, HELPER, TRANSITION, Timeline
from autogauge.targets import Auto, kinds

FAILED = Metric("failed", "failed inferences", per_process=True)
WRONG = Metric("wrong", "wrong answers", per_process=True)
IN_TIME = "auto-hands-over-in-time"
FIRST_AND_LAST = "auto-helper-first-accelerator-last"
ONCE = "auto-hands-over-once"
LOG_AGREES = "auto-log-agrees-with-devices"
LETS_GO = "auto-lets-go-of-the-model"
OF_THE_CHANGE = (IN_TIME, FIRST_AND_LAST, ONCE)


def loses_none(condition: Condition) -> str:
    """The name of the claim that no inference fails."""
    return f"auto-fails-no-inference-{_way(condition)}"


def answers_right(condition: Condition) -> str:
    """The name of the claim that every answer is the CPU's."""
    return f"auto-answers-like-the-cpu-{_way(condition)}"


def _way(condition: Condition) -> str:
    """The same word for a queue of any length: a claim is found by its name in every run."""
    return condition.name.partition(" ")[0]


def claims_for(conditions: Sequence[Condition], auto: Auto) -> tuple[Claim, ...]:
    """What is promised of these conditions, where all of it applies."""
    everywhere = tuple(condition.name for condition in conditions)
    to = auto.handed_to.label if auto.handed_to else "its accelerator"
    about_the_change = (
        Fact(IN_TIME, f"AUTO hands over to {to} before the deadline", everywhere),
        Fact(FIRST_AND_LAST, f"AUTO answers from its CPU helper first and from {to} in the end", everywhere),
        Fact(ONCE, "AUTO hands over once and for good", everywhere),
    )
    about_answers = (
        claim
        for condition in conditions
        for claim in (
            Bound(
                loses_none(condition),
                f"no inference fails across the hand-over ({condition.name})",
                FAILED,
                condition.name,
                "at most",
                0,
                every=True,
            ),
            Bound(
                answers_right(condition),
                f"every answer across the hand-over is the CPU's ({condition.name})",
                WRONG,
                condition.name,
                "at most",
                0,
                every=True,
            ),
        )
    )
    return (
        *about_the_change,
        *about_answers,
        Fact(LOG_AGREES, "AUTO's log agrees with the devices that OpenVINO names", everywhere),
        Fact(LETS_GO, "the model can be let go of after the hand-over", everywhere),
    )


def checks_of(
    condition: Condition,
    facts: Mapping[str, Any],
    figures: Mapping[str, float],
    timeline: Timeline,
    *,
    auto: Auto,
    deadline_s: float,
    not_compared: str,
) -> dict[str, Check]:
    """What one process says of each claim, by the claim's name.

    ``facts`` are those that ``hand_over`` keeps of a process; ``deadline_s`` is how long it waited for the hand-over; ``not_compared`` is
    why answers were held against nothing.
    """
    return {
        **_of_the_change(facts, figures, timeline, auto, deadline_s),
        LOG_AGREES: Check(not facts["disagreements"], "; ".join(facts["disagreements"])),
        LETS_GO: Check(
            "destroy_s" in figures, "" if "destroy_s" in figures else "it was still being destroyed at the deadline"
        ),
        loses_none(condition): Check(None, "; ".join(never.cause(each) for each in facts["failures"][:MOST_FAILURES])),
        answers_right(condition): Check(None, _of_answers(figures, not_compared)),
    }


MOST_FAILURES = 2
"""Different failures of one process that a sentence tells of."""


def _of_the_change(
    facts: Mapping[str, Any], figures: Mapping[str, float], timeline: Timeline, auto: Auto, deadline_s: float
) -> dict[str, Check]:
    if began_on_the_accelerator(facts):
        why = f"there was no hand-over to see: {facts['devices'][0]} answered from the first inference on"
        return {name: Check(None, why) for name in OF_THE_CHANGE}
    handed_over = facts["outcome"] == HANDED_OVER
    labels = timeline.label[
        np.argsort(timeline.start_s, kind="stable")
    ]  # in a queue, one that began early may end last
    if handed_over:
        in_time = Check(True, f"after {figures['hand_over_s']:.3g} s" if "hand_over_s" in figures else "")
    else:
        in_time = Check(False, f"within {deadline_s:g} s: {what_happened(facts)}")
    wrong = _first_and_last(facts["devices"], labels.tolist(), auto)
    settled = labels[(labels == HELPER) | (labels == ACCELERATOR)]
    changes = int(np.count_nonzero(np.diff(settled)))
    for_good = bool((np.diff(settled) >= 0).all())
    between = (
        ""
        if for_good
        else f"it changed {changes} times between the CPU helper and the accelerator, the last time to {_named(settled[-1])}"
    )
    return {
        IN_TIME: in_time,
        FIRST_AND_LAST: Check(not wrong, "; ".join(wrong)),
        ONCE: Check(for_good, between) if handed_over or not for_good else Check(None, facts["outcome"]),
    }


def _named(label: int) -> str:
    return "the helper" if label == HELPER else "the accelerator"


def _first_and_last(devices: Sequence[str], labels: Sequence[int], auto: Auto) -> list[str]:
    """What is not as promised of the first answer and of the last one, a sentence each; the labels by when each inference began."""
    first, last = (devices[0], devices[-1]) if devices else ("nothing", "nothing")
    wrong = []
    if first != "(CPU)" or not labels or labels[0] not in (HELPER, TRANSITION):
        wrong.append(f"{first} answered first" if first != "(CPU)" else "the first inference was not the CPU helper's")
    expected = {auto.handed_to.kind} if auto.handed_to else kinds([last] if is_accelerator(last) else [])
    if kinds([last]) != expected:
        wrong.append(f"{last} answered in the end")
    elif not labels or labels[-1] != ACCELERATOR:
        wrong.append("the last inference was not the accelerator's")
    return wrong


def _of_answers(figures: Mapping[str, float], not_compared: str) -> str:
    """Why no answer was compared, or how far off the worst one is."""
    if "wrong" not in figures:
        return not_compared or "no answer was held against the CPU's"
    error = figures.get("relative_error")
    return "" if error is None else f"largest error {error:.3g}, in parts of the output's largest value"


def began_on_the_accelerator(facts: Mapping[str, Any]) -> bool:
    """Whether a process, by its facts, had the accelerator from its first inference on: then there was nothing to hand over.

    AUTO that answers as the plain CPU from the start has no helper either, but never used its accelerator. Inferences that fail are
    a finding of their own; they do not say that there should have been a helper.
    """
    devices = facts["devices"]
    return facts["outcome"] in (NO_HELPER, BROKEN) and bool(devices) and is_accelerator(devices[0])


def what_happened(facts: Mapping[str, Any]) -> str:
    """What became of the hand-over in a process, by its facts: the outcome, who answered, and where it never came why, by AUTO's log."""
    words = f"{facts['outcome']} ({', '.join(facts['devices'])})"
    if facts["outcome"] != NEVER or "printed" not in facts:  # older runs kept less
        return words
    return f"{words}; {never.in_autos_words(facts['auto_log'], facts['accelerator_ready_s'], facts['printed'])}"
