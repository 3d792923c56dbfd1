"""The hand-over as a timeline of figures, for whoever draws it. What the figures mean is in ``studies.timeline``."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from autogauge.run import Run
from autogauge.studies import hand_over
from autogauge.studies.study import Study

LINES = (
    ("compile_s", "compile_model returned", "s", 1.0),
    ("fil_s", "first inference done (FIL)", "s", 1.0),
    ("helper_inferences", "inferences by the CPU helper", "", 1.0),
    ("latency_before_ms", "their median latency", "ms", 1.0),
    ("helper_released_s", "CPU helper released, by AUTO's log", "s", 1.0),
    ("hand_over_s", "hand-over, by EXECUTION_DEVICES", "s", 1.0),
    ("transition_inferences", "inferences in transition", "", 1.0),
    ("latency_at_ms", "slowest at the hand-over", "ms", 1.0),
    ("spike_ratio", "÷ the slower median: spike ratio", "", 1.0),
    ("time_to_steady_s", "hand-over to steady latency", "s", 1.0),
    ("accelerator_inferences", "inferences by the accelerator", "", 1.0),
    ("latency_after_ms", "median latency once steady", "ms", 1.0),
    ("failed", "failed inferences", "", 1.0),
    ("wrong", "wrong answers", "", 1.0),
    ("relative_error", "largest error against the CPU, ÷ the output's largest value", "", 1.0),
    ("largest_error", "largest error against the CPU", "", 1.0),
    ("memory_before_bytes", "memory before the hand-over", "MiB", 2.0**20),
    ("memory_after_bytes", "memory at the end", "MiB", 2.0**20),
    ("destroy_s", "destroying the model", "s", 1.0),
)
"""Metric, what it is called, unit, and what it is divided by for that; in the order of time. ``largest_error`` is what runs before
``relative_error`` saved: it went by no size."""


@dataclass(frozen=True)
class Line:
    """One figure of the timeline: for each condition the median, lowest and highest over the replicates that have it."""

    metric: str
    title: str
    unit: str
    figures: dict[str, tuple[float, float, float]]


def study_of(run: Run) -> Study | None:
    """The run's study of the hand-over, if anything was measured in it."""
    return next((study for study in run.studies if study.name == hand_over.NAME and study.replicates), None)


def lines(study: Study) -> list[Line]:
    """The timeline; figures that no replicate has are left out."""
    found = []
    for metric, title, unit, divisor in LINES:
        figures = {}
        for condition in study.conditions:
            values = [
                sample.figures[metric] / divisor for sample in study.samples(condition.name) if metric in sample.figures
            ]
            if values:
                figures[condition.name] = (statistics.median(values), min(values), max(values))
        if figures:
            found.append(Line(metric, title, unit, figures))
    return found


def outcomes(study: Study, condition: str) -> str:
    """What became of the hand-over in each replicate, in words: ``handed over (3)``."""
    counted = Counter(each["outcome"] for each in study.facts.get(condition, {}).get("replicates", ()))
    failed = len(study.failures(condition))
    words = [f"{outcome} ({count})" for outcome, count in counted.items()]
    return ", ".join([*words, f"failed ({failed})"] if failed else words) or "not measured"


def title(study: Study) -> str:
    """What handed over: ``AUTO``, ``AUTO (emulated)``."""
    return study.conditions[0].title.rpartition(", ")[0]


def devices(study: Study) -> Sequence[str]:
    """Who answered, in the order of the names."""
    return sorted({name for condition in study.conditions for name in study.devices_that_answered(condition.name)})
