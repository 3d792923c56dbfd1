"""The same runs by one of their labels: policies, requests, devices or releases beside each other, within each run.

Benchmarks match that have all other labels in common. Both were measured in the same session, so what is compared is their ratio in each
run; runs are the sample. Two sets of runs are ``comparison``'s, which runs are meant ``select``'s.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from autogauge.errors import UserError
from autogauge.gate import comparison_notes, hints
from autogauge.gate.compared import Compared, Group
from autogauge.gate.comparison import Comparison, Row, Shared, by_folder, rows_of
from autogauge.gate.gate import FAMILY_ERROR
from autogauge.gate.judgement import Judgement, Way
from autogauge.gate.past import ABSOLUTE_SPREAD, Rule, outcome
from autogauge.history.index_rows import ACCEPTED
from autogauge.history.indexed import labels_of
from autogauge.history.labels import OPENVINO, by_size, in_order, in_words, value_of
from autogauge.history.select import Selection
from autogauge.measuring.quantity import quantity_of
from autogauge.plain import few_plain
from autogauge.stats.intervals import Interval
from autogauge.stats.prediction import level_of

BASIS = "within each run, by seconds"
PRIOR_SPREAD = ABSOLUTE_SPREAD
"""What is expected of a ratio within a run, between runs, before they have shown theirs: as much as of seconds. Rounds by turns vary less
(3.4 % with the other hint, docs/gate-choices.md), but a few processes each were a quarter apart in one run and not in the next."""
NAMED = 6


@dataclass(frozen=True)
class Kind:
    """What benchmarks have in common that are compared: what is measured, the other labels, and on which machine and model."""

    group: str
    metric: str
    labels: tuple[tuple[str, str], ...]
    where: tuple[str, ...]

    def title(self, varied: bool) -> str:
        """In words; with machine and model where there are several."""
        words = f"{self.group}: {in_words(dict(self.labels))}" if self.labels else self.group
        return " · ".join((words, *(self.where if varied else ())))


Place = tuple[Path, int]
"""A run's folder and id."""
Values = dict[str, dict[Place, list[Row]]]
"""By the label's value and by run the figures; several where labels do not tell two benchmarks apart."""


def compare_by(runs: Selection, key: str, base: str, smallest_change: float) -> Comparison:
    """Each value of a label against ``base`` (empty: the first there is), benchmark by benchmark: above 1 is slower.

    ``smallest_change`` is as in ``comparison``. Raises :class:`UserError` where no run is named, none has that label, or no two values of
    it stand side by side.
    """
    if not runs.runs:
        raise UserError(
            f"{runs.text[:200]!r} names no run: check the filters ({hints.command('history', runs.root)} lists the runs)."
        )
    kinds, names, without = _gathered(runs, key)
    pairs = _pairs(kinds, base)
    if not pairs:
        raise UserError(_why_none(runs, key, base, kinds))
    rule = Rule(FAMILY_ERROR / len(pairs), 1 + smallest_change / 2, 1 + smallest_change)
    varied = len({kind.where for kind, _, _ in pairs}) > 1
    compared, groups = [], []
    for kind, against, value in pairs:
        title = f"{kind.title(varied)} · {key} {value} against {against}"
        both = _both(kinds[kind], against, value, runs.any_standing)
        groups.append((title, _as_group(both)))
        compared.append(_compared(title, kind, key, (against, value), both, rule))
    sides = [
        dataclasses.replace(runs, text=f"{runs.text}, {key} {' or '.join(by_size(values)[:NAMED])}")
        for values in ([against for _, against, _ in pairs], [value for _, _, value in pairs])
    ]
    stand = comparison_notes.not_accepted("these runs", groups)
    again = comparison_notes.first_counts("these runs", runs.runs, set().union(*(names[kind] for kind, _, _ in pairs)))
    notes = [
        *stand,
        *comparison_notes.mixed("the ratio", (), groups, root=runs.root),
        *_left_out(kinds, pairs, without, key),
        *again,
        *runs.notes(standings=not stand),
    ]
    return Comparison(sides[0], sides[1], tuple(compared), (), (), tuple(dict.fromkeys(notes)), by=key)


def _gathered(runs: Selection, key: str) -> tuple[dict[Kind, Values], dict[Kind, set[str]], list[str]]:
    """The figures by kind, value and run; the benchmarks of each kind; and those that have no such label."""
    shared = Shared.of(runs.runs, runs.runs)
    by_place = by_folder(runs.runs)
    kinds: dict[Kind, Values] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    names: dict[Kind, set[str]] = defaultdict(set)
    without: list[str] = []
    for series in runs.figures():
        labels = labels_of(series)
        others = tuple((name, labels[name]) for name in in_order(labels) if name.casefold() != key.casefold())
        value = value_of(labels, key)
        if not value and key != OPENVINO:
            without.append(series.key)
            continue
        for row in rows_of(series, by_place):
            kind = Kind(series.key.partition(": ")[0], series.metric, others, shared.where(row.run))
            of_value = row.release if key == OPENVINO else value
            if of_value:
                kinds[kind][of_value][series.folder, row.run.id].append(row)
                names[kind].add(series.key)
    return kinds, names, without


