"""Replays rules on recordings: how often each calls an identical thing slower, and how often it finds what is.

The recorded columns of identical processes are taken as each other's candidate and reference, those known to be slower as candidates. Every
look, interval and verdict of ours is the product's own code. A trial begins at a random round of a random segment and goes on in
the next segment of its kind (other processes, another time) when one ends: windows overlap, so trials are not independent, and
how much independent data there is is printed beside the rates.
"""

from __future__ import annotations

import dataclasses
import math
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from autogauge.gate import past, side_by_side
from autogauge.gate.past import Figure, Past
from autogauge.gate.session import FAMILY_ERROR
from autogauge.stats.changes import judge_change
from autogauge.stats.undisturbed import FEWEST, undisturbed_ratio
from autogauge.stats.verdicts import Outcome
from autogauge.studies.study import Plan
from benchmarks.calibration.data import FIL, IDENTICAL, PINNED, REFERENCES, Segment
from benchmarks.calibration.noise import QUIET
from benchmarks.calibration.rules import OTHERS, Samples

SLOWDOWNS = {"2%": 0.02, "5%": 0.05, "10%": 0.10, "20%": 0.20}
BENCHMARKS = (
    ("LATENCY", "latency_ms"),
    ("LATENCY", "fps"),
    ("THROUGHPUT", "latency_ms"),
    ("THROUGHPUT", "fps"),
    (FIL, "fil_s"),
)
"""The benchmarks of a run: study and metric."""
ERROR = FAMILY_ERROR / len(BENCHMARKS)
RUNS_OF_HISTORY = 10
AT_LEAST = {"LATENCY": 80, "THROUGHPUT": 80, FIL: 32}
"""Rounds that a run's figure for history rests on: the standard profile's."""

BUSY, MOST_OTHERS = "busy", 0.15
"""A segment without noise on purpose is called busy when other processes took more than this of a processor."""
MOST_PASSES = 4
"""How often a segment may serve in one trial, each time with other identical processes."""

Costs = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Strip:
    """One segment's costs of one metric, shape ``(rounds, conditions)``: seconds, or seconds a frame; NaN where a turn gave nothing."""

    study: str
    noise: str
    conditions: tuple[str, ...]
    costs: Costs
    turn_s: float

    @property
    def identical(self) -> list[str]:
        """The conditions that are the same thing."""
        return [name for name in self.conditions if name.startswith(IDENTICAL)]

    def of(self, condition: str) -> Costs:
        """That condition's costs."""
        return self.costs[:, self.conditions.index(condition)]


@dataclass(frozen=True)
class Trial:
    """What a rule said: the outcome, and the seconds that it needed."""

    outcome: Outcome
    seconds: float


@dataclass
class Recordings:
    """Everything recorded, by benchmark and noise."""

    strips: dict[tuple[str, str], list[Strip]]
    slowdowns: dict[tuple[str, str, str], float]
    """What each slower condition measured, by study, metric and name, over all quiet segments."""
    segments: list[Segment] = field(default_factory=list)

    def of(self, study: str, metric: str, noise: str | None = None) -> list[Strip]:
        """The strips of a benchmark, with that noise or with any."""
        return [each for each in self.strips[study, metric] if noise in (None, each.noise)]

    @property
    def noises(self) -> list[str]:
        """The kinds of noise that every study was recorded with."""
        kinds = dict.fromkeys(_kind(each) for each in self.segments)
        return [kind for kind in kinds if all(len(self.of(study, metric, kind)) >= 2 for study, metric in BENCHMARKS)]


def arrange(segments: Sequence[Segment]) -> Recordings:
    """The recordings as costs; slower conditions are brought to exactly their nominal slowdown by one factor each."""
    raw: dict[tuple[str, str], list[Strip]] = defaultdict(list)
    for segment in segments:
        if segment.study == REFERENCES:
            continue
        starts = np.sort(segment.start_s, axis=None)
        turn_s = float(np.nanmedian(np.diff(starts[np.isfinite(starts)])))
        for metric, values in segment.figures.items():
            costs = values.astype(float)
            costs = 1 / costs if metric == "fps" else costs
            raw[segment.study, metric].append(Strip(segment.study, _kind(segment), segment.conditions, costs, turn_s))
    measured: dict[tuple[str, str, str], float] = {}
    strips = {}
    for (study, metric), found in raw.items():
        factors = {}
        for name, nominal in SLOWDOWNS.items():
            quiet = [each for each in found if each.noise == QUIET]
            logs = np.concatenate([np.log(each.of(name)) - _level(each) for each in quiet])
            ratio = math.exp(float(np.nanmedian(logs)))
            measured[study, metric, name] = ratio
            factors[name] = (1 + nominal) / ratio
        strips[study, metric] = [_scaled(each, factors) for each in found]
    return Recordings(strips, measured, list(segments))


def _kind(segment: Segment) -> str:
    """The noise that there was: a segment without noise on purpose, beside which somebody worked, is no quiet one."""
    others = float(np.nanmean(segment.others))
    return BUSY if segment.noise == QUIET and others > MOST_OTHERS else segment.noise


def _level(strip: Strip) -> Costs:
    """The identical conditions' mean logarithm in each round."""
    return np.asarray(np.nanmean(np.log(np.stack([strip.of(name) for name in strip.identical])), axis=0))


def _scaled(strip: Strip, factors: dict[str, float]) -> Strip:
    scale = np.array([factors.get(name, 1.0) for name in strip.conditions])
    return Strip(strip.study, strip.noise, strip.conditions, strip.costs * scale, strip.turn_s)


# Ours, side by side.


