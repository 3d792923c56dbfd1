"""The pages of a history: a trend for every benchmark on every machine, with change points and filters; replaced as a whole.

The page itself holds what the trends are; each trend's figures lie in a file of their own that the page loads when it is looked at, so that
ten thousand runs open in a moment. What a trend is, is left to ``trends``; how it is drawn, to ``static/trends.js``.
"""

from __future__ import annotations

import datetime
import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autogauge import folders
from autogauge.files import fill
from autogauge.gate import hints
from autogauge.gate.own_baseline import OwnBaselines
from autogauge.gate.trends import Trend, in_order_of_time, trends_of
from autogauge.gate.unjudged import Coverage, covered
from autogauge.history.index_rows import ACCEPTED, STANDINGS
from autogauge.history.indexed import IndexedRun, run_and_moment
from autogauge.history.labels import FIRST, OPENVINO, by_size, in_order, in_words
from autogauge.history.reporting import AHEAD_S
from autogauge.history.select import Selection
from autogauge.history.told_apart import Models
from autogauge.measuring.drawing import NONE, Table, number
from autogauge.plain import few
from autogauge.report.history import describe
from autogauge.report.pages import marks as marking
from autogauge.report.pages.addresses import ID, MACHINES, ids_of
from autogauge.report.pages.marks import Marks
from autogauge.report.pages.render import ASSETS, put_script, render
from autogauge.report.pages.trends import (
    brief,
    briefest,
    changes_in_words,
    newest_in_words,
    pattern_in_words,
    seen_in_words,
)
from autogauge.stats.change_points import SHORTEST

PAGE, RUNS = "index.html", "data/runs.js"
TOGETHER = "trends.html"
"""Of a lab: the page with the trends of all."""
REPORT = folders.Kind(
    "a report",
    RUNS,
    (b"trends.runs=",),
    frozenset({PAGE, "data", MACHINES, TOGETHER}),
    "--out=DIR",
    {"data": rf"(runs|s\d{{5,}}|{ID}|of-.*)\.js", MACHINES: r".*\.html"},
)
NO_RELEASE = "no release"
LABELLED = "label:"
"""Before the name of a filter by a label."""
MOST_FILTERS, MOST_CHOICES = 12, 200
"""Labels that are filters of the page, those that most trends have, and values to choose from; --where knows them all."""
RUNS_SHOWN = 200
"""Runs in the page's table, the newest; `history export` has them all."""
CHANGES_SHOWN = 50
SUMMED_UP = 2000
"""Trends with a line in the page's table."""
SAID = 5
"""Changes that are said beside a trend's chart, the newest."""


Pages = Callable[[Path, Path], Mapping[str, bytes]]


def save(history: Selection, folder: Path, marks: Marks = marking.NONE, stale_after_days: float | None = None) -> Path:
    """Write the pages beside the old ones, then put them in their place; returns the page. Raises ``OSError``.

    A link, or a folder that holds something else than such a report, is not replaced: :class:`UserError`.
    """
    return put(lambda page, assets: pages(history, page, assets, marks, stale_after_days), folder)


def put(made: Pages, folder: Path) -> Path:
    """The same with whatever files ``made`` gives for the place of the page and the folder of the script."""
    folder = folder.absolute()
    assets = folder.parent / ASSETS
    with folders.replaced(folder, REPORT) as staging:
        fill(staging, made(folder / PAGE, assets))
        put_script(assets)
    return folder / PAGE


def pages(
    history: Selection,
    page: Path,
    assets: Path,
    marks: Marks = marking.NONE,
    stale_after_days: float | None = None,
) -> dict[str, bytes]:
    """The files of the report by name: the page to lie at ``page``, the runs, and the figures of each trend."""
    runs = in_order_of_time(history.runs)
    trends = trends_of(history.figures(), runs, history.remembered)
    releases = releases_of(trends)
    baselines = OwnBaselines(runs)
    described = [
        described_of(name, trend, runs, baselines, marks=marks)
        for name, trend in zip(ids_of(trends), trends, strict=True)
    ]
    files = {RUNS: runs_script(runs, releases)}
    for own, trend in zip(described, trends, strict=True):
        files[f"data/{own['file']}.js"] = series_script(own["id"], trend, releases)
    now = datetime.datetime.now(datetime.timezone.utc)
    shown = list(zip(described, trends, strict=True))
    judged = covered(trends, runs, history, now, stale_after_days)
    files[PAGE] = page_of(history, runs, shown, page, assets, marks=marks, judged=judged, now=now)
    return files


