"""The hand-over drawn: each inference a point. Measuring it is left to ``hand_over``; its figures as a table come by themselves."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from autogauge.measuring.drawing import NONE, Block, Table, number, slug, titled
from autogauge.measuring.result import Array, Result
from autogauge.studies.hand_over.timeline import ACCELERATOR, HELPER, TRANSITION

MOST_POINTS = 4000
"""Points of one chart; of more, the slowest and fastest of each stretch of time are drawn, which looks the same."""
LABELS = {HELPER: "CPU helper", TRANSITION: "in transition", ACCELERATOR: "accelerator"}
MARKS = {
    "compile_s": "compile_model returned",
    "fil_s": "first inference",
    "helper_released_s": "helper released (log)",
    "hand_over_s": "hand-over",
}
Arrays = Mapping[str, Array]


def blocks(result: Result) -> Iterable[Block]:
    """Of each condition the first process: each inference a point, and who answered as a table."""
    for condition in result.conditions:
        name = condition.name
        sample = next(iter(result.samples(name)), None)
        arrays = sample.arrays if sample else {}
        shapes = {values.shape for key, values in arrays.items() if key in ("start_s", "latency_s", "label")}
        if sample is None or not {"start_s", "latency_s", "label"} <= arrays.keys() or len(shapes) > 1:
            continue
        marks: list[dict[str, Any]] = [
            {"at": sample.figures[key], "label": label} for key, label in MARKS.items() if key in sample.figures
        ]
        groups, drawn, total = _points(arrays)
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
            f"The hand-over of {titled(result, condition)}",
            how,
            Table.of(("who answered", "inferences", "median ms", "fastest ms", "slowest ms", "s after the call"), rows),
            {"kind": "timeline", "groups": groups, "marks": marks},
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
