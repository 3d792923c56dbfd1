"""Saved runs as rows of a database: each run with its benchmarks, and a digest of all of it, by which a change is seen."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from autogauge.files import utf8
from autogauge.history.export.database_tables import BENCHMARK_COLUMNS, RUN_COLUMNS
from autogauge.history.indexed import IndexedRun, Series, labels_of
from autogauge.history.select import Selection
from autogauge.measuring.quantity import MEMORY, quantity_of

Row = tuple[Any, ...]


@dataclass(frozen=True)
class RunRows:
    """A run: its row as ``RUN_COLUMNS`` says, and those of its benchmarks as ``BENCHMARK_COLUMNS`` says, without the run's id."""

    run: Row
    benchmarks: tuple[Row, ...]

    @property
    def key(self) -> tuple[str, str]:
        """What makes it that run: the name of its folder, and that of its file."""
        return self.run[0], self.run[1]

    @property
    def content(self) -> str:
        """Equal for equal rows."""
        return str(self.run[2])


def rows_of(whole: Selection, chosen: Collection[IndexedRun]) -> Iterator[RunRows]:
    """The chosen of these runs, each with all of its benchmarks."""
    wanted = {(run.path.parent, run.id): run.openvino for run in chosen}
    benchmarks: dict[tuple[Any, int], list[Row]] = {key: [] for key in wanted}
    for each in whole.figures():
        for place, run_id in enumerate(each.runs.tolist()):
            if (each.folder, run_id) in wanted:
                benchmarks[each.folder, run_id].append(_benchmark(each, place, wanted[each.folder, run_id]))
    for run in whole.runs:
        key = (run.path.parent, run.id)
        if key in wanted:
            own = tuple(sorted(benchmarks[key], key=lambda row: str(row[0])))
            yield RunRows(_run(run, own), own)


def folder_of(run: IndexedRun) -> str:
    """What the database calls the folder of a run: its name."""
    return text(run.path.resolve().parent.name)


def text(value: str) -> str:
    """As a database keeps it: without halves of characters and NUL, which PostgreSQL takes in no text."""
    return utf8(value).decode().replace("\0", "\ufffd")


def _run(run: IndexedRun, benchmarks: Sequence[Row]) -> Row:
    row = (
        run.number,
        run.when.isoformat() if run.when else None,
        *(run.machine, run.openvino, run.model, run.digest, run.precision, run.weights, run.profile, run.accelerator),
        *(run.fingerprint, run.standing, run.why),
    )
    cells = [text(each) if isinstance(each, str) else each for each in row]
    said = json.dumps([RUN_COLUMNS, cells, BENCHMARK_COLUMNS, benchmarks])
    return folder_of(run), text(run.path.name), hashlib.sha256(said.encode()).hexdigest()[:32], *cells


def _benchmark(series: Series, place: int, openvino: str) -> Row:
    labels = {text(key): text(value) for key, value in labels_of(series).items()}
    median = float(series.seconds[place])
    ratio, error = (float(each[place]) for each in (series.ratios, series.errors))
    return (
        text(series.key),
        text(series.metric),
        json.dumps(labels, sort_keys=True, ensure_ascii=False),
        labels.get("device", ""),
        labels.get("hint", ""),
        text(series.releases[place] or openvino),
        series.standings[place],
        series.verdicts[place],
        *((None, median) if quantity_of(series.metric) is MEMORY else (median, None)),
        int(series.samples[place]),
        text(series.pinned[place]),
        *(None if math.isnan(each) else each for each in (ratio, error)),
    )
