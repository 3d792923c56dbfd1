"""Markdown for a pull request or a job's summary: a run's verdicts, or a comparison. What is shown is measured and judged elsewhere."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from autogauge import studies
from autogauge.gate.compared import Compared
from autogauge.gate.comparison import Comparison
from autogauge.gate.judgement import Judgement, changes_of, percent
from autogauge.history.recorded import Recorded
from autogauge.measuring.drawing import NONE, Block
from autogauge.report.gate import not_judged
from autogauge.report.history import (
    NOTES_SHOWN,
    Headings,
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
    some_of,
    too_many_of,
    unmatched,
)
from autogauge.report.rows import Rows, tables
from autogauge.report.words import MARKS, apart, in_words, judged_of, shown

PARAGRAPH = 4000
"""Letters of a paragraph that says how to read a table, at most."""
UNSEEN = "\u2060"
"""A word joiner: it shows as nothing, and keeps a page from taking a name for an address, a person or an issue."""
_LINKED = re.compile(r"\w:(?=//)|\bwww(?=\.)|@|#|\bGH(?=-\d)", re.IGNORECASE)


def of_run(run: Recorded) -> str:
    """A run's verdicts first, then the gate's, then the tables of figures."""
    gate = judged_of(run)
    model = text(str(run.model.get("words"))) if run.model else "no model"
    lines = [
        f"## AUTO on {text(run.machine)}: {text(in_words(run))}",
        "",
        f"openvino {text(run.openvino)}, {model}, profile {text(run.profile)}",
        "",
    ]
    lines += [line for each in run.findings for line in (f"**FINDING** {text(each['sentence'])}", "")]
    if run.is_emulated:
        words, gpus = ((run.emulated_gpu or {}).get(name) for name in ("words", "gpus"))
        kind = f" Its kernels are compiled for the processor class {text(str(words))}." if words else ""
        kind = (f" There are {text(str(gpus))}." if gpus else "") + kind
        lines += [f"**Emulated GPU**: this shows how AUTO behaves with an accelerator, not how fast one is.{kind}", ""]
    if run.verdicts:
        own, others = apart(run.verdicts)
        cells = [(marked(shown(each)), text(each["claim"]), text(each["evidence"])) for each in own]
        cells += [(marked(outcome), text(line), "") for outcome, line in others]
        lines += [*table(("verdict", "promise", "evidence"), cells), ""]
    if judged := [each for each in gate.shown if each.outcome]:
        lines += [f"### Gate: {counts(judged)}", ""]
        lines += [
            *table(("verdict", "benchmark", changes_of(judged), "interval", "rests on"), map(_judged, judged), {2}),
            "",
        ]
    if unjudged := not_judged(gate, run.path):
        lines += [f"**NOT JUDGED** {text(unjudged)}", ""]
    for each in tables(run.results):
        lines += [*_figures(each), ""]
    for block in (block for each in run.results if each.name in studies.DRAWN for block in studies.blocks(each)):
        lines += _block(block)
    lines += [f"- {text(note)}" for note in (*run.notes, *run.lacks)]
    return "\n".join(lines).rstrip() + "\n"


def of_comparison(found: Comparison) -> str:
    """A comparison as a table for a pull request's comment."""
    lines = [f"## B against A: {counts(found.judgements)}", ""]
    lines += [f"- **{name}**: {text(what)} ({text(named)})" for name, what, named in sides(found)]
    if found.pooled:
        titles = ("verdict", "over all machines", changes_of(each.judgement for each in found.pooled), "interval")
        cells = (
            (*_judged(each.judgement)[:4], machines_of(each), text(furthest_of(each))) for each in found.pooled_lines
        )
        lines += ["", *table((*titles, "machines", "furthest"), cells, {2}), "", text(how_pooled(found))]
    named = headings_of(found)
    beside = (named.beside,) if named.beside else ()
    columns = ("verdict", "benchmark", named.a, named.b, named.change, "interval", *beside, "runs")
    shown, rest = found.printed()
    rows = (_compared(each, named) for each in shown)
    lines += ["", *table(columns, rows, {2, 3, 4})] if shown else []
    said = [too_many_of(rest), left_out_of(len(found.compared) - len(found.lines)), *how(found)]
    lines += [part for line in said if line for part in ("", text(line))] + [""]
    lines += [f"- only in {name}: {text(some_of(only))}" for name, only in unmatched(found)]
    lines += [f"- {text(note)}" for note in found.notes[:NOTES_SHOWN]]
    if (more := len(found.notes) - NOTES_SHOWN) > 0:
        lines.append(f"- and {more} more such notes (--json has them all)")
    return "\n".join(lines).rstrip() + "\n"


