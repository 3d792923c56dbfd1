"""What every study has on a run's page: the table, bars, distributions, replicates in order, every metric. Whatever a result is of.

What only one study can draw is the study's (``studies``).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from autogauge.measuring.drawing import NONE, Block, Table, bars_id, median_and_range, number, slug
from autogauge.measuring.metric import Metric
from autogauge.measuring.result import Result
from autogauge.report.rows import Rows
from autogauge.stats.intervals import median_interval

QUANTILES = 200


def figures_table(found: Sequence[Rows]) -> Iterable[Block]:
    """The notebook's table, one for all studies that share a metric."""
    for place, each in enumerate(found):
        metrics = [metric for metric in each.metrics if any(metric.name in row.figures for row in each.rows)]
        has_latencies = any(row.latencies for row in each.rows)
        columns = ["target", *each.keys, "ran on"]
        first = len(columns)
        for metric in metrics:
            columns += [metric.heading, "processes"] if metric.per_process else [metric.heading]
        columns += [*(["p50 ms", "p90 ms", "p99 ms"] if has_latencies else []), "requests"]
        cells = []
        for row in each.rows:
            cell = [row.target, *(row.labels.get(key) or NONE for key in each.keys)]
            cell.append(", ".join(row.execution_devices) or NONE)
            for metric in metrics:
                known = metric.name in row.figures
                cell.append(number(metric.written(row.figures[metric.name]) if known else None))
                cell += [str(row.samples[metric.name]) if known else NONE] if metric.per_process else []
            cell += [number(value) for value in (row.p50_ms, row.p90_ms, row.p99_ms)] if has_latencies else []
            cells.append((*cell, str(row.infer_requests or NONE)))
        meanings = [f"{metric.means}." for metric in metrics if metric.means]
        percentiles = ["Percentiles are of single requests, and a dash stands where there were too few."]
        median = "Each figure is the median over so many processes, or over the rounds of warm ones."
        how = " ".join([median, *meanings, *(percentiles if has_latencies else [])])
        names = ", ".join(dict.fromkeys(row.study for row in each.rows))
        title, anchor = ("The figures", "figures") if not place else (f"The figures: {names}", f"figures-{place + 1}")
        yield Block(anchor, title, how, Table(columns, cells, frozenset(range(first, len(columns)))))


def bars(result: Result) -> Iterable[Block]:
    """The notebook's bars, with intervals: a chart for each metric that is recorded."""
    keys = [key for key in _keys(result) if key != "device"] or ["condition"]
    for name in result.recorded.values():
        metric = result.metric(name)
        rows = [row for each in result.conditions if (row := _bar(result, each.name, metric))]
        if not rows:
            continue
        better = "Longer is better." if metric.higher_is_better else "Shorter is better."
        turns, pairs = ("fresh processes", "block by block") if metric.per_process else ("slices", "round by round")
        turns, pairs = ("warm processes", "process by process") if metric.of_process else (turns, pairs)
        how = (
            f"{better} Each bar is the median over {turns} measured by turns; its whisker is the 95 % interval of that median. "
            f"Whiskers of two bars may overlap although they differ: the verdicts above compare them {pairs}."
        )
        cells = [
            (row["label"], *(number(row[each]) for each in ("value", "low", "high")), str(row["count"])) for row in rows
        ]
        unit = metric.written_unit or metric.title
        columns = ("condition", unit, "95 % from", "to", f"{metric.sample}{'es' if metric.per_process else 's'}")
        title = f"{metric.title[:1].upper()}{metric.title[1:]} by {' and '.join(keys)}"
        shown = metric.written_unit if metric.title in metric.heading else metric.title
        axis = f"{metric.title}, {shown}" if shown and shown != metric.title else metric.title
        yield Block(
            bars_id(result, metric), title, how, Table.of(columns, cells), {"kind": "bars", "unit": axis, "rows": rows}
        )


def _keys(result: Result) -> list[str]:
    """The labels in which conditions differ."""
    labels = [each.labels for each in result.conditions]
    keys = dict.fromkeys(key for each in labels for key in each)
    return [key for key in keys if len({each.get(key) for each in labels}) > 1]


def _bar(result: Result, name: str, metric: Metric) -> dict[str, Any] | None:
    values = [metric.written(each) for each in result.figures(name, metric.name)]
    if not values:
        return None
    low, high = median_interval(values)
    return {"label": name, "value": statistics.median(values), "low": low, "high": high, "count": len(values)}