def page_of(
    history: Selection,
    runs: Sequence[IndexedRun],
    shown: Sequence[tuple[Mapping[str, Any], Trend]],
    page: Path,
    assets: Path,
    *,
    data: str = "data/",
    back: str = "",
    marks: Marks = marking.NONE,
    runs_shown: int = RUNS_SHOWN,
    judged: Coverage,
    now: datetime.datetime,
) -> bytes:
    """A page with these trends of ``runs``, each with what is said of it. ``history`` has the runs of these trends alone.

    ``data`` is the folder of the figures as the page names it, ``back`` the page that leads here, where there is one,
    ``runs_shown`` how many of the runs stand in a table, ``now`` the moment after which a run's date is in the future, ``judged`` what of
    these machines was judged.
    """
    described, trends = [each for each, _ in shown], [each for _, each in shown]
    own_runs = in_order_of_time(history.runs)
    changes = changes_in_words(shown, runs)
    seen = seen_in_words(shown)
    return render(
        "trends.html",
        page,
        assets,
        data=data,
        back=back,
        heading=describe(own_runs, releases_of(trends)),
        words=changes[:CHANGES_SHOWN],
        too_short=sum(len(trend.used) < 2 * SHORTEST for trend in trends),
        fewest=2 * SHORTEST,
        more_changes=max(0, len(changes) - CHANGES_SHOWN),
        seen=seen[:CHANGES_SHOWN],
        more_seen=max(0, len(seen) - CHANGES_SHOWN),
        newest=_newest(own_runs, marks, now),
        not_judged=[f"{each.says()}: {few(each.machines)}. {each.advice()}" for each in judged.groups],
        trends=described,
        filters=_filters(trends),
        groups=_label_filters(trends),
        labels_left=max(0, len({key for trend in trends for key in trend.labels} - {OPENVINO}) - MOST_FILTERS),
        runs=_runs_table(own_runs, Models(own_runs), runs_shown),
        runs_left=max(0, len(own_runs) - runs_shown),
        summary=_summary(described),
        summary_left=max(0, len(described) - SUMMED_UP),
        most_choices=MOST_CHOICES,
        notes=history.notes(),
        given=hints.of_history(history.root),
        unreadable=len(history.unreadable),
    )


def releases_of(trends: Iterable[Trend]) -> list[str]:
    """The OpenVINO releases of these trends, as pages call them."""
    return sorted({each or NO_RELEASE for trend in trends for each in set(trend.releases)})


def runs_script(runs: Sequence[IndexedRun], releases: Sequence[str]) -> bytes:
    """The file of the runs that the trends' figures point at."""
    return _script("runs", _columns(runs, releases))


def series_script(name: str, trend: Trend, releases: Sequence[str]) -> bytes:
    """What a file says of the figures of the trend with that id; a file may hold several."""
    return _script(f"series[{json.dumps(name)}]", _series(trend, releases))


