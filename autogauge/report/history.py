"""Saved runs and comparisons of them on a terminal. Reading and comparing are left to ``autogauge.history``."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from autogauge import checkout
from autogauge.gate.compared import Compared
from autogauge.gate.comparison import Comparison
from autogauge.gate.comparison_pooled import Pooled
from autogauge.gate.judgement import Judgement, changes_of, percent
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
    return (
        "over all machines: machines are the sample, each counts once (trimmed mean, Student's interval over machines; "
        f"{checkout.page('history')}); {how_sure([each.judgement for each in found.pooled])}"
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
    named = headings_of(found)
    table = Fitted(
        (
            Column("", 100),
            Column("benchmark", 90, 12),
            Column(named.a, 50, right=True),
            Column(named.b, 60, right=True),
            Column(named.change, 80, right=True),
            Column("interval", 70, 11),
            *([Column(named.beside, 45)] if named.beside else []),
            Column("runs", 40),
        )
    )
    lines, rest = found.printed()
    for each in lines:
        judgement = each.judgement
        table.add_row(
            Text(judgement.word, style=STYLES.get(judgement.word, "")),
            judgement.benchmark,
            *figures_of(each, named),
            percent(judgement.change.ratio) if judgement.change else NONE,
            judgement.bounds(),
            *([beside_of(each)] if named.beside else []),
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
    where = found.compared[0].where
    on = f" on {short(where)}" if where and not found.varied else ""
    said = [f"compared{on} {bases}; runs are the sample; {how_sure(found.judgements)}", _from_where_on(found)]
    if any(each.by_ratio for each in found.compared):
        said.append(
            f"A/{PINNED}, B/{PINNED}: seconds divided by the pinned workload's of the same minutes, so that a slower day of the machine is "
            "no change; ms: the medians of A and B, which are not what is judged"
        )
    return said


def _from_where_on(found: Comparison) -> str:
    """From which change on a line says FAIL: with one run of B, by the gate's rule, from twice as much as with several."""
    kinds: dict[bool, list[float]] = defaultdict(list)
    for each in found.compared:
        kinds[each.runs[1] == 1 and not found.by].append(each.judgement.floor)
    parts = []
    for is_one, floors in sorted(kinds.items()):
        why = ", since B is one run" if len(kinds) == 1 else ", where B is one run"
        parts.append(f"from {percent(min(floors))} on{why if is_one else ''}")
        if max(floors) > min(floors):
            parts[-1] += f" (of little memory from up to {percent(max(floors))} on)"
    return f"a change counts {' and '.join(parts)}"


def how_sure(judgements: Sequence[Judgement]) -> str:
    """How often all of these lines together call something slower that is not: at most so often as each may, added up (Bonferroni)."""
    error = sum((1 - each.change.confidence) / 2 for each in judgements if each.change)
    return f"where nothing changed, at most {100 * error:.2g} % of such comparisons fail in any of its lines"


def unmatched(found: Comparison) -> list[tuple[str, tuple[str, ...]]]:
    """What only one side has, where there is something."""
    return [(name, only) for name, only in (("A", found.only_a), ("B", found.only_b)) if only]


def some_of(names: Sequence[str], most: int = 30) -> str:
    """Names in a row, of very many the first."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(short, names[:most])) + more


PINNED = "pinned"
"""The unit of a ratio to the pinned workload: so many times its time."""


@dataclass(frozen=True)
class Headings:
    """What the columns of a comparison are called: the figures that were held against each other, the change, and what stands ``beside``.

    ``beside`` are the medians of what was judged by the ratio, empty where nothing was; ``alone`` says that all figures are of one unit,
    which the headings have.
    """

    a: str
    b: str
    change: str
    beside: str
    alone: bool


def headings_of(found: Comparison) -> Headings:
    """Those of that comparison."""
    units = {_unit(each) for each in found.compared}
    unit = units.pop() if len(units) == 1 else ""
    by_ratio = any(each.by_ratio for each in found.compared)
    change = "change" if by_ratio else changes_of(found.judgements)
    between = "/" if unit == PINNED else " "
    a, b = (f"{name}{between}{unit}" if unit else name for name in ("A", "B"))
    return Headings(a, b, change, TIME.shown_in if by_ratio else "", bool(unit))


def figures_of(each: Compared, named: Headings) -> tuple[str, str]:
    """A's and B's figure as tables write them: those whose quotient is the change, with their unit, unless the headings have it."""
    first, second = (f"{value:.4g}" if each.by_ratio else written(value, each.metric) for value in each.figures)
    unit = "" if named.alone else f" × {PINNED}" if each.by_ratio else f" {_unit(each)}"
    return f"{first}{unit}", f"{second}{unit}"


def beside_of(each: Compared) -> str:
    """The medians of A and B in milliseconds of what was judged by the ratio, and by how much these differ; empty for others."""
    if not each.by_ratio:
        return ""
    first, second = (written(value, each.metric) for value in each.seconds)
    return f"{first}, {second} ({percent(each.seconds[1] / each.seconds[0])})"


def _unit(each: Compared) -> str:
    return PINNED if each.by_ratio else quantity_of(each.metric).shown_in


def written(saved: float, metric: str) -> str:
    """A saved figure with four digits that matter: milliseconds, or MiB."""
    return quantity_of(metric).written(saved)


def short(text: str, longest: int = LONGEST_NAME) -> str:
    """A text that fits a line: see ``autogauge.plain``."""
    return plain(text, longest)
