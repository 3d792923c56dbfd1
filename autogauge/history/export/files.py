"""Saved runs as a file, by its ending: CSV, Parquet (with pyarrow), or metrics for node_exporter (``metrics``).

A text in a CSV that a spreadsheet would take for a formula begins with an apostrophe.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from autogauge import checkout
from autogauge.errors import UserError, explain_os_error
from autogauge.files import utf8, write_for_a_user
from autogauge.history.export import metrics
from autogauge.history.export.table import Table, table_of
from autogauge.history.select import Selection

_FORMULAS = tuple("=+-@\t\r\n＝＋－＠")
"""What a cell begins with that a spreadsheet takes for a formula, or skips to find one; the last four as Japanese keyboards write them."""
PARQUET_NEEDS = f"Parquet needs pyarrow: {checkout.install('export')}, or name a file that ends in .csv."


class Written(NamedTuple):
    """What was written: how many, in words (``41 rows``), and which labels were too many for columns."""

    what: str
    left_out: tuple[str, ...] = ()


def export(selection: Selection, path: Path) -> Written:
    """Write the runs' benchmarks to ``path``, by its ending ``.csv``, ``.parquet`` or ``.prom``, whole or not at all.

    Raises :class:`UserError` for another ending, a file that cannot be written, or pyarrow missing.
    """
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise UserError(
            f"{path} ends in neither .csv nor .parquet nor .prom: name a file that does, or a database (postgresql://…)."
        )
    content, exported = writer(selection)
    try:
        write_for_a_user(path, content)
    except OSError as error:
        raise explain_os_error(error, f"cannot write {path}", "FILE") from error
    return exported


def _as_table(write: Callable[[Table], bytes]) -> Callable[[Selection], tuple[bytes, Written]]:
    def written(selection: Selection) -> tuple[bytes, Written]:
        table = table_of(selection)
        return write(table), Written(f"{len(table.rows)} rows", table.left_out)

    return written


def _metrics(selection: Selection) -> tuple[bytes, Written]:
    content, series = metrics.text(selection)
    return content, Written(f"{series} benchmarks")


def _csv(table: Table) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(_as_text(name) for name in table.columns)
    writer.writerows([_as_text(cell) for cell in row] for row in table.rows)
    return utf8(stream.getvalue())


def _as_text(cell: Any) -> Any:
    """A text that a spreadsheet would calculate (``=…``) with an apostrophe before it, which says that it is text."""
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip(" ")[:1] in _FORMULAS else cell


def _parquet(table: Table) -> bytes:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise UserError(PARQUET_NEEDS) from None
    types = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64()}
    schema = pyarrow.schema([(name, types[kind]) for name, kind in table.columns.items()])
    cells = list(zip(*table.rows, strict=True)) if table.rows else [()] * len(table.columns)
    arrays = [pyarrow.array(column, type=field.type) for column, field in zip(cells, schema, strict=True)]
    stream = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_arrays(arrays, schema=schema), stream)
    return stream.getvalue()


_WRITERS = {".csv": _as_table(_csv), ".parquet": _as_table(_parquet), ".prom": _metrics}
