"""The pages of a history: a trend for every benchmark on every machine, with change points and filters; replaced as a whole.

The page itself holds what the trends are; each trend's figures lie in a file of their own that the page loads when it is looked at, so that
ten thousand runs open in a moment. How they are drawn is left to ``static/trends.js``.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from autogauge import folders
from autogauge.files import write_bytes
from autogauge.gate.comparison import BY_RATIO, BY_SECONDS
from autogauge.gate.judgement import percent
from autogauge.history.index import Figures, IndexedRun
from autogauge.history.select import Selection
from autogauge.history.standing import Standing
from autogauge.report.history import describe
from autogauge.report.pages.blocks import NONE, Table, number
from autogauge.report.pages.render import ASSETS, put_script, render
from autogauge.stats.change_points import Change, levels_of

PAGE, RUNS = "index.html", "data/runs.js"
REPORT = folders.Kind("a report", RUNS, (b"trends.runs=",), frozenset({PAGE, "data"}), "--out=DIR")
RUNS_SHOWN = 200
"""Runs in the page's table, the newest; `history export` has them all."""
CHANGES_SHOWN = 50
STANDINGS = tuple(str(each) for each in Standing)


@dataclass(frozen=True)
class Identity:
    """What makes a trend one: the same benchmark of the same model on the same machine."""

    machine: str
    model: str
    benchmark: str
    metric: str
    device: str
    hint: str
    emulated: bool = False


@dataclass
class Trend:
    """A benchmark over the runs of a machine, in their order. ``runs`` are indices into the history's runs; NaN for no ratio."""

    identity: Identity
    runs: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    by_ratio: bool = False
    """Whether every accepted run has its ratio to one and the same pinned workload: levels are then of ratios."""

    def accepted(self, runs: Sequence[IndexedRun]) -> list[int]:
        """The places of the runs that are accepted."""
        return [at for at, run in enumerate(self.runs) if runs[run].standing == Standing.ACCEPTED]

    def in_order(self, runs: Sequence[IndexedRun]) -> Trend:
        """The same by the order of the runs, knowing whether levels are of ratios."""
        references = {self.references[at] for at in self.accepted(runs)}
        order = sorted(range(len(self.runs)), key=lambda place: self.runs[place])
        return Trend(
            self.identity,
            [self.runs[place] for place in order],
            [self.seconds[place] for place in order],
            [self.ratios[place] for place in order],
            [self.references[place] for place in order],
            by_ratio=len(references) == 1 and references != {""},
        )


@dataclass(frozen=True)
class Found:
    """A change of level in a trend. ``run`` is the first run at the new level."""

    trend: int
    run: IndexedRun
    change: Change


def save(history: Selection, folder: Path) -> Path:
    """Write the pages beside the old ones, then put them in their place; returns the page. Raises ``OSError``.

    A link, or a folder that holds something else than such a report, is not replaced: :class:`UserError`.
    """
    folder = folder.absolute()
    assets = folder.parent / ASSETS
    with folders.replaced(folder, REPORT) as staging:
        for name, content in pages(history, folder / PAGE, assets).items():
            write_bytes(staging / name, content)
        put_script(assets)
    return folder / PAGE


def pages(history: Selection, page: Path, assets: Path) -> dict[str, bytes]:
    """The files of the report by name: the page to lie at ``page``, the runs, and the figures of each trend."""
    runs = sorted(history.runs, key=lambda run: (run.when.timestamp() if run.when else 0.0, str(run.path)))
    trends = trends_of(history.figures(), runs)
    files = {RUNS: _script("runs", _columns(runs))}
    described, changes = [], []
    for place, trend in enumerate(trends):
        own, found = _described(place, trend, runs)
        described.append(own)
        changes += found
        files[f"data/{own['id']}.js"] = _script(f"series[{json.dumps(own['id'])}]", _series(trend))
    changes.sort(key=lambda each: each.run.when.timestamp() if each.run.when else 0.0, reverse=True)
    files[PAGE] = render(
        "trends.html",
        page,
        assets,
        heading=describe(runs),
        words=[_sentence(each, trends[each.trend]) for each in changes[:CHANGES_SHOWN]],
        more_changes=max(0, len(changes) - CHANGES_SHOWN),
        newest=_newest(runs),
        trends=described,
        filters=_filters(trends, runs),
        runs=_runs_table(runs[: -RUNS_SHOWN - 1 : -1]),
        runs_left=max(0, len(runs) - RUNS_SHOWN),
        summary=_summary(described),
        notes=history.notes(),
        unreadable=len(history.unreadable),
    )
    return files