def described_of(
    name: str,
    trend: Trend,
    runs: Sequence[IndexedRun],
    baselines: OwnBaselines,
    file: str = "",
    marks: Marks = marking.NONE,
) -> dict[str, Any]:
    """What the page says of the trend that addresses call ``name``. Levels are those of all runs; each stretch says how its runs stand.

    ``file`` is that of its figures, without the folder; one of its own where none is named.
    """
    identity = trend.identity
    changes = range(1, len(trend.stretches))
    says = [brief(trend, at, runs) for at in changes][-SAID:]
    return {
        "id": name,
        "file": file or name,
        "machine": identity.machine or "no machine's name",
        "model": identity.model or "no model's name",
        "labels": dict(trend.labels),
        "words": in_words(trend.labels, FIRST),
        "benchmark": identity.benchmark,
        "emulated": identity.emulated,
        "count": len(trend.runs),
        "by_ratio": trend.by_ratio,
        "unit": trend.quantity.shown_in,
        "factor": trend.quantity.factor,
        "levels": [
            [trend.runs[each.first], trend.runs[each.last], each.level, STANDINGS.index(each.standing)]
            for each in trend.stretches
        ],
        "changes": [[trend.runs[trend.stretches[at].first], (trend.stretches[at].ratio or 1.0) - 1] for at in changes],
        "last": briefest(trend, changes[-1], runs) if changes else "",
        "seen": [each for each in (newest_in_words(trend, baselines), pattern_in_words(trend, runs)) if each],
        "says": says,
        "alerts": _alerts(trend, runs, marks),
        "releases": _by_release(trend),
    }


def _by_release(trend: Trend) -> list[list[str]]:
    """For each OpenVINO release its runs, how many are accepted, their median, lowest and highest as shown, and the median ratio.

    In the order of the releases' first runs. The figures are of the accepted runs; where there is none, of all.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for at, release in enumerate(trend.releases):
        groups[release or NO_RELEASE].append(at)
    rows = []
    for release, every in groups.items():
        accepted = [at for at in every if trend.standings[at] == ACCEPTED]
        places = accepted or every
        shown = trend.quantity.factor * np.array([trend.seconds[at] for at in places])
        ratios = [trend.ratios[at] for at in places if not math.isnan(trend.ratios[at])]
        rows.append(
            [
                release,
                str(len(every)),
                str(len(accepted)),
                *(number(float(each)) for each in (np.median(shown), shown.min(), shown.max())),
                number(float(np.median(ratios))) if ratios else NONE,
            ]
        )
    return rows


def _summary(described: Sequence[Mapping[str, Any]]) -> Table:
    units = {str(each["unit"]) for each in described}
    unit = units.pop() if len(units) == 1 else ""
    rows = [
        (
            each["benchmark"],
            each["machine"],
            each["model"],
            str(each["count"]),
            each["releases"][-1][0] if each["releases"] else NONE,
            each["releases"][-1][3] + ("" if unit else f" {each['unit']}") if each["releases"] else NONE,
            each["last"] or "none",
            "; ".join(each["seen"]) or NONE,
            each["words"] or NONE,
        )
        for each in described[:SUMMED_UP]
    ]
    columns = (
        "benchmark",
        "machine",
        "model",
        "runs",
        "newest release",
        f"its median {unit}".strip(),
        "last change of level",
        "seen",
        "labels",
    )
    if any(each["words"] for each in described):
        return Table(columns, rows, frozenset({3, 5}))
    return Table(columns[:-1], [row[:-1] for row in rows], frozenset({3, 5}))


def _newest(runs: Sequence[IndexedRun], marks: Marks, now: datetime.datetime) -> list[tuple[str, str, str]]:
    """Of each machine the newest run: the machine, what it is and what alert there is of the machine, and the gate's word.

    Runs that are dated in the future are no newest ones, whenever they were measured; they are said.
    """
    latest = now + datetime.timedelta(seconds=AHEAD_S)
    by_machine: dict[str, list[IndexedRun]] = defaultdict(list)
    for run in runs:
        by_machine[run.machine].append(run)
    found = []
    for machine, own in by_machine.items():
        past = [run for run in own if run.when is None or run.when <= latest]
        ahead = len(own) - len(past)
        run = (past or own)[-1]
        parts = [_in_short(run), *(mark.words() for mark in marks.get((machine,), ()))]
        parts += [f"{ahead} {'run is' if ahead == 1 else 'runs are'} dated in the future"] if ahead else []
        found.append((machine or "no machine's name", ". ".join(parts), run.verdict or "NOT JUDGED"))
    return found


def _in_short(run: IndexedRun) -> str:
    if not run.when:
        return f"run {run.number}, {run.stands}"
    return f"{run_and_moment(run)}, openvino {run.release or 'unknown'}, {run.stands}"


def _alerts(trend: Trend, runs: Sequence[IndexedRun], marks: Marks) -> list[dict[str, Any]]:
    """The alerts of that trend; ``run`` is where in the history the one since which it is stands, ``null`` where it is not there."""
    places = {runs[place].path.name: place for place in trend.runs}
    return [
        {"run": places.get(mark.file), "text": mark.words(), "state": mark.state, "asks": mark.asks}
        for mark in marks.get(trend.identity.named, ())
    ]


def _filters(trends: Sequence[Trend]) -> list[tuple[str, str, list[str]]]:
    """The filters' names, titles and choices."""
    identities = [trend.identity for trend in trends]
    return [
        ("machine", "Machine", sorted({each.machine or "no machine's name" for each in identities})),
        ("openvino", "OpenVINO release", sorted({each or NO_RELEASE for trend in trends for each in trend.releases})),
        ("model", "Model", sorted({each.model or "no model's name" for each in identities})),
        *_label_filters(trends),
    ]


