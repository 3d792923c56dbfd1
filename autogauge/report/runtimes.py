"""The table of runtimes, on a terminal and as Markdown. What is in it is found by ``runtimes.table``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from autogauge.plain import counted
from autogauge.report.markdown import text
from autogauge.report.tables import Column, Fitted
from autogauge.runtimes.table import Row

WORKS, FAILS, UNTRIED = "works", "no", "not tried"
_COLUMNS = (
    Column("release", 100, 12, longest=300),
    Column("Python", 50),
    Column("runs on", 70),
    Column("state", 90),
    Column("reports", 40),
    Column("MB", 30, right=True),
    Column("why", 80, 24, longest=1000),
)
_NEVER_EMPTY = 85
"""Columns of this rank are shown though nothing is in them."""


def table(rows: Sequence[Row]) -> Fitted:
    """The rows as they are, for a terminal."""
    cells = [_cells(each) for each in rows]
    kept = [
        place
        for place, column in enumerate(_COLUMNS)
        if column.rank > _NEVER_EMPTY or any(each[place] for each in cells)
    ]
    shown = Fitted([_COLUMNS[place] for place in kept])
    for each in cells:
        shown.add_row(*(each[place] for place in kept))
    return shown


def summary(rows: Sequence[Row]) -> str:
    """How many of each."""
    counts = Counter(map(_state, rows))
    said = [f"{counts[state]} {words[counts[state] == 1]}" for state, words in _WORDS.items() if counts[state]]
    return f"{counted(len(rows), 'runtime')}: {', '.join(said) or 'none'}"


_WORDS = {
    WORKS: ("work", "works"),
    FAILS: ("do not work", "does not work"),
    UNTRIED: ("not tried (--try)", "not tried (--try)"),
}


def markdown(rows: Sequence[Row]) -> str:
    """The same as a table in Markdown, with its end."""
    rule = tuple("---:" if each.right else "---" for each in _COLUMNS)
    lines: list[tuple[str, ...]] = [tuple(each.title for each in _COLUMNS), rule]
    lines += [tuple(map(text, _cells(each))) for each in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _state(row: Row) -> str:
    return UNTRIED if row.works is None else WORKS if row.works else FAILS


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.name,
        _in_short(row.pythons),
        row.python,
        _state(row) + (", cached" if row.cached and row.works is None else ""),
        row.openvino.partition("-")[0],
        "" if row.mb is None else str(row.mb),
        "" if row.works is None else row.why,
    )


def _in_short(pythons: Sequence[str]) -> str:
    """``3.9 to 3.11``: they follow each other."""
    return " to ".join(dict.fromkeys((*pythons[:1], *pythons[-1:])))
