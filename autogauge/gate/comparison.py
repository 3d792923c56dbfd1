"""Two sets of saved runs side by side, benchmark by benchmark: two runs, two machines, two releases, two histories.

Runs are the sample, not the rounds inside them. Benchmarks are matched by name, and by machine and model as far as both sides have the
same ones: two releases on three machines are three comparisons, two machines are one. One run against others is the question that the
gate asks, and gets the gate's answer by the gate's rule. Which runs are meant is left to ``select``, what is odd about them to
``comparison_notes``.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autogauge.errors import UserError
from autogauge.gate import comparison_notes, comparison_pooled, hints, past
from autogauge.gate.compared import BY_RATIO, Compared, Group, by_itself, levels_judged
from autogauge.gate.gate import FAMILY_ERROR
from autogauge.gate.judgement import Judgement, Way, percent
from autogauge.gate.past import RATIO_SPREAD, Figure, Rule, outcome
from autogauge.history import records
from autogauge.history.index_rows import ACCEPTED
from autogauge.history.indexed import IndexedRun, Series
from autogauge.history.labels import Labels, by_size
from autogauge.history.records import SavedRun
from autogauge.history.select import Selection
from autogauge.history.told_apart import Models, model_of
from autogauge.measuring.quantity import quantity_of
from autogauge.plain import few_plain
from autogauge.stats.two_levels import ratio_of_levels

if TYPE_CHECKING:
    from autogauge.gate.comparison_pooled import Pooled

MOST_PRINTED = 100
"""Lines of single machines that are printed below those over all machines, the worst first."""


@dataclass(frozen=True)
class Comparison:
    """B against A, in the order of the benchmarks; and what only one of them has."""

    a: Selection
    b: Selection
    compared: tuple[Compared, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    notes: tuple[str, ...]
    releases: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    """The OpenVINO releases that the figures of A, and those of B, were measured with."""
    by: str = ""
    """The label whose values were compared within each run; empty where two sides were."""
    pooled: tuple[Pooled, ...] = ()
    """Of several machines a line a benchmark over all of them, the worst first: see ``comparison_pooled``."""
    all_lines: bool = False
    """Whether every line is to be printed, however many machines there are."""
    shown: frozenset[str] | None = None
    """The words whose lines are to be shown; all where it is ``None``."""

    @property
    def lines(self) -> list[Compared]:
        """Those of ``compared`` that are to be shown."""
        return [each for each in self.compared if self.shown is None or each.judgement.word in self.shown]

    def printed(self) -> tuple[list[Compared], list[Compared]]:
        """The lines to print, and those that are too many for a terminal or a comment: of several machines the best ones."""
        lines = self.lines
        most = len(lines) if self.all_lines or not self.pooled else MOST_PRINTED
        return lines[:most], lines[most:]

    @property
    def pooled_lines(self) -> list[Pooled]:
        """Those of ``pooled`` that are to be shown: where the word is asked for, of the machines together or of any of them."""
        return [
            each
            for each in self.pooled
            if self.shown is None or each.judgement.word in self.shown or self.shown & each.verdicts.keys()
        ]

    @property
    def varied(self) -> bool:
        """Whether there is more than one machine or model on which both sides measured, so that names have to say which."""
        return len({each.where for each in self.compared}) > 1

    @property
    def judgements(self) -> list[Judgement]:
        """The judgements alone."""
        return [each.judgement for each in self.compared]

    @property
    def became_slower(self) -> bool:
        """Whether any line says FAIL: of a machine, or of all together."""
        return any(each.word == "FAIL" for each in (*self.judgements, *(each.judgement for each in self.pooled)))

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON, but for the lines that are not to be shown: ``left_out`` says how many."""
        return {
            "by": self.by or None,
            "a": {
                "text": self.a.text,
                "runs": [str(run.path) for run in self.a.runs],
                "openvino": list(self.releases[0]),
            },
            "b": {
                "text": self.b.text,
                "runs": [str(run.path) for run in self.b.runs],
                "openvino": list(self.releases[1]),
            },
            "over_machines": [each.to_json() for each in self.pooled_lines],
            "benchmarks": [each.to_json() for each in self.lines],
            "left_out": len(self.compared) - len(self.lines),
            "only_a": list(self.only_a),
            "only_b": list(self.only_b),
            "notes": list(self.notes),
        }


