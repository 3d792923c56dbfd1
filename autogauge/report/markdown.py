"""Markdown for a pull request or a job's summary: a run's verdicts, or a comparison. What is shown is measured and judged elsewhere."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from autogauge.gate.comparison import Compared, Comparison
from autogauge.gate.judgement import Judgement, percent
from autogauge.gate.session import OFF
from autogauge.report.gate import not_judged
from autogauge.report.history import how, milliseconds, short, sides, unmatched
from autogauge.report.rows import Row, rows
from autogauge.report.words import MARKS, apart, in_words
from autogauge.run import Run
from autogauge.stats.verdicts import Outcome

NONE = "–"
UNSEEN = "\u2060"
"""A word joiner: it shows as nothing, and keeps a page from taking a name for an address, a person or an issue."""
_LINKED = re.compile(r"\w:(?=//)|\bwww(?=\.)|@|#|\bGH(?=-\d)", re.IGNORECASE)


def of_run(run: Run) -> str:
    """A run's verdicts first, then the gate's, then the table of figures."""
    verdicts = run.verdicts()
    model = text(run.model.describe()) if run.model else "no model"
    lines = [
        f"## AUTO on {text(run.settings.machine)}: {text(in_words(verdicts, run.gate))}",
        "",
        f"openvino {text(run.openvino)}, {model}, profile {run.settings.profile.name}",
        "",
    ]
    lines += [line for each in run.findings() for line in (f"**FINDING** {text(each.sentence())}", "")]
    if run.settings.is_emulated:
        kind = (
            f" Its kernels are compiled for the processor class {text(run.emulated.describe())}."
            if run.emulated
            else ""
        )
        lines += [f"**Emulated GPU**: this shows how AUTO behaves with an accelerator, not how fast one is.{kind}", ""]
    if verdicts:
        own, resting = apart(verdicts)
        cells = [(marked(str(each.outcome)), text(each.claim.sentence), text(each.evidence())) for each in own]
        cells += [(marked(str(Outcome.INCONCLUSIVE)), text(resting), "")] if resting else []
        lines += [*_table(("verdict", "promise", "evidence"), cells), ""]
    if run.gate and run.gate.mode != OFF and (judged := [each for each in run.gate.judgements if each.outcome]):
        lines += [f"### Gate: {counts(judged)}", ""]
        lines += [*_table(("verdict", "benchmark", "time", "interval", "rests on"), map(_judged, judged), {2}), ""]
    if run.gate and (unjudged := not_judged(run.gate, run.history_file)):
        lines += [f"**NOT JUDGED** {text(unjudged)}", ""]
    lines += _table(("target", "hint", "FIL ms", "FPS", "p50 ms", "ran on"), map(_figures, rows(run)), {2, 3, 4})
    lines += ["", *(f"- {text(note)}" for note in run.all_notes())]
    return "\n".join(lines).rstrip() + "\n"


def of_comparison(found: Comparison) -> str:
    """A comparison as a table for a pull request's comment."""
    lines = [f"## B against A: {counts(found.judgements)}", ""]
    lines += [f"- **{name}**: {text(what)} ({text(named)})" for name, what, named in sides(found)]
    columns = ("verdict", "benchmark", "A ms", "B ms", "time", "interval", "runs")
    lines += ["", *_table(columns, map(_compared, found.compared), {2, 3, 4})]
    lines += ["", *(text(line) for line in how(found)), ""]
    lines += [f"- only in {name}: {text(', '.join(only))}" for name, only in unmatched(found)]
    lines += [f"- {text(note)}" for note in found.notes]
    return "\n".join(lines).rstrip() + "\n"


def counts(judgements: Iterable[Judgement]) -> str:
    """How many judgements are which: ``2 PASS, 1 FAIL``."""
    return ", ".join(f"{count} {word}" for word, count in Counter(each.word for each in judgements).items())


def marked(word: str) -> str:
    """A verdict with its sign, which is seen from afar."""
    return f"{MARKS.get(word, '')} {word}".strip()


def text(value: str) -> str:
    """A text that Markdown shows as it is, on one line, of bearable length."""
    shown = html.escape(short(value, 400), quote=False)
    shown = re.sub(r"([\\`*_{}\[\]#|~@!])", r"\\\1", shown)
    return _LINKED.sub(lambda found: f"{found[0]}{UNSEEN}", shown)


def _judged(each: Judgement) -> tuple[str, ...]:
    change = percent(each.change.ratio) if each.change else NONE
    return marked(each.word), text(each.benchmark), change, each.bounds(), each.count()


def _compared(each: Compared) -> tuple[str, ...]:
    verdict, benchmark, change, bounds, _ = _judged(each.judgement)
    seconds = (milliseconds(value) for value in each.seconds)
    return verdict, benchmark, *seconds, change, bounds, f"{each.runs[0]}, {each.runs[1]}"


def _figures(row: Row) -> tuple[str, ...]:
    fil_ms = None if row.fil_s is None else row.fil_s * 1e3
    numbers = (NONE if value is None else f"{value:.4g}" for value in (fil_ms, row.fps, row.p50_ms))
    return text(row.target), row.hint or NONE, *numbers, text(", ".join(row.execution_devices)) or NONE


def _table(
    columns: Sequence[str], cells: Iterable[Sequence[str]], right: frozenset[int] | set[int] = frozenset()
) -> list[str]:
    """The lines of a table; the columns ``right`` are set to the right."""
    rule = [("---:" if place in right else "---") for place in range(len(columns))]
    return [f"| {' | '.join(row)} |" for row in (columns, rule, *cells)]