def of_blocks(title: str, words: Sequence[str], blocks: Iterable[Block], notes: Sequence[str]) -> str:
    """A paragraph, the tables of some parts of a page, and notes: for an issue's report."""
    lines = [f"## {text(title)}", "", " ".join(text(each, PARAGRAPH) for each in words), ""]
    lines += [line for each in blocks for line in _block(each)]
    lines += [f"- {text(note)}" for note in notes]
    return "\n".join(lines).rstrip() + "\n"


def _block(found: Block) -> list[str]:
    """The lines of a part of a page: its table, and how to read it."""
    cells = (tuple(map(text, row)) for row in found.table.rows)
    shown = table(found.table.columns, cells, found.table.numeric)
    return [f"### {text(found.title)}", "", *shown, "", text(found.how, PARAGRAPH), ""]


def counts(judgements: Iterable[Judgement]) -> str:
    """How many judgements are which: ``2 PASS, 1 FAIL``."""
    return ", ".join(f"{count} {word}" for word, count in Counter(each.word for each in judgements).items())


def marked(word: str) -> str:
    """A verdict with its sign, which is seen from afar."""
    return f"{MARKS.get(word, '')} {word}".strip()


def text(value: str, longest: int = 400) -> str:
    """A text that Markdown shows as it is, on one line, of bearable length."""
    shown = html.escape(short(value, longest), quote=False)
    shown = re.sub(r"([\\`*_{}\[\]#|~@!])", r"\\\1", shown)
    return _LINKED.sub(lambda found: f"{found[0]}{UNSEEN}", shown)


def _judged(each: Judgement) -> tuple[str, ...]:
    change = percent(each.change.ratio) if each.change else NONE
    return marked(each.word), text(each.benchmark), change, each.bounds(), each.count()


def _compared(each: Compared, named: Headings) -> tuple[str, ...]:
    verdict, benchmark, change, bounds, _ = _judged(each.judgement)
    beside = (beside_of(each),) if named.beside else ()
    return verdict, benchmark, *figures_of(each, named), change, bounds, *beside, f"{each.runs[0]}, {each.runs[1]}"


def _figures(found: Rows) -> list[str]:
    """The lines of a table of figures; a column only where some row has its figure."""
    metrics = [each for each in found.metrics if any(each.name in row.figures for row in found.rows)]
    has_latencies = any(row.p50_ms is not None for row in found.rows)
    headings = [*(each.heading for each in metrics), *(["p50 ms"] if has_latencies else [])]
    cells = []
    for row in found.rows:
        figures = [each.written(row.figures[each.name]) if each.name in row.figures else None for each in metrics]
        numbers = [*figures, row.p50_ms] if has_latencies else figures
        written = (NONE if value is None else f"{value:.4g}" for value in numbers)
        labels = (text(row.labels.get(key) or NONE) for key in found.keys)
        cells.append((text(row.target), *labels, *written, text(", ".join(row.execution_devices)) or NONE))
    first = 1 + len(found.keys)
    return table(
        ("target", *map(text, found.keys), *map(text, headings), "ran on"),
        cells,
        {*range(first, first + len(headings))},
    )


def table(
    columns: Sequence[str], cells: Iterable[Sequence[str]], right: frozenset[int] | set[int] = frozenset()
) -> list[str]:
    """The lines of a table; the columns ``right`` are set to the right."""
    rule = [("---:" if place in right else "---") for place in range(len(columns))]
    return [f"| {' | '.join(row)} |" for row in (columns, rule, *cells)]
