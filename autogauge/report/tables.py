"""Tables that follow the terminal's width: without room titles are folded, then the least needed columns left out, which is said.

What is in a cell is left to the callers; names go through ``plain``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from autogauge.plain import LONGEST_NAME, plain

Cell = str | Text
MOST_LINES = 20
"""More words than any title has."""


@dataclass(frozen=True)
class Column:
    """A column. ``needs`` is the width below which it says nothing; ``None`` for what is never broken, such as a figure.

    Of two columns the one with the smaller ``rank`` is left out first, the last of all never. ``cut`` ends long cells in an ellipsis
    instead of folding them; ``longest`` is where a name's cell is cut in any case.
    """

    title: str
    rank: int
    needs: int | None = None
    right: bool = False
    cut: bool = False
    longest: int = LONGEST_NAME


@dataclass
class Fitted:
    """A table of these columns, drawn with as many of them as there is room for."""

    columns: Sequence[Column]
    rows: list[tuple[Cell, ...]] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    _measured: dict[int, int] = field(default_factory=dict)
    _lines: int = 1
    """In how many lines titles are folded at their blanks, for there is no room for all columns else."""

    def add_row(self, *cells: Cell) -> None:
        """Add a row; what is no ``Text`` yet is made plain."""
        self._measured.clear()
        self.rows.append(
            tuple(
                cell if isinstance(cell, Text) else _plain(cell, column.longest)
                for cell, column in zip(cells, self.columns, strict=True)
            )
        )

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        kept = self._kept(options.max_width)
        style = {"box": box.SIMPLE_HEAD, "pad_edge": False, "padding": (0, 1, 0, 0), **self.options}
        table = Table(**style)
        for place, width in zip(kept, self._widths(kept, options.max_width), strict=True):
            column = self.columns[place]
            overflow: Literal["ellipsis", "fold"] = "ellipsis" if column.cut else "fold"
            table.add_column(
                self._title(place),
                justify="right" if column.right else "left",
                no_wrap=column.needs is None or column.cut,
                overflow=overflow,
                width=width,
            )
        for row in self.rows:
            table.add_row(*(row[place] for place in kept))
        yield table
        left_out = [each.title for place, each in enumerate(self.columns) if place not in kept and each.title]
        if left_out:
            yield Text(f"(no room for: {', '.join(left_out)})", style="dim")

    def _kept(self, width: int) -> list[int]:
        """The places of the columns that fit."""
        kept = list(range(len(self.columns)))
        for self._lines in (1, 2, MOST_LINES):
            self._measured.clear()
            if sum(self._needed(place) for place in kept) <= self._room(kept, width):
                return kept
        while len(kept) > 1 and sum(self._needed(place) for place in kept) > self._room(kept, width):
            kept.remove(min(kept, key=lambda place: self.columns[place].rank))
        return kept

    def _title(self, place: int) -> str:
        title = self.columns[place].title
        return folded(title, self._lines) if self.columns[place].needs is None else title

    def _room(self, kept: Sequence[int], width: int) -> int:
        """What is left for cells beside what stands between them."""
        return width - len(kept) * (1 if self.options.get("box", box.SIMPLE_HEAD) is None else 2)

    def _widths(self, kept: Sequence[int], width: int) -> list[int]:
        """Of each column what it needs; what is left goes evenly to those that can use it."""
        room = max(1, self._room(kept, width))
        widths = [min(self._needed(place), room) for place in kept]
        longest = [self._longest(place) for place in kept]
        while sum(widths) < room and (growing := [at for at in range(len(kept)) if widths[at] < longest[at]]):
            for at in growing[: room - sum(widths)]:
                widths[at] += 1
        return widths

    def _needed(self, place: int) -> int:
        """The least width of a column: that of its longest cell, or what it needs where that is less."""
        needs = self.columns[place].needs
        return self._longest(place) if needs is None else min(self._longest(place), needs)

    def _longest(self, place: int) -> int:
        if place not in self._measured:
            cells = [row[place] for row in self.rows]
            lines = [line for cell in cells for line in (cell.plain if isinstance(cell, Text) else cell).split("\n")]
            self._measured[place] = max(1, *(cell_len(line) for line in [*lines, *self._title(place).split("\n")]))
        return self._measured[place]


def folded(title: str, lines: int) -> str:
    """A title in so many lines at most, as narrow as that can be: two read better than a word a line."""
    words = title.split(" ")
    if lines < 2 or len(words) <= lines:
        return title if lines < 2 else "\n".join(words)
    splits = ((" ".join(words[:at]), " ".join(words[at:])) for at in range(1, len(words)))
    return "\n".join(min(splits, key=lambda halves: max(map(cell_len, halves))))


def _plain(cell: str, longest: int) -> str:
    return "\n".join(plain(line, longest) for line in cell.split("\n")[:20])
