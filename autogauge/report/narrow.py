"""A table where there is room for it; where there is none, its rows as lines, with every figure beside its title."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

ENOUGH = 80
"""Columns from which on a table is drawn where what cannot be folded has room: what is too long is folded there."""


class Fitting:
    """The table, or its rows as lines: ``rows`` holds text by title, and of the first ``named`` titles a row's name is made.

    A cell that says ``nothing`` is left out of the lines. ``needed`` are the columns without which figures would be cut.
    """

    def __init__(
        self, table: Table, rows: Sequence[Mapping[str, str]], *, named: int, nothing: str, needed: int = 0
    ) -> None:
        self._table, self._rows, self._named, self._nothing, self._needed = table, rows, named, nothing, needed

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width
        least = Measurement.get(console, options.update(width=ENOUGH), self._table).minimum
        if width >= self._needed and (width >= ENOUGH or least <= width):
            yield self._table
            return
        yield Text()
        for row in self._rows:
            cells = [(title, text) for title, text in row.items() if text != self._nothing]
            name = " ".join(text for title, text in cells if title in [*row][: self._named])
            figures = "; ".join(f"{title} {text}" for title, text in cells if title not in [*row][: self._named])
            yield Text(f"{name}: {figures}", overflow="fold")
        yield Text()
