"""Saved runs as one flat table: a row for each benchmark of each run, a column for each label. Writing it is left to ``files``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autogauge.files import utf8
from autogauge.history.export.flat import figures_of
from autogauge.history.indexed import Series
from autogauge.history.labels import FIRST, OPENVINO, in_order
from autogauge.history.select import Selection
from autogauge.history.where import LABEL

COLUMNS: dict[str, type] = {
    "file": str,
    "number": int,
    "measured": str,
    "machine": str,
    "openvino": str,
    "model": str,
    "digest": str,
    "precision": str,
    "weights": str,
    "profile": str,
    "accelerator": str,
    "fingerprint": str,
    "standing": str,
    "benchmark": str,
    "metric": str,
    "device": str,
    "hint": str,
    "median_s": float,
    "median_mib": float,
    "samples": int,
    "pinned": str,
    "ratio_to_pinned": float,
    "ratio_error": float,
    "gate": str,
    "measured_as": str,
}
"""Columns and their types; the other labels follow. ``measured`` is UTC in ISO 8601, ``digest`` that of the model, ``measured_as`` what the
machine called itself: another name than ``machine`` where its runs were given one (``push --as``).

Memory has a ``median_mib`` in the place of ``median_s``. ``standing`` and ``openvino`` are those of the benchmark, ``ratio_error`` is the
standard error of the ratio's logarithm; a gap is empty."""
MOST_LABELS = 100
"""Columns of labels at most: those that most benchmarks have."""
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Table:
    """Columns with their types, and the rows in their order; ``None`` is a gap. ``left_out`` are labels that were too many for columns."""

    columns: Mapping[str, type]
    rows: Sequence[Row]
    left_out: tuple[str, ...]


def table_of(selection: Selection) -> Table:
    """The benchmarks of these runs."""
    figures = selection.figures()
    labels, left_out = _labels(figures)
    return Table(_columns(labels), tuple(_rows(selection, figures, labels)), tuple(left_out))


def _labels(figures: Sequence[Series]) -> tuple[list[str], list[str]]:
    """The labels that have a column of their own in the order of tables, and those that are left out."""
    counts = Counter(key for each in figures for key in each.labels if key not in (*FIRST, OPENVINO))
    chosen = [key for key, _ in counts.most_common(MOST_LABELS)]
    return in_order(chosen), in_order(counts.keys() - {*chosen})


def _columns(labels: Sequence[str]) -> dict[str, type]:
    """All columns; a label that is called like another column is ``label.NAME``."""
    columns = dict(COLUMNS)
    for key in labels:
        name = key
        while name.casefold() in {each.casefold() for each in columns}:  # many a database tells no cases apart
            name = f"{LABEL}{name}"
        columns[name] = str
    return columns


def _rows(selection: Selection, figures: Iterable[Series], labels: Sequence[str]) -> Iterator[Row]:
    """A row for each benchmark of each run, as ``COLUMNS`` says, then these labels; ``None`` for what there is none of."""
    for each in figures_of(selection, figures):
        run = each.run
        device, hint, *more = (each.labels.get(key, "") for key in (*FIRST, *labels))
        yield (
            utf8(str(run.path)).decode(),
            run.number,
            run.when.isoformat() if run.when else None,
            *(run.machine, each.openvino),
            *(run.model, run.digest, run.precision, run.weights, run.profile, run.accelerator, run.fingerprint),
            *(each.standing, each.benchmark, each.metric, device, hint, *each.medians, each.samples),
            *(each.pinned, each.ratio, each.error, each.verdict, run.measured_as),
            *more,
        )
