"""Saved runs and comparisons of them on a terminal. Reading and comparing are left to ``autogauge.history``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from autogauge.gate.comparison import Compared, Comparison
from autogauge.gate.comparison_pooled import Pooled
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
NOTES_SHOWN = 20
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
            plain(run.machine) or NONE,
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
        "measured_as": run.measured_as,
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
    """B against A: what each is, a line for each benchmark, what only one of them has.

    Of several machines a line a benchmark over all of them comes first, and of very many machines' own lines the worst.
    """
    parts: list[RenderableType] = [Text(f"{name}: {what} ({short(text)})") for name, what, text in sides(found)]
    parts += [*_over_machines(found), *_by_itself(found)]
    parts += [Text(f"only in {name}: {some_of(only)}") for name, only in unmatched(found)]
    notes = found.notes[:NOTES_SHOWN]
    parts += [Text(f"NOTE  {sentence(note)}") for note in notes]
    more = len(found.notes) - len(notes)
    return [*parts, *([Text(f"NOTE  and {more} more such notes (--json has them all)")] if more else [])]


def _over_machines(found: Comparison) -> list[RenderableType]:
    if not found.pooled:
        return []
    table = Fitted(
        (
            Column("", 100),
            Column("over all machines", 90, 12),
            Column(changes_of(each.judgement for each in found.pooled), 80, right=True),
            Column("interval", 70, 11),
            Column("machines", 60),
            Column("furthest", 50, 8),
        )
    )
    for each in found.pooled_lines:
        judgement = each.judgement
        table.add_row(
            Text(judgement.word, style=STYLES.get(judgement.word, "")),
            judgement.benchmark,
            percent(judgement.change.ratio) if judgement.change else NONE,
            judgement.bounds(),
            machines_of(each),
            furthest_of(each),
        )
    left = left_out_of(len(found.pooled) - len(found.pooled_lines))
    return [table, Text(how_pooled(found)), *([Text(left)] if left else [])]


def machines_of(each: Pooled) -> str:
    """How many machines a line is over, and what was said of them: ``100: 97 PASS, 3 FAIL``; of several lines by what this one is."""
    judged = f" {each.judged}" if each.judged else ""
    return f"{each.machines}{judged}: {', '.join(f'{count} {word}' for word, count in each.verdicts.items())}"


def furthest_of(each: Pooled) -> str:
    """The machine that became slower, or larger, by most: ``lab-07 +6.1 %``."""
    change = each.furthest.judgement.change
    return f"{each.furthest.machine} {percent(change.ratio) if change else NONE}"


def how_pooled(found: Comparison) -> str:
    """What the lines over machines rest on."""
    change = found.pooled[0].judgement.change
    together = 100 * family(len(found.pooled), change.confidence) if change else 0.0
    return (
        "over all machines: machines are the sample, each counts once (trimmed mean, Student's interval over machines; "
        f"docs/history.md); either bound holds for all lines together with {together:.3g} %"
    )


def left_out_of(count: int) -> str:
    """That so many lines are left out by the user's wish; empty for none."""
    return f"{count} {'line' if count == 1 else 'lines'} without a change left out (--only=changed)" if count else ""


def too_many_of(lines: Sequence[Compared]) -> str:
    """Which lines are not printed since there are too many, and how to see them; empty for none."""
    if not lines:
        return ""
    words = Counter(each.judgement.word for each in lines)
    counts = ", ".join(f"{count} {word}" for word, count in words.items())
    return f"and {len(lines)} more lines: {counts} (--only=all prints them all, --json and --html have them)"


def _by_itself(found: Comparison) -> list[RenderableType]:
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
    lines, rest = found.printed()
    alone = bool(one_unit({one.metric for one in found.compared}))
    for each in lines:
        judgement = each.judgement
        table.add_row(
            Text(judgement.word, style=STYLES.get(judgement.word, "")),
            judgement.benchmark,
            *figures_of(each, alone=alone),
            percent(judgement.change.ratio) if judgement.change else NONE,
            judgement.bounds(),
            f"{each.runs[0]}, {each.runs[1]}",
        )
    said = [too_many_of(rest), left_out_of(len(found.compared) - len(found.lines)), *how(found)]
    return [*([table] if lines else []), *(Text(line) for line in said if line)]


def sides(found: Comparison) -> list[tuple[str, str, str]]:
    """What A and B are: the name, what runs they have, and how the user named them."""
    named = zip(("A", "B"), (found.a, found.b), found.releases, strict=True)
    return [(name, describe(side.runs, releases), side.text) for name, side, releases in named]


def describe(runs: Sequence[IndexedRun], own_releases: Sequence[str] = ()) -> str:
    """How many runs of which machines and releases, and from when. ``own_releases`` are those of the figures that are meant."""
    moments = sorted(run.when for run in runs if run.when)
    days = dict.fromkeys(f"{moment:%Y-%m-%d}" for moment in (moments[:1] + moments[-1:]))
    machines = some_of(sorted({run.machine or "no machine's name" for run in runs}), 4)
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


def figures_of(each: Compared, *, alone: bool) -> tuple[str, str]:
    """A's and B's figure as tables write them, with their unit, unless the column has it ``alone`` (:func:`one_unit`)."""
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