def compare(a: Selection, b: Selection, smallest_change: float) -> Comparison:
    """B against A: above 1 is slower. Raises :class:`UserError` for a side without a run, or when nothing matches.

    ``smallest_change`` is the change to be found (0.05 is 5 %); half of it is no change yet. All benchmarks share the error of 1 %. Where B
    is one run it is judged as the gate judges it, which finds twice the change.
    """
    for name, side in (("A", a), ("B", b)):
        if not side.runs:
            raise UserError(
                f"{side.text[:200]!r} ({name}) names no run: check the filters ({hints.command('history', side.root)} lists the runs)."
            )
    shared = Shared.of(a.runs, b.runs)
    groups_a, groups_b = shared.groups(a), shared.groups(b)
    both = sorted(groups_a.keys() & groups_b.keys())
    only_a, only_b = (
        tuple(_title(key) for key in sorted(one))
        for one in (groups_a.keys() - groups_b.keys(), groups_b.keys() - groups_a.keys())
    )
    if not both:
        same_runs = {run.path.resolve() for run in a.runs} & {run.path.resolve() for run in b.runs}
        instead = (
            "compare these runs by a label (compare A --by=LABEL)" if same_runs else "compare runs of the same suite"
        )
        raise UserError(
            f"A and B have no benchmark in common: A has {few_plain(only_a)}, B has {few_plain(only_b)}; {instead}."
        )
    # Of one run every benchmark that it has shares the error, as in the gate, also those that nothing is there to compare with.
    count = max(len(both), b.runs[0].benchmarks if len(b.runs) == 1 else 0)
    rule = Rule(FAMILY_ERROR / count, 1 + smallest_change / 2, 1 + smallest_change)
    newer = records.read(b.runs[0].path) if len(b.runs) == 1 else None
    errors = _errors_as_the_gate(newer) if newer else {}
    varied = len({where for _, _, where in both}) > 1
    sides = [(key, groups_a[key], groups_b[key]) for key in both]
    compared = tuple(
        _compared(key, title, old, new, own, shared.machines, a.text, smallest_change)
        for key, old, new in sides
        for title in [_title(key) if varied else key[0]]
        for own in [replace(rule, error=errors.get(key[0], rule.error))]
    )
    titled = [(_title(key) if varied else key[0], old, new) for key, old, new in sides]
    notes = comparison_notes.of(a, b, titled, shared.machines, shared.models, _most_changed(titled, compared))
    keys = {key[0] for key in both}
    notes += (*comparison_notes.first_counts("A", a.runs, keys), *comparison_notes.first_counts("B", b.runs, keys))
    releases = tuple(
        tuple(by_size(release for group in groups.values() for release in group.releases if release))
        for groups in (groups_a, groups_b)
    )
    found = Comparison(a, b, compared, only_a, only_b, notes, (releases[0], releases[1]))
    return comparison_pooled.pooled(found, smallest_change)


def _errors_as_the_gate(run: SavedRun) -> dict[str, float]:
    """What each benchmark of one run takes of the error, as the gate shares it: memory and AUTO's price take less than a time."""
    shares = {key: each.gate_share for key, each in run.benchmarks.items()}
    return {key: FAMILY_ERROR / max(1.0, sum(shares.values())) * share for key, share in shares.items()}


def _most_changed(
    titled: Sequence[tuple[str, Group, Group]], compared: Sequence[Compared]
) -> list[tuple[str, Group, Group]]:
    """The benchmarks whose levels are worth a look, of very many those that changed most."""
    sizes = [abs(math.log(each.judgement.change.ratio)) if each.judgement.change else 0.0 for each in compared]
    worst = sorted(range(len(titled)), key=lambda place: -sizes[place])[:MOST_PRINTED]
    return [titled[place] for place in sorted(worst)]


Key = tuple[str, str, tuple[str, ...]]


@dataclass(frozen=True)
class Shared:
    """What both sides share, and benchmarks are therefore matched by."""

    machines: bool
    models: Models | None

    @classmethod
    def of(cls, a: Sequence[IndexedRun], b: Sequence[IndexedRun]) -> Shared:
        """Whether there is any machine, and any model, on both sides."""
        same_models = {model_of(run) for run in a} & {model_of(run) for run in b}
        return cls(
            bool({run.machine for run in a} & {run.machine for run in b}),
            Models((*a, *b)) if same_models else None,
        )

    def where(self, run: IndexedRun) -> tuple[str, ...]:
        """Where that run was measured, in words, as far as both sides share it."""
        found = [run.emulated] if run.emulated else []
        models = [self.models.called(run)] if self.models else []
        return (*found, *([run.machine] if self.machines else []), *models)

    def groups(self, side: Selection) -> dict[Key, Group]:
        """The side's figures by benchmark and where they were measured: the accepted ones, where there are any."""
        runs = by_folder(side.runs)
        where = {folder: {key: self.where(run) for key, run in own.items()} for folder, own in runs.items()}
        gathered: dict[Key, list[Row]] = defaultdict(list)
        for series in side.figures():
            of_folder = where[series.folder]
            for row in rows_of(series, runs):
                gathered[series.key, series.metric, of_folder[row.run.id]].append(row)
        return {key: _group(rows, side.any_standing) for key, rows in gathered.items()}


class Row(NamedTuple):
    """One figure of one run."""

    run: IndexedRun
    seconds: float
    ratio: float
    error: float
    pinned: str
    standing: str
    release: str
    labels: Labels


