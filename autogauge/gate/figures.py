"""From a study to the figure that history judges: seconds, and the ratio to the pinned workload from the same rounds."""

from __future__ import annotations

import math
import statistics

from autogauge.gate.past import Figure
from autogauge.history.records import PinnedRatio
from autogauge.measuring.condition import Condition
from autogauge.measuring.metric import Metric
from autogauge.measuring.quantity import quantity_of
from autogauge.measuring.result import Result
from autogauge.stats.undisturbed import FEWEST, undisturbed_ratio


def seconds_of(result: Result, condition: str, metric: Metric) -> list[float]:
    """The condition's samples in seconds, in the order measured; of a rate seconds per frame; of memory MiB.

    All are above 0: see ``why_no_time``.
    """
    return [metric.cost(figure) for figure in result.figures(condition, metric.name)]


def why_no_time(result: Result, condition: str, metric: Metric) -> str:
    """Which figure of the condition no time can be made of, in a sentence; empty where all are above 0."""
    found = [each.figures[metric.name] for each in result.samples(condition) if metric.name in each.figures]
    odd = [figure for figure in found if not _is_time(figure)]
    unit = f" {metric.unit}" if metric.unit else ""
    what = quantity_of(metric.name).name
    return f"{condition} gave {odd[0]:g}{unit} as its {metric.title}, of which no {what} can be made" if odd else ""


def _is_time(figure: float) -> bool:
    return math.isfinite(figure) and figure > 0


def beside_pinned(result: Result, condition: str, metric: Metric) -> PinnedRatio | None:
    """The ratio of the condition's cost to that of the pinned workload beside it; ``None`` without one, or with too few rounds.

    And of memory: the machine's mood, which such a ratio takes out, is not in it.
    """
    pinned = result.condition(condition).beside
    if not pinned or not result.pinned or metric.is_memory:
        return None
    both = (condition, pinned)
    paired = [each.samples for each in result.replicates if condition in each.samples and pinned in each.samples]
    rounds = [each for each in paired if all(metric.name in each[name].figures for name in both)]
    if len(rounds) < FEWEST:
        return None
    if any(not _is_time(each[name].figures[metric.name]) for each in rounds for name in both):
        return None
    own, fixed = ([metric.cost(each[name].figures[metric.name]) for each in rounds] for name in both)
    ratio, error = undisturbed_ratio(own, fixed)
    return PinnedRatio(result.pinned, ratio, error, len(rounds))


def figure_of(result: Result, condition: str, metric: Metric) -> Figure | None:
    """The figure that history judges; ``None`` when nothing was measured, or what is no time."""
    if why_no_time(result, condition, metric):
        return None
    seconds = seconds_of(result, condition, metric)
    if not seconds:
        return None
    beside = beside_pinned(result, condition, metric)
    driver = str(result.facts.get(condition, {}).get("driver") or "")
    if beside is None:
        return Figure(statistics.median(seconds), samples=len(seconds), driver=driver)
    return Figure(statistics.median(seconds), beside.pinned, beside.ratio, beside.error, len(seconds), driver)


def key_of(group: str, condition: Condition) -> str:
    """What a benchmark is called in every run. An AUTO that is given a list is another one than AUTO by itself."""
    device = condition.target.device or ""
    return f"{group}: {condition.name}" + (f" of {device}" if device.startswith("AUTO:") else "")
