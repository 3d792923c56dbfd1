"""The hand-over as a timeline of figures, for whoever draws it. What the figures mean is in ``studies.timeline``."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from autogauge.measuring.metric import Metric
from autogauge.measuring.result import Result
from autogauge.run import Run
from autogauge.studies import hand_over

MIB = 2.0**20


@dataclass(frozen=True)
class Line:
    """One figure of the timeline: for each condition the median, lowest and highest over the replicates that have it."""

    metric: str
    title: str
    unit: str
    figures: dict[str, tuple[float, float, float]]


def study_of(run: Run) -> Result | None:
    """The run's study of the hand-over, if anything was measured in it."""
    return next((study for study in run.studies if study.name == hand_over.NAME and study.replicates), None)


def shown(metric: Metric) -> tuple[str, float]:
    """In which unit a figure is shown, and what it is divided by for that: bytes as MiB."""
    return ("MiB", MIB) if metric.unit == "bytes" else (metric.unit, 1.0)


def lines(study: Result) -> list[Line]:
    """The timeline; figures that no replicate has are left out."""
    found = []
    for metric in study.metrics:
        unit, divisor = shown(metric)
        figures = {}
        for condition in study.conditions:
            values = [figure / divisor for figure in study.figures(condition.name, metric.name)]
            if values:
                figures[condition.name] = (statistics.median(values), min(values), max(values))
        if figures:
            found.append(Line(metric.name, metric.title, unit, figures))
    return found


def outcomes(study: Result, condition: str) -> str:
    """What became of the hand-over in each replicate, in words: ``handed over (3)``."""
    counted = Counter(each["outcome"] for each in study.facts.get(condition, {}).get("replicates", ()))
    failed = len(study.failures(condition))
    words = [f"{outcome} ({count})" for outcome, count in counted.items()]
    return ", ".join([*words, f"failed ({failed})"] if failed else words) or "not measured"


def title(study: Result) -> str:
    """What handed over: ``AUTO``, ``AUTO (emulated)``."""
    return study.conditions[0].title.rpartition(", ")[0]


def devices(study: Result) -> Sequence[str]:
    """Who answered, in the order of the names."""
    return sorted({name for condition in study.conditions for name in study.devices_that_answered(condition.name)})
