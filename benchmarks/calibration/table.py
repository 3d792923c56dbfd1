"""The calibration's table: false alarms per run, detections per slowdown, INCONCLUSIVE share and seconds for every rule.

What was to be reached, and whether it was, is ``targets``'s.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from autogauge.rig import profile
from autogauge.stats.verdicts import Outcome
from autogauge.studies.first_inference.study import FIRST_INFERENCE
from autogauge.studies.hints import HINTS
from benchmarks.calibration import replay
from benchmarks.calibration.data import FIL
from benchmarks.calibration.replay import BENCHMARKS, BENCHMARKS_OF_A_RUN, SLOWDOWNS, Recordings, Trial
from benchmarks.calibration.rules import OTHERS

EQUAL_TURNS = {"LATENCY": 160, "THROUGHPUT": 160, FIL: 80}
"""Turns of a run at equal measuring time, which take ours to its first look; fewer where a segment has fewer for the others."""
SIDE_BY_SIDE, HISTORY, IN_FULL, FINE, HISTORY_IN_FULL = (
    "ours, side by side",
    "ours, against history",
    "ours, side by side, 60 s (FIL 120 s)",
    "ours, side by side, 300 s for 2 %",
    "ours, against history, in full",
)
"""The first two have the same measuring time as the other rules."""
YOUNG, QUICK = {"ours, against one run": 1, "ours, against three runs": 3}, "ours, against history, quick"
"""Histories of so few runs; and runs of the quick profile, whose figures rest on ``QUICK_ROUNDS``. Asked for false alarms only."""
QUICK_ROUNDS = {
    "LATENCY": HINTS.amounts[profile.QUICK].at_least,
    "THROUGHPUT": HINTS.amounts[profile.QUICK].at_least,
    FIL: FIRST_INFERENCE.amounts[profile.QUICK].at_least,
}
ALL = "all"
CHANGE, FINE_CHANGE = 0.05, 0.02
PAIR_S = {"LATENCY": 60.0, "THROUGHPUT": 60.0, FIL: 120.0}
FINE_S = 300.0
TO_BE_FOUND = {IN_FULL: CHANGE, FINE: FINE_CHANGE, HISTORY_IN_FULL: 2 * CHANGE}
"""The change that each rule is to find; one as large must not PASS."""
CONFIDENCE = 0.95
STUDIES = tuple(dict.fromkeys(study for study, _ in BENCHMARKS))


@dataclass(frozen=True)
class Line:
    """One rule in one kind of noise. Rates are shares; ``None`` where a rule was not asked.

    ``runs`` were identical and raised ``alarms``; ``found`` and ``passed`` are of ``trials`` of each slowdown. ``ended`` is the share of
    all trials that the recording was too short for, ``missing`` the same by slowdown; ``seconds`` is the mean for a benchmark,
    ``most_seconds`` the 95 % quantile.
    """

    recording: str
    rule: str
    noise: str
    benchmarks: str
    runs: int = 0
    alarms: int = 0
    trials: int = 0
    found: dict[str, float] = field(default_factory=dict)
    passed: dict[str, float] = field(default_factory=dict)
    missing: dict[str, float] = field(default_factory=dict)
    inconclusive: float | None = None
    ended: float | None = None
    seconds: float = 0.0
    most_seconds: float = 0.0

    @property
    def false_alarms(self) -> float | None:
        """The share of identical runs that raised an alarm."""
        return self.alarms / self.runs if self.runs else None

    @property
    def false_alarms_bound(self) -> float | None:
        """What that share is at most, at 95 % confidence, were the runs independent (Clopper and Pearson)."""
        if not self.runs:
            return None
        from scipy.special import betaincinv

        return (
            1.0 if self.alarms == self.runs else float(betaincinv(self.alarms + 1, self.runs - self.alarms, CONFIDENCE))
        )

    @property
    def passed_over(self) -> float | None:
        """The largest share that passed of a slowdown that was to be found."""
        least = TO_BE_FOUND.get(self.rule, 1.0)
        return max((share for name, share in self.passed.items() if SLOWDOWNS[name] >= least), default=None)

    @property
    def where(self) -> str:
        """How targets call it."""
        return f"{self.benchmarks}, {self.noise}, {self.recording}"

    def to_json(self) -> dict[str, Any]:
        """The fields and the rates as a dictionary."""
        return {**asdict(self), "false_alarms": self.false_alarms, "false_alarms_bound": self.false_alarms_bound}


def lines(recordings: Recordings, runs: int, trials: int, seed: int) -> Iterator[Line]:
    """Every line of one recording: ``runs`` identical runs, and ``trials`` of every slowdown of every benchmark, for each."""
    for noise in recordings.noises:
        table = _Table(recordings, noise, runs, trials, seed)
        yield from table.at_equal_time()
        yield from table.side_by_side()
        yield from table.history()


class _Table:
    """The lines of one kind of noise on one recording."""

    def __init__(self, recordings: Recordings, noise: str, runs: int, trials: int, seed: int) -> None:
        self._recordings, self._noise, self._runs, self._trials = recordings, noise, runs, trials
        self._seed = f"{seed} {recordings.name} {noise}"

    def at_equal_time(self) -> Iterator[Line]:
        """Every rule with the same measuring time for each benchmark, then whole runs of each rule."""
        rules = (*OTHERS, SIDE_BY_SIDE, HISTORY)
        alarms: dict[str, list[list[bool]]] = {rule: [] for rule in rules}
        for study in STUDIES:
            found, of_runs = self._study_at_equal_time(study)
            yield from found
            for rule in rules:
                alarms[rule].append(of_runs[rule])
        # Two runs of what was recorded, of AUTO alone, are as many benchmarks as a standard run has.
        together = BENCHMARKS_OF_A_RUN // len(BENCHMARKS)
        for rule in rules:
            each_run = [any(each) for each in zip(*alarms[rule], strict=True)]
            whole = [
                any(each_run[start : start + together]) for start in range(0, len(each_run) - together + 1, together)
            ]
            yield self._line(rule, ALL, runs=len(whole), alarms=sum(whole))

    def _study_at_equal_time(self, study: str) -> tuple[list[Line], dict[str, list[bool]]]:
        chance = random.Random(f"{self._seed} {study}")
        metrics = _metrics(study)
        turns = min(EQUAL_TURNS[study], *(len(each.costs) for each in self._recordings.of(study, metrics[0])))
        turn_s = self._recordings.of(study, metrics[0], self._noise)[0].turn_s
        ours: dict[str, list[Trial]] = {SIDE_BY_SIDE: [], HISTORY: []}

        def once(candidate: str | None, metric: str) -> dict[str, bool]:
            everything = self._recordings.of(study, metric)
            said = replay.others(everything, candidate, self._noise, chance, turns)
            with_noise = self._recordings.of(study, metric, self._noise)
            tried = {
                SIDE_BY_SIDE: replay.beside(with_noise, candidate, chance, budget_s=turns * turn_s, change=CHANGE),
                # A quarter of the turns: of the candidate, of the pinned workload, and of both once more.
                HISTORY: replay.against_history(
                    everything, candidate, self._noise, chance, change=CHANGE, rounds=turns // 4
                ),
            }
            for rule, trial in tried.items():
                ours[rule].append(trial)
                said[rule] = trial.outcome is Outcome.FAIL
            return said

        identical = [[once(None, metric) for metric in metrics] for _ in range(self._runs)]
        slower = {
            slowdown: [once(slowdown, metrics[number % len(metrics)]) for number in range(self._trials)]
            for slowdown in SLOWDOWNS
        }
        of_runs = {rule: [any(each[rule] for each in said) for said in identical] for rule in (*OTHERS, *ours)}
        found = [
            self._line(
                rule,
                study,
                ours.get(rule, ()),
                runs=self._runs,
                alarms=sum(of_runs[rule]),
                trials=self._trials,
                found={name: sum(each[rule] for each in said) / self._trials for name, said in slower.items()},
                **(
                    {}
                    if rule in ours
                    else {"seconds": turns * turn_s, "most_seconds": turns * turn_s, "inconclusive": 0.0}
                ),
            )
            for rule in of_runs
        ]
        return found, of_runs

    def side_by_side(self) -> Iterator[Line]:
        """Ours with the time that the product has."""

        def trial(study: str, metric: str, slowdown: str | None, chance: random.Random) -> Trial:
            strips = self._recordings.of(study, metric, self._noise)
            return replay.beside(strips, slowdown, chance, budget_s=PAIR_S[study], change=CHANGE)

        def fine(study: str, metric: str, slowdown: str | None, chance: random.Random) -> Trial:
            strips = self._recordings.of(study, metric, self._noise)
            return replay.beside(strips, slowdown, chance, budget_s=FINE_S, change=FINE_CHANGE)

        yield self._whole_runs(IN_FULL, trial)
        for study in STUDIES:
            yield self._slower(IN_FULL, study, trial, SLOWDOWNS)
            if study != FIL:
                yield self._slower(FINE, study, fine, ("2%",))

    def history(self) -> Iterator[Line]:
        """Ours with the rounds that the product has."""
        yield self._whole_runs(HISTORY_IN_FULL, self._history_trial)
        for study in STUDIES:
            yield self._slower(HISTORY_IN_FULL, study, self._history_trial, SLOWDOWNS)
        for rule, runs in YOUNG.items():
            yield self._whole_runs(rule, functools.partial(self._history_trial, runs=runs))
        yield self._whole_runs(QUICK, functools.partial(self._history_trial, rounds=QUICK_ROUNDS))

    def _history_trial(
        self,
        study: str,
        metric: str,
        slowdown: str | None,
        chance: random.Random,
        *,
        runs: int = replay.RUNS_OF_HISTORY,
        rounds: Mapping[str, int] = replay.AT_LEAST,
    ) -> Trial:
        strips = self._recordings.of(study, metric)
        return replay.against_history(
            strips, slowdown, self._noise, chance, change=CHANGE, rounds=rounds[study], runs=runs
        )

    def _whole_runs(self, rule: str, trial: Callable[[str, str, str | None, random.Random], Trial]) -> Line:
        chance = random.Random(f"{self._seed} {rule}")
        alarms, everything = 0, []
        for _ in range(self._runs):
            tried = [
                trial(study, metric, None, chance)
                for study, metric in BENCHMARKS * (BENCHMARKS_OF_A_RUN // len(BENCHMARKS))
            ]
            alarms += any(each.outcome is Outcome.FAIL for each in tried)
            everything += tried
        return self._line(rule, ALL, everything, runs=self._runs, alarms=alarms)

    def _slower(
        self,
        rule: str,
        study: str,
        trial: Callable[[str, str, str | None, random.Random], Trial],
        slowdowns: Sequence[str] | dict[str, float],
    ) -> Line:
        chance = random.Random(f"{self._seed} {rule} {study}")
        metrics = _metrics(study)
        tried = {
            name: [trial(study, metrics[number % len(metrics)], name, chance) for number in range(self._trials)]
            for name in slowdowns
        }
        return self._line(
            rule,
            study,
            [each for trials in tried.values() for each in trials],
            trials=self._trials,
            found={name: _share(trials, Outcome.FAIL) for name, trials in tried.items()},
            passed={name: _share(trials, Outcome.PASS) for name, trials in tried.items()},
            missing={name: sum(each.ended for each in trials) / len(trials) for name, trials in tried.items()},
        )

    def _line(self, rule: str, benchmarks: str, tried: Sequence[Trial] = (), **fields: Any) -> Line:
        if tried:
            seconds = [each.seconds for each in tried]
            fields.update(
                inconclusive=_share(tried, Outcome.INCONCLUSIVE),
                ended=sum(each.ended for each in tried) / len(tried),
                seconds=float(np.mean(seconds)),
                most_seconds=float(np.quantile(seconds, 0.95)),
            )
        return Line(self._recordings.name, rule, self._noise, benchmarks, **fields)


def _metrics(study: str) -> list[str]:
    return [metric for each, metric in BENCHMARKS if each == study]


def _share(trials: Sequence[Trial], outcome: Outcome) -> float:
    return sum(each.outcome is outcome for each in trials) / len(trials)
