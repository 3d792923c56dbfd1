"""The calibration's table: false alarms per run, detections per slowdown, INCONCLUSIVE share and seconds for every rule; the targets."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from autogauge.stats.verdicts import Outcome
from benchmarks.calibration import replay
from benchmarks.calibration.data import FIL
from benchmarks.calibration.noise import QUIET
from benchmarks.calibration.replay import BENCHMARKS, SLOWDOWNS, Recordings, Trial
from benchmarks.calibration.rules import OTHERS

EQUAL_TURNS = {"LATENCY": 100, "THROUGHPUT": 100, FIL: 48}
"""Turns of a run at equal measuring time: what one segment can give to the rules that do not pair."""
SIDE_BY_SIDE, HISTORY, IN_FULL, FINE = (
    "ours, side by side",
    "ours, against history",
    "ours, side by side, 60 s (FIL 120 s)",
    "ours, side by side, 300 s for 2 %",
)
SHORTEST_STUDY = {"LATENCY": 40, "THROUGHPUT": 40, FIL: 24}
"""Rounds of an A/A study, where studies are counted."""
CHANGE, FINE_CHANGE = 0.05, 0.02
PAIR_S = {"LATENCY": 60.0, "THROUGHPUT": 60.0, FIL: 120.0}
FINE_S = 300.0


@dataclass(frozen=True)
class Line:
    """One rule in one kind of noise. Rates are shares; ``None`` where a rule was not asked. ``seconds`` is the mean for a benchmark."""

    rule: str
    noise: str
    benchmarks: str
    runs: int
    false_alarms: float | None
    trials: int
    found: dict[str, float | None]
    inconclusive: float | None
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """The fields as a dictionary."""
        return asdict(self)


@dataclass(frozen=True)
class Target:
    """A target of the issue that this calibration answers, with what was reached."""

    sentence: str
    reached: str
    met: bool


def lines(recordings: Recordings, runs: int, trials: int, seed: int) -> Iterator[Line]:
    """Every line of the table: ``runs`` identical whole runs, and ``trials`` of every slowdown of every benchmark, for each."""
    for noise in recordings.noises:
        for study in dict.fromkeys(each for each, _ in BENCHMARKS):
            yield from _at_equal_time(recordings, noise, study, runs, trials, random.Random(f"{seed} {noise} {study}"))
        yield _whole_runs(recordings, noise, runs, random.Random(f"{seed} {noise}"))
        for study in dict.fromkeys(each for each, _ in BENCHMARKS):
            yield _in_full(recordings, noise, study, trials, random.Random(f"{seed} {noise} {study} full"))
            if study != FIL:
                yield _fine(recordings, noise, study, trials, random.Random(f"{seed} {noise} {study} fine"))
            yield _history(recordings, noise, study, runs, trials, random.Random(f"{seed} {noise} {study} history"))


def _metrics(study: str) -> list[str]:
    return [metric for each, metric in BENCHMARKS if each == study]


def _at_equal_time(
    recordings: Recordings, noise: str, study: str, runs: int, trials: int, chance: random.Random
) -> Iterator[Line]:
    metrics = _metrics(study)
    turns = EQUAL_TURNS[study]
    alarms = dict.fromkeys((*OTHERS, SIDE_BY_SIDE), 0)
    found = {rule: dict.fromkeys(SLOWDOWNS, 0) for rule in alarms}
    unsure, spent, asked = 0, 0.0, 0
    turn_s = recordings.of(study, metrics[0], noise)[0].turn_s

    def once(candidate: str | None, metric: str) -> dict[str, bool]:
        nonlocal unsure, spent, asked
        said = replay.others(recordings.of(study, metric), candidate, noise, chance, turns)
        # Half of the time for the first measurement, half for the second.
        trial = replay.beside(
            recordings.of(study, metric, noise), candidate, chance, budget_s=turns * turn_s / 2, change=CHANGE
        )
        unsure, spent, asked = unsure + (trial.outcome is Outcome.INCONCLUSIVE), spent + trial.seconds, asked + 1
        return {**said, SIDE_BY_SIDE: trial.outcome is Outcome.FAIL}

    for _ in range(runs):
        said = [once(None, metric) for metric in metrics]
        for rule in alarms:
            alarms[rule] += any(each[rule] for each in said)
    for slowdown in SLOWDOWNS:
        for number in range(trials):
            for rule, yes in once(slowdown, metrics[number % len(metrics)]).items():
                found[rule][slowdown] += yes
    for rule in alarms:
        ours = rule == SIDE_BY_SIDE
        yield Line(
            rule,
            noise,
            study,
            runs,
            alarms[rule] / runs,
            trials,
            {name: count / trials for name, count in found[rule].items()},
            unsure / asked if ours else 0.0,
            spent / asked if ours else turns * turn_s,
        )


def _tried(trial: Callable[[str | None, str], Trial], study: str, slowdown: str | None, count: int) -> list[Trial]:
    metrics = _metrics(study)
    return [trial(slowdown, metrics[number % len(metrics)]) for number in range(count)]


def _share(trials: list[Trial], outcome: Outcome) -> float:
    return sum(each.outcome is outcome for each in trials) / len(trials)


def _mean_s(trials: list[Trial]) -> float:
    return sum(each.seconds for each in trials) / len(trials)


def _whole_runs(recordings: Recordings, noise: str, runs: int, chance: random.Random) -> Line:
    alarms, everything = 0, []
    for _ in range(runs):
        tried = [
            replay.beside(recordings.of(study, metric, noise), None, chance, budget_s=PAIR_S[study], change=CHANGE)
            for study, metric in BENCHMARKS
        ]
        alarms += any(each.outcome is Outcome.FAIL for each in tried)
        everything += tried
    unsure = _share(everything, Outcome.INCONCLUSIVE)
    return Line(IN_FULL, noise, "all", runs, alarms / runs, 0, dict.fromkeys(SLOWDOWNS), unsure, _mean_s(everything))


def _in_full(recordings: Recordings, noise: str, study: str, trials: int, chance: random.Random) -> Line:
    def trial(slowdown: str | None, metric: str) -> Trial:
        return replay.beside(
            recordings.of(study, metric, noise), slowdown, chance, budget_s=PAIR_S[study], change=CHANGE
        )

    tried = {name: _tried(trial, study, name, trials) for name in SLOWDOWNS}
    everything = [each for found in tried.values() for each in found]
    return Line(
        IN_FULL,
        noise,
        study,
        0,
        None,
        trials,
        {name: _share(found, Outcome.FAIL) for name, found in tried.items()},
        _share(everything, Outcome.INCONCLUSIVE),
        _mean_s(everything),
    )


def _fine(recordings: Recordings, noise: str, study: str, trials: int, chance: random.Random) -> Line:
    def trial(slowdown: str | None, metric: str) -> Trial:
        return replay.beside(recordings.of(study, metric, noise), slowdown, chance, budget_s=FINE_S, change=FINE_CHANGE)

    tried = _tried(trial, study, "2%", trials)
    found = {"2%": _share(tried, Outcome.FAIL)}
    return Line(
        FINE,
        noise,
        study,
        0,
        None,
        trials,
        {**dict.fromkeys(SLOWDOWNS), **found},
        _share(tried, Outcome.INCONCLUSIVE),
        _mean_s(tried),
    )


def _history(recordings: Recordings, noise: str, study: str, runs: int, trials: int, chance: random.Random) -> Line:
    def trial(slowdown: str | None, metric: str) -> Trial:
        return replay.against_history(recordings.of(study, metric), metric, slowdown, noise, chance, change=CHANGE)

    alarms, everything = 0, []
    for _ in range(runs):
        tried = _tried(trial, study, None, len(_metrics(study)))
        alarms += any(each.outcome is Outcome.FAIL for each in tried)
        everything += tried
    found = {name: _share(_tried(trial, study, name, trials), Outcome.FAIL) for name in SLOWDOWNS}
    return Line(
        HISTORY,
        noise,
        study,
        runs,
        alarms / runs,
        trials,
        dict(found),
        _share(everything, Outcome.INCONCLUSIVE),
        _mean_s(everything),
    )


def targets(found: list[Line]) -> list[Target]:
    """What was to be reached, and what was."""

    def of(rule: str, slowdown: str | None = None, *, fil: bool | None = None) -> list[tuple[str, float]]:
        chosen = [each for each in found if each.rule == rule and (fil is None or (each.benchmarks == FIL) == fil)]
        values = [
            (f"{each.benchmarks}, {each.noise}", each.false_alarms if slowdown is None else each.found[slowdown])
            for each in chosen
        ]
        return [(where, value) for where, value in values if value is not None]

    def at_most(sentence: str, values: list[tuple[str, float]], bound: float) -> Target:
        return Target(sentence, _said(values), bool(values) and all(value <= bound for _, value in values))

    def at_least(sentence: str, values: list[tuple[str, float]], bound: float) -> Target:
        return Target(sentence, _said(values), bool(values) and all(value >= bound for _, value in values))

    return [
        at_most("side by side: at most 1 % of identical whole runs raise an alarm", of(IN_FULL), 0.01),
        at_least("side by side: +5 % found in at least 95 % within 60 s", of(IN_FULL, "5%", fil=False), 0.95),
        at_least("side by side: +2 % found in at least 80 % within 300 s", of(FINE, "2%"), 0.8),
        at_least("side by side: FIL +10 % found in at least 95 % within 120 s", of(IN_FULL, "10%", fil=True), 0.95),
        at_most("against history: at most 1 % false alarms", of(HISTORY), 0.01),
        at_least("against history: +10 % found in at least 95 % with one confirmation", of(HISTORY, "10%"), 0.95),
        _not_dominated(found),
    ]


def _not_dominated(found: list[Line]) -> Target:
    """At equal measuring time no other rule has both fewer false alarms and more detections, on any row."""
    better = []
    for ours in (each for each in found if each.rule == SIDE_BY_SIDE):
        for other in (each for each in found if each.rule in OTHERS):
            if (other.noise, other.benchmarks) != (ours.noise, ours.benchmarks):
                continue
            for slowdown in SLOWDOWNS:
                fewer = _above(ours.false_alarms, other.false_alarms)
                if fewer and _above(other.found[slowdown], ours.found[slowdown]):
                    better += [f"{other.rule} at +{slowdown} ({ours.benchmarks}, {ours.noise})"]
    return Target(
        "at equal measuring time no other rule has both fewer false alarms and more detections",
        "; ".join(better) or "none has",
        not better,
    )


def _above(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and one > other


def _said(values: list[tuple[str, float]]) -> str:
    return "; ".join(f"{where}: {100 * value:.3g} %" for where, value in values) or "not recorded"


def independent(recordings: Recordings) -> list[str]:
    """How much independent data there is: segments are other processes at another time."""
    said = []
    for study in dict.fromkeys(each for each, _ in BENCHMARKS):
        parts = []
        for noise in recordings.noises:
            strips = recordings.of(study, _metrics(study)[0], noise)
            pairs = sum(len(each.identical) * (len(each.identical) - 1) // 2 for each in strips)
            rounds = sum(len(each.costs) for each in strips)
            shortest = SHORTEST_STUDY[study]
            studies = sum(
                len(each.costs) // shortest * (len(each.identical) * (len(each.identical) - 1) // 2) for each in strips
            )
            parts.append(
                f"{noise} {len(strips)} segments, {rounds} rounds, {pairs} pairs of identical processes, "
                f"{studies} A/A studies of {shortest} rounds that share none"
            )
        said.append(f"{study}: {'; '.join(parts)}")
    quiet = {
        name: ratio
        for (study, metric, name), ratio in recordings.slowdowns.items()
        if (study, metric) == ("LATENCY", "latency_ms")
    }
    said.append(
        f"slower models as measured (LATENCY, {QUIET}): "
        + ", ".join(f"{name}: {100 * (ratio - 1):+.1f} %" for name, ratio in quiet.items())
        + "; replayed as exactly +2, 5, 10 and 20 %"
    )
    return said
