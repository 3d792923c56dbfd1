"""The figures of a run by target and hint, for whoever draws a table of them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from autogauge.measuring.condition import Condition
from autogauge.measuring.result import Result
from autogauge.rig.fresh import FIL
from autogauge.rig.warm import FPS
from autogauge.run import Run
from autogauge.stats.percentiles import percentiles
from autogauge.studies import cached_start, hand_over


@dataclass
class Row:
    """One target and hint. Figures that were not measured, or rest on too few samples, are ``None``."""

    target: str
    hint: str | None
    fil_s: float | None = None
    fil_samples: int = 0
    fps: float | None = None
    p50_ms: float | None = None
    p90_ms: float | None = None
    p99_ms: float | None = None
    latencies: int = 0
    infer_requests: int | None = None
    execution_devices: tuple[str, ...] = ()
    failed: int = 0

    def to_json(self) -> dict[str, Any]:
        """The fields as a dictionary."""
        return asdict(self)


def rows(run: Run) -> list[Row]:
    """A row for each condition of each study, in the order of the studies; no two of them are called the same."""
    places = [
        (study, condition)
        for study in run.studies
        if study.name != hand_over.NAME  # a timeline of its own
        for condition in study.conditions
    ]
    found = [_row(study, condition) for study, condition in places]
    _tell_apart(found, [condition.name for _, condition in places])
    _tell_apart(found, [study.name for study, _ in places])
    return found


def _tell_apart(found: Sequence[Row], names: Sequence[str]) -> None:
    """Add its name to each row that is called as another one is, where their names differ."""
    called: dict[tuple[str, str | None], list[int]] = {}
    for index, row in enumerate(found):
        called.setdefault((row.target, row.hint), []).append(index)
    for same in called.values():
        if len({names[index] for index in same}) > 1:
            for index in same:
                found[index].target += f" ({names[index]})"


def _row(study: Result, condition: Condition) -> Row:
    name, target = condition.name, condition.target
    facts = study.facts.get(name, {})
    title = condition.title or target.device or "AUTO (by default)"
    row = Row(f"{title}, cached" if study.name == cached_start.NAME else title, target.hint)
    row.infer_requests = facts.get("infer_requests")
    row.execution_devices = tuple(sorted(study.devices_that_answered(name)))
    row.failed = len(study.failures(name))
    samples = study.samples(name)
    if not samples:
        return row
    if fils := study.figures(name, FIL.name):
        row.fil_s, row.fil_samples = statistics.median(fils), len(fils)
    elif facts.get(FIL.name) is not None:
        row.fil_s, row.fil_samples = facts[FIL.name], 1
    if rates := study.figures(name, FPS.name):
        row.fps = statistics.median(rates)
    latencies = study.latencies_ms(name)
    row.latencies = len(latencies)
    if len(latencies):
        found = percentiles(latencies)
        row.p50_ms, row.p90_ms, row.p99_ms = found["p50"], found["p90"], found["p99"]
    return row
