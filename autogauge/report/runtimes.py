"""The table of runtimes, on a terminal and as Markdown. What is in it is found by ``runtimes.table``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from autogauge.report.markdown import text
from autogauge.report.tables import Column, Fitted
from autogauge.runtimes.table import Row

WORKS, FAILS, UNTRIED = "works", "no", "not tried"
_TITLES = ("release", "Python", "runs on", "state", "reports", "MB", "why")


def table(rows: Sequence[Row]) -> Fitted:
    """The rows as they are, for a terminal."""
    shown = Fitted(
        (
            Column(_TITLES[0], 100, 12, longest=300),
            Column(_TITLES[1], 50),
            Column(_TITLES[2], 70),
            Column(_TITLES[3], 90),
            Column(_TITLES[4], 40),
            Column(_TITLES[5], 30, right=True),
            Column(_TITLES[6], 80, 24, longest=1000),
        )
    )
    for each in rows:
        shown.add_row(*_cells(each))
    return shown


def summary(rows: Sequence[Row]) -> str:
    """How many of each."""
    counts = Counter(map(_state, rows))
    said = [f"{counts[state]} {words[counts[state] == 1]}" for state, words in _WORDS.items() if counts[state]]
    return f"{len(rows)} {'runtime' if len(rows) == 1 else 'runtimes'}: {', '.join(said) or 'none'}"


_WORDS = {
    WORKS: ("work", "works"),
    FAILS: ("do not work", "does not work"),
    UNTRIED: ("not tried (--try)", "not tried (--try)"),
}


def markdown(rows: Sequence[Row]) -> str:
    """The same as a table in Markdown, with its end."""
    lines: list[tuple[str, ...]] = [_TITLES, ("---", "---", "---", "---", "---", "---:", "---")]
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
