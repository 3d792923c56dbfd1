"""``reports/latest/index.html``: one run in words, tables and charts, made from what its files hold, so that it can be made again.

Its parts are made by ``study_blocks`` and ``hand_over_blocks``; what a figure means is explained by the sentence beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from autogauge.report.pages.blocks import Block
from autogauge.report.pages.hand_over_blocks import hand_over
from autogauge.report.pages.render import render
from autogauge.report.pages.samples import Arrays, Fields, metrics_of
from autogauge.report.pages.study_blocks import distributions, figures_table, first_inference, hints, in_order
from autogauge.report.words import sentence

PAGE = "index.html"


def page(summary: Fields, latencies: Arrays, timelines: Arrays, where: Path, assets: Path) -> bytes:
    """The page of a run as HTML, to lie at ``where``; from its files (``reports/README.md``)."""
    return render(
        "run.html",
        where,
        assets,
        summary=summary,
        words=sentence([each["verdict"] for each in summary["verdicts"]], _judged(summary)),
        facts=facts(summary),
        blocks=list(blocks(summary, latencies, timelines)),
    )


def _judged(summary: Fields) -> list[str]:
    gate = summary.get("gate")
    return [each["verdict"] for each in gate["judgements"]] if gate and gate["mode"] != "off" else []


def facts(summary: Fields) -> list[tuple[str, str]]:
    """What was measured on what, by which options."""
    model, fingerprint = summary.get("model") or {}, summary.get("fingerprint") or {}
    noted = summary.get("noted") or {}
    found = [
        ("machine", fingerprint.get("machine")),
        ("system", " ".join(filter(None, (fingerprint.get("system"), fingerprint.get("architecture"))))),
        ("processors, memory", f"{fingerprint.get('logical_cpus')}, {fingerprint.get('memory_gib')} GiB"),
        ("quota of processors", fingerprint.get("processor_quota")),
        ("noted", ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in noted.items() if value is not None)),
        ("OpenVINO", summary.get("openvino")),
        ("model", " ".join(filter(None, (model.get("name"), model.get("precision"))))),
        ("model's source and weights", ", ".join(filter(None, (model.get("source"), model.get("weights"))))),
        ("model's SHA-256", model.get("digest")),
        ("inputs", "; ".join(summary.get("inputs") or ())),
        ("frames that an inference counts", summary.get("frames")),
        ("profile, accelerator", f"{summary.get('profile')}, {summary.get('accelerator')}"),
        ("emulated GPU's processor class", (summary.get("emulated_gpu") or {}).get("words")),
        ("options", ", ".join(f"{name}={value}" for name, value in (summary.get("options") or {}).items())),
        ("fingerprint", fingerprint.get("digest")),
        ("started, finished (UTC)", f"{summary.get('started')}, {summary.get('finished')}"),
        ("autogauge", summary.get("autogauge")),
        ("history file", summary.get("history_file")),
    ]
    devices = [(f"device {each['name']}", _device(each)) for each in summary.get("devices") or ()]
    return [(name, str(value)) for name, value in (*found, *devices) if value]


def _device(device: Fields) -> str:
    driver = f"driver {device['driver']}" if device.get("driver") else ""
    emulated = "EMULATED" if device.get("emulated") else ""
    return ", ".join(filter(None, (device.get("full_name"), emulated, device.get("type"), driver)))


def blocks(summary: Fields, latencies: Arrays, timelines: Arrays) -> Iterable[Block]:
    """The parts of the page that there is something for, in order."""
    studies = {study["name"]: study for study in summary["studies"]}
    yield figures_table(summary["table"])
    if "hints" in studies:
        yield from hints(studies["hints"])
    for study in summary["studies"]:
        if metrics_of(study) & {"fil_s"} and study["name"] not in ("hints", "hand-over"):
            yield first_inference(study)
    if "hand-over" in studies:
        yield from hand_over(studies["hand-over"], timelines)
    if found := distributions(latencies, studies):
        yield found
    for study in summary["studies"]:
        yield from in_order(study)
