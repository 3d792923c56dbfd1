"""From a study to the figure that history judges: seconds, and the ratio to the pinned workload from the same rounds."""

from __future__ import annotations

import math
import statistics
from statistics import NormalDist

from autogauge.gate.past import Figure
from autogauge.gate.side_by_side import HIGHER_IS_BETTER, cost_of
from autogauge.history.records import ReferenceRatio
from autogauge.stats.intervals import paired_ratio
from autogauge.studies.study import Study

CONFIDENCE = 0.95
SCALES = {"fps": 1.0, "latency_ms": 1e-3, "fil_s": 1.0, "hand_over_s": 1.0}
"""From the metrics that are recorded to seconds; of ``fps`` the inverse is."""


def seconds_of(study: Study, condition: str, metric: str) -> list[float]:
    """The condition's samples in seconds, in the order measured; for ``fps`` seconds per frame."""
    found = [sample.figures[metric] * SCALES[metric] for sample in study.samples(condition) if metric in sample.figures]
    return [1 / each for each in found] if metric in HIGHER_IS_BETTER else found


def beside_pinned(study: Study, condition: str, metric: str) -> ReferenceRatio | None:
    """The ratio of the condition's cost to that of the pinned workload beside it; ``None`` without one, or with too few pairs."""
    pinned = study.condition(condition).beside
    if not pinned or not study.pinned:
        return None
    pairs = [
        (each.samples[condition].figures[metric], each.samples[pinned].figures[metric])
        for each in study.replicates
        if condition in each.samples and pinned in each.samples
    ]
    if not pairs:
        return None
    numerators, denominators = zip(*pairs, strict=True)
    interval = cost_of(paired_ratio(numerators, denominators, CONFIDENCE, neighbours=True), metric)
    if interval is None or not 0 < interval.low <= interval.high < math.inf:
        return None
    width = math.log(interval.high / interval.low)
    return ReferenceRatio(
        study.pinned, interval.ratio, width / (2 * NormalDist().inv_cdf((1 + CONFIDENCE) / 2)), len(pairs)
    )


def figure_of(study: Study, condition: str, metric: str) -> Figure | None:
    """The figure that history judges; ``None`` when nothing was measured."""
    seconds = seconds_of(study, condition, metric)
    if not seconds:
        return None
    beside = beside_pinned(study, condition, metric)
    if beside is None:
        return Figure(statistics.median(seconds))
    return Figure(statistics.median(seconds), beside.reference, beside.ratio, beside.error)
