"""A bisection as a page: how it ended, the series of releases that were measured, and what else changed in the one that is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from autogauge.lab.bisect.outcome import Bisection
from autogauge.lab.bisect.search import Found
from autogauge.measuring.drawing import Block, Table
from autogauge.report import bisect as shown
from autogauge.report.matrix import columns_of
from autogauge.report.pages.comparison_page import WIDEST
from autogauge.report.pages.render import render
from autogauge.report.pages.run_page import SESSIONS, facts
from autogauge.report.told import summarize


def page(found: Bisection, path: Path, assets: Path) -> bytes:
    """The page as HTML, to lie at ``path``; the charts' script lies in ``assets``."""
    title, *words = shown.heading(found)
    return render(
        "releases.html",
        path,
        assets,
        title=title,
        words=words,
        warnings=found.warnings(),
        levels=[],
        how=shown.how(found),
        blocks=list(_blocks(found)),
        notes=list(dict.fromkeys(found.run.notes)),
        facts=facts(summarize(found.run), SESSIONS),
    )


def _blocks(found: Bisection) -> Iterator[Block]:
    known = dict(found.series())
    rows = []
    for place, label in enumerate(found.releases):
        each = known.get(place)
        cost = each.change.cost if each and each.change else None
        if place == 0:
            rows.append({"label": label, "word": "base", "value": 0.0, "low": 0.0, "high": 0.0})
        elif cost is None or not cost.low or cost.high == float("inf"):
            rows.append({"label": label, "word": "not measured", "value": None, "low": None, "high": None})
        else:
            assert each is not None
            assert each.change is not None
            value, low, high = (min(WIDEST, 100 * (ratio - 1)) for ratio in (cost.ratio, cost.low, cost.high))
            rows.append({"label": label, "word": each.change.in_words(), "value": value, "low": low, "high": high})
    steps = []
    if found.found in (Found.NAMED, Found.RANGE):
        steps = [{"at": (found.after + found.first) / 2, "label": f"slower with {found.releases[found.first]}"}]
    if cells := shown.rows_of_series(found):
        yield Block(
            "series",
            f"The series: {found.figure.title}",
            f"From the good release on the left to the bad one. Each mark is the change of time against {found.good}, with its interval; "
            f"a release without one was {'not needed' if found.is_over else 'not reached'}. A dashed line is where it became slower.",
            Table(columns_of(found.figure.unit), cells, frozenset({1, 2, 3, 4})),
            {"kind": "releases", "unit": f"time against {found.good}, %", "rows": rows, "steps": steps},
        )
    if found.properties is not None:
        before, after = found.releases[found.after], found.releases[found.first]
        yield Block(
            "changed",
            "What else changed",
            f"What the compiled models of {before} and {after} say differently; what is not here is the same, or was not asked.",
            Table(("property", before, after), found.properties or [("nothing", "–", "–")]),
        )
