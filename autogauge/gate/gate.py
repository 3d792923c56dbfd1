"""The gate of one run: judges each benchmark as it is recorded, has suspicions measured again, and says what the run may be used for.

What a judgement does to a test is left to the fixtures.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from autogauge.gate import judged, past, side_by_side
from autogauge.gate.decision import Decision, decide
from autogauge.gate.figures import figure_of
from autogauge.gate.judged import Judged
from autogauge.gate.judgement import Judgement, Way
from autogauge.gate.past import Creep, Figure, Past, Rule
from autogauge.history import store
from autogauge.history.baseline import History, Waiting
from autogauge.history.records import SavedBenchmark
from autogauge.history.standing_file import Standing
from autogauge.measuring.metric import Metric
from autogauge.measuring.quantity import TIME, Quantity, quantity_of
from autogauge.measuring.result import Result
from autogauge.plain import counted, few
from autogauge.probe.request import ProbeFailed
from autogauge.stats.verdicts import Outcome

FAMILY_ERROR = 0.01
"""How often a run in which nothing changed may raise an alarm, all of its benchmarks and ways of judging together."""
MODES = (OFF, WARN, FAIL) = (judged.OFF, "warn", "fail")
CARRY_OVER = "python -m autogauge accept --as-continuation"
Again = Callable[[], Result]
"""Measures a study once more, with fresh processes."""


@dataclass(frozen=True)
class Benchmark:
    """What is judged: a metric of a condition of a study, and how it is called in every run.

    ``share`` is how much of the gate's error it takes, beside 1 of others (``Study.gate_share``).
    """

    key: str
    result: Result
    condition: str
    metric: Metric
    share: float = 1.0


@dataclass
class Gate:
    """Judges the benchmarks of one run. ``history`` gives the runs to judge against, once the fingerprint is known.

    ``benchmarks`` is how many there are, each counted by its share of the error.
    ``twinned`` is how many of the benchmarks are measured beside the reference too; without it all of them. ``reference_accepted`` says
    that the reference is an OpenVINO that was good enough once: slower than that is a regression, slower than another device is none.
    ``faults`` are the tests that failed for another reason than a judgement; ``unfit`` says why later runs should not be judged against
    this one though nothing failed in it. ``baseline`` names another history that is judged against and only read, so that nothing in it is
    confirmed.
    """

    mode: str
    smallest_change: float
    benchmarks: float
    history: Callable[[], History]
    reference: str = ""
    twinned: float | None = None
    reference_accepted: bool = False
    judgements: list[Judgement] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    fail_creep: bool = False
    baseline: str = ""
    unfit: Callable[[], list[str]] = list
    _without_twin: dict[str, None] = field(default_factory=dict)
    _remarks: dict[str, list[str]] = field(default_factory=dict)
    _creeps: dict[tuple[tuple[Path, ...], tuple[Path, ...]], list[str]] = field(default_factory=dict)
    _again: dict[str, Again] = field(default_factory=dict)
    _measured_again: dict[str, Result | None] = field(default_factory=dict)
    _history: History | None = None

    @property
    def error(self) -> float:
        """How often one comparison with a whole share may be wrong, so that the run keeps ``FAMILY_ERROR`` (weighted Bonferroni)."""
        twinned = self.benchmarks if self.twinned is None else self.twinned
        return FAMILY_ERROR / max(1, self.benchmarks + (twinned if self.reference else 0))

    @property
    def floor(self) -> float:
        """The ratio of costs that counts as a change: half of what is to be found."""
        return 1 + self.smallest_change / 2

    @property
    def rule(self) -> Rule:
        """How strictly history judges a time with a whole share: it finds twice the change that is found side by side."""
        return self.rule_of(TIME)

    def rule_of(self, quantity: Quantity, share: float = 1.0) -> Rule:
        """How strictly history judges a benchmark of that quantity, with that share of the error."""
        return Rule.of_one_run(self.error * share, self.smallest_change, quantity)

    def remember(self, result: Result, again: Again) -> None:
        """How the study is measured again, should one of its benchmarks be suspicious."""
        self._again[result.name] = again

    def judge(self, benchmark: Benchmark) -> list[Judgement]:
        """Judge a benchmark in every way that there is; the judgements are kept."""
        if self.mode == OFF:
            return []
        self._forget(benchmark.key)
        found = []
        beside = not benchmark.metric.of_process and side_by_side.has_twin(benchmark.result, benchmark.condition)
        if self.reference and beside:
            found.append(self._side_by_side(benchmark))
        elif self.reference:
            self._without_twin[benchmark.key] = None
        found.append(self._against_history(benchmark))
        self.judgements += found
        return found

    def _forget(self, key: str) -> None:
        """Drop what was said of a benchmark that is recorded once more: the last time counts."""
        self.judgements = [each for each in self.judgements if each.benchmark != key]
        for keys in (*self._remarks.values(), *self._creeps.values()):
            keys[:] = [each for each in keys if each != key]

    def _side_by_side(self, benchmark: Benchmark) -> Judgement:
        against = f"the reference {self.reference} in the same rounds"

        def beside(result: Result) -> Judgement:
            return side_by_side.judge(result, benchmark.condition, benchmark.metric, benchmark.key, self.floor, against)

        first = beside(benchmark.result)
        if first.outcome is not Outcome.FAIL and not first.improved:
            return first
        again = self._once_more(benchmark)
        if again is None:
            return _unconfirmed(first)
        second = replace(beside(again), measured_again=True)
        if (first.improved and second.outcome is Outcome.FAIL) or (first.outcome is Outcome.FAIL and second.improved):
            return replace(second, outcome=Outcome.INCONCLUSIVE).noted("the two measurements say opposite things")
        return second

    def _against_history(self, benchmark: Benchmark) -> Judgement:
        quantity = quantity_of(benchmark.metric.name)
        figure = figure_of(benchmark.result, benchmark.condition, benchmark.metric)
        if figure is None:
            nothing = Judgement(
                benchmark.key, Way.HISTORY, "history", Outcome.INCONCLUSIVE, None, 1.0, quantity=quantity
            )
            return replace(nothing, cannot_measure=True).noted("nothing was measured")
        before, rule = past_of(self.runs(), benchmark.key), self.rule_of(quantity, benchmark.share)
        crept = self.remark(benchmark.key, figure, before, rule)
        first = past.judge(benchmark.key, figure, before, rule)
        first = replace(first, own=benchmark.metric.count(figure.samples))
        if past.suspicion(figure, before, rule) is None and crept is None:
            return first
        second = self._once_more(benchmark)
        again = figure_of(second, benchmark.condition, benchmark.metric) if second else None
        if again is None or (past.is_by_ratio(figure, before) and not past.is_by_ratio(again, before)):
            # Judged by seconds, what the ratio said would be forgotten.
            return _unconfirmed(first if crept is None else self.crept(first, crept))
        both = past.judge_again(benchmark.key, figure, again, before, rule)
        both = replace(both, own=benchmark.metric.count(figure.together(again).samples))
        crept = past.creep(figure.together(again), before, rule) if crept is not None else None
        return both if crept is None else self.crept(both, crept)

    def remark(self, key: str, figure: Figure, before: Past, rule: Rule | None = None) -> Creep | None:
        """Note what a figure's history says beside the judgement; returns a creep that is to fail."""
        reasons = (
            past.why_by_seconds(figure, before) or past.why_not_by_ratio(figure, before),
            past.driven_otherwise(figure, before),
        )
        for reason in filter(None, reasons):
            self._remarks.setdefault(reason, []).append(key)
        crept = past.creep(figure, before, rule or self.rule)
        if crept is None:
            return None
        self._remarks.setdefault(crept.sentence(), []).append(key)
        self._creeps.setdefault(self._ends(key, whole_level=crept.whole_level), []).append(key)
        return crept if self.fail_creep else None

    def crept(self, judgement: Judgement, crept: Creep) -> Judgement:
        """A judgement that is to fail since the benchmark has crept."""
        return replace(judgement, outcome=Outcome.FAIL, remarkable=True).noted(f"{crept.sentence()} (--creep=fail)")

    def _ends(self, key: str, *, whole_level: bool) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
        """The oldest and the newest runs between which a creep is seen, each oldest first."""
        history = self.runs()
        runs = history.runs_of(key)[::-1]
        oldest = history.first_of(key) if whole_level else runs
        return tuple(each.path for each in oldest[: past.ENDS]), tuple(each.path for each in runs[-past.ENDS :])

    def _once_more(self, benchmark: Benchmark) -> Result | None:
        """The study measured again, once for all of its benchmarks; ``None`` when that did not work."""
        name = benchmark.result.name
        if name not in self._measured_again:
            again = self._again.get(name)
            try:
                self._measured_again[name] = again() if again else None
            except ProbeFailed:
                self._measured_again[name] = None
        return self._measured_again[name]

    def runs(self) -> History:
        """The accepted runs, read once."""
        if self._history is None:
            self._history = self.history()
        return self._history

    @property
    def results_again(self) -> list[Result]:
        """The studies that were measured once more."""
        return [study for study in self._measured_again.values() if study is not None]

    @property
    def notes(self) -> list[str]:
        """What concerns several benchmarks or is no judgement: one sentence each."""
        found = [f"{', '.join(keys)}: {remark}" for remark, keys in self._remarks.items() if keys]
        history = self.runs() if self.judgements else None
        if history and history.offer and history.runs and not self.not_judged():
            number = f"{len(history.runs)} {'run is' if len(history.runs) == 1 else 'runs are'}"
            found.append(
                f"only {number} judged against, since {history.offer.since(history.folder)}; "
                f"{CARRY_OVER} {shlex.quote(str(history.runs[0].path))} carries the baseline over"
            )
        commands = [comparing(*ends) for ends, keys in self._creeps.items() if keys]
        found += [f"what finds a creep is the oldest runs beside the newest: {each}" for each in commands if each]
        if self._without_twin:
            found.append(
                f"not measured beside {self.reference}, since their studies compare with no reference: {', '.join(self._without_twin)}"
            )
        return found

    def lost(self) -> list[str]:
        """The benchmarks of the last accepted runs that were not judged in this one: renamed, removed, or not measured."""
        return self.runs().lost(each.benchmark for each in self.judgements) if self.judgements else []

    def counts(self, judgement: Judgement) -> bool:
        """Whether a FAIL there is a regression, and not only a difference from the reference named."""
        return judgement.way is Way.HISTORY or self.reference_accepted

    def decide(self) -> Decision:
        """What this run may be used for.

        A reference that is only another thing (a device, properties, a model) says nothing about that.
        """
        failed = [each for each in self.judgements if self.counts(each) and each.outcome is Outcome.FAIL]
        history = self.runs() if self.judgements and not self.baseline else None
        return decide(self.judgements, failed, self.faults, self.unfit(), history, self._ratio_of, self.not_judged())

    def not_judged(self) -> str | None:
        """Which benchmarks were judged against nothing since the fingerprint changed, and in what; ``None`` where that is not so."""
        offer = self.runs().offer if self.judgements else None
        if offer is None:
            return None
        keys = [
            each.benchmark
            for each in self.judgements
            if each.outcome is None and each.benchmark in offer.run.benchmarks
        ]
        if not keys:
            return None
        return f"{counted(len(keys), 'benchmark')} ({few(keys)}): {offer.since(self.runs().folder)}"

    def _ratio_of(self, key: str, waiting: Waiting) -> float:
        """The cost of a benchmark in a run that waits, over the level that this one is judged against."""
        saved = waiting.run.benchmarks[key]
        found = past.judge(key, Figure.of(saved), past_of(self.runs(), key), self.rule_of(quantity_of(saved.metric)))
        return found.change.ratio if found.change else 1.0

    def to_json(self) -> dict[str, Any]:
        """The judgements and how strict they are."""
        return {
            "mode": self.mode,
            "smallest_change": self.smallest_change,
            "error": self.error,
            "reference": self.reference or None,
            "judgements": [each.to_json() for each in self.judgements],
            "notes": self.notes,
            "faults": self.faults,
            "lost": self.lost(),
            "not_judged": self.not_judged(),
            "baseline": self.baseline or None,
            "begins": self.begins(),
        }

    def begins(self) -> bool:
        """Whether the run is the first accepted one of what has no baseline."""
        first = [each.benchmark for each in self.judgements if each.outcome is None]
        if not first or self.baseline:
            return False
        decision = self.decide()
        return all(decision.of(key) is Standing.ACCEPTED for key in first)

    def judged(self) -> Judged:
        """What is to be shown of it, as what is read back from a file."""
        return judged.from_json(self.to_json())


