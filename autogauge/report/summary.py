"""``reports/latest``: ``summary.json``, the latencies, the page, and the probes' output; replaced as a whole by each run."""

from __future__ import annotations

import io
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from autogauge import __version__, folders
from autogauge.errors import UserError
from autogauge.files import in_short, write_bytes, write_json
from autogauge.measuring.result import Replicate, Result, Sample
from autogauge.report.pages import run_page
from autogauge.report.pages.render import ASSETS, put_script
from autogauge.report.rows import rows
from autogauge.run import Run

Array = npt.NDArray[Any]

SCHEMA_VERSION = 1
SUMMARY = "summary.json"
LATENCIES = "latencies.npz"
TIMELINES = "timelines.npz"
PROBES = "probes"
REPORT = folders.Kind(
    "the report of a run",
    SUMMARY,
    (b'"schema_version"', b'"autogauge"'),
    frozenset({SUMMARY, LATENCIES, TIMELINES, run_page.PAGE, PROBES}),
    "--reports=DIR",
    {PROBES: r"\d{4,}-.*\.(out|err)"},
)


def summarize(run: Run) -> dict[str, Any]:
    """Everything about a run as JSON. Times are seconds, latencies milliseconds, moments UTC in ISO 8601."""
    settings = run.settings
    return {
        "schema_version": SCHEMA_VERSION,
        "autogauge": __version__,
        "interrupted": run.interrupted,
        "interrupted_by": run.interrupted_by or None,
        "started": run.started.isoformat(),
        "finished": run.finished.isoformat() if run.finished else None,
        "openvino": run.openvino,
        "openvino_from": [in_short(each) for each in run.openvino_from],
        "profile": settings.profile.name,
        "accelerator": settings.accelerator,
        "emulated_gpu": {**run.emulated.to_json(), "words": run.emulated.describe()} if run.emulated else None,
        "options": settings.chosen(),
        "fingerprint": run.fingerprint.to_json() if run.fingerprint else None,
        "noted": dict(run.circumstances.noted),
        "changed_while_measuring": list(run.changes),
        "disturbance": run.disturbance().to_json(),
        "model": run.model.to_published_json() if run.model else None,
        "inputs": list(run.inputs),
        "frames": run.frames,
        "notes": run.all_notes(),
        "findings": [each.to_json() for each in run.findings()],
        "devices": [device.to_json() for device in run.devices],
        "verdicts": [verdict.to_json() for verdict in run.verdicts()],
        "table": [row.to_json() for row in rows(run)],
        "gate": run.gate.to_json() if run.gate else None,
        "studies": [_study(study) for study in run.studies],
        "studies_again": [_study(study) for study in run.gate.studies_again] if run.gate else [],
        "history_file": str(run.history_file) if run.history_file else None,
        "latencies_file": LATENCIES,
        "timelines_file": TIMELINES if _timelines(run) else None,
    }


def check_place(latest: Path) -> None:
    """Raise :class:`UserError` when a report could not be put there without a loss; to be asked before there is one."""
    folders.check(latest, REPORT)
    assets = latest.parent / ASSETS
    if os.path.lexists(assets) and not assets.is_dir():
        raise UserError(
            f"{assets} is to be the folder of the pages' script, and is none: move it away, or name another folder (--reports=DIR)."
        )


def save(run: Run, probe_logs: Path | None) -> Path:
    """Write the folder ``reports/latest`` beside the old one, then put it in the old one's place; returns ``summary.json``.

    Raises ``OSError``; the old folder is as it was in that case.
    """
    latest = run.settings.latest
    assets = latest.parent / ASSETS
    with folders.replaced(latest, REPORT) as staging:
        summary, latencies, timelines = summarize(run), _latencies(run), _timelines(run)
        write_json(staging / SUMMARY, summary)
        write_bytes(staging / LATENCIES, _compressed(latencies))
        if timelines:
            write_bytes(staging / TIMELINES, _compressed(timelines))
        page = run_page.page(summary, latencies, timelines, latest / run_page.PAGE, assets)
        write_bytes(staging / run_page.PAGE, page)
        put_script(assets)
        if probe_logs is not None and probe_logs.is_dir():
            shutil.copytree(probe_logs, staging / PROBES, copy_function=_link_or_copy)
            (staging / PROBES).chmod(staging.stat().st_mode)  # the temporary folder is for nobody else's eyes
    return latest / SUMMARY


def _link_or_copy(source: str, target: str) -> None:
    """The same file in two places where that can be: nobody writes to it any more."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy(source, target)


def _latencies(run: Run) -> dict[str, Array]:
    """Every request's latency in milliseconds, float32, one array a condition, named after it."""
    return {
        f"{study.name}/{condition.name}": latencies
        for study in run.studies
        for condition in study.conditions
        if len(latencies := study.latencies_ms(condition.name))
    }


def _timelines(run: Run) -> dict[str, Array]:
    """Every hand-over's inferences: arrays named after study, condition and number, see ``studies.timeline``."""
    return {
        f"{study.name}/{condition.name}/{number}/{name}": values
        for study in run.studies
        for condition in study.conditions
        for number, sample in enumerate(study.samples(condition.name))
        for name, values in sample.arrays.items()
    }


def _compressed(arrays: dict[str, Array]) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def _study(result: Result) -> dict[str, Any]:
    """Everything but the single latencies and the arrays."""
    return {
        "name": result.name,
        "state": result.state,
        "seed": result.seed,
        "seconds": result.seconds,
        "plan": result.plan.to_json(),
        "pinned": result.pinned or None,
        "at_least": result.at_least,
        "relay_rounds": result.relay_rounds,
        "change_plan": result.change_plan.to_json() if result.change_plan else None,
        "changes": [result.verdict(claim).to_json() for claim in result.changes],
        "metrics": [metric.to_json() for metric in result.metrics],
        "recorded": dict(result.recorded),
        "conditions": [condition.to_json() for condition in result.conditions],
        "facts": result.facts,
        "replicates": [_replicate(replicate) for replicate in result.replicates],
    }


def _replicate(replicate: Replicate) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if replicate.disturbed:
        more["disturbed"] = {name: _sample(sample) for name, sample in replicate.disturbed.items()}
    if replicate.still_disturbed:
        more["still_disturbed"] = sorted(replicate.still_disturbed)
    return {
        "index": replicate.index,
        "order": list(replicate.order),
        "samples": {name: _sample(sample) for name, sample in replicate.samples.items()},
        "failures": {name: failure.to_json() for name, failure in replicate.failures.items()},
        **more,
    }


def _sample(sample: Sample) -> dict[str, Any]:
    checks = {name: [check.holds, check.why] for name, check in sample.checks.items()}
    return {
        "figures": dict(sample.figures),
        "surroundings": dict(sample.surroundings),
        "execution_devices": list(sample.execution_devices),
        **({"checks": checks} if checks else {}),
    }
