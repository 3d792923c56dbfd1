"""The hand-over on a run's page: each inference a point, and its figures as a table. Measuring it is left to ``studies.hand_over``."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from autogauge.measuring.metric import Metric
from autogauge.report.hand_over import shown
from autogauge.report.pages.blocks import NONE, Block, Table, number
from autogauge.report.pages.samples import Arrays, Fields, figures, median_and_range, slug, titled
from autogauge.studies.timeline import ACCELERATOR, HELPER, TRANSITION

MOST_POINTS = 4000
"""Points of one chart; of more, the slowest and fastest of each stretch of time are drawn, which looks the same."""
LABELS = {HELPER: "CPU helper", TRANSITION: "in transition", ACCELERATOR: "accelerator"}


def hand_over(study: Fields, timelines: Arrays) -> Iterable[Block]:
    """The hand-over: each inference a point, its figures as a table."""
    names = [condition["name"] for condition in study["conditions"]]
    for condition in study["conditions"]:
        name = condition["name"]
        prefix = f"{study['name']}/{name}/0/"
        arrays = {each.removeprefix(prefix): values for each, values in timelines.items() if each.startswith(prefix)}
        if not arrays:
            continue
        first = next(each["samples"][name]["figures"] for each in study["replicates"] if name in each["samples"])
        marks = [
            {"at": first[metric], "label": label}
            for metric, label in (
                ("compile_s", "compile_model returned"),
                ("fil_s", "first inference"),
                ("helper_released_s", "helper released (log)"),
                ("hand_over_s", "hand-over"),
            )
            if metric in first
        ]
        groups, drawn, total = _points(arrays)
        title = titled(study, condition)
        how = (
            "Each point is one inference of one process: when it began after the call of compile_model, and how "
            "long it took (logarithmic). "
            "Colour and shape say who answered: the CPU helper, the accelerator, or in transition, when OpenVINO "
            "named different devices before "
            "and after it. The dashed lines are the phases."
        )
        if drawn < total:
            how += f" Of {total} inferences {drawn} are drawn: those in transition, and the extremes of each stretch of time."
        rows = [(LABELS[label], str(count), *_spread_ms(arrays, label)) for label, count in _counts(arrays)]
        rows += [(f"phase: {mark['label']}", NONE, NONE, NONE, NONE, number(mark["at"])) for mark in marks]
        yield Block(
            f"timeline-{slug(name)}",
            f"The hand-over of {title}",
            how,
            Table.of(("who answered", "inferences", "median ms", "fastest ms", "slowest ms", "s after the call"), rows),
            {"kind": "timeline", "groups": groups, "marks": marks},
        )
    cells = []
    for metric in map(Metric.from_json, study["metrics"]):
        unit, divisor = shown(metric)
        values = {name: [each / divisor for each in figures(study, name, metric.name)] for name in names}
        if any(values.values()):
            cells.append(
                (
                    f"{metric.title}, {unit}" if unit else metric.title,
                    *(median_and_range(values[name]) for name in names),
                )
            )
    yield Block(
        "hand-over-figures",
        "The hand-over in figures",
        "Median over the processes, and in brackets the lowest and the highest, for inferring synchronously and "
        "with a queue of requests.",
        Table.of(("figure", *names), cells),
    )


def _points(arrays: Arrays) -> tuple[list[dict[str, Any]], int, int]:
    starts, milliseconds, labels = arrays["start_s"], arrays["latency_s"] * 1e3, arrays["label"]
    groups, drawn = [], 0
    for label, name in LABELS.items():
        own = np.flatnonzero(labels == label)
        if label != TRANSITION:
            own = own[thinned(starts[own], milliseconds[own], MOST_POINTS // 2)]
        drawn += len(own)
        x, y = (np.round(values[own].astype(float), 5).tolist() for values in (starts, milliseconds))
        groups.append({"name": name, "x": x, "y": y})
    return groups, drawn, len(starts)


def thinned(x: npt.NDArray[Any], y: npt.NDArray[Any], most: int) -> npt.NDArray[np.intp]:
    """Which points to draw, at most so many: all, or of each of equally many stretches the lowest and the highest; in order.

    ``x`` rises; both have shape ``(points,)``.
    """
    if len(x) <= most:
        return np.arange(len(x))
    edges = np.linspace(0, len(x), most // 2 + 1).astype(int)
    kept = [
        begin + place
        for begin, end in itertools.pairwise(edges)
        for place in {int(np.argmin(y[begin:end])), int(np.argmax(y[begin:end]))}
    ]
    return np.array(sorted(kept), dtype=np.intp)


def _counts(arrays: Arrays) -> list[tuple[int, int]]:
    return [(label, count) for label in LABELS if (count := int((arrays["label"] == label).sum()))]


def _spread_ms(arrays: Arrays, label: int) -> tuple[str, str, str, str]:
    values = arrays["latency_s"][arrays["label"] == label] * 1e3
    return (number(float(np.median(values))), number(float(values.min())), number(float(values.max())), NONE)
