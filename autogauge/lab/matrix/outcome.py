"""What a matrix says: a verdict for each release beside the base, what the base beside itself is worth, and where levels changed.

It is made of what its file holds, so that a saved matrix is shown as it was at the end of its measuring.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from autogauge.gate.judgement import percent
from autogauge.history import run_file
from autogauge.history.recorded import Recorded, of_document
from autogauge.lab.matrix import levels
from autogauge.lab.matrix.levels import Seen, Step
from autogauge.lab.releases import kept
from autogauge.lab.releases.beside import changes_of, given_up, name_of
from autogauge.lab.releases.figures import FASTER, FIGURES, OPEN, SLOWER, Change, Figure, fewest_of
from autogauge.lab.releases.named import AGAIN, Named, in_order
from autogauge.measuring.reading import Fields
from autogauge.measuring.result import Result
from autogauge.plain import few, plain

KIND = "matrix"
LONGER = "measure longer: --pair-budget"
BEFORE = "it ended before this was measured"
"""Why a release has no figure that nothing kept from being measured: the matrix was interrupted."""


@dataclass(frozen=True)
class Matrix:
    """A matrix as it is shown. ``absent`` says of what could not be measured why, by the name that the user gave.

    ``changes`` are the releases beside the base, in the order of versions; ``controls`` the base beside itself, one a block and figure.
    """

    base: Named
    others: tuple[Named, ...]
    figures: tuple[Figure, ...]
    smallest_change: float
    family_error: float
    changes: tuple[Change, ...]
    controls: tuple[Change, ...]
    absent: Mapping[str, str] = field(default_factory=dict)
    given_up: tuple[str, ...] = ()
    """What failed so often in a row that it was measured no more, a sentence each."""
    run: Recorded = field(default_factory=Recorded)

    @property
    def distrusted(self) -> list[Change]:
        """The controls that show a difference where there is none."""
        return [each for each in self.controls if not each.holds_1]

    @property
    def unknown(self) -> list[Change]:
        """The controls of which too little was measured: how far noise goes here is not known then."""
        return [each for each in self.controls if each.untold]

    @property
    def is_good(self) -> bool:
        """Whether all that was named was measured, to the end, and can be trusted."""
        return not (
            self.absent
            or self.given_up
            or self.distrusted
            or self.unknown
            or self.run.interrupted_by
            or any(each.cost is None for each in self.changes)
        )

    def of(self, figure: Figure) -> list[Change]:
        """Those of one figure."""
        return [each for each in self.changes if each.figure == figure]

    def steps(self, figure: Figure) -> list[Step]:
        """Where the level of a figure changed; none where its verdicts are not trusted."""
        if any(each.figure == figure for each in (*self.distrusted, *self.unknown)):
            return []
        return levels.steps([seen for _, seen in self.trend(figure) if seen])

    def trend(self, figure: Figure) -> list[tuple[str, Seen | None]]:
        """The releases in order, each with its interval; the base lies at 1, and what is not bounded has none."""
        costs = {each.release: each.cost for each in self.of(figure)}
        found: list[tuple[str, Seen | None]] = []
        for each in in_order((self.base, *self.others)):
            cost = costs.get(each.label)
            if each is self.base:
                found.append((each.label, Seen(each.label, 1.0, 1.0)))
            elif cost is not None and cost.low > 0 and math.isfinite(cost.high):
                found.append((each.label, Seen(each.label, cost.low, cost.high)))
            else:
                found.append((each.label, None))
        return found

    def warnings(self) -> list[str]:
        """What must be read before any verdict."""
        found = []
        for figure in dict.fromkeys(each.figure for each in self.distrusted):
            worst = max((each for each in self.distrusted if each.figure == figure), key=_distance)
            assert worst.cost is not None
            found.append(
                f"NOT TO BE TRUSTED: {figure.title}: {self.base.label} was measured twice, and differs from itself "
                f"(time {percent(worst.cost.ratio)}, interval {worst.bounds()}): no verdict of this figure counts; "
                "measure again when nothing else runs on this machine (python -m autogauge doctor)"
            )
        for each in self.unknown:
            is_all = len(each.measured_with) == len(self.others)
            whose = "of this figure" if is_all else f"of {few(each.measured_with)}"
            found.append(f"NOT TO BE TRUSTED: {each.figure.title}: {each.untold}: no verdict {whose} counts")
        found += [f"NOT MEASURED TO THE END: {each}" for each in self.given_up]
        found += [f"NOT MEASURED: {plain(name)}: {why}" for name, why in self.absent.items()]
        for figure in self.figures:
            if before := [each.release for each in self.of(figure) if each.failures == (BEFORE,)]:
                found.append(f"NOT MEASURED: {figure.title}: {few(before)}: {BEFORE}")
        return found

    def in_words(self) -> str:
        """What it comes to, in one sentence: where levels changed first, since that is what was asked."""
        differing = [each for each in self.changes if each.differs]
        open_ = [each for each in self.changes if each.word == OPEN and each.cost is not None]
        missing = [each for each in self.changes if each.cost is None]
        parts = [f"{figure.title}: {each.in_words()}" for figure in self.figures for each in self.steps(figure)]
        for figure in self.figures:
            for word in (SLOWER, FASTER):
                of_it = [each for each in self.of(figure) if each.word == word]
                if of_it:
                    parts.append(f"{word} than {self.base.label} in {figure.title}: {few(_named(of_it))}")
        if not differing:
            parts.append("no release differs beyond doubt")
        if open_:
            parts.append(f"{len(open_)} of {len(self.changes)} INCONCLUSIVE")
        if missing:
            parts.append(f"{len(missing)} of {len(self.changes)} not measured")
        return "; ".join(parts)

    def to_json(self) -> dict[str, Any]:
        """All of it as data; the samples are in its file."""
        return {
            "words": self.in_words(),
            "base": self.base.label,
            "releases": [
                {"name": each.text, "label": each.label, "openvino": each.openvino}
                for each in in_order((self.base, *self.others))
            ],
            "smallest_change": self.smallest_change,
            "family_error": self.family_error,
            "warnings": self.warnings(),
            "absent": dict(self.absent),
            "interrupted_by": self.run.interrupted_by or None,
            "changes": [each.to_json() for each in self.changes],
            "controls": [each.to_json() for each in self.controls],
            "levels": {
                figure.name: [
                    {"after": step.after, "by": step.by, "is_slower": step.is_slower, "time_ratio": list(step.ratios)}
                    for step in self.steps(figure)
                ]
                for figure in self.figures
            },
            "machine": self.run.machine,
            "model": self.run.model,
            "seconds": math.fsum(each.seconds for each in self.run.results),
            "notes": list(self.run.notes),
            "file": str(self.run.path) if self.run.path else None,
        }


def settings(
    base: Named,
    others: Sequence[Named],
    figures: Sequence[Figure],
    smallest_change: float,
    family_error: float,
    absent: Mapping[str, str],
) -> dict[str, Any]:
    """What a file keeps beside the results."""
    return {
        "base": _named_json(base),
        "others": [*map(_named_json, others)],
        "figures": [each.name for each in figures],
        "smallest_change": smallest_change,
        "family_error": family_error,
        "absent": dict(absent),
    }


def of_file(path: Path, document: Mapping[str, Any] | None = None) -> Matrix:
    """The matrix in that file, of which ``document`` is the JSON where it was read before. Raises :class:`UserError`."""
    return kept.read(path, document, of_run)


def of_run(document: Mapping[str, Any], path: Path | None = None) -> Matrix:
    """The same from what a file holds. Raises ``ValueError``."""
    asked = Fields(run_file.section_of(document), "").fields(kept.SETTINGS)
    run = of_document(document, {}, path)
    base = _named_from(asked.any("base"), asked.at("base"))
    others = asked.each("others", _named_from)
    names = asked.each("figures", lambda value, place: str(value))
    figures = tuple(FIGURES[name] for name in names if name in FIGURES)
    labels = [each.label for each in others]
    smallest_change = asked.number("smallest_change")
    found = [each for result in run.results for each in _of_block(result, figures, base.label, labels)]
    controls = tuple(each for each in found if each.is_control)
    wrong = {each.figure: "the base differs from itself" for each in controls if not each.holds_1}
    order = [each.label for each in in_order(others)]
    there = {(each.figure, each.release): each for each in found if not each.is_control}
    changes = [
        there.get((figure, label)) or Change(label, base.label, figure, OPEN, None, smallest_change, rests_on="nothing")
        for figure in figures
        for label in order
    ]
    changes = [each if each.cost or each.failures else each.open_since(BEFORE) for each in changes]
    return Matrix(
        base,
        others,
        figures,
        smallest_change,
        asked.number("family_error"),
        tuple(each.open_since(wrong[each.figure]) if each.figure in wrong else each for each in changes),
        controls,
        asked.of_texts("absent"),
        tuple(f"{plain(name)}: {plain(why, 400)}" for each in run.results for name, why in given_up(each).items()),
        run,
    )


def _of_block(result: Result, figures: Sequence[Figure], base: str, labels: Sequence[str]) -> list[Change]:
    """What a block says. Its verdicts rest on what it knows of the base beside itself, each figure's on its own."""
    found = changes_of(result, figures, base, labels)
    with_it = tuple(dict.fromkeys(each.release for each in found if not each.is_control))
    told = [
        replace(each, untold=_why_untold(each, result), measured_with=with_it) if each.is_control else each
        for each in found
    ]
    untold = {each.figure for each in told if each.untold}
    why = "too little is known of the base beside itself"
    return [
        each.open_since(why) if each.figure in untold and not each.is_control and each.cost else each for each in told
    ]


