"""``reports/latest/index.html``: one run in words, tables and charts, made from what its file holds, so that it can be made again.

Its generic parts are made by ``study_blocks``, what only one study can draw by that study; what a figure means is explained by the
sentence beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from autogauge import studies
from autogauge.history.recorded import Recorded
from autogauge.measuring.drawing import Block
from autogauge.measuring.result import AS_TABLE
from autogauge.report.pages.render import render
from autogauge.report.pages.study_blocks import bars, distributions, every_metric, figures_table, in_order
from autogauge.report.rows import tables
from autogauge.report.told import summarize
from autogauge.report.words import folded, in_words, judged_of, shown

PAGE = "index.html"
SESSIONS = "OpenVINO of the session, which may be none of those measured"
"""What that is called on pages of several."""
Fields = Mapping[str, Any]


def page(run: Recorded, where: Path, assets: Path) -> bytes:
    """The page of a run as HTML, to lie at ``where``."""
    summary = summarize(run)
    own, kept = folded(summary["verdicts"])
    return render(
        "run.html",
        where,
        assets,
        summary=summary,
        machine=run.machine or "an unnamed machine",
        gate=judged_of(run),
        words=in_words(run),
        verdicts=[(shown(each), each) for each in own],
        kept=kept,
        facts=facts(summary),
        blocks=list(blocks(run)),
    )


def facts(summary: Fields, openvino: str = "OpenVINO") -> list[tuple[str, str]]:
    """What was measured on what, by which options. ``openvino`` is what the session's own is called."""
    model, fingerprint = summary.get("model") or {}, summary.get("fingerprint") or {}
    noted = summary.get("noted") or {}
    found = [
        ("machine", fingerprint.get("machine")),
        ("system", _joined(" ", fingerprint.get("system"), fingerprint.get("architecture"))),
        (
            "processors, memory",
            _joined(", ", fingerprint.get("logical_cpus"), _with_unit(fingerprint.get("memory_gib"), "GiB")),
        ),
        ("quota of processors", fingerprint.get("processor_quota")),
        ("noted", ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in noted.items() if value is not None)),
        (openvino, summary.get("openvino")),
        ("model", _joined(" ", model.get("name"), model.get("precision"))),
        ("model's source and weights", _joined(", ", model.get("source"), model.get("weights"))),
        ("model's SHA-256", model.get("digest")),
        ("inputs", "; ".join(summary.get("inputs") or ())),
        ("frames that an inference counts", summary.get("frames")),
        ("profile, accelerator", _joined(", ", summary.get("profile"), summary.get("accelerator"))),
        ("which GPUs are emulated", (summary.get("emulated_gpu") or {}).get("gpus")),
        ("emulated GPU's processor class", (summary.get("emulated_gpu") or {}).get("words")),
        ("options", ", ".join(f"{name}={value}" for name, value in (summary.get("options") or {}).items())),
        ("fingerprint", fingerprint.get("digest")),
        (
            "started, finished (UTC)",
            _joined(
                ", ", summary.get("started"), summary.get("finished") or (summary.get("started") and "not finished")
            ),
        ),
        ("autogauge", summary.get("autogauge")),
        ("history file", summary.get("history_file")),
    ]
    devices = [(f"device {each['name']}", _device(each)) for each in summary.get("devices") or ()]
    return [(name, str(value)) for name, value in (*found, *devices) if value]


def _joined(between: str, *values: Any) -> str:
    """Those that are there; a file can hold anything."""
    return between.join(str(each) for each in values if each)


def _with_unit(value: Any, unit: str) -> str:
    return f"{value} {unit}" if value else ""


def _device(device: Fields) -> str:
    driver = f"driver {device['driver']}" if device.get("driver") else ""
    emulated = "EMULATED" if device.get("emulated") else ""
    return ", ".join(filter(None, (device.get("full_name"), emulated, device.get("type"), driver)))


def blocks(run: Recorded) -> Iterable[Block]:
    """The parts of the page that there is something for, in order: a study's own part stands in for a generic one with its id."""
    measured = [each for each in run.results if each.replicates]
    own = {id(each): list(studies.blocks(each)) for each in measured}
    replaced = {block.id for found in own.values() for block in found}
    in_rows = [each for each in measured if each.shown == AS_TABLE]
    yield from figures_table(tables(run.results))
    for result in in_rows:
        yield from (each for each in bars(result) if each.id not in replaced)
    for result in measured:
        yield from own[id(result)]
        if result.shown != AS_TABLE:
            yield from every_metric(result)
    for result in in_rows:
        yield from distributions(result)
    for result in in_rows:
        yield from in_order(result)
    for result in in_rows:
        yield from every_metric(result)
