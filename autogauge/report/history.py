"""Saved runs and comparisons of them on a terminal. Reading and comparing are left to ``autogauge.history``."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from autogauge.gate.comparison import Compared, Comparison
from autogauge.gate.judgement import changes_of, percent
from autogauge.history.indexed import IndexedRun
from autogauge.history.labels import by_size
from autogauge.history.told_apart import Models
from autogauge.measuring.quantity import TIME, quantity_of
from autogauge.plain import LONGEST_NAME, plain, sentence
from autogauge.report.gate import STYLES
from autogauge.report.tables import Column, Fitted

STANDINGS = {"accepted": "green", "quarantined": "bold red", "pending": "yellow", "unreadable": "red"}
NONE = "–"
NEEDS, NEEDS_APART = 9, 18
"""Characters of a model's name, and of one that has to be told apart from others of that name."""


def runs_table(runs: Sequence[IndexedRun], models: Models | None = None) -> Fitted:
    """A line for each run, in the order given. ``models`` are those to be told apart; without them, those of the runs.

    A run is one line on 80 columns; on fewer the standing is the last to go. Long names end in an ellipsis.
    """
    models = models or Models(runs)
    named = [_model_in_short(run, models) for run in runs]
    apart = any(mark for _, mark in named)
    table = Fitted(
        (
            Column("run", 90, right=True),
            Column("machine", 70, 6, cut=True),
            Column("measured (UTC)", 60),
            Column("openvino", 40, cut=True, longest=16),
            Column("model", 50, NEEDS_APART if apart else NEEDS, cut=True),
            Column("gate", 80),
            Column("standing", 100),
        ),
        options={"box": None},
    )
    for run, (name, mark) in zip(runs, named, strict=True):
        table.add_row(
            f"{run.number:04d}",
            run.machine or NONE,
            f"{run.when:%Y-%m-%d %H:%M}" if run.when else NONE,
            ", ".join(run.releases) or NONE,
            f"{short(name, max(4, NEEDS_APART - 2 - len(mark)))} {mark}" if mark else name,
            Text(run.verdict or NONE, style=STYLES.get(run.verdict, "")),
            Text(run.stands, style=STANDINGS.get(run.standing, "")),
        )
    return table


def _model_in_short(run: IndexedRun, models: Models) -> tuple[str, str]:
    """A run's model without blanks, and by what it is told apart from others of its name: a folder or digest, or nothing."""
    name = run.model_and_precision
    mark = models.called(run).removeprefix(name).strip(" ()").removeprefix("sha256 ")
    return name.replace(" ", "/") + ("(foreign)" if run.foreign else ""), short(mark, 40)


def run_json(run: IndexedRun) -> dict[str, Any]:
    """A run's fields as a dictionary."""
    return {
        "file": str(run.path),
        "number": run.number,
        "measured": run.when.isoformat() if run.when else None,
        "machine": run.machine,
        "openvino": run.openvino,
        "model": run.model,
        "digest": run.digest,
        "folder": run.folder,
        "precision": run.precision,
        "weights": run.weights,
        "profile": run.profile,
        "accelerator": run.accelerator,
        "fingerprint": run.fingerprint,
        "benchmarks": run.benchmarks,
        "labels": {key: list(values) for key, values in run.contents.labels.items()},
        "gate": run.verdict,
        "standing": run.standing,
        "accepted_benchmarks": run.accepted,
        "why": run.why,
        "foreign": run.foreign,
        "problems": list(run.problems),
    }


def comparison(found: Comparison) -> list[RenderableType]:
    """B against A: what each is, a line for each benchmark, what only one of them has."""
    headings = headings_of(found)
    table = Fitted(
        (
            Column("", 100),
            Column("benchmark", 90, 12),
            Column(headings[0], 50, right=True),
            Column(headings[1], 60, right=True),
            Column(headings[2], 80, right=True),
            Column("interval", 70, 11),
            Column("runs", 40),
        )
    )
    for each in found.compared:
        judgement = each.judgement
        table.add_row(
            Text(judgement.word, style=STYLES.get(judgement.word, "")),
            judgement.benchmark,
            *figures_of(found, each),
            percent(judgement.change.ratio) if judgement.change else NONE,
            judgement.bounds(),
            f"{each.runs[0]}, {each.runs[1]}",
        )
    parts: list[RenderableType] = [Text(f"{name}: {what} ({short(text)})") for name, what, text in sides(found)]
    parts += [table, *(Text(line) for line in how(found))]
    parts += [Text(f"only in {name}: {some_of(only)}") for name, only in unmatched(found)]
    return [*parts, *(Text(f"NOTE  {sentence(note)}") for note in found.notes)]


def sides(found: Comparison) -> list[tuple[str, str, str]]:
    """What A and B are: the name, what runs they have, and how the user named them."""
    named = zip(("A", "B"), (found.a, found.b), found.releases, strict=True)
    return [(name, describe(side.runs, releases), side.text) for name, side, releases in named]


def describe(runs: Sequence[IndexedRun], own_releases: Sequence[str] = ()) -> str:
    """How many runs of which machines and releases, and from when. ``own_releases`` are those of the figures that are meant."""
    moments = sorted(run.when for run in runs if run.when)
    days = dict.fromkeys(f"{moment:%Y-%m-%d}" for moment in (moments[:1] + moments[-1:]))
    machines = ", ".join(short(each) for each in sorted({run.machine or "no machine's name" for run in runs})[:4])
    of_runs = by_size(own_releases or {each for run in runs for each in run.releases or ("no release",)})
    releases = ", ".join(map(short, of_runs[:4]))
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


def headings_of(found: Comparison) -> tuple[str, str, str]:
    """What the columns of a comparison are called: A's and B's figures, with their unit where it is one, and the change."""
    unit = one_unit({each.metric for each in found.compared})
    return f"A {unit}".strip(), f"B {unit}".strip(), changes_of(found.judgements)


def figures_of(found: Comparison, each: Compared) -> tuple[str, str]:
    """A's and B's figure as tables write them, with their unit where there are several in the column."""
    alone = bool(one_unit({one.metric for one in found.compared}))
    first, second = (written(value, each.metric, alone=alone) for value in each.seconds)
    return first, second


def one_unit(metrics: Collection[str]) -> str:
    """The unit that the figures of these metrics are written in; empty where there are several."""
    units = {quantity_of(each).shown_in for each in metrics} or {TIME.shown_in}
    return units.pop() if len(units) == 1 else ""


def written(saved: float, metric: str, *, alone: bool = True) -> str:
    """A saved figure with four digits that matter: milliseconds, or MiB; with its unit, unless the column has it ``alone``."""
    quantity = quantity_of(metric)
    return quantity.written(saved) + ("" if alone else f" {quantity.shown_in}")


def short(text: str, longest: int = LONGEST_NAME) -> str:
    """A text that fits a line: see ``autogauge.plain``."""
    return plain(text, longest)
