"""Two sets of saved runs side by side, benchmark by benchmark: two runs, two machines, two releases, two histories.

Runs are the sample, not the rounds inside them. Benchmarks are matched by name, and by machine and model as far as both sides have the
same ones: two releases on three machines are three comparisons, two machines are one. Which runs are meant is left to ``select``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autogauge.errors import UserError
from autogauge.gate.judgement import Judgement, Way
from autogauge.gate.past import ABSOLUTE_SPREAD, RATIO_SPREAD, Rule, outcome
from autogauge.gate.session import FAMILY_ERROR
from autogauge.history.index import EMULATED, Figures, IndexedRun
from autogauge.history.select import Selection
from autogauge.stats.two_levels import ratio_of_levels

BY_RATIO, BY_SECONDS = "by the ratio to the pinned workload", "by seconds"


@dataclass(frozen=True)
class Group:
    """One benchmark on one side: seconds and ratios to the pinned workload of every run, shape ``(runs,)``; NaN for no ratio."""

    seconds: tuple[float, ...]
    ratios: tuple[float, ...]
    references: frozenset[str]


@dataclass(frozen=True)
class Compared:
    """One benchmark on both sides. ``where`` says on which machine and model, as far as both sides share them."""

    benchmark: str
    metric: str
    where: str
    judgement: Judgement
    basis: str
    runs: tuple[int, int]
    seconds: tuple[float, float]

    def to_json(self) -> dict[str, Any]:
        """The fields as a dictionary; seconds are medians over the runs, of A and of B."""
        return {
            **self.judgement.to_json(),
            "metric": self.metric,
            "where": self.where,
            "basis": self.basis,
            "runs": list(self.runs),
            "seconds": list(self.seconds),
        }


@dataclass(frozen=True)
class Comparison:
    """B against A, in the order of the benchmarks; and what only one of them has."""

    a: Selection
    b: Selection
    compared: tuple[Compared, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def varied(self) -> bool:
        """Whether there is more than one machine or model on which both sides measured, so that names have to say which."""
        return len({each.where for each in self.compared}) > 1

    @property
    def judgements(self) -> list[Judgement]:
        """The judgements alone."""
        return [each.judgement for each in self.compared]

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON."""
        return {
            "a": {"text": self.a.text, "runs": [str(run.path) for run in self.a.runs]},
            "b": {"text": self.b.text, "runs": [str(run.path) for run in self.b.runs]},
            "benchmarks": [each.to_json() for each in self.compared],
            "only_a": list(self.only_a),
            "only_b": list(self.only_b),
            "notes": list(self.notes),
        }


def compare(a: Selection, b: Selection, smallest_change: float) -> Comparison:
    """B against A: above 1 is slower. Raises :class:`UserError` for a side without a run, or when nothing matches.

    ``smallest_change`` is the change to be found (0.05 is 5 %); half of it is no change yet. All benchmarks share the error of 1 %.
    """
    for name, side in (("A", a), ("B", b)):
        if not side.runs:
            raise UserError(
                f"{side.text[:200]!r} ({name}) names no run: check the filters, or take in what is not accepted (standing=*)."
            )
    shared = _Shared.of(a.runs, b.runs)
    groups_a, groups_b = shared.groups(a), shared.groups(b)
    both = sorted(groups_a.keys() & groups_b.keys())
    only_a, only_b = (
        tuple(_title(key) for key in sorted(one))
        for one in (groups_a.keys() - groups_b.keys(), groups_b.keys() - groups_a.keys())
    )
    if not both:
        raise UserError(
            f"A and B have no benchmark in common: A has {_some(only_a)}, B has {_some(only_b)}; compare runs of the same suite."
        )
    rule = Rule(FAMILY_ERROR / len(both), 1 + smallest_change / 2, 1 + smallest_change)
    varied = len({where for _, _, where in both}) > 1
    compared = tuple(
        _compared(key, _title(key) if varied else key[0], groups_a[key], groups_b[key], rule, shared.machines, a.text)
        for key in both
    )
    notes = [*(f"A: {note}" for note in a.notes()), *(f"B: {note}" for note in b.notes()), *shared.notes(a, b)]
    return Comparison(a, b, compared, only_a, only_b, tuple(notes))