def _why_untold(control: Change, result: Result) -> str:
    """Why a control tells nothing; empty for one that does. Few pairs have an interval that holds everything."""
    of, least = f"of {control.base} beside itself", fewest_of(result)
    gone = given_up(result)
    names = [name_of(control.figure, label) for label in (control.base + AGAIN, control.base)]
    gave_up = [gone[name] for name in names if name in gone]
    if control.cost is None:
        return f"nothing was measured {of} ({'; '.join(control.failures) or 'it ended before'})"
    if gave_up:
        return f"the measuring {of} gave up after {control.rests_on} ({'; '.join(gave_up)})"
    if control.replicates < least:
        return f"too little was measured {of} ({control.rests_on}, and the least is {least}; {LONGER})"
    return "" if control.is_bounded else f"what was measured {of} gives no bounds ({control.rests_on}; {LONGER})"


def _named_json(each: Named) -> dict[str, str]:
    return {"text": each.text, "openvino": each.openvino, "label": each.label}


def _named_from(value: Any, place: str) -> Named:
    fields = Fields(value, place)
    return Named(fields.text("text"), fields.text("openvino"), fields.text("label"))


def _named(changes: Sequence[Change]) -> list[str]:
    found = []
    for each in changes:
        assert each.cost is not None
        found.append(f"{each.release} ({percent(each.cost.ratio)})")
    return found


def _distance(change: Change) -> float:
    return abs(math.log(change.cost.ratio)) if change.cost else 0.0
