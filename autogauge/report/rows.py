"""The figures of results by target and labels, for whoever draws tables of them: whatever metrics and latencies a result has."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from autogauge.measuring.condition import Condition
from autogauge.measuring.metric import Metric
from autogauge.measuring.result import AS_TABLE, Result
from autogauge.stats.percentiles import percentiles

HINT = "hint"


@dataclass
class Row:
    """One condition of a study. ``figures`` are medians by metric, of so many ``samples``; what rests on too few samples is ``None``.

    A figure that the condition's process gave once, such as the first inference of a warm one, has one sample.
    """

    study: str
    target: str
    labels: dict[str, str]
    figures: dict[str, float] = field(default_factory=dict)
    samples: dict[str, int] = field(default_factory=dict)
    p50_ms: float | None = None
    p90_ms: float | None = None
    p99_ms: float | None = None
    latencies: int = 0
    infer_requests: int | None = None
    execution_devices: tuple[str, ...] = ()
    failed: int = 0

    @property
    def hint(self) -> str | None:
        """The performance hint, if one was asked for."""
        return self.labels.get(HINT)

    def to_json(self) -> dict[str, Any]:
        """The fields as a dictionary, and the hint."""
        return {**asdict(self), "hint": self.hint}


@dataclass(frozen=True)
class Rows:
    """Rows that share a table: its ``metrics``, and the ``keys`` of the labels that get a column."""

    metrics: tuple[Metric, ...]
    keys: tuple[str, ...]
    rows: tuple[Row, ...]


def tables(results: Iterable[Result]) -> list[Rows]:
    """A table for all results that share a metric, in the order of the results; no two rows are called the same."""
    groups: list[list[Result]] = []
    for result in results:
        if result.shown != AS_TABLE:
            continue
        names = _known(result)
        joins = [each for each in groups if any(names & _known(other) for other in each)]
        if not names and groups:
            joins = groups[:1]
        together = [other for group in joins for other in group]
        groups = [each for each in groups if each not in joins] + [[*together, result]]
    places = [[(result, condition) for result in group for condition in result.conditions] for group in groups]
    found = [[_row(result, condition) for result, condition in group] for group in places]
    every = [row for rows in found for row in rows]
    _tell_apart(every, [condition.name for group in places for _, condition in group])
    _tell_apart(every, [result.name for group in places for result, _ in group])
    return [_rows(group, rows) for group, rows in zip(groups, found, strict=True)]


def _known(result: Result) -> set[str]:
    """The metrics that it declares or records, measured or not."""
    return {*(each.name for each in result.metrics), *result.recorded.values()}


def _rows(group: Sequence[Result], rows: Sequence[Row]) -> Rows:
    metrics = {each.name: each for result in group for each in shown_metrics(result)}
    named = {key for result in group for each in result.conditions for key in (HINT, *each.own_labels)}
    keys = dict.fromkeys(key for row in rows for key in row.labels if key in named)
    return Rows(tuple(metrics.values()), tuple(keys), tuple(rows))


def shown_metrics(result: Result) -> list[Metric]:
    """What a table shows of a result: what is recorded, and what its processes told once; no sum of latencies that are there themselves."""
    recorded = {*result.recorded.values()}
    once = {name for facts in result.facts.values() for name, value in facts.items() if _is_number(value)}
    has_latencies = any(len(result.latencies_ms(each.name)) for each in result.conditions)
    known = {each.name for each in result.metrics}
    others = [result.metric(name) for name in result.recorded.values() if name not in known]
    return [
        each
        for each in (*result.metrics, *others)
        if each.name in recorded | once and not (each.of_latencies and has_latencies)
    ]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _tell_apart(found: Sequence[Row], names: Sequence[str]) -> None:
    """Add its name to each row that is called as another one is, where their names differ."""
    called: dict[tuple[str, str | None], list[int]] = {}
    for index, row in enumerate(found):
        called.setdefault((row.target, row.hint), []).append(index)
    for same in called.values():
        if len({names[index] for index in same}) > 1:
            for index in same:
                found[index].target += f" ({names[index]})"


def _row(result: Result, condition: Condition) -> Row:
    name = condition.name
    facts = result.facts.get(name, {})
    row = Row(
        result.name,
        condition.title or condition.target.device or "AUTO (by default)",
        condition.labels,
        infer_requests=facts.get("infer_requests"),
        execution_devices=tuple(sorted(result.devices_that_answered(name))),
        failed=len(result.failures(name)),
    )
    for metric in shown_metrics(result):
        figures = result.figures(name, metric.name)
        if figures:
            row.figures[metric.name], row.samples[metric.name] = statistics.median(figures), len(figures)
        elif _is_number(facts.get(metric.name)) and result.samples(name):
            row.figures[metric.name], row.samples[metric.name] = facts[metric.name], 1
    latencies = result.latencies_ms(name)
    row.latencies = len(latencies)
    if len(latencies):
        found = percentiles(latencies)
        row.p50_ms, row.p90_ms, row.p99_ms = found["p50"], found["p90"], found["p99"]
    return row
