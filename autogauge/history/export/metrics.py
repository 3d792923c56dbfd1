"""The newest figure of each benchmark on each machine as a text file for node_exporter's textfile collector, and so for Prometheus.

The text is OpenMetrics, and Prometheus' older format too: node_exporter, whose parser knows only that, skips ``# UNIT`` and ``# EOF`` as
comments. For its sake everything is a gauge, and no sample has a time stamp: when a run was measured is a metric of its own.
https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md, https://prometheus.io/docs/practices/naming/
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from autogauge.files import utf8
from autogauge.history import reporting
from autogauge.history.export.flat import Figure, figures_of
from autogauge.history.indexed import labels_of
from autogauge.history.labels import OPENVINO, Labels, in_order
from autogauge.history.select import Selection
from autogauge.measuring.quantity import MIB

OWN = ("machine", "model", "digest", "emulated", "benchmark", "metric")
"""Labels of every benchmark; its own labels follow. What is empty is left out: to Prometheus that is the same."""
DIGITS = 16
"""Of a model's digest: enough to tell models apart."""
OF_A_RUN = ("run", "openvino", "profile", "weights", "fingerprint")
NAMES = (
    "The value is in this metric's unit, also where the labels benchmark and metric end in another one: "
    "these are the names that autogauge has for them everywhere."
)
PREFIX = "label_"
"""Before the name of a benchmark's label that is called like another one."""


@dataclass(frozen=True)
class Family:
    """A metric: what it is, and its samples (labels and value)."""

    name: str
    unit: str
    says: str
    samples: list[tuple[Labels, float]] = field(default_factory=list)

    def lines(self) -> Iterable[str]:
        """Its lines of text."""
        name = f"autogauge_{self.name}"
        yield f"# TYPE {name} gauge"
        if self.unit:
            yield f"# UNIT {name} {self.unit}"
        yield f"# HELP {name} {_escaped(self.says)}"
        for labels, value in self.samples:
            within = ",".join(f'{key}="{_escaped(each)}"' for key, each in labels.items() if each)
            yield f"{name}{{{within}}} {value!r}"


@dataclass(frozen=True)
class _Newest:
    """The newest figure of one benchmark of one model on one machine."""

    order: tuple[Any, ...]
    figure: Figure
    labels: Labels


def text(selection: Selection, now: datetime.datetime | None = None) -> tuple[bytes, int]:
    """The newest figures of these runs as text, and of how many benchmarks. A run from the future is the newest where there is no other."""
    now = now or datetime.datetime.now(datetime.timezone.utc)
    newest = _newest(selection, now)
    families = [*_of_benchmarks(newest), *_of_machines(selection, now)]
    lines = [line for family in families for line in family.lines()]
    return utf8("\n".join([*lines, "# EOF", ""])), len(newest)


def _newest(selection: Selection, now: datetime.datetime) -> list[_Newest]:
    figures = selection.figures()
    names = label_names(key for each in figures for key in labels_of(each))
    latest = now + datetime.timedelta(seconds=reporting.AHEAD_S)
    found: dict[tuple[str, ...], _Newest] = {}
    for each in figures_of(selection, figures):
        run = each.run
        order = (run.when is not None and run.when <= latest, run.when.timestamp() if run.when else 0.0, run.number)
        key = (run.machine, run.model_and_precision, run.digest, run.emulated, each.benchmark, each.metric)
        if key not in found or found[key].order < order:
            found[key] = _Newest(order, each, _labels(each, names))
    told_apart: dict[tuple[str, ...], _Newest] = {}
    for one in sorted(found.values(), key=lambda each: each.order):
        told_apart[tuple(f"{key}={value}" for key, value in one.labels.items())] = one  # two of one name are refused
    return [told_apart[key] for key in sorted(told_apart)]


def label_names(keys: Iterable[str]) -> dict[str, str]:
    """Names that Prometheus takes, by the keys of labels: each its own, and none that a metric here has already."""
    taken = {*OWN, *OF_A_RUN, "standing", "verdict"}
    names: dict[str, str] = {}
    for key in in_order(keys):
        if key == OPENVINO:  # of a run, and it may differ from run to run
            continue
        name = re.sub(r"[^a-zA-Z0-9_]", "_", key)
        if name in taken or name[:1].isdigit() or name.startswith("__"):
            name = f"{PREFIX}{name}"
        while name in taken:
            name = f"{name}_"
        taken.add(name)
        names[key] = name
    return names


def _labels(figure: Figure, names: Mapping[str, str]) -> dict[str, str]:
    run = figure.run
    own = (run.machine, run.model_and_precision, run.digest[:DIGITS], run.emulated, figure.benchmark, figure.metric)
    more = {names[key]: value for key, value in figure.labels.items() if key in names}
    return {key: value for key, value in (*zip(OWN, own, strict=True), *more.items()) if value}


def _of_benchmarks(newest: Sequence[_Newest]) -> list[Family]:
    seconds = Family(
        "benchmark_seconds", "seconds", f"Median of the newest run; of frames per second, seconds a frame. {NAMES}"
    )
    size = Family("benchmark_bytes", "bytes", f"Median of the newest run, of memory. {NAMES}")
    ratio = Family(
        "benchmark_pinned_ratio", "ratio", "The newest run's figure over the pinned workload's, which has less noise."
    )
    measured = Family(
        "benchmark_measured_timestamp_seconds", "seconds", "When the newest run was measured (Unix time)."
    )
    stands = Family("benchmark_standing", "", "How the benchmark stands in its newest run (label standing); always 1.")
    said = Family(
        "benchmark_verdict", "", "What the gate said of it in its newest run (label verdict), if anything; always 1."
    )
    of_run = Family("benchmark_run_info", "", "Which run is the newest, and with what it was measured; always 1.")
    for one in newest:
        labels, each, run = one.labels, one.figure, one.figure.run
        (size if each.is_memory else seconds).samples.append((labels, each.median * (MIB if each.is_memory else 1)))
        if each.ratio is not None:
            ratio.samples.append((labels, each.ratio))
        if run.when:
            measured.samples.append((labels, run.when.timestamp()))
        stands.samples.append(({**labels, "standing": each.standing}, 1.0))
        if each.verdict:
            said.samples.append(({**labels, "verdict": each.verdict}, 1.0))
        more = (f"{run.number}", each.openvino, run.profile, run.weights, run.fingerprint)
        of_run.samples.append(({**labels, **dict(zip(OF_A_RUN, more, strict=True))}, 1.0))
    return [seconds, size, ratio, measured, stands, said, of_run]


def _of_machines(selection: Selection, now: datetime.datetime) -> list[Family]:
    last = Family(
        "machine_last_run_timestamp_seconds", "seconds", "When the machine measured last (Unix time), whatever it was."
    )
    unreadable = Family("machine_unreadable_runs", "", "Saved runs of the machine that cannot be read.")
    for each in reporting.machines(selection.heard_of, now).values():
        if each.last and each.last.when:
            last.samples.append(({"machine": each.machine}, each.last.when.timestamp()))
        unreadable.samples.append(({"machine": each.machine}, float(len(each.unreadable))))
    return [last, unreadable]


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
