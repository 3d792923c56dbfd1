"""From a study to the figure that history judges: seconds, and the ratio to the pinned workload from the same rounds."""

from __future__ import annotations

import statistics

from autogauge.gate.past import Figure
from autogauge.history.records import PinnedRatio
from autogauge.measuring.metric import Metric
from autogauge.measuring.result import Result
from autogauge.stats.undisturbed import FEWEST, undisturbed_ratio


def seconds_of(result: Result, condition: str, metric: Metric) -> list[float]:
    """The condition's samples in seconds, in the order measured; of a rate seconds per frame."""
    return [metric.cost(figure) for figure in result.figures(condition, metric.name)]


def beside_pinned(result: Result, condition: str, metric: Metric) -> PinnedRatio | None:
    """The ratio of the condition's cost to that of the pinned workload beside it; ``None`` without one, or with too few rounds."""
    pinned = result.condition(condition).beside
    if not pinned or not result.pinned:
        return None
    rounds = [each.samples for each in result.replicates if condition in each.samples and pinned in each.samples]
    if len(rounds) < FEWEST:
        return None
    own, fixed = ([metric.cost(each[name].figures[metric.name]) for each in rounds] for name in (condition, pinned))
    ratio, error = undisturbed_ratio(own, fixed)
    return PinnedRatio(result.pinned, ratio, error, len(rounds))


def figure_of(result: Result, condition: str, metric: Metric) -> Figure | None:
    """The figure that history judges; ``None`` when nothing was measured."""
    seconds = seconds_of(result, condition, metric)
    if not seconds:
        return None
    beside = beside_pinned(result, condition, metric)
    driver = str(result.facts.get(condition, {}).get("driver") or "")
    if beside is None:
        return Figure(statistics.median(seconds), samples=len(seconds), driver=driver)
    return Figure(statistics.median(seconds), beside.pinned, beside.ratio, beside.error, len(seconds), driver)
