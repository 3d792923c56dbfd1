"""The studies on a run's page: the notebook's table and bars, first inferences by phase, distributions, replicates in order."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from autogauge.report.pages.blocks import NONE, Block, Table, number
from autogauge.report.pages.samples import Arrays, Fields, figures, median_ms, metrics_of, ordered, slug, titled
from autogauge.stats.intervals import median_interval

QUANTILES = 200
PHASES = {
    "import_s": "importing openvino",
    "core_s": "creating the Core",
    "read_s": "reading the model",
    "compile_s": "compiling",
    "first_inference_s": "first inference",
}
FIGURES = {"fps": ("frames per second", "FPS", 1.0), "fil_s": ("first inference latency", "ms", 1e3)}


def figures_table(rows: Sequence[Fields]) -> Block:
    """The notebook's table: frames per second and latency for each target and hint."""
    table = Table(
        ("target", "hint", "ran on", "FIL ms", "processes", "FPS", "p50 ms", "p90 ms", "p99 ms", "requests"),
        [
            (
                row["target"],
                row["hint"] or NONE,
                ", ".join(row["execution_devices"]) or NONE,
                number(None if row["fil_s"] is None else row["fil_s"] * 1e3),
                str(row["fil_samples"]),
                *(number(row[name]) for name in ("fps", "p50_ms", "p90_ms", "p99_ms")),
                str(row["infer_requests"] or NONE),
            )
            for row in rows
        ],
        frozenset(range(3, 10)),
    )
    how = (
        "FIL is the first inference latency: from the call of compile_model to the first result, the median over so "
        "many fresh processes (a "
        "hint's row has the one compile of its warm process). FPS is the median over slices; percentiles are of "
        "single requests, and a dash where "
        "there were too few."
    )
    return Block("figures", "The figures", how, table)


def hints(study: Fields) -> Iterable[Block]:
    """The notebook's two bar charts, with intervals."""
    for metric, title, unit, better in (
        ("fps", "Throughput by hint", "frames per second", "Longer is better."),
        ("latency_ms", "Latency by hint", "mean latency of a request, ms", "Shorter is better."),
    ):
        rows = [row for each in study["conditions"] if (row := _bar(study, each, metric))]
        if rows:
            how = (
                f"{better} Each bar is the median over slices measured by turns; its whisker is the 95 % interval of "
                f"that median. Whiskers of two "
                "bars may overlap although they differ: the verdicts above compare them round by round."
            )
            cells = [
                (row["label"], *(number(row[name]) for name in ("value", "low", "high")), str(row["count"]))
                for row in rows
            ]
            yield Block(
                f"hints-{metric.partition('_')[0]}",
                title,
                how,
                Table.of(("condition", unit, "95 % from", "to", "slices"), cells),
                {"kind": "bars", "unit": unit, "rows": rows},
            )


def _bar(study: Fields, condition: Fields, metric: str) -> dict[str, Any] | None:
    values = figures(study, condition["name"], metric)
    if not values:
        return None
    low, high = median_interval(values)
    return {
        "label": condition["name"],
        "value": statistics.median(values),
        "low": low,
        "high": high,
        "count": len(values),
    }


def first_inference(study: Fields) -> Block:
    """FIL split by phase, per target."""
    rows, cells = [], []
    for condition in study["conditions"]:
        name = condition["name"]
        parts = {title: median_ms(study, name, metric) for metric, title in PHASES.items()}
        fil = median_ms(study, name, "fil_s")
        if fil is not None:
            rows.append(
                {"label": titled(study, condition), "parts": {title: part or 0.0 for title, part in parts.items()}}
            )
            count = len(figures(study, name, "fil_s"))
            cells.append(
                (titled(study, condition), *(number(part) for part in parts.values()), number(fil), str(count))
            )
    how = (
        "Each bar is a fresh process from its start to its first result, split by what it did; medians over the "
        "processes. The first inference "
        "latency is compiling and first inference together, the two last parts; the others are paid by any "
        "process and judged by none."
    )
    return Block(
        f"fil-{slug(study['name'])}",
        f"{study['name'].capitalize()}, by phase",
        how,
        Table.of(("target", *(f"{title} ms" for title in PHASES.values()), "FIL ms", "processes"), cells),
        {"kind": "stack", "unit": "ms", "parts": list(PHASES.values()), "rows": rows},
    )