Key = tuple[str, str, tuple[str, ...]]


@dataclass(frozen=True)
class _Shared:
    """What both sides share, and benchmarks are therefore matched by."""

    machines: bool
    models: bool

    @classmethod
    def of(cls, a: Sequence[IndexedRun], b: Sequence[IndexedRun]) -> _Shared:
        return cls(
            bool({run.machine for run in a} & {run.machine for run in b}),
            bool({run.model_and_precision for run in a} & {run.model_and_precision for run in b}),
        )

    def where(self, run: IndexedRun) -> tuple[str, ...]:
        found = [EMULATED] if run.is_emulated else []
        return (*found, *([run.machine] if self.machines else []), *([run.model_and_precision] if self.models else []))

    def groups(self, side: Selection) -> dict[Key, Group]:
        """The side's figures by benchmark and where they were measured."""
        runs = {(run.path.parent, run.id): run for run in side.runs}
        gathered: dict[Key, list[tuple[float, float, str]]] = defaultdict(list)
        for figures in side.figures():
            for run_id, seconds, ratio, reference in _rows(figures):
                run = runs.get((figures.folder, run_id))
                if run is not None:
                    gathered[figures.key, figures.metric, self.where(run)].append((seconds, ratio, reference))
        return {key: _group(rows) for key, rows in gathered.items()}

    def notes(self, a: Selection, b: Selection) -> list[str]:
        found = []
        if not self.machines:
            found.append(
                f"A is of {_names(run.machine for run in a.runs)}, B of {_names(run.machine for run in b.runs)}: seconds are compared"
            )
        elif _prints(a.runs) != _prints(b.runs):
            found.append(
                "the fingerprints of A and B differ: the driver, the inputs or the way of measuring may have changed too"
            )
        if not self.models:
            found.append(
                f"A measured {_names(run.model_and_precision for run in a.runs)}, B {_names(run.model_and_precision for run in b.runs)}"
            )
        return found


def _rows(figures: Figures) -> Iterable[tuple[int, float, float, str]]:
    return zip(
        figures.runs.tolist(), figures.seconds.tolist(), figures.ratios.tolist(), figures.references, strict=True
    )


def _group(rows: Sequence[tuple[float, float, str]]) -> Group:
    seconds, ratios, references = zip(*rows, strict=True)
    return Group(tuple(seconds), tuple(ratios), frozenset(references))


def _compared(key: Key, name: str, a: Group, b: Group, rule: Rule, same_machines: bool, against: str) -> Compared:
    benchmark, metric, where = key
    references = a.references | b.references
    by_ratio = same_machines and len(references) == 1 and "" not in references
    old, new = (a.ratios, b.ratios) if by_ratio else (a.seconds, b.seconds)
    interval = ratio_of_levels(new, old, rule.error, prior_spread=RATIO_SPREAD if by_ratio else ABSOLUTE_SPREAD)
    basis = BY_RATIO if by_ratio else BY_SECONDS
    judgement = Judgement(name, Way.HISTORY, f"A ({against}), {basis}", outcome(interval, rule), interval, rule.floor)
    return Compared(
        benchmark,
        metric,
        " · ".join(where),
        judgement,
        basis,
        (len(a.seconds), len(b.seconds)),
        (float(np.median(a.seconds)), float(np.median(b.seconds))),
    )


def _title(key: Key) -> str:
    return " · ".join((key[0], *key[2]))


def _prints(runs: Sequence[IndexedRun]) -> set[str]:
    return {run.fingerprint for run in runs}


def _names(values: Iterable[str]) -> str:
    return _some(tuple(sorted(filter(None, set(values))))) or "no name"


def _some(names: Sequence[str]) -> str:
    return ", ".join(each[:80] for each in names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