def distributions(result: Result) -> Iterable[Block]:
    """How the requests' latencies are distributed, for each condition that has any."""
    curves, cells = [], []
    for condition in result.conditions:
        values = result.latencies_ms(condition.name)
        if not len(values):
            continue
        shares = np.linspace(0, 1, QUANTILES + 1)
        quantiles = np.quantile(values, shares).astype(float)
        name = condition.name
        curves.append({"name": name, "x": np.round(quantiles, 4).tolist(), "y": np.round(100 * shares, 2).tolist()})
        spread = (number(float(np.quantile(values, each))) for each in (0, 0.5, 0.9, 1))
        cells.append((name, str(len(values)), *spread))
    if not curves:
        return
    how = (
        "How many of the requests (in percent, upwards) were answered within so many milliseconds (to the right, "
        "logarithmic). A steep line is "
        "a steady latency; a long way to the right at the top are a few slow requests."
    )
    table = Table.of(("condition", "requests", "fastest ms", "median ms", "90 % within ms", "slowest ms"), cells)
    chart = {"kind": "curves", "unit": "ms", "curves": curves}
    yield Block(f"distributions-{slug(result.name)}", f"Latency distributions: {result.name}", how, table, chart)


def in_order(result: Result) -> Iterable[Block]:
    """Every replicate in the order measured, with the turns that were disturbed and measured again: of the first recorded metric."""
    seen = {name for each in result.all_turns() for name in each.figures}
    name = next((each for each in result.recorded.values() if each in seen), None)
    name = name or next((each.name for each in result.metrics if each.name in seen), None)
    if name is None:
        return
    metric = result.metric(name)
    series, cells = [], []
    for each in result.conditions:
        kept, again = _points(result, each.name, metric, "samples"), _points(result, each.name, metric, "disturbed")
        if not kept:
            continue
        x, values = [x for x, _ in kept], [y for _, y in kept]
        series.append({"name": each.name, "x": x, "y": values, "disturbed": again})
        spread = (number(value) for value in (min(values), statistics.median(values), max(values)))
        disturbed = result.disturbed(each.name) + result.still_disturbed(each.name)
        counts = (str(disturbed), str(len(result.failures(each.name))))
        cells.append((each.name, str(len(kept)), *spread, *counts, *_surroundings(result, each.name)))
    if not series:
        return
    how = (
        f"Each point is one replicate's {metric.title}, from left to right in the order measured; what was measured in the "
        "same replicate stands one above the other. Hollow crosses are turns that other processes disturbed: they were measured again at "
        "once, and count for nothing but this picture. The table counts all disturbed turns, also those that were kept: at most a "
        "quarter is repeated."
    )
    lowest, highest = (f"{word} {metric.written_unit}".strip() for word in ("lowest", "highest"))
    counted = ("disturbed", "failed", "waited %", "others' load %", "steal %")
    columns = ("condition", "replicates", lowest, "median", highest, *counted)
    yield Block(
        f"order-{slug(result.name)}",
        f"Replicates in the order measured: {result.name}",
        how,
        Table.of(columns, cells),
        {"kind": "order", "unit": f"{metric.title}, {metric.written_unit}".rstrip(", "), "series": series},
    )


def _points(result: Result, name: str, metric: Metric, kind: str) -> list[tuple[int, float]]:
    """Number of the replicate (from 1) and figure, in the order measured; ``kind`` is ``samples`` or ``disturbed``."""
    turns = ((each.index + 1, getattr(each, kind).get(name)) for each in result.replicates)
    found = [(x, turn.figures[metric.name]) for x, turn in turns if turn and metric.name in turn.figures]
    return [(x, metric.written(figure)) for x, figure in found if math.isfinite(figure)]


def _surroundings(result: Result, name: str) -> tuple[str, str, str]:
    """Of the measuring time: waited for a processor, other processes' processor time, stolen; in percent, summed over the turns."""
    every = [each.surroundings for each in result.samples(name)]
    wall_s = math.fsum(each.get("wall_s") or 0.0 for each in every)

    def share(key: str) -> str:
        known = [value for each in every if (value := each.get(key)) is not None]
        return number(100 * math.fsum(known) / wall_s, 3) if wall_s and known else NONE

    return share("waited_s"), share("others_cpu_s"), share("steal_s")


def every_metric(result: Result) -> Iterable[Block]:
    """A line for each metric that some sample has, and a column for each condition."""
    names = [each.name for each in result.conditions]
    cells = []
    for metric in result.metrics_with_figures():
        unit = metric.written_unit
        values = [[metric.written(each) for each in result.figures(name, metric.name)] for name in names]
        cells.append((f"{metric.title}, {unit}" if unit else metric.title, *map(median_and_range, values)))
    if not cells:
        return
    outcomes = [result.outcomes(name) for name in names]
    cells.insert(0, ("outcome (samples)", *outcomes))
    told = f" ({result.caption})" if result.caption else ""
    how = f"The median over the samples, and in brackets the lowest and the highest{told}."
    yield Block(
        f"metrics-{slug(result.name)}", f"Every metric: {result.name}", how, Table.of(("figure", *names), cells)
    )
