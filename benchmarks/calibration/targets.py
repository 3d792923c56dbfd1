"""What the calibration was to reach, on which recording it did, and how much independent data that rests on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from autogauge.gate.side_by_side import FIRST_LOOK
from benchmarks.calibration.data import FIL
from benchmarks.calibration.noise import QUIET
from benchmarks.calibration.replay import BENCHMARKS, SLOWDOWNS, Recordings
from benchmarks.calibration.rules import OTHERS
from benchmarks.calibration.table import (
    FINE,
    HISTORY,
    HISTORY_IN_FULL,
    IN_FULL,
    QUICK,
    SIDE_BY_SIDE,
    STUDIES,
    YOUNG,
    Line,
)

MET, MISSED, KNOWN, OPEN = "met", "MISSED", "MISSED, as documented", "OPEN"
"""Open: the recording was over before the time that a trial may take, and what it could not show would decide."""
MOST_FALSE_ALARMS, MOST_PASSED_OVER = 0.01, 0.01
KNOWN_MISSES: dict[str, tuple[str, ...]] = {
    "side by side: +5 % found in at least 95 % within 60 s": ("THROUGHPUT, hog, two-cores-2026-11-24",),
}
"""Where each target is known to be missed, as docs/gate.md says: no news, and no reason to fail. A miss elsewhere is one."""
FEWEST_STUDIES = 200
STUDY_ROUNDS = FIRST_LOOK
"""Rounds of an A/A study, where studies are counted: the shortest that the product makes."""


@dataclass(frozen=True)
class Target:
    """A target of the issue that this calibration answers, with what was reached, and whether that is enough."""

    sentence: str
    reached: str
    state: str

    def to_json(self) -> dict[str, Any]:
        """The fields as a dictionary."""
        return asdict(self)


@dataclass(frozen=True)
class _Rate:
    """A share somewhere, and the share of trials that the recording was too short for."""

    where: str
    share: float
    missing: float = 0.0

    def said(self) -> str:
        """The share in percent, with what is missing."""
        missing = f" (recording too short for {_percent(self.missing)})" if self.missing else ""
        return f"{self.where}: {_percent(self.share)}{missing}"


def targets(found: Sequence[Line], recordings: Sequence[Recordings] = ()) -> list[Target]:
    """What was to be reached, and what was. With ``recordings``, all that are kept, also how much data there is."""
    reached = [
        _at_most("side by side: at most 1 % of identical whole runs raise an alarm", _alarms(found, IN_FULL)),
        _at_least(
            "side by side: +5 % found in at least 95 % within 60 s", _found(found, IN_FULL, "5%", fil=False), 0.95
        ),
        _at_least("side by side: +2 % found in at least 80 % within 300 s", _found(found, FINE, "2%"), 0.8),
        _at_least(
            "side by side: FIL +10 % found in at least 95 % within 120 s", _found(found, IN_FULL, "10%", fil=True), 0.95
        ),
        _at_most(
            "against history: at most 1 % of identical whole runs raise an alarm", _alarms(found, HISTORY_IN_FULL)
        ),
        _at_most(
            "against one or three runs, or with the quick profile's rounds: at most 1 % of identical whole runs raise an alarm",
            [rate for rule in (*YOUNG, QUICK) for rate in _alarms(found, rule)],
        ),
        _at_least(
            "against history: +10 % found in at least 95 % with one confirmation",
            _found(found, HISTORY_IN_FULL, "10%"),
            0.95,
        ),
        _at_most(
            "a change as large as what is to be found passes in at most 1 %",
            [_Rate(f"{each.rule}, {each.where}", each.passed_over) for each in found if each.passed_over is not None],
        ),
        _not_dominated(found),
    ]
    if recordings:
        count = sum(studies_without_a_shared_sample(each) for each in recordings)
        reached.append(
            Target(
                f"at least {FEWEST_STUDIES} A/A studies of {STUDY_ROUNDS} rounds that share no sample, on all recordings",
                str(count),
                MET if count >= FEWEST_STUDIES else MISSED,
            )
        )
    return reached


def _alarms(found: Sequence[Line], rule: str) -> list[_Rate]:
    return [
        _Rate(
            f"{each.where} ({each.alarms} of {each.runs}, below {100 * (each.false_alarms_bound or 0):.1f} %)",
            each.false_alarms,
        )
        for each in found
        if each.rule == rule and each.false_alarms is not None
    ]


def _found(found: Sequence[Line], rule: str, slowdown: str, *, fil: bool | None = None) -> list[_Rate]:
    return [
        _Rate(each.where, each.found[slowdown], each.missing[slowdown])
        for each in found
        if each.rule == rule and slowdown in each.found and fil in (None, each.benchmarks == FIL)
    ]


def _at_most(sentence: str, rates: Sequence[_Rate], bound: float = MOST_FALSE_ALARMS) -> Target:
    above = [each for each in rates if each.share > bound]
    rest = [each.share for each in rates if each.share <= bound]
    most = [f"at most {_percent(max(rest))} in {len(rest)} rows"] if rest else []
    return Target(sentence, _said([*(each.said() for each in above), *most]), _state(sentence, rates, above))


def _at_least(sentence: str, rates: Sequence[_Rate], bound: float) -> Target:
    below = [each for each in rates if each.share < bound]
    rest = [each.share for each in rates if each.share >= bound]
    least = [f"at least {_percent(min(rest))} in {len(rest)} rows"] if rest else []
    state = _state(sentence, rates, [each for each in below if each.share + each.missing < bound])
    return Target(
        sentence, _said([*(each.said() for each in below), *least]), OPEN if state == MET and below else state
    )


def _state(sentence: str, rates: Sequence[_Rate], missed: Sequence[_Rate]) -> str:
    if rates and not missed:
        return MET
    known = KNOWN_MISSES.get(sentence, ())
    return KNOWN if rates and all(each.where in known for each in missed) else MISSED


def _said(parts: Sequence[str]) -> str:
    return "; ".join(parts) or "not recorded"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _not_dominated(found: Sequence[Line]) -> Target:
    better = _dominating(found, strictly=True)
    return Target(
        "at equal measuring time no other rule has both fewer false alarms and more detections",
        "; ".join(better) or "none has",
        MISSED if better else MET,
    )


def ties(found: Sequence[Line]) -> list[str]:
    """Which other rules are no worse than one of ours in either and better in one of both: no target, and worth knowing."""
    strictly = {*_dominating(found, strictly=True)}
    return [
        f"no worse, and better in one of both: {each}"
        for each in _dominating(found, strictly=False)
        if each not in strictly
    ]


def _dominating(found: Sequence[Line], *, strictly: bool) -> list[str]:
    """The other rules that beat one of ours on a row: fewer alarms and more detections, or one of both better and the other no worse."""
    rows: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for ours in (each for each in found if each.rule in (SIDE_BY_SIDE, HISTORY)):
        for other in (each for each in found if each.rule in OTHERS and each.where == ours.where):
            fewer = (ours.false_alarms or 0.0) - (other.false_alarms or 0.0)
            for slowdown in (name for name in SLOWDOWNS if name in ours.found):
                more = other.found[slowdown] - ours.found[slowdown]
                if (fewer > 0 and more > 0) if strictly else (min(fewer, more) >= 0 and max(fewer, more) > 0):
                    rows[other.rule, ours.rule, ours.where].append(f"+{slowdown}")
    return [f"{other} beside {ours} at {', '.join(names)} ({where})" for (other, ours, where), names in rows.items()]


def studies_without_a_shared_sample(recordings: Recordings) -> int:
    """How many A/A studies of ``STUDY_ROUNDS`` rounds there are, all kinds of noise together."""
    return sum(_studies(recordings, study) for study in STUDIES)


def _studies(recordings: Recordings, study: str, noise: str | None = None) -> int:
    """Two identical processes make a study, and no process is in two of them."""
    metric = next(metric for each, metric in BENCHMARKS if each == study)
    return sum(
        len(strip.costs) // STUDY_ROUNDS * (len(strip.identical) // 2) for strip in recordings.of(study, metric, noise)
    )


def independent(recordings: Recordings) -> list[str]:
    """How much independent data there is: segments are other processes at another time."""
    said = []
    for study in STUDIES:
        metric = next(metric for each, metric in BENCHMARKS if each == study)
        parts = []
        for noise in recordings.noises:
            strips = recordings.of(study, metric, noise)
            rounds = sum(len(each.costs) for each in strips)
            pair_s = 2 * sum(each.turn_s for each in strips) / len(strips)
            segments = f"{len(strips)} {'segment' if len(strips) == 1 else 'segments'}"
            parts.append(
                f"{noise} {segments}, {rounds} rounds ({rounds * pair_s:.0f} s of pairs), "
                f"{_studies(recordings, study, noise)} A/A studies"
            )
        said.append(f"{recordings.name}, {study}: {'; '.join(parts)}")
    quiet = {
        name: ratio
        for (study, metric, name), ratio in recordings.slowdowns.items()
        if (study, metric) == ("LATENCY", "latency_ms")
    }
    said.append(
        f"{recordings.name}, slower models as measured (LATENCY, {QUIET}): "
        + ", ".join(f"{name}: {100 * (ratio - 1):+.1f} %" for name, ratio in quiet.items())
        + "; replayed as exactly +2, 5, 10 and 20 %"
    )
    return said
