"""The parts of a page: each a title, a sentence on how to read it, a chart in terms of what it shows, and the numbers as a table.

A study may draw parts of its own of its result. How a kind of chart is drawn is the business of the pages' ``charts.js``; nothing here
knows Plotly.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from autogauge.measuring.condition import Condition
from autogauge.measuring.metric import Metric
from autogauge.measuring.result import Result

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
    """One part of a page. ``chart`` names its ``kind`` and holds its data as JSON; ``None`` for a table alone.

    ``printed`` is whether its table stands on the terminal too.
    """

    id: str
    title: str
    how: str
    table: Table
    chart: Mapping[str, Any] | None = None
    printed: bool = False


def number(value: float | None, digits: int = 4) -> str:
    """A number with so many digits that matter; a dash for none."""
    if value is None:
        return NONE
    text = f"{value:.{digits}g}"
    return f"{value:.0f}" if "e+" in text else text


def median_and_range(values: Sequence[float]) -> str:
    """The median, and in brackets the lowest and the highest."""
    if not values:
        return NONE
    middle = number(statistics.median(values), 3)
    return middle if min(values) == max(values) else f"{middle} ({number(min(values), 3)}–{number(max(values), 3)})"


def titled(result: Result, condition: Condition) -> str:
    """What tables call a condition: its title, with its name where another one of the study has that title."""
    title = condition.title or condition.name
    same = sum((each.title or each.name) == title for each in result.conditions)
    return title if same == 1 else f"{title} ({condition.name})"


def slug(name: str) -> str:
    """A name that can be part of an id."""
    return "".join(each if each.isascii() and each.isalnum() else "-" for each in name.lower())


def bars_id(result: Result, metric: Metric) -> str:
    """The id of a metric's bars: a study's own part that takes it stands in their place."""
    return slug(f"{result.name}-{metric.name}")
