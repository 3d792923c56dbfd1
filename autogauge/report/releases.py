"""The trend over releases on a terminal: of the history's benchmarks, and of saved matrices. Its page is ``pages.releases_page``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from autogauge.gate.judgement import percent
from autogauge.lab.matrix.outcome import Matrix
from autogauge.lab.releases.over_history import OverReleases
from autogauge.measuring.drawing import NONE, number
from autogauge.measuring.quantity import quantity_of
from autogauge.plain import counted, sentence
from autogauge.report import matrix as of_matrix
from autogauge.report.tables import Column, Fitted

COLUMNS = ("release", "runs", "median", "change", "interval", "verdict")
MOST_SHOWN = 20
"""Benchmarks without a change whose tables a terminal shows; the page and --json have all."""
HOW = (
    "Of each release the accepted runs count, or all where none is. All intervals of a machine and model hold together with 99 %. Releases "
    "of a history were measured at different times, so what else changed then may be the cause: a matrix measures them side by side."
)


@dataclass(frozen=True)
class Releases:
    """All that is known of releases: the history's trends, and the saved matrices, the newest first; ``notes`` say what was left out."""

    trends: tuple[OverReleases, ...]
    matrices: tuple[Matrix, ...]
    notes: tuple[str, ...] = ()

    def in_words(self) -> str:
        """What it comes to, in one sentence."""
        changed = [each for each in self.trends if each.steps]
        found = [
            f"{len(changed)} of {counted(len(self.trends), 'trend')} over releases of the history changed beyond doubt"
        ]
        count = len(self.matrices)
        found += [f"{count} saved {'matrix' if count == 1 else 'matrices'}"] if count else []
        return "; ".join(found)

    def to_json(self) -> dict[str, Any]:
        """All of it as data."""
        return {
            "history": [each.to_json() for each in self.trends],
            "matrices": [each.to_json() for each in self.matrices],
            "notes": [*self.notes],
        }


def parts(found: Releases) -> list[RenderableType]:
    """What is printed: the changes first, then the tables."""
    shown: list[RenderableType] = [Text(sentence(found.in_words()))]
    for each in found.trends:
        shown += [Text(f"  {line}") for line in changes_in_words(each)]
    for matrix in found.matrices:
        shown += [Text(f"  {line}") for line in matrix_in_words(matrix)]
    quiet = [each for each in found.trends if not each.steps][:MOST_SHOWN]
    for each in [each for each in found.trends if each.steps] + quiet:
        shown.append(_table(each))
    if left := sum(not each.steps for each in found.trends) - len(quiet):
        shown.append(Text(f"{counted(left, 'trend')} without a change not shown: --out=DIR and --json have all"))
    shown.append(Text(HOW, style="dim"))
    shown += [Text(f"NOTE  {sentence(each)}") for each in found.notes]
    return shown


def changes_in_words(trend: OverReleases) -> list[str]:
    """Where the level changed, a sentence each, named by release."""
    found = []
    for step in trend.steps:
        low, high = (percent(ratio) for ratio in sorted(step.ratios))
        beside = f"; {trend.besides[step.by]}" if trend.besides.get(step.by) else ""
        found.append(
            f"{trend.title}: {trend.way(step.is_slower)} with {step.by} (after {step.after}): {low} to {high}, {trend.basis}{beside}"
        )
    return found


def matrix_in_words(matrix: Matrix) -> list[str]:
    """The same of a matrix; where nothing changed that, and what must be read before any verdict."""
    name = matrix.run.path.name if matrix.run.path else "a matrix"
    found = [f"{name}: {line}" for line in matrix.warnings()]
    for figure in matrix.figures:
        lines = of_matrix.levels_in_words(matrix.steps(figure))
        found += [f"{name}, {matrix.run.machine}: {figure.title}: {line}" for line in lines]
    return found or [f"{name}, {matrix.run.machine}: no change of level beyond doubt"]


def rows_of(trend: OverReleases) -> list[tuple[str, ...]]:
    """A row for each release."""
    quantity = quantity_of(trend.identity.metric)
    return [
        (
            each.release,
            f"{each.runs}{'' if each.accepted else ', not accepted'}",
            f"{number(each.figure * quantity.factor)} {quantity.shown_in}",
            percent(each.cost.ratio) if each.cost else NONE,
            f"{percent(each.cost.low)} to {percent(each.cost.high)}" if each.cost else NONE,
            trend.in_words(each) if each.cost else "the others are held against it",
        )
        for each in trend.levels
    ]


def _table(trend: OverReleases) -> Fitted:
    ranks = (100, 40, 60, 90, 80, 95)
    columns = [
        Column(name, rank, 12 if name == "verdict" else None, right=place in (2, 3, 4))
        for place, (name, rank) in enumerate(zip(COLUMNS, ranks, strict=True))
    ]
    table = Fitted(
        columns, options={"title": f"{trend.title}, {trend.basis}", "title_justify": "left", "title_style": "bold"}
    )
    styles = {
        "slower": "bold red",
        "larger": "bold red",
        "faster": "bold blue",
        "smaller": "bold blue",
        "INCONCLUSIVE": "yellow",
    }
    for row in rows_of(trend):
        table.add_row(*row[:5], Text(row[5], style=styles.get(row[5], "")))
    return table
