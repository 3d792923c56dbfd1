"""First inferences drawn: each condition a bar, split by what its process did. Measuring them is left to the studies."""

from __future__ import annotations

import statistics
from collections.abc import Iterable

from autogauge.measuring.drawing import Block, Table, bars_id, number, titled
from autogauge.measuring.result import Result
from autogauge.rig.fresh import FIL, PHASES


def blocks(result: Result) -> Iterable[Block]:
    """FIL split by phase, in the place of its bars."""
    rows, cells = [], []
    for condition in result.conditions:
        name = condition.name
        fil = _median_ms(result, name, FIL.name)
        if fil is None:
            continue
        parts = {metric.title: _median_ms(result, name, metric.name) for metric in PHASES}
        called = titled(result, condition)
        rows.append({"label": called, "parts": {title: part or 0.0 for title, part in parts.items()}})
        count = str(len(result.figures(name, FIL.name)))
        cells.append((called, *(number(part) for part in parts.values()), number(fil), count))
    if not rows:
        return
    how = (
        "Each bar is a fresh process from its start to its first result, split by what it did; medians over the "
        "processes. The first inference "
        "latency is compiling and first inference together, the two last parts; the others are paid by any "
        "process and judged by none."
    )
    titles = [metric.title for metric in PHASES]
    yield Block(
        bars_id(result, FIL),
        f"{result.name.capitalize()}, by phase",
        how,
        Table.of(("target", *(f"{title} ms" for title in titles), "FIL ms", "processes"), cells),
        {"kind": "stack", "unit": "ms", "parts": titles, "rows": rows},
    )


def _median_ms(result: Result, name: str, metric: str) -> float | None:
    values = result.figures(name, metric)
    return statistics.median(values) * 1e3 if values else None
