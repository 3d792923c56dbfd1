"""The page of the trends over releases: a chart for each benchmark of the history, and for each figure of the saved matrices."""

from __future__ import annotations

import math
from pathlib import Path

from autogauge.gate.judgement import percent
from autogauge.lab.matrix.outcome import Matrix
from autogauge.lab.releases.over_history import OverReleases
from autogauge.measuring.drawing import Block, Table, slug
from autogauge.report import matrix as of_matrix
from autogauge.report import releases as shown
from autogauge.report.pages import matrix_page
from autogauge.report.pages.comparison_page import WIDEST
from autogauge.report.pages.render import render
from autogauge.report.releases import Releases

MOST_DRAWN = 200
"""Charts on a page, those with a change first; more would not open."""


def page(found: Releases, path: Path, assets: Path) -> bytes:
    """The page as HTML, to lie at ``path``; the charts' script lies in ``assets``."""
    blocks = [_of_history(each, place) for place, each in enumerate(found.trends[:MOST_DRAWN])]
    left = len(found.trends) - len(blocks)
    for matrix in found.matrices:
        name = _name(matrix)
        for figure in matrix.figures:
            if matrix.of(figure):
                own = matrix_page.trend(matrix, figure)
                blocks.append(
                    Block(
                        f"{slug(name)}-{own.id}",
                        f"{name}, {matrix.run.machine}: {own.title}",
                        own.how,
                        own.table,
                        own.chart,
                    )
                )
    return render(
        "releases.html",
        path,
        assets,
        title="Trends over OpenVINO releases",
        words=[found.in_words()],
        warnings=[f"{_name(each)}: {line}" for each in found.matrices for line in each.warnings()],
        levels=[
            (each.title, [line.removeprefix(f"{each.title}: ") for line in shown.changes_in_words(each)])
            for each in found.trends
            if each.steps
        ]
        + [
            (f"{_name(matrix)}: {figure.title}", of_matrix.levels_in_words(matrix.steps(figure)))
            for matrix in found.matrices
            for figure in matrix.figures
        ],
        how=[shown.HOW],
        blocks=blocks,
        notes=[*found.notes, *([f"{left} trends without a chart here: --json has them"] if left else [])],
        facts=[],
    )


def _name(matrix: Matrix) -> str:
    return matrix.run.path.stem if matrix.run.path else "a matrix"


def _of_history(trend: OverReleases, place: int) -> Block:
    order = [each.release for each in trend.levels]
    rows = []
    for each in trend.levels:
        ratios = (each.cost.ratio, each.cost.low, each.cost.high) if each.cost else (1.0, 1.0, 1.0)
        value, low, high = (min(WIDEST, 100 * (ratio - 1)) for ratio in ratios)
        rows.append(
            {
                "label": each.release,
                "word": _word(trend.in_words(each)) if each.cost else "base",
                "value": value,
                "low": low,
                "high": high,
            }
        )
    steps = [
        {
            "at": (order.index(each.after) + order.index(each.by)) / 2,
            "label": f"{trend.way(each.is_slower)} with {each.by}",
        }
        for each in trend.steps
    ]
    widest = max((each.cost.high for each in trend.levels if each.cost), default=1.0)
    beyond = (
        f" Intervals that reach further are drawn to {percent(1 + WIDEST / 100)}."
        if not math.isfinite(widest) or widest > 1 + WIDEST / 100
        else ""
    )
    return Block(
        f"over-{place}-{slug(trend.identity.benchmark)}",
        trend.title,
        f"The oldest release is on the left. Each mark is the change against {trend.base}, {trend.basis}, with its interval over runs. "
        f"Above 0 % is {trend.more}. A dashed line is where the level changed beyond doubt.{beyond}",
        Table(shown.COLUMNS, shown.rows_of(trend), frozenset({2, 3, 4})),
        {"kind": "releases", "unit": f"against {trend.base}, %", "rows": rows, "steps": steps},
    )


def _word(word: str) -> str:
    """As the chart colours it."""
    return {"larger": "slower", "smaller": "faster"}.get(word, word)
