"""A comparison of two sets of runs as a page. Comparing is left to ``gate.comparison``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from autogauge.files import require_folder_of, write_for_a_user
from autogauge.gate.comparison import Comparison
from autogauge.gate.judgement import changes_of, percent
from autogauge.measuring.drawing import NONE, Block, Table
from autogauge.report.history import (
    beside_of,
    figures_of,
    furthest_of,
    headings_of,
    how,
    how_pooled,
    left_out_of,
    machines_of,
    short,
    sides,
    unmatched,
)
from autogauge.report.pages.render import ASSETS, put_script, render

JUDGEMENTS_SHOWN = 200
"""Sentences on the page, those over all machines first, then the worst; the table has a line for every one."""
WIDEST = 1000.0
"""Percent; an interval that reaches further is drawn to here."""


def save(found: Comparison, path: Path) -> None:
    """Write the page whole or not at all, and the charts' script beside its folder. Raises ``OSError``."""
    path = path.absolute()
    require_folder_of(path)
    content = page(found, path)
    put_script(path.parent / ASSETS)
    write_for_a_user(path, content)


def page(found: Comparison, path: Path) -> bytes:
    """The page as HTML, to lie at ``path``."""
    counts = Counter(each.word for each in found.judgements)
    left = left_out_of(len(found.compared) - len(found.lines))
    return render(
        "comparison.html",
        path,
        path.parent / ASSETS,
        words=", ".join(f"{count} {word}" for word, count in counts.items()),
        sides=[f"{name}: {what} ({short(text)})" for name, what, text in sides(found)],
        judgements=[*(each.judgement for each in found.pooled_lines), *(each.judgement for each in found.lines)][
            :JUDGEMENTS_SHOWN
        ],
        pooled=_pooled(found),
        changes=_changes(found),
        unmatched=unmatched(found),
        notes=[*([how_pooled(found)] if found.pooled else []), *filter(None, [left]), *how(found), *found.notes],
    )


def _pooled(found: Comparison) -> Table | None:
    """The lines over all machines."""
    if not found.pooled:
        return None
    cells = [
        (
            each.judgement.benchmark,
            each.judgement.word,
            percent(each.judgement.change.ratio) if each.judgement.change else NONE,
            each.judgement.bounds(),
            machines_of(each),
            furthest_of(each),
        )
        for each in found.pooled_lines
    ]
    return Table(
        ("benchmark", "verdict", "change", "interval over machines", "machines", "furthest"), cells, frozenset({2})
    )


def _changes(found: Comparison) -> Block:
    cells, rows = [], []
    named = headings_of(found)
    beside = (named.beside,) if named.beside else ()
    for each in found.lines:
        change, judgement = each.judgement.change, each.judgement
        cells.append(
            (
                judgement.benchmark,
                judgement.word,
                *figures_of(each, named),
                percent(change.ratio) if change else NONE,
                judgement.bounds(),
                *((beside_of(each),) if beside else ()),
                f"{each.runs[0]}, {each.runs[1]}",
            )
        )
        if change:
            value, low, high = (min(WIDEST, 100 * (bound - 1)) for bound in (change.ratio, change.low, change.high))
            rows.append(
                {"label": judgement.benchmark, "word": judgement.word, "value": value, "low": low, "high": high}
            )
    quantities = [each.judgement.quantity for each in found.compared]
    more, less = (
        list(dict.fromkeys(words)) for words in zip(*((each.more, each.less) for each in quantities), strict=True)
    )
    sentence = (
        "Each mark is B's change against A, with its interval. Right of the line at 0 % B is "
        f"{' or '.join(more)}, left of it {' or '.join(less)}; an interval on both sides of "
        "the line leaves that open."
    )
    if beside:
        sentence += " Time is taken beside the pinned workload's, by which a slower day of the machine is no change."
    what = changes_of(found.judgements)
    return Block(
        "changes",
        f"B against A, in percent of {what}",
        sentence,
        Table(
            ("benchmark", "verdict", named.a, named.b, named.change, "interval", *beside, "runs"),
            cells,
            frozenset({2, 3, 4}),
        ),
        {"kind": "changes", "unit": f"change of {what}, %", "rows": rows},
    )
