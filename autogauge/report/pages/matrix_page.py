"""A matrix of releases as a page: the trend over releases of each figure, its verdicts, and what it was measured on."""

from __future__ import annotations

from pathlib import Path

from autogauge.gate.judgement import percent
from autogauge.lab.matrix.outcome import Matrix
from autogauge.lab.releases.figures import Figure
from autogauge.measuring.drawing import NONE, Block, Table, slug
from autogauge.report import matrix as shown
from autogauge.report.pages.comparison_page import WIDEST
from autogauge.report.pages.render import render
from autogauge.report.pages.run_page import SESSIONS, facts
from autogauge.report.told import summarize


def page(found: Matrix, path: Path, assets: Path) -> bytes:
    """The page as HTML, to lie at ``path``; the charts' script lies in ``assets``."""
    title, *words = shown.heading(found)
    return render(
        "releases.html",
        path,
        assets,
        title=title,
        words=words,
        warnings=found.warnings(),
        levels=[(figure.title, shown.levels_in_words(found.steps(figure))) for figure in found.figures],
        how=shown.how(found),
        blocks=[trend(found, figure) for figure in found.figures if found.of(figure)],
        notes=found.run.notes,
        facts=facts(summarize(found.run), SESSIONS),
    )


def trend(found: Matrix, figure: Figure) -> Block:
    """The releases in the order of their versions, each beside the base."""
    changes = {each.release: each for each in found.of(figure)}
    rows = []
    cells: list[tuple[str, ...]] = []
    order = [label for label, _ in found.trend(figure)]
    for label, seen in found.trend(figure):
        change = changes.get(label)
        if change is None:
            rows.append({"label": label, "word": "base", "value": 0.0, "low": 0.0, "high": 0.0})
            cells.append((label, NONE, NONE, NONE, "the base", NONE, "the others are held against it", NONE))
            continue
        cells += shown.rows_of([change])
        value = (
            [100 * (each - 1) for each in (change.cost.ratio, seen.low, seen.high)] if change.cost and seen else None
        )
        middle, low, high = (min(WIDEST, each) for each in value) if value else (None, None, None)
        rows.append({"label": label, "word": change.in_words(), "value": middle, "low": low, "high": high})
    controls = [each for each in found.controls if each.figure == figure]
    cells += shown.rows_of(controls)
    unit = figure.unit
    noise = max((abs(each.cost.ratio - 1) for each in controls if each.cost and not each.untold), default=None)
    seen_noise = (
        "" if noise is None else f" The base beside itself differed by {percent(1 + noise).lstrip('+')} at most."
    )
    how = (
        f"The oldest release is on the left. Each mark is the change of time against {found.base.label}, with its interval: above 0 % "
        f"is slower.{seen_noise} A dashed line is where the level changed beyond doubt."
    )
    steps = [
        {
            "at": (order.index(each.after) + order.index(each.by)) / 2,
            "label": f"{'slower' if each.is_slower else 'faster'} with {each.by}",
        }
        for each in found.steps(figure)
    ]
    return Block(
        f"releases-{slug(figure.name)}",
        f"{figure.title}: the trend over releases",
        how,
        Table(shown.columns_of(unit), cells, frozenset({1, 2, 3, 4})),
        {"kind": "releases", "unit": f"time against {found.base.label}, %", "rows": rows, "steps": steps},
    )