def trends_of(figures: Iterable[Figures], runs: Sequence[IndexedRun]) -> list[Trend]:
    """The trends in these figures, by machine, model and benchmark; ``runs`` in the order of time."""
    places = {(run.path.parent, run.id): place for place, run in enumerate(runs)}
    found: dict[Identity, Trend] = {}
    for each in figures:
        columns = (each.runs.tolist(), each.seconds.tolist(), each.ratios.tolist())
        for run_id, seconds, ratio, reference in zip(*columns, each.references, strict=True):
            place = places[each.folder, run_id]
            run = runs[place]
            identity = Identity(
                run.machine,
                run.model_and_precision,
                each.key,
                each.metric,
                each.device or "AUTO",
                each.hint,
                run.is_emulated,
            )
            trend = found.setdefault(identity, Trend(identity))
            trend.runs.append(place)
            trend.seconds.append(seconds)
            trend.ratios.append(ratio)
            trend.references.append(reference)
    ordered = sorted(
        found.values(), key=lambda trend: (trend.identity.machine, trend.identity.model, trend.identity.benchmark)
    )
    return [trend.in_order(runs) for trend in ordered]


def _described(place: int, trend: Trend, runs: Sequence[IndexedRun]) -> tuple[dict[str, Any], list[Found]]:
    """What the page says of a trend, and the changes in it. Levels are those of the accepted runs."""
    accepted = trend.accepted(runs)
    values = trend.ratios if trend.by_ratio else trend.seconds
    levels = levels_of([values[at] for at in accepted])
    starts = [trend.runs[accepted[start]] for start in levels.starts]
    found = [Found(place, runs[start], change) for start, change in zip(starts[1:], levels.changes, strict=True)]
    identity = trend.identity
    own = {
        "id": f"s{place:05d}",
        "machine": identity.machine or "no machine's name",
        "model": identity.model or "no model's name",
        "device": identity.device,
        "benchmark": identity.benchmark,
        "emulated": identity.emulated,
        "count": len(trend.runs),
        "by_ratio": trend.by_ratio,
        "levels": [[start, level] for start, level in zip(starts, levels.levels, strict=True)],
        "changes": [[start, change.ratio - 1] for start, change in zip(starts[1:], levels.changes, strict=True)],
        "releases": _by_release(trend, runs),
    }
    return own, found


def _by_release(trend: Trend, runs: Sequence[IndexedRun]) -> list[list[str]]:
    """For each OpenVINO release its accepted runs, their median, lowest and highest in ms, and the median ratio, by its first run."""
    groups: dict[str, list[int]] = defaultdict(list)
    for at in trend.accepted(runs):
        groups[runs[trend.runs[at]].release or "no release"].append(at)
    rows = []
    for release, places in groups.items():
        milliseconds = np.array([trend.seconds[at] for at in places]) * 1e3
        ratios = [trend.ratios[at] for at in places if not math.isnan(trend.ratios[at])]
        rows.append(
            [
                release,
                str(len(places)),
                *(number(float(each)) for each in (np.median(milliseconds), milliseconds.min(), milliseconds.max())),
                number(float(np.median(ratios))) if ratios else NONE,
            ]
        )
    return rows


def _summary(described: Sequence[Mapping[str, Any]]) -> Table:
    rows = [
        (
            each["benchmark"],
            each["machine"],
            each["model"],
            str(each["count"]),
            each["releases"][-1][0] if each["releases"] else NONE,
            each["releases"][-1][2] if each["releases"] else NONE,
            percent(1 + each["changes"][-1][1]) if each["changes"] else "none",
        )
        for each in described[:2000]
    ]
    columns = ("benchmark", "machine", "model", "runs", "newest release", "its median ms", "last change of level")
    return Table(columns, rows, frozenset({3, 5, 6}))


