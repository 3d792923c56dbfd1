"""The table of the morning's page: a line for each machine, a column for each benchmark, the worst machines first; and what does not fit.

What a cell says is ``morning``'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autogauge.gate.judged import NO_BASELINE
from autogauge.gate.judgement import percent
from autogauge.history import reporting
from autogauge.history.records import VERDICTS
from autogauge.history.reporting import span_in_words
from autogauge.report.pages import morning
from autogauge.report.pages.addresses import Addresses
from autogauge.report.pages.morning import Cell, Morning, Row

MOST_CELLS, MOST_COLUMNS, MOST_LINES = 8000, 100, 2000
"""Cells of the table: machines times benchmarks, the worst machines first. Machines after that have a line without benchmarks; and no line
after so many. Of more benchmarks than there are columns the worst are shown, and those of most machines."""
NO_NAME = "no machine's name"
NO_RUN, NONE_READABLE = "no run passes the filters", "no run can be read"
MARKS = {
    morning.FAILS: "✖",
    morning.WORSE: "▲",
    morning.OPEN: "◇",
    morning.UNKNOWN: "?",
    morning.QUIET: "◷",
    morning.PERHAPS: "~",
    morning.BETTER: "▼",
    morning.FINE: "",
}
KINDS = {
    morning.FAILS: "fail",
    morning.WORSE: "worse",
    morning.OPEN: "open",
    morning.UNKNOWN: "open",
    morning.QUIET: "quiet",
    morning.PERHAPS: "perhaps",
    morning.BETTER: "better",
    morning.FINE: "fine",
}


@dataclass(frozen=True)
class MorningTable:
    """``rows`` have a cell for each of ``benchmarks``, machines of ``bare`` a line alone; so many benchmarks and machines are not shown."""

    benchmarks: Sequence[str]
    rows: Sequence[dict[str, Any]]
    bare: Sequence[dict[str, Any]]
    columns_left: int
    lines_left: int


def of(found: Morning, addresses: Addresses) -> MorningTable:
    """The table of that morning."""
    benchmarks = _columns(found)
    most = max(1, MOST_CELLS // max(1, len(benchmarks)))
    rows, bare = found.rows[:most], found.rows[most:MOST_LINES]
    return MorningTable(
        benchmarks,
        [_row(each, benchmarks, addresses) for each in rows],
        [_row(each, (), addresses) for each in bare],
        len(found.benchmarks) - len(benchmarks),
        len(found.rows) - len(rows) - len(bare),
    )


def _columns(found: Morning) -> list[str]:
    """The benchmarks that have a column, in the order of their names."""
    worst: dict[str, int] = {}
    machines: Counter[str] = Counter()
    for row in found.rows:
        for name, cell in row.cells.items():
            worst[name] = min(cell.rank, worst.get(name, cell.rank))
            machines[name] += 1
    return sorted(sorted(worst, key=lambda name: (worst[name], -machines[name], name))[:MOST_COLUMNS])


def _row(row: Row, benchmarks: Sequence[str], addresses: Addresses) -> dict[str, Any]:
    """A line of the table."""
    words = [cell.verdict for cell in row.cells.values() if not cell.is_rejected]
    worst = next((word for word in VERDICTS if word in words), "")
    age = row.reporting.age_s
    late = row.reporting.is_late or row.reporting.last is None
    state = f"{row.reporting.state}, " if late else ""
    notes = ["clock ahead"] if row.reporting.hiding else []
    notes += ["not readable: newer"] if row.reporting.newer else []
    return {
        "machine": row.machine or NO_NAME,
        "to": addresses.machine(row.machine),
        "worst": worst,
        "unjudged": _unjudged(row),
        "age": f"{state}{'no date' if age is None else span_in_words(age)}",
        "late": late,
        "notes": ", ".join(notes),
        "none": "" if row.cells else NO_RUN if len(row.reporting.unreadable) < row.reporting.runs else NONE_READABLE,
        "tags": " ".join(sorted(row.tags)),
        "cells": [_cell(row.cells.get(name), addresses) for name in benchmarks],
    }


def _unjudged(row: Row) -> str:
    """How many benchmarks of a line nothing judged, beside the worst verdict of the others; empty for none."""
    count = sum(cell.unjudged is not None for cell in row.cells.values())
    if rejected := sum(cell.is_rejected for cell in row.cells.values()):
        return "rejected by a person" if rejected == len(row.cells) else f"{rejected} rejected by a person"
    if not count or all(cell.verdict == NO_BASELINE for cell in row.cells.values()):
        return ""  # the verdict says so itself
    return "not judged" if count == len(row.cells) else f"{count} not judged"


def _cell(cell: Cell | None, addresses: Addresses) -> dict[str, Any] | None:
    if cell is None:
        return None
    since, change = "", "–" if cell.change is None else percent(cell.change)
    if cell.since:
        day = cell.since.since.when
        since = f"since run {cell.since.since.number}" + (f", {day.day} {day:%b}" if day else "")
        change = percent(cell.since.ratio)
    if cell.state in (reporting.STALE, reporting.SILENT) and not cell.machine_is_late:
        since = since or f"{cell.state}"
    return {
        "to": addresses.trend(cell.trend.identity.machine, cell.place),
        "kind": KINDS[cell.rank],
        "mark": MARKS[cell.rank],
        "text": change,
        "since": since,
        "said": cell.said(),
        "tags": " ".join(cell.tags),
        "order": f"{cell.rank}.{1_000_000 - min(999_999, int(1000 * cell.size)):07d}",
    }
