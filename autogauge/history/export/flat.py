"""The benchmarks of saved runs one by one, as every export tells them. How each writes them is left to it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from autogauge.history.indexed import IndexedRun, Series, labels_of
from autogauge.history.labels import Labels
from autogauge.history.select import Selection
from autogauge.measuring.quantity import MEMORY, quantity_of


class Figure(NamedTuple):
    """A benchmark in one run: its median in seconds, or of memory in MiB (``is_memory``).

    ``labels`` have what goes without saying; ``openvino`` and ``standing`` are the benchmark's own, ``verdict`` is the gate's word.
    ``ratio`` is the one to the pinned workload ``pinned`` and ``error`` the standard error of its logarithm: ``None`` where there is none.
    """

    run: IndexedRun
    benchmark: str
    metric: str
    labels: Labels
    openvino: str
    standing: str
    verdict: str
    median: float
    is_memory: bool
    samples: int
    pinned: str
    ratio: float | None
    error: float | None

    @property
    def medians(self) -> tuple[float | None, float | None]:
        """In seconds and in MiB; one of the two is ``None``."""
        return (None, self.median) if self.is_memory else (self.median, None)


def figures_of(selection: Selection, figures: Iterable[Series] | None = None) -> Iterator[Figure]:
    """Every benchmark of every run, benchmark by benchmark; ``figures`` are the selection's, where they were asked for already."""
    runs = {(run.path.parent, run.id): run for run in selection.runs}
    for each in selection.figures() if figures is None else figures:
        labels, is_memory = labels_of(each), quantity_of(each.metric) is MEMORY
        columns = (each.runs, each.seconds, each.samples, each.ratios, each.errors)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        for place, (run_id, median, samples, ratio, error) in enumerate(rows):
            run = runs[each.folder, run_id]
            yield Figure(
                run,
                each.key,
                each.metric,
                labels,
                each.releases[place] or run.openvino,
                each.standings[place],
                each.verdicts[place],
                median,
                is_memory,
                samples,
                each.pinned[place],
                _or_none(ratio),
                _or_none(error),
            )


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