def _pairs(kinds: Mapping[Kind, Values], base: str) -> list[tuple[Kind, str, str]]:
    """What is compared: of each kind the value that is held against, and another one, where some run has both."""
    found = []
    for kind in sorted(kinds, key=lambda kind: (kind.where, kind.group, kind.labels, kind.metric)):
        values = by_size(kinds[kind])
        against = base or values[0]
        found += [
            (kind, against, value)
            for value in values
            if against in values and value != against and _both(kinds[kind], against, value, True)
        ]
    return found


def _both(values: Values, against: str, value: str, any_standing: bool) -> list[tuple[Row, Row]]:
    """The two figures of each run that has both, in order; those that are accepted, where there are any."""
    one, other = values[against], values[value]
    found = [(one[at][0], other[at][0]) for at in one if at in other and len(one[at]) == len(other[at]) == 1]
    found.sort(key=lambda rows: comparison_notes.moment_of(rows[0].run))
    accepted = [rows for rows in found if all(row.standing == ACCEPTED for row in rows)]
    return found if any_standing else accepted or found


def _as_group(both: Sequence[tuple[Row, Row]]) -> Group:
    """The ratios as figures of their own, for what is to be noted of them."""
    standings = [row.standing for rows in both for row in rows if row.standing != ACCEPTED]
    count = len(both)
    return Group(
        tuple(one.run for one, _ in both),
        tuple(other.seconds / one.seconds for one, other in both),
        (math.nan,) * count,
        (math.nan,) * count,
        ("",) * count,
        " or ".join(dict.fromkeys(standings)),
        unaccepted=sum(any(row.standing != ACCEPTED for row in rows) for rows in both),
    )


def _compared(
    title: str, kind: Kind, key: str, values: tuple[str, str], both: Sequence[tuple[Row, Row]], rule: Rule
) -> Compared:
    interval = interval_of([other.seconds / one.seconds for one, other in both], rule.error)
    rule = dataclasses.replace(rule, quantity=quantity_of(kind.metric)).beside(one.seconds for one, _ in both)
    against = f"{key} {values[0]}, {BASIS}"
    return Compared(
        title,
        kind.metric,
        " · ".join(kind.where),
        Judgement(title, Way.HISTORY, against, outcome(interval, rule), interval, rule.floor, quantity=rule.quantity),
        BASIS,
        (len(both), len(both)),
        (float(np.median([one.seconds for one, _ in both])), float(np.median([other.seconds for _, other in both]))),
        {**dict(kind.labels), key: values[1]},
        judged=_levels(both),
    )


def _levels(both: Sequence[tuple[Row, Row]]) -> tuple[float, float]:
    """The two levels whose quotient is that of the ratios: the mean of the logarithms in the runs whose ratios are not trimmed."""
    inner = sorted(both, key=lambda rows: rows[1].seconds / rows[0].seconds)
    trimmed = int(len(both) - level_of([1.0] * len(both)).kept) // 2
    inner = inner[trimmed : len(both) - trimmed]
    one, other = (math.exp(statistics.fmean(math.log(rows[side].seconds) for rows in inner)) for side in (0, 1))
    return one, other


def interval_of(ratios: Sequence[float], error: float) -> Interval:
    """The level of ratios of a figure to another one of the same run; ``error`` is how often either bound may be wrong.

    The interval is Student's, the spread between runs moderated by ``PRIOR_SPREAD``: see ``stats.prediction`` for the sources.
    """
    level = level_of(ratios, prior_spread=PRIOR_SPREAD)
    reach = level.of_centre(1 - error)
    return Interval(
        math.exp(level.centre),
        math.exp(level.centre - reach),
        math.exp(min(level.centre + reach, 700.0)),
        1 - 2 * error,
        level.runs,
    )


def _left_out(
    kinds: Mapping[Kind, Values], pairs: Sequence[tuple[Kind, str, str]], without: Sequence[str], key: str
) -> list[str]:
    """Which benchmarks are not compared, and why."""
    used = {(kind, value) for kind, *values in pairs for value in values}
    left = [
        f"{kind.title(False)} · {key} {value}"
        for kind, values in kinds.items()
        for value in values
        if (kind, value) not in used
    ]
    twins = [
        f"{kind.title(False)} · {key} {value}"
        for kind, values in kinds.items()
        for value, by_run in values.items()
        if any(len(rows) > 1 for rows in by_run.values())
    ]
    reasons = (
        (twins, "their labels do not tell them apart"),
        ([each for each in left if each not in twins], f"they have nothing of another {key} beside them"),
        (without, f"they have no {key}"),
    )
    return [f"left out, since {reason}: {few_plain(names, NAMED)}" for names, reason in reasons if names]


def _why_none(runs: Selection, key: str, base: str, kinds: Mapping[Kind, Values]) -> str:
    values = by_size(value for each in kinds.values() for value in each)
    if not values:
        there = in_order({name for series in runs.figures() for name in labels_of(series)} | {OPENVINO})
        return f"no benchmark of {runs.text[:200]!r} has a label {key[:80]!r}: choose one of {few_plain(there, NAMED)} (--by)."
    if base and base not in values:
        return f"nothing in {runs.text[:200]!r} has {key[:80]}={base[:80]}: choose one of {few_plain(values, NAMED)} (--by)."
    return (
        f"no run of {runs.text[:200]!r} has two benchmarks that differ in {key[:80]!r} alone (there is {few_plain(values, NAMED)}): "
        "choose another label, or name two sides of other runs (compare A B)."
    )
