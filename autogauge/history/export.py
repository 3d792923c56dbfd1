"""Saved runs as one flat table for other tools, a row for each benchmark of each run: CSV, or Parquet with pyarrow.

A text in a CSV that a spreadsheet would take for a formula begins with an apostrophe. Which runs is left to ``select``.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autogauge.errors import UserError, explain_os_error
from autogauge.files import utf8, write_for_a_user
from autogauge.history.select import Selection

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
    "samples": int,
    "pinned": str,
    "ratio_to_pinned": float,
    "ratio_error": float,
    "gate": str,
}
"""Columns and their types. ``measured`` is UTC in ISO 8601, ``digest`` that of the model, ``standing`` that of the benchmark.

``ratio_error`` is the standard error of the ratio's logarithm; a gap is empty."""
_FORMULAS = tuple("=+-@\t\r\n＝＋－＠")
"""What a cell begins with that a spreadsheet takes for a formula, or skips to find one; the last four as Japanese keyboards write them."""
PARQUET_NEEDS = "Parquet needs pyarrow: pip install -r requirements-export.txt, or name a file that ends in .csv."


def export(selection: Selection, path: Path) -> int:
    """Write the runs' benchmarks to ``path``, by its ending ``.csv`` or ``.parquet``, whole or not at all; returns the number of rows.

    Raises :class:`UserError` for another ending, a file that cannot be written, or pyarrow missing.
    """
    writers = {".csv": _csv, ".parquet": _parquet}
    writer = writers.get(path.suffix.lower())
    if writer is None:
        raise UserError(f"{path} ends in neither .csv nor .parquet: name a file that does.")
    rows = list(table(selection))
    content = writer(rows)
    try:
        write_for_a_user(path, content)
    except OSError as error:
        raise explain_os_error(error, f"cannot write {path}", "FILE") from error
    return len(rows)


def table(selection: Selection) -> Iterator[tuple[Any, ...]]:
    """A row for each benchmark of each run, as ``COLUMNS`` says; ``None`` for what there is none of."""
    runs = {(run.path.parent, run.id): run for run in selection.runs}
    for figures in selection.figures():
        columns = (figures.runs, figures.seconds, figures.samples, figures.ratios, figures.errors)
        for place, (run_id, seconds, samples, ratio, error) in enumerate(
            zip(*(each.tolist() for each in columns), strict=True)
        ):
            run = runs[figures.folder, run_id]
            yield (
                utf8(str(run.path)).decode(),
                run.number,
                run.when.isoformat() if run.when else None,
                *(
                    run.machine,
                    run.openvino,
                    run.model,
                    run.digest,
                    run.precision,
                    run.weights,
                    run.profile,
                    run.accelerator,
                ),
                *(run.fingerprint, figures.standings[place], figures.key, figures.metric, figures.device, figures.hint),
                *(
                    seconds,
                    samples,
                    figures.pinned[place],
                    _or_none(ratio),
                    _or_none(error),
                    figures.verdicts[place],
                ),
            )


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value


def _csv(rows: list[tuple[Any, ...]]) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(COLUMNS)
    writer.writerows([_as_text(cell) for cell in row] for row in rows)
    return utf8(stream.getvalue())


def _as_text(cell: Any) -> Any:
    """A text that a spreadsheet would calculate (``=…``) with an apostrophe before it, which says that it is text."""
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip(" ")[:1] in _FORMULAS else cell


def _parquet(rows: list[tuple[Any, ...]]) -> bytes:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise UserError(PARQUET_NEEDS) from None
    types = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64()}
    schema = pyarrow.schema([(name, types[kind]) for name, kind in COLUMNS.items()])
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(COLUMNS)
    arrays = [pyarrow.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)]
    stream = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_arrays(arrays, schema=schema), stream)
    return stream.getvalue()