def beside(
    strips: Sequence[Strip],
    candidate: str | None,
    chance: random.Random,
    *,
    budget_s: float,
    change: float,
) -> Trial:
    """A comparison side by side, with its second measurement where the first one is a suspicion.

    ``candidate`` is the slower condition, or ``None`` for an identical one.
    """
    plan = side_by_side.plan(budget_s, ERROR)
    first = _comparison(strips, plan, candidate, chance, change)
    if first.outcome is not Outcome.FAIL:
        return first
    lax = dataclasses.replace(plan, confidence=1 - 2 * side_by_side.error_again(plan))
    second = _comparison(strips, lax, candidate, chance, change)
    return Trial(second.outcome, first.seconds + second.seconds)


def _comparison(
    strips: Sequence[Strip], plan: Plan, candidate: str | None, chance: random.Random, change: float
) -> Trial:
    claim = side_by_side.claim("candidate", "cost", 1 + change / 2)  # costs: lower is better whatever the metric
    seconds = 2 * float(np.mean([each.turn_s for each in strips]))
    most = int(plan.budget_s / seconds)
    pairs = _pairs(strips, candidate, chance, most)
    looks = [look for look in plan.looks if look < len(pairs)] + [len(pairs)]
    spent = 0.0
    for look in looks:
        confidence = plan.confidence_at(plan.budget_s * look / most, spent)
        outcome, _ = judge_change(list(pairs[:look, 0]), list(pairs[:look, 1]), claim, confidence)
        spent = look / most
        if outcome is not Outcome.INCONCLUSIVE:
            return Trial(outcome, look * seconds)
    return Trial(Outcome.INCONCLUSIVE, len(pairs) * seconds)


def _pairs(strips: Sequence[Strip], candidate: str | None, chance: random.Random, most: int) -> Costs:
    """Pairs of the candidate's and an identical condition's costs, shape ``(pairs, 2)``; each segment gives its own processes."""
    order = chance.sample(strips, len(strips))
    parts: list[Costs] = []
    for number in range(MOST_PASSES * len(order)):
        strip = order[number % len(order)]
        one, other = chance.sample(strip.identical, 2)
        pair = np.stack([strip.of(candidate or one), strip.of(other)], axis=1)
        if not parts:
            pair = pair[chance.randrange(len(pair)) :]
        parts.append(pair[np.isfinite(pair).all(axis=1)])
        if sum(map(len, parts)) >= most:
            break
    return np.concatenate(parts)[:most]


# Ours, against history.


def figure(strip: Strip, condition: str, metric: str, start: int) -> Figure | None:
    """The figure of a run that measured that condition from that round on, beside the pinned workload."""
    rows = slice(start, start + AT_LEAST[strip.study])
    pair = np.stack([strip.of(condition)[rows], strip.of(PINNED)[rows]], axis=1)
    pair = pair[np.isfinite(pair).all(axis=1)]
    if len(pair) < FEWEST:
        return None
    ratio, error = undisturbed_ratio(pair[:, 0], pair[:, 1])
    return Figure(float(np.median(pair[:, 0])), PINNED, ratio, error)


def against_history(
    strips: Sequence[Strip], metric: str, candidate: str | None, noise: str, chance: random.Random, *, change: float
) -> Trial:
    """A run with that noise against ten accepted ones as time brought them, with its second measurement where it is suspicious."""
    rule = past.Rule(ERROR, 1 + change, max(past.SMALLEST, 1 + 2 * change))
    now, again, *earlier = _figures(strips, metric, candidate, noise, chance)
    seconds = 2 * AT_LEAST[strips[0].study] * float(np.mean([each.turn_s for each in strips]))
    history = Past(tuple(earlier))
    first = past.judge("benchmark", now, history, rule)
    if not past.is_suspicious(now, history, rule):
        return Trial(first.outcome or Outcome.INCONCLUSIVE, seconds)
    judged = past.judge_again("benchmark", now, again, history, rule)
    return Trial(judged.outcome or Outcome.INCONCLUSIVE, 2 * seconds)


def _figures(
    strips: Sequence[Strip], metric: str, candidate: str | None, noise: str, chance: random.Random
) -> list[Figure]:
    """The run to judge, its second measurement, and ten runs from other segments."""
    own = chance.choice([each for each in strips if each.noise == noise])
    others = [each for each in strips if each is not own]
    found: list[Figure] = []
    while len(found) < 2 + RUNS_OF_HISTORY:
        judged = len(found) < 2
        strip = own if judged else chance.choice(others)
        name = (candidate if judged else None) or chance.choice(strip.identical)
        start = chance.randrange(max(1, len(strip.costs) - AT_LEAST[strip.study]))
        one = figure(strip, name, metric, start)
        if one is not None:
            found.append(one)
    return found


# The others, on equal measuring time.


def others(
    strips: Sequence[Strip], candidate: str | None, noise: str, chance: random.Random, samples: int
) -> dict[str, bool]:
    """What every other rule says about a run of ``samples`` samples, against ten runs of as many from other segments."""
    own = chance.choice([each for each in strips if each.noise == noise])
    rest = [each for each in strips if each is not own]
    now = _run(own, candidate, chance, samples)
    earlier = [_run(chance.choice(rest), None, chance, samples) for _ in range(RUNS_OF_HISTORY)]
    return {name: rule(now, earlier, len(BENCHMARKS)) for name, rule in OTHERS.items()}


def _run(strip: Strip, candidate: str | None, chance: random.Random, samples: int) -> Samples:
    costs = strip.of(candidate or chance.choice(strip.identical))
    costs = costs[np.isfinite(costs)]
    start = chance.randrange(max(1, len(costs) - samples))
    return costs[start : start + samples]