def _label_filters(trends: Sequence[Trend]) -> list[tuple[str, str, list[str]]]:
    """A filter for each label that trends have; releases have one already. The labels' values are chosen from as numbers or texts."""
    counts = Counter(key for trend in trends for key in trend.labels if key != OPENVINO)
    return [
        (f"{LABELLED}{key}", key.capitalize() if key in FIRST else key, values)
        for key in in_order(key for key, _ in counts.most_common(MOST_FILTERS))
        if (values := by_size({trend.labels[key] for trend in trends if key in trend.labels}))
    ]


def _runs_table(runs: Sequence[IndexedRun], models: Models, count: int) -> Table:
    rows = [
        (
            f"{run.number:04d}",
            run.machine or NONE,
            f"{run.when:%Y-%m-%d %H:%M}" if run.when else NONE,
            ", ".join(run.releases) or NONE,
            models.called(run) + (" (another project's)" if run.foreign else "") or NONE,
            run.verdict or NONE,
            run.stands + (f": {run.why}" if run.why else ""),
        )
        for run in runs[: -count - 1 : -1]
    ]
    return Table(("run", "machine", "measured (UTC)", "OpenVINO", "model", "gate", "standing"), rows)


def _columns(runs: Sequence[IndexedRun], releases: Sequence[str]) -> dict[str, Any]:
    """The runs as columns: number, milliseconds since 1970 (``null`` for unknown), index of the fingerprint; all benchmarks' releases."""
    prints = list(dict.fromkeys(run.fingerprint for run in runs))
    print_of = {name: place for place, name in enumerate(prints)}
    return {
        "releases": releases,
        "standings": STANDINGS,
        "number": [run.number for run in runs],
        "when": [int(run.when.timestamp() * 1000) if run.when else None for run in runs],
        "fingerprint": [print_of[run.fingerprint] for run in runs],
    }


def _series(trend: Trend, releases: Sequence[str]) -> dict[str, Any]:
    """A trend's columns: run, indices of release and standing, figure as shown (ms, or MiB), ratio (``null`` for none)."""
    release_of = {name: place for place, name in enumerate(releases)}
    shown = trend.quantity.shown
    return {
        "run": trend.runs,
        "release": [release_of[each or NO_RELEASE] for each in trend.releases],
        "standing": [STANDINGS.index(each) for each in trend.standings],
        "shown": [float(f"{shown(each):.5g}") for each in trend.seconds],
        "ratio": [None if math.isnan(each) else float(f"{each:.5g}") for each in trend.ratios],
    }


def _script(name: str, value: Any) -> bytes:
    """A file that a page may load from a disk, where it may not read JSON."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False).replace("</", "<\\/")
    return f"trends.{name}={text};\n".encode()