def _sentence(found: Found, trend: Trend) -> str:
    way = "slower" if found.change.ratio > 1 else "faster"
    date = f"{found.run.when:%Y-%m-%d}" if found.run.when else "an unknown day"
    basis = BY_RATIO if trend.by_ratio else BY_SECONDS
    return (
        f"{trend.identity.benchmark} became {way} on {trend.identity.machine} ({percent(found.change.ratio)} of "
        f"time, {basis}) with run {found.run.number:04d} of "
        f"{date}, openvino {found.run.release or 'unknown'}, {trend.identity.model}"
    )


def _newest(runs: Sequence[IndexedRun]) -> list[tuple[str, str, str]]:
    """Of each machine the newest run: the machine, what it is, and the gate's word."""
    newest = {run.machine: run for run in runs}
    return [
        (
            machine or "no machine's name",
            f"run {run.number:04d} of {run.when:%Y-%m-%d %H:%M} UTC, openvino {run.release or 'unknown'}, "
            f"{run.standing}"
            if run.when
            else f"run {run.number:04d}, {run.standing}",
            run.verdict or "NOT JUDGED",
        )
        for machine, run in newest.items()
    ]


def _filters(trends: Sequence[Trend], runs: Sequence[IndexedRun]) -> list[tuple[str, str, list[str]]]:
    """The filters' names, titles and choices."""
    identities = [trend.identity for trend in trends]
    return [
        ("machine", "Machine", sorted({each.machine or "no machine's name" for each in identities})),
        ("openvino", "OpenVINO release", sorted({run.release or "no release" for run in runs})),
        ("model", "Model", sorted({each.model or "no model's name" for each in identities})),
        ("device", "Device", sorted({each.device for each in identities})),
    ]


def _runs_table(runs: Sequence[IndexedRun]) -> Table:
    rows = [
        (
            f"{run.number:04d}",
            run.machine or NONE,
            f"{run.when:%Y-%m-%d %H:%M}" if run.when else NONE,
            run.release or NONE,
            run.model_and_precision + (" (another project's)" if run.foreign else "") or NONE,
            run.verdict or NONE,
            run.standing + (f": {run.why}" if run.why else ""),
        )
        for run in runs
    ]
    return Table(("run", "machine", "measured (UTC)", "OpenVINO", "model", "gate", "standing"), rows)


def _columns(runs: Sequence[IndexedRun]) -> dict[str, Any]:
    """The runs as columns: number, milliseconds since 1970 (``null`` for unknown), and indices of release, standing, fingerprint."""
    releases = sorted({run.release or "no release" for run in runs})
    prints = list(dict.fromkeys(run.fingerprint for run in runs))
    release_of = {name: place for place, name in enumerate(releases)}
    print_of = {name: place for place, name in enumerate(prints)}
    return {
        "releases": releases,
        "standings": STANDINGS,
        "number": [run.number for run in runs],
        "when": [int(run.when.timestamp() * 1000) if run.when else None for run in runs],
        "release": [release_of[run.release or "no release"] for run in runs],
        "standing": [STANDINGS.index(run.standing) for run in runs],
        "fingerprint": [print_of[run.fingerprint] for run in runs],
    }


def _series(trend: Trend) -> dict[str, Any]:
    """A trend's columns: run, milliseconds, ratio (``null`` for none)."""
    return {
        "run": trend.runs,
        "ms": [float(f"{1e3 * each:.5g}") for each in trend.seconds],
        "ratio": [None if math.isnan(each) else float(f"{each:.5g}") for each in trend.ratios],
    }


def _script(name: str, value: Any) -> bytes:
    """A file that a page may load from a disk, where it may not read JSON."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False).replace("</", "<\\/")
    return f"trends.{name}={text};\n".encode()