def by_folder(runs: Iterable[IndexedRun]) -> dict[Path, dict[int, IndexedRun]]:
    """The runs by folder and id."""
    found: dict[Path, dict[int, IndexedRun]] = defaultdict(dict)
    for run in runs:
        found[run.path.parent][run.id] = run
    return found


def rows_of(series: Series, runs: Mapping[Path, Mapping[int, IndexedRun]]) -> Iterator[Row]:
    """A benchmark's figures one by one; ``runs`` by folder and id."""
    of_folder = runs[series.folder]
    columns = (series.runs, series.seconds, series.ratios, series.errors)
    rows = zip(*(each.tolist() for each in columns), series.pinned, series.standings, series.releases, strict=True)
    without_build: dict[str, str] = {}
    for run_id, seconds, ratio, error, pinned, standing, release in rows:
        run = of_folder[run_id]
        whole = release or run.openvino
        if whole not in without_build:
            without_build[whole] = whole.partition("-")[0]
        yield Row(run, seconds, ratio, error, pinned, standing, without_build[whole], series.labels)


def _group(rows: Sequence[Row], any_standing: bool) -> Group:
    chosen = rows if any_standing else [row for row in rows if row.standing == ACCEPTED] or rows
    chosen = sorted(chosen, key=lambda row: comparison_notes.moment_of(row.run))
    runs, seconds, ratios, errors, pinned, standings, releases, labels = zip(*chosen, strict=True)
    others = [each for each in standings if each != ACCEPTED]
    return Group(
        runs, seconds, ratios, errors, pinned, " or ".join(dict.fromkeys(others)), releases, labels[-1], len(others)
    )


def _compared(
    key: Key, name: str, a: Group, b: Group, rule: Rule, same_machines: bool, against: str, smallest_change: float
) -> Compared:
    benchmark, metric, where = key
    quantity = quantity_of(metric)
    rule = replace(rule, quantity=quantity)
    if len(b.runs) == 1:
        own = Rule.of_one_run(rule.error, smallest_change, quantity)
        judgement, by_ratio = _as_the_gate(name, a, b, own, same_machines, against)
    else:
        judgement, by_ratio = _as_groups(name, a, b, rule, same_machines, against)
    ratio = judgement.change.ratio if judgement.change else None
    return Compared(
        benchmark,
        metric,
        " · ".join(where),
        judgement,
        BY_RATIO if by_ratio else by_itself(quantity),
        (len(a.seconds), len(b.seconds)),
        (float(np.median(a.seconds)), float(np.median(b.seconds))),
        max(a, b, key=lambda group: comparison_notes.moment_of(group.runs[-1])).labels,
        machine := a.runs[0].machine if same_machines else "",
        " · ".join(each for each in where if not machine or each != machine),
        levels_judged(b.ratios if by_ratio else b.seconds, ratio),
    )


def _as_the_gate(
    name: str, a: Group, b: Group, rule: Rule, same_machines: bool, against: str
) -> tuple[Judgement, bool]:
    """One run against some: the gate's question. Across machines by seconds alone."""
    before, now = (group.figures if same_machines else tuple(map(Figure, group.seconds)) for group in (a, b))
    known = past.Past(before, runs=f"A ({against})")
    return past.judge(name, now[0], known, rule), past.is_by_ratio(now[0], known)


def _as_groups(name: str, a: Group, b: Group, rule: Rule, same_machines: bool, against: str) -> tuple[Judgement, bool]:
    """Some runs against one or more."""
    pinned = {*a.pinned, *b.pinned}
    by_ratio = same_machines and len(pinned) == 1 and "" not in pinned
    rule = rule.beside(a.seconds)
    old, new = (a.ratios, b.ratios) if by_ratio else (a.seconds, b.seconds)
    interval = ratio_of_levels(
        new,
        old,
        rule.error,
        prior_spread=RATIO_SPREAD if by_ratio else rule.spread,
        more_variances=_more_variances(a, b) if by_ratio else (0.0, 0.0),
    )
    basis = BY_RATIO if by_ratio else by_itself(rule.quantity)
    said = outcome(interval, rule)
    judgement = Judgement(
        name, Way.HISTORY, f"A ({against}), {basis}", said, interval, rule.floor, quantity=rule.quantity
    )
    if by_ratio:  # as the gate says it: what is slower by the ratio may be faster by its seconds
        judgement = judgement.noted(f"its seconds: {percent(float(np.median(b.seconds) / np.median(a.seconds)))}")
    return judgement, by_ratio


def _more_variances(a: Group, b: Group) -> tuple[float, float]:
    """By how much a figure of B, and one of A, is less certain than usual, as the side with more runs has it; as in ``past``."""
    usual = float(np.median(b.errors if len(b.errors) > len(a.errors) else a.errors)) ** 2
    own = [float(np.mean(np.square(group.errors))) - usual for group in (b, a)]
    return own[0], own[1]


def _title(key: Key) -> str:
    return " · ".join((key[0], *key[2]))
