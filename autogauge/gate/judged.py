"""What the gate said of a run, as data that a run's file holds: to be shown again without the gate. Judging is left to ``gate``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autogauge.gate.judgement import Judgement, Way
from autogauge.measuring.quantity import QUANTITIES, TIME
from autogauge.measuring.reading import Fields, number
from autogauge.stats.intervals import Interval
from autogauge.stats.verdicts import Outcome

OFF = "off"
NO_BASELINE, IMPROVED = "NO BASELINE", "IMPROVED"


@dataclass(frozen=True)
class Judged:
    """The judgements, and what is said beside them.

    ``lost`` are benchmarks that the last accepted runs had, ``not_judged`` says what was judged against nothing since the fingerprint
    changed, ``baseline`` names the history judged against where that is another's, ``begins`` says that the run is the first accepted one
    of what has no baseline.
    """

    mode: str = OFF
    judgements: tuple[Judgement, ...] = ()
    notes: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    not_judged: str = ""
    baseline: str = ""
    begins: bool = False

    @property
    def shown(self) -> tuple[Judgement, ...]:
        """The judgements, where the gate judges at all."""
        return () if self.mode == OFF else self.judgements


def from_json(value: Any) -> Judged:
    """What ``Gate.to_json`` wrote, also that of earlier releases. Raises ``ValueError`` with the place."""
    fields = Fields(value, "gate")
    return Judged(
        fields.text("mode", ""),
        fields.each("judgements", _judgement, ()),
        fields.texts("notes", ()),
        fields.texts("lost", ()),
        fields.text("not_judged", ""),
        fields.text("baseline", ""),
        fields.flag("begins", False),
    )


def _judgement(value: Any, place: str) -> Judgement:
    fields = Fields(value, place)
    word = fields.choice("verdict", (NO_BASELINE, IMPROVED, *map(str, Outcome)))
    outcome = None if word == NO_BASELINE else Outcome.PASS if word == IMPROVED else Outcome(word)
    return Judgement(
        fields.text("benchmark"),
        Way(fields.choice("way", [str(each) for each in Way])),
        fields.text("against"),
        outcome,
        _change(fields),
        fields.number("floor"),
        fields.flag("measured_again", False),
        fields.flag("cannot_measure", False),
        fields.texts("notes", ()),
        fields.text("own", ""),
        fields.flag("remarkable", False),
        QUANTITIES[fields.choice("quantity", tuple(QUANTITIES), TIME.name)],
    )


def _change(fields: Fields) -> Interval | None:
    if "ci" not in fields:
        return None
    ends = fields.each("ci", lambda value, place: math.inf if value is None else number(value, place))
    if len(ends) != 2:
        raise ValueError(f"{fields.at('ci')} has {len(ends)} numbers, where two should be")
    return Interval(fields.number("ratio"), *ends, fields.number("confidence"), fields.whole("replicates"))


def said_of(benchmarks: Mapping[str, Any], mode: str = "saved") -> Judged:
    """The same from each benchmark's own judgements, where a file has nothing else. Raises ``ValueError``."""
    return Judged(
        mode, tuple(_judgement(each, f"gate of {key}") for key, judged in benchmarks.items() for each in judged)
    )
