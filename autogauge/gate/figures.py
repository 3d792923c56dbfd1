"""From a study to the figure that history judges: seconds, and the ratio to the pinned workload from the same rounds."""

from __future__ import annotations

import statistics

from autogauge.gate.past import Figure
from autogauge.gate.side_by_side import HIGHER_IS_BETTER
from autogauge.history.records import PinnedRatio
from autogauge.stats.undisturbed import FEWEST, undisturbed_ratio
from autogauge.studies.study import Study

SCALES = {"fps": 1.0, "latency_ms": 1e-3, "fil_s": 1.0, "hand_over_s": 1.0}
"""From the metrics that are recorded to seconds; of ``fps`` the inverse is."""


def cost(figure: float, metric: str) -> float:
    """The figure in seconds; for ``fps`` seconds per frame."""
    return 1 / figure if metric in HIGHER_IS_BETTER else figure * SCALES[metric]


def seconds_of(study: Study, condition: str, metric: str) -> list[float]:
    """The condition's samples in seconds, in the order measured; for ``fps`` seconds per frame."""
    return [cost(each.figures[metric], metric) for each in study.samples(condition) if metric in each.figures]


def beside_pinned(study: Study, condition: str, metric: str) -> PinnedRatio | None:
    """The ratio of the condition's cost to that of the pinned workload beside it; ``None`` without one, or with too few rounds."""
    pinned = study.condition(condition).beside
    if not pinned or not study.pinned:
        return None
    rounds = [each.samples for each in study.replicates if condition in each.samples and pinned in each.samples]
    if len(rounds) < FEWEST:
        return None
    own, fixed = ([cost(each[name].figures[metric], metric) for each in rounds] for name in (condition, pinned))
    ratio, error = undisturbed_ratio(own, fixed)
    return PinnedRatio(study.pinned, ratio, error, len(rounds))


def figure_of(study: Study, condition: str, metric: str) -> Figure | None:
    """The figure that history judges; ``None`` when nothing was measured."""
    seconds = seconds_of(study, condition, metric)
    if not seconds:
        return None
    beside = beside_pinned(study, condition, metric)
    driver = str(study.facts.get(condition, {}).get("driver") or "")
    if beside is None:
        return Figure(statistics.median(seconds), samples=len(seconds), driver=driver)
    return Figure(statistics.median(seconds), beside.pinned, beside.ratio, beside.error, len(seconds), driver)
