"""Saved runs and comparisons of them on a terminal. Reading and comparing are left to ``autogauge.history``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from autogauge.gate.comparison import Comparison
from autogauge.gate.judgement import percent
from autogauge.history.index import IndexedRun
from autogauge.plain import LONGEST_NAME, plain, sentence
from autogauge.report.gate import STYLES

STANDINGS = {"accepted": "green", "quarantined": "bold red", "pending": "yellow", "unreadable": "red"}
NONE = "–"
_WIDTHS = {"run": 4, "machine": 6, "measured (UTC)": 16, "openvino": 8, "model": 9, "gate": 12, "standing": 11}
"""Columns and what each needs at least, so that a run is one line on 80 columns; long names end in an ellipsis."""


def runs_table(runs: Sequence[IndexedRun]) -> Table:
    """A line for each run, in the order given."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for title, width in _WIDTHS.items():
        shrinks = title in ("machine", "model")  # and they are single words: never wrapped, cut where there is no room
        table.add_column(
            title,
            no_wrap=not shrinks,
            overflow="ellipsis",
            min_width=width,
            justify="right" if title == "run" else "left",
        )
    for run in runs:
        foreign = "(foreign)" if run.foreign else ""
        table.add_row(
            f"{run.number:04d}",
            short(run.machine or NONE),
            f"{run.when:%Y-%m-%d %H:%M}" if run.when else NONE,
            short(run.release or NONE, 16),
            short(run.model_and_precision.replace(" ", "/") + foreign),
            Text(run.verdict or NONE, style=STYLES.get(run.verdict, "")),
            Text(run.standing, style=STANDINGS.get(run.standing, "")),
        )
    return table


def run_json(run: IndexedRun) -> dict[str, Any]:
    """A run's fields as a dictionary."""
    return {
        "file": str(run.path),
        "number": run.number,
        "measured": run.when.isoformat() if run.when else None,
        "machine": run.machine,
        "openvino": run.openvino,
        "model": run.model,
        "precision": run.precision,
        "weights": run.weights,
        "profile": run.profile,
        "accelerator": run.accelerator,
        "fingerprint": run.fingerprint,
        "benchmarks": run.benchmarks,
        "gate": run.verdict,
        "standing": run.standing,
        "why": run.why,
        "foreign": run.foreign,
        "problems": list(run.problems),
    }


def comparison(found: Comparison) -> list[RenderableType]:
    """B against A: what each is, a line for each benchmark, what only one of them has."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for title in ("", "benchmark", "A ms", "B ms", "time", "interval", "runs"):
        table.add_column(title, overflow="fold", justify="right" if title in ("A ms", "B ms", "time") else "left")
    for each in found.compared:
        judgement = each.judgement
        table.add_row(
            Text(judgement.word, style=STYLES.get(judgement.word, "")),
            short(judgement.benchmark),
            milliseconds(each.seconds[0]),
            milliseconds(each.seconds[1]),
            percent(judgement.change.ratio) if judgement.change else NONE,
            judgement.bounds(),
            f"{each.runs[0]}, {each.runs[1]}",
        )
    parts: list[RenderableType] = [Text(line) for line in sides(found)]
    parts += [table, *(Text(line) for line in how(found))]
    parts += [Text(f"only in {name}: {some_of(only)}") for name, only in unmatched(found)]
    return [*parts, *(Text(f"NOTE  {sentence(note)}") for note in found.notes)]


def sides(found: Comparison) -> list[str]:
    """What A and B are, a line each."""
    return [f"{name}: {describe(side.runs)} ({short(side.text)})" for name, side in (("A", found.a), ("B", found.b))]


def describe(runs: Sequence[IndexedRun]) -> str:
    """How many runs of which machines and releases, and from when."""
    moments = sorted(run.when for run in runs if run.when)
    days = dict.fromkeys(f"{moment:%Y-%m-%d}" for moment in (moments[:1] + moments[-1:]))
    machines = ", ".join(short(each) for each in sorted({run.machine or "no machine's name" for run in runs})[:4])
    releases = ", ".join(short(each) for each in sorted({run.release or "no release" for run in runs})[:4])
    count = f"{len(runs)} run" if len(runs) == 1 else f"{len(runs)} runs"
    return f"{count} of {machines}, openvino {releases}, {' to '.join(days) or 'no date'}"


def how(found: Comparison) -> list[str]:
    """By what it was compared, and how sure the intervals are."""
    bases = " and ".join(dict.fromkeys(each.basis for each in found.compared))
    first = found.compared[0].judgement
    together = family(len(found.compared), first.change.confidence) if first.change else 0.0
    where = found.compared[0].where
    on = f" on {short(where)}" if where and not found.varied else ""
    return [
        f"compared{on} {bases}; runs are the sample; either bound holds for all together with {100 * together:.3g} %; "
        f"a change counts from {percent(first.floor)} on"
    ]


def family(count: int, confidence: float) -> float:
    """The confidence that a bound holds for all of so many intervals (Bonferroni)."""
    return 1 - count * (1 - confidence) / 2


def unmatched(found: Comparison) -> list[tuple[str, tuple[str, ...]]]:
    """What only one side has, where there is something."""
    return [(name, only) for name, only in (("A", found.only_a), ("B", found.only_b)) if only]


def some_of(names: Sequence[str], most: int = 30) -> str:
    """Names in a row, of very many the first."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(short, names[:most])) + more


def milliseconds(seconds: float) -> str:
    """Seconds as milliseconds, with four digits that matter."""
    return f"{seconds * 1e3:.4g}"


def short(text: str, longest: int = LONGEST_NAME) -> str:
    """A text that fits a line: see ``autogauge.plain``."""
    return plain(text, longest)
