"""``summary.json`` and the arrays beside it: a run as other programs read it, made from what its file holds."""

from __future__ import annotations

from typing import Any

from autogauge.history.recorded import Recorded
from autogauge.measuring import saving
from autogauge.measuring.reading import jsonable
from autogauge.measuring.result import Array
from autogauge.report.rows import tables

SCHEMA_VERSION = 2
"""2: ``studies`` hold columns, as run files do; ``table`` holds figures by metric."""
LATENCIES, TIMELINES = "latencies.npz", "timelines.npz"


def summarize(run: Recorded) -> dict[str, Any]:
    """Everything about a run as JSON. Times are seconds, latencies milliseconds, moments UTC in ISO 8601."""
    return {
        "schema_version": SCHEMA_VERSION,
        "autogauge": run.version,
        "interrupted": bool(run.interrupted_by),
        "interrupted_by": run.interrupted_by or None,
        "started": run.started or None,
        "finished": run.finished or None,
        "openvino": run.openvino,
        "openvino_from": list(run.openvino_from),
        "profile": run.profile,
        "accelerator": run.accelerator,
        "emulated_gpu": run.emulated_gpu,
        "options": dict(run.options),
        "fingerprint": run.fingerprint,
        "noted": dict(run.noted),
        "changed_while_measuring": list(run.changes),
        "disturbance": run.disturbance,
        "model": run.model,
        "inputs": list(run.inputs),
        "frames": run.frames,
        "notes": [*run.notes, *run.lacks],
        "absent": dict(run.absent),
        "findings": [dict(each) for each in run.findings],
        "devices": [device.to_json() for device in run.devices],
        "verdicts": [dict(each) for each in run.verdicts],
        "table": jsonable(
            [row.to_json() for each in tables(run.results) for row in each.rows]
        ),  # two huge figures have no median
        "gate": run.gate,
        "studies": [saving.to_json(each) for each in run.results],
        "studies_again": [saving.to_json(each) for each in run.results_again],
        "history_file": str(run.path) if run.path else None,
        "latencies_file": LATENCIES,
        "timelines_file": TIMELINES if timelines_of(run) else None,
    }


def latencies_of(run: Recorded) -> dict[str, Array]:
    """Every request's latency in milliseconds, float32, one array a condition, named after it."""
    return {
        f"{result.name}/{condition.name}": latencies
        for result in run.results
        for condition in result.conditions
        if len(latencies := result.latencies_ms(condition.name))
    }


def timelines_of(run: Recorded) -> dict[str, Array]:
    """The samples' own arrays, named after study, condition, number and what they are: a timeline, say."""
    return {
        f"{result.name}/{condition.name}/{number}/{name}": values
        for result in run.results
        for condition in result.conditions
        for number, sample in enumerate(result.samples(condition.name))
        for name, values in sample.arrays.items()
    }
