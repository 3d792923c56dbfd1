"""The parts of a page: each a title, a sentence on how to read it, a chart in terms of what it shows, and the numbers as a table.

How a kind of chart is drawn is the business of ``static/charts.js``; nothing here knows Plotly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

NONE = "–"


@dataclass(frozen=True)
class Table:
    """Numbers as text. ``numeric`` are the columns set to the right."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: frozenset[int] = field(default_factory=frozenset)

    @classmethod
    def of(cls, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
        """A table whose first column is text and the others numbers."""
        return cls(columns, rows, frozenset(range(1, len(columns))))


@dataclass(frozen=True)
class Block:
    """One part of a page. ``chart`` names its ``kind`` and holds its data as JSON; ``None`` for a table alone."""

    id: str
    title: str
    how: str
    table: Table
    chart: Mapping[str, Any] | None = None


def number(value: float | None, digits: int = 4) -> str:
    """A number with so many digits that matter; a dash for none."""
    if value is None:
        return NONE
    text = f"{value:.{digits}g}"
    return f"{value:.0f}" if "e+" in text else text
