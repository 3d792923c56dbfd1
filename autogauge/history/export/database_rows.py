"""Saved runs as rows of a database: each run with its benchmarks, and a digest of all of it, by which a change is seen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autogauge.files import utf8
from autogauge.history.export.database_tables import BENCHMARK_COLUMNS, RUN_COLUMNS
from autogauge.history.export.flat import Figure, figures_of
from autogauge.history.indexed import IndexedRun
from autogauge.history.select import Selection

Row = tuple[Any, ...]


@dataclass(frozen=True)
class RunRows:
    """A run: its row as ``RUN_COLUMNS`` says, and those of its benchmarks as ``BENCHMARK_COLUMNS`` says, without the run's id."""

    run: Row
    benchmarks: tuple[Row, ...]
    source: IndexedRun

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
    benchmarks: dict[Path, list[Row]] = {run.path: [] for run in chosen}
    for each in figures_of(whole):
        if each.run.path in benchmarks:
            benchmarks[each.run.path].append(_benchmark(each))
    for run in whole.runs:
        if run.path in benchmarks:
            own = tuple(sorted(benchmarks[run.path], key=lambda row: str(row[0])))
            yield RunRows(_run(run, own), own, run)


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
        *(
            run.machine,
            run.measured_as,
            run.openvino,
            run.model,
            run.digest,
            run.precision,
            run.weights,
            run.profile,
            run.accelerator,
        ),
        *(run.fingerprint, run.standing, run.why),
    )
    cells = [text(each) if isinstance(each, str) else each for each in row]
    said = json.dumps([RUN_COLUMNS, cells, BENCHMARK_COLUMNS, benchmarks])
    return folder_of(run), text(run.path.name), hashlib.sha256(said.encode()).hexdigest()[:32], *cells


def _benchmark(each: Figure) -> Row:
    labels = {text(key): text(value) for key, value in each.labels.items()}
    return (
        text(each.benchmark),
        text(each.metric),
        json.dumps(labels, sort_keys=True, ensure_ascii=False),
        labels.get("device", ""),
        labels.get("hint", ""),
        *(text(each.openvino), each.standing, each.verdict, *each.medians, each.samples, text(each.pinned)),
        *(each.ratio, each.error),
    )
