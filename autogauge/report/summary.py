"""``reports/latest``: ``summary.json``, the latencies, the page, and the probes' output; replaced as a whole by each run."""

from __future__ import annotations

import dataclasses
import os
import shutil
from pathlib import Path

from autogauge import folders
from autogauge.errors import UserError
from autogauge.files import write_bytes, write_json
from autogauge.history.recorded import Recorded
from autogauge.history.run_file import compressed
from autogauge.lab.why.drawing import TOP
from autogauge.report.pages import run_page, why_page
from autogauge.report.pages.render import ASSETS, put_script
from autogauge.report.told import LATENCIES, TIMELINES, latencies_of, summarize, timelines_of

SUMMARY = "summary.json"
PROBES = "probes"
REPORT = folders.Kind(
    "the report of a run",
    SUMMARY,
    (b'"schema_version"', b'"autogauge"'),
    frozenset({SUMMARY, LATENCIES, TIMELINES, run_page.PAGE, PROBES}),
    "--reports=DIR",
    {PROBES: r"\d{4,}-.*\.(out|err)"},
)


def check_place(latest: Path, option: str = REPORT.option) -> None:
    """Raise :class:`UserError` when a report could not be put there without a loss; to be asked before there is one.

    ``option`` is how another place is named.
    """
    folders.check(latest, dataclasses.replace(REPORT, option=option))
    assets = latest.parent / ASSETS
    if os.path.lexists(assets) and not assets.is_dir():
        raise UserError(
            f"{assets} is to be the folder of the pages' script, and is none: move it away, or name another folder ({option})."
        )


def save(run: Recorded, latest: Path, probe_logs: Path | None) -> Path:
    """Write the folder ``latest`` beside the old one, then put it in the old one's place; returns ``summary.json``.

    Raises ``OSError``; the old folder is as it was in that case.
    """
    assets = latest.parent / ASSETS
    with folders.replaced(latest, REPORT) as staging:
        write_json(staging / SUMMARY, summarize(run))
        write_bytes(staging / LATENCIES, compressed(latencies_of(run)))
        if timelines := timelines_of(run):
            write_bytes(staging / TIMELINES, compressed(timelines))
        write_bytes(staging / run_page.PAGE, _page(run, latest / run_page.PAGE, assets))
        put_script(assets)
        if probe_logs is not None and probe_logs.is_dir():
            shutil.copytree(probe_logs, staging / PROBES, copy_function=_link_or_copy)
            (staging / PROBES).chmod(staging.stat().st_mode)  # the temporary folder is for nobody else's eyes
    return latest / SUMMARY


def _page(run: Recorded, where: Path, assets: Path) -> bytes:
    """The page of a run; one that ``why`` saved has its own."""
    if why_page.is_one(run):
        return why_page.page(run, TOP, where, assets)
    return run_page.page(run, where, assets)


def _link_or_copy(source: str, target: str) -> None:
    """The same file in two places where that can be: nobody writes to it any more."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy(source, target)
