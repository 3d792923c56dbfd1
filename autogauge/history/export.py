"""Saved runs as one flat table for other tools, a row for each benchmark of each run: CSV, or Parquet with pyarrow.

Each label that occurs is a column. A text in a CSV that a spreadsheet would take for a formula begins with an apostrophe. Which runs is
left to ``select``.
"""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from autogauge.errors import UserError, explain_os_error
from autogauge.files import utf8, write_for_a_user
from autogauge.history.indexed import Series
from autogauge.history.labels import FIRST, OPENVINO, in_order
from autogauge.history.select import Selection
from autogauge.history.where import LABEL
from autogauge.measuring.quantity import MEMORY, quantity_of

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
}
"""Columns and their types; the other labels follow. ``measured`` is UTC in ISO 8601, ``digest`` that of the model.

Memory has a ``median_mib`` in the place of ``median_s``. ``standing`` and ``openvino`` are those of the benchmark, ``ratio_error`` is the
standard error of the ratio's logarithm; a gap is empty."""
MOST_LABELS = 100
"""Columns of labels at most: those that most benchmarks have."""
_FORMULAS = tuple("=+-@\t\r\n＝＋－＠")
"""What a cell begins with that a spreadsheet takes for a formula, or skips to find one; the last four as Japanese keyboards write them."""
PARQUET_NEEDS = "Parquet needs pyarrow: pip install -r requirements-export.txt, or name a file that ends in .csv."


class Exported(NamedTuple):
    """What was written: how many rows, and which labels were too many for columns."""

    rows: int
    left_out: tuple[str, ...]


def export(selection: Selection, path: Path) -> Exported:
    """Write the runs' benchmarks to ``path``, by its ending ``.csv`` or ``.parquet``, whole or not at all.

    Raises :class:`UserError` for another ending, a file that cannot be written, or pyarrow missing.
    """
    writers = {".csv": _csv, ".parquet": _parquet}
    writer = writers.get(path.suffix.lower())
    if writer is None:
        raise UserError(f"{path} ends in neither .csv nor .parquet: name a file that does.")
    figures = selection.figures()
    labels, left_out = _labels(figures)
    rows = list(_rows(selection, figures, labels))
    content = writer(_columns(labels), rows)
    try:
        write_for_a_user(path, content)
    except OSError as error:
        raise explain_os_error(error, f"cannot write {path}", "FILE") from error
    return Exported(len(rows), tuple(left_out))


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


def _rows(selection: Selection, figures: Iterable[Series], labels: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """A row for each benchmark of each run, as ``COLUMNS`` says, then these labels; ``None`` for what there is none of."""
    runs = {(run.path.parent, run.id): run for run in selection.runs}
    for each in figures:
        columns = (each.runs, each.seconds, each.samples, each.ratios, each.errors)
        is_memory = quantity_of(each.metric) is MEMORY
        device, hint, *more = (each.labels.get(key, "") for key in (*FIRST, *labels))
        for place, (run_id, seconds, samples, ratio, error) in enumerate(
            zip(*(column.tolist() for column in columns), strict=True)
        ):
            run = runs[each.folder, run_id]
            medians = (None, seconds) if is_memory else (seconds, None)
            yield (
                utf8(str(run.path)).decode(),
                run.number,
                run.when.isoformat() if run.when else None,
                *(run.machine, each.releases[place] or run.openvino),
                *(run.model, run.digest, run.precision, run.weights, run.profile, run.accelerator, run.fingerprint),
                *(each.standings[place], each.key, each.metric, device, hint, *medians, samples),
                *(each.pinned[place], _or_none(ratio), _or_none(error), each.verdicts[place]),
                *more,
            )


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value


def _csv(columns: Mapping[str, type], rows: list[tuple[Any, ...]]) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(_as_text(name) for name in columns)
    writer.writerows([_as_text(cell) for cell in row] for row in rows)
    return utf8(stream.getvalue())


def _as_text(cell: Any) -> Any:
    """A text that a spreadsheet would calculate (``=…``) with an apostrophe before it, which says that it is text."""
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip(" ")[:1] in _FORMULAS else cell


def _parquet(columns: Mapping[str, type], rows: list[tuple[Any, ...]]) -> bytes:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise UserError(PARQUET_NEEDS) from None
    types = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64()}
    schema = pyarrow.schema([(name, types[kind]) for name, kind in columns.items()])
    cells = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    arrays = [pyarrow.array(column, type=field.type) for column, field in zip(cells, schema, strict=True)]
    stream = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_arrays(arrays, schema=schema), stream)
    return stream.getvalue()