def distributions(latencies: Arrays, studies: Mapping[str, Fields]) -> Block | None:
    """How the requests' latencies are distributed, for each hint."""
    curves, cells = [], []
    for name, values in latencies.items():
        study, _, condition = name.partition("/")
        if study != "hints" or study not in studies or not len(values):
            continue
        shares = np.linspace(0, 1, QUANTILES + 1)
        quantiles = np.quantile(values, shares).astype(float)
        curves.append(
            {"name": condition, "x": np.round(quantiles, 4).tolist(), "y": np.round(100 * shares, 2).tolist()}
        )
        cells.append(
            (condition, str(len(values)), *(number(float(np.quantile(values, each))) for each in (0, 0.5, 0.9, 1)))
        )
    if not curves:
        return None
    how = (
        "How many of the requests (in percent, upwards) were answered within so many milliseconds (to the right, "
        "logarithmic). A steep line is "
        "a steady latency; a long way to the right at the top are a few slow requests."
    )
    table = Table.of(("condition", "requests", "fastest ms", "median ms", "90 % within ms", "slowest ms"), cells)
    return Block(
        "distributions", "Latency distributions", how, table, {"kind": "curves", "unit": "ms", "curves": curves}
    )


def in_order(study: Fields) -> Iterable[Block]:
    """Every replicate in the order measured, with the turns that were disturbed and measured again."""
    metric = next((each for each in FIGURES if each in metrics_of(study)), None)
    if metric is None or study["name"] == "hand-over":
        return
    title, unit, factor = FIGURES[metric]
    series, cells = [], []
    for condition in study["conditions"]:
        name = condition["name"]
        kept = ordered(study, name, metric, "samples", factor)
        again = ordered(study, name, metric, "disturbed", factor)
        failed = sum(name in each["failures"] for each in study["replicates"])
        disturbed = len(again) + sum(name in each.get("still_disturbed", ()) for each in study["replicates"])
        if kept:
            series.append({"name": name, "x": [x for x, _ in kept], "y": [y for _, y in kept], "disturbed": again})
            values = [y for _, y in kept]
            spread = (number(each) for each in (min(values), statistics.median(values), max(values)))
            cells.append((name, str(len(kept)), *spread, str(disturbed), str(failed), *_surroundings(study, name)))
    if not series:
        return
    how = (
        f"Each point is one replicate's {title}, from left to right in the order measured; what was measured in the "
        f"same replicate stands one above "
        "the other. Hollow crosses are turns that other processes disturbed: they were measured again at once, and "
        "count for nothing but this picture. The table counts all disturbed turns, also those that were kept: at most a "
        "quarter is repeated."
    )
    columns = (
        "condition",
        "replicates",
        f"lowest {unit}",
        "median",
        "highest",
        "disturbed",
        "failed",
        "waited %",
        "others' load %",
        "steal %",
    )
    yield Block(
        f"order-{slug(study['name'])}",
        f"Replicates in the order measured: {study['name']}",
        how,
        Table.of(columns, cells),
        {"kind": "order", "unit": f"{title}, {unit}", "series": series},
    )


def _surroundings(study: Fields, name: str) -> tuple[str, str, str]:
    """Of the measuring time: waited for a processor, other processes' processor time, stolen; in percent, summed over the turns."""
    every = [each["samples"][name]["surroundings"] for each in study["replicates"] if name in each["samples"]]
    wall_s = math.fsum(each.get("wall_s") or 0.0 for each in every)

    def share(key: str) -> str:
        known = [each[key] for each in every if each.get(key) is not None]
        return number(100 * math.fsum(known) / wall_s, 3) if wall_s and known else NONE

    return share("waited_s"), share("others_cpu_s"), share("steal_s")