def _unconfirmed(judgement: Judgement) -> Judgement:
    """A suspicion that could not be measured again is no verdict, and no PASS either."""
    noted = judgement.noted("it could not be measured again")
    if judgement.outcome is Outcome.FAIL:
        return replace(noted, outcome=Outcome.INCONCLUSIVE, cannot_measure=True)
    return noted


def comparing(older: Sequence[Path], newer: Sequence[Path]) -> str | None:
    """The command that compares these saved runs; ``None`` where they cannot be named by folder and number."""
    sides = []
    for paths in (older, newer):
        if len({path.parent for path in paths}) != 1 or not all(store.is_run(path.name) for path in paths):
            return None
        numbers = ",".join(str(store.number_of(path)) for path in paths)
        sides.append(f"{shlex.quote(str(paths[0].parent))} run={numbers} standing=*")
    return shlex.join(["python", "-m", "autogauge", "compare", *sides])


def past_of(history: History, key: str) -> Past:
    """The accepted figures of that benchmark."""
    now, before = history.of(key)
    first = [run.benchmarks[key] for run in history.first_of(key)]
    return Past(_figures(now), _figures(before), history.names(key), _figures(first))


def _figures(benchmarks: Sequence[SavedBenchmark]) -> tuple[Figure, ...]:
    return tuple(Figure.of(each) for each in benchmarks)
