"""Replays rules on recordings: how often each calls an identical thing slower, and how often it finds what is.

The recorded columns of identical processes are taken as each other's candidate and reference, those known to be slower as candidates. Every
look, interval and verdict of ours is the product's own code. A trial begins at a random round of a random segment and goes on in
the next segment of its kind (other processes, another time) when one ends; it uses no round twice, and where the recording ends before
its time is up it stops undecided. Trials share rounds with each other: they are not independent, and how much independent data there is
is printed beside the rates.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from autogauge.gate import past, side_by_side
from autogauge.gate.gate import Gate
from autogauge.gate.past import Figure, Past
from autogauge.history.baseline import History
from autogauge.measuring.metric import Metric
from autogauge.measuring.plan import Plan
from autogauge.rig.profile import RELAY_ROUNDS, STANDARD
from autogauge.stats.changes import judge_change
from autogauge.stats.undisturbed import FEWEST, undisturbed_ratio
from autogauge.stats.verdicts import Outcome
from autogauge.studies.first_inference.study import FIRST_INFERENCE
from autogauge.studies.hints import HINTS
from benchmarks.calibration.data import FIL, IDENTICAL, PINNED, REFERENCES, Segment
from benchmarks.calibration.noise import KINDS, QUIET
from benchmarks.calibration.rules import OTHERS, Samples

SLOWDOWNS = {"2%": 0.02, "5%": 0.05, "10%": 0.10, "20%": 0.20}
BENCHMARKS = (
    ("LATENCY", "latency_ms"),
    ("LATENCY", "fps"),
    ("THROUGHPUT", "latency_ms"),
    ("THROUGHPUT", "fps"),
    (FIL, "fil_s"),
)
"""What was recorded, all of AUTO: study and metric."""
COST = Metric("cost", "cost", "s", seconds=1.0)
BENCHMARKS_OF_A_RUN = 2 * len(BENCHMARKS)
"""A standard run has them of AUTO and of the CPU."""
ERROR_BESIDE = Gate("fail", 0.05, BENCHMARKS_OF_A_RUN, History, "a reference").error
ERROR_HISTORY = Gate("fail", 0.05, BENCHMARKS_OF_A_RUN, History).error
"""How often one comparison may be wrong, as the product has it: beside a reference both ways share the error of the run."""
RUNS_OF_HISTORY = 10
_OF_HINTS = HINTS.amounts[STANDARD].at_least
AT_LEAST = {"LATENCY": _OF_HINTS, "THROUGHPUT": _OF_HINTS, FIL: FIRST_INFERENCE.amounts[STANDARD].at_least}
"""Rounds that a run's figure for history rests on: the standard profile's."""

START_S = 0.5
"""What a fresh warm process costs before its first slice, where a recording's processes served to the end: its turns have none of it."""
BUSY, MOST_OTHERS = "busy", 0.15
"""A segment without noise on purpose is called busy when other processes took more than this of a processor."""

Costs = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Strip:
    """One segment's costs of one metric, shape ``(rounds, conditions)``: seconds, or seconds a frame; NaN where a turn gave nothing.

    ``waited`` are the shares of the turns that their threads waited for a processor, NaN where that was not recorded. ``relayed`` says that
    warm processes gave way to fresh ones while it was recorded; ``turn_s`` then holds what that cost.
    """

    study: str
    noise: str
    conditions: tuple[str, ...]
    costs: Costs
    waited: Costs
    turn_s: float
    relayed: bool = False

    @property
    def identical(self) -> list[str]:
        """The conditions that are the same thing."""
        return [name for name in self.conditions if name.startswith(IDENTICAL)]

    def of(self, condition: str) -> Costs:
        """That condition's costs."""
        return self.costs[:, self.conditions.index(condition)]

    def serving(self, candidate: str | None, chance: random.Random) -> Costs:
        """The costs of the slower candidate, or of the identical process that serves."""
        return self.serving_pair(candidate, chance)[:, 0]

    def serving_pair(self, candidate: str | None, chance: random.Random) -> Costs:
        """The costs of the candidate (or an identical condition) and of an identical one beside it, shape ``(rounds, 2)``.

        Where warm processes were not relayed when this was recorded, other ones serve after every ``RELAY_ROUNDS`` rounds, which is the
        product's relay as far as the recording has processes; a slower candidate is then always the same one.
        """
        step = len(self.costs) if self.relayed or self.study == FIL else RELAY_ROUNDS
        columns = np.empty((len(self.costs), 2), int)
        for begin in range(0, len(self.costs), step):
            one, other = chance.sample(self.identical, 2)
            columns[begin : begin + step] = self.conditions.index(candidate or one), self.conditions.index(other)
        return self.costs[np.arange(len(self.costs))[:, None], columns]


@dataclass(frozen=True)
class Trial:
    """What a rule said: the outcome, and the seconds that it needed, a second measurement included.

    ``ended`` says that the recording was over before its time was.
    """

    outcome: Outcome
    seconds: float
    ended: bool = False


@dataclass
class Recordings:
    """Everything on one recording, by benchmark and noise."""

    strips: dict[tuple[str, str], list[Strip]]
    slowdowns: dict[tuple[str, str, str], float]
    """What each slower condition measured, by study, metric and name, over all quiet segments."""
    segments: list[Segment] = field(default_factory=list)
    name: str = ""

    def of(self, study: str, metric: str, noise: str | None = None) -> list[Strip]:
        """The strips of a benchmark, with that noise or with any."""
        return [each for each in self.strips[study, metric] if noise in (None, each.noise)]

    @property
    def noises(self) -> list[str]:
        """The kinds of noise that every study was recorded with."""
        return [kind for kind in KINDS if all(self.of(study, metric, kind) for study, metric in BENCHMARKS)]


def arrange(segments: Sequence[Segment], name: str = "") -> Recordings:
    """The recordings as costs; slower conditions are brought to exactly their nominal slowdown by one factor each."""
    raw: dict[tuple[str, str], list[Strip]] = defaultdict(list)
    for segment in segments:
        if segment.study == REFERENCES:
            continue
        starts = np.sort(segment.start_s, axis=None)
        between_s = np.diff(starts[np.isfinite(starts)])
        # With fresh processes in them, and turns that were measured again, the mean says what a turn costs.
        turn_s = float(np.mean(between_s) if segment.slower_by_turns else np.median(between_s))
        waited = np.full(segment.start_s.shape, np.nan) if segment.waited is None else segment.waited.astype(float)
        for metric in (each for study, each in BENCHMARKS if study == segment.study):
            costs = segment.figures[metric].astype(float)
            costs = 1 / costs if metric == "fps" else costs
            kind, relayed = _kind(segment), segment.slower_by_turns
            strip = Strip(segment.study, kind, segment.conditions, costs, waited, turn_s, relayed)
            raw[segment.study, metric].append(strip)
    measured: dict[tuple[str, str, str], float] = {}
    strips = {}
    for (study, metric), found in raw.items():
        factors = {}
        for slowdown, nominal in SLOWDOWNS.items():
            quiet = [each for each in found if each.noise == QUIET or each.relayed]
            logs = np.concatenate([np.log(each.of(slowdown)) - _level(each) for each in quiet])
            ratio = math.exp(float(np.nanmedian(logs)))
            measured[study, metric, slowdown] = ratio
            factors[slowdown] = (1 + nominal) / ratio
        strips[study, metric] = [_whole(_scaled(each, factors)) for each in found]
    return Recordings(strips, measured, list(segments), name)


def _kind(segment: Segment) -> str:
    """The noise that there was: a segment without noise on purpose, beside which somebody worked, is no quiet one."""
    others = float(np.nanmean(segment.others))
    return BUSY if segment.noise == QUIET and others > MOST_OTHERS else segment.noise


def _level(strip: Strip) -> Costs:
    """The identical conditions' mean logarithm in each round."""
    return np.asarray(np.nanmean(np.log(np.stack([strip.of(name) for name in strip.identical])), axis=0))


def _scaled(strip: Strip, factors: dict[str, float]) -> Strip:
    scale = np.array([factors.get(name, 1.0) for name in strip.conditions])
    return replace(strip, costs=strip.costs * scale)


def _whole(strip: Strip) -> Strip:
    """A strip whose rounds have one of the slower models each, with all of them in every round: whichever it was, at that slowdown."""
    if not strip.relayed:
        return strip
    names = list(SLOWDOWNS)
    columns = [strip.conditions.index(name) for name in names]
    nominal = np.array([1 + SLOWDOWNS[name] for name in names])
    costs = strip.costs.copy()
    there = np.isfinite(costs[:, columns]).any(axis=1)
    same = np.full(len(costs), np.nan)
    same[there] = np.nanmax(costs[there][:, columns] / nominal, axis=1)
    costs[:, columns] = same[:, None] * nominal
    return replace(strip, costs=costs)


# Ours, side by side.


class Rounds:
    """The rounds that a trial may use: some strips in random order, from a random round of the first one on, each round once.

    Which processes serve is ``Strip.serving_pair``'s.
    """

    def __init__(self, strips: Sequence[Strip], chance: random.Random) -> None:
        first, *others = chance.sample(strips, len(strips))
        start = chance.randrange(len(first.costs))
        self._chance = chance
        self._pieces = [
            (first, start, len(first.costs)),
            *((each, 0, len(each.costs)) for each in others),
            (first, 0, start),
        ]
        self._after: list[tuple[int, int]] = []

    def pairs(self, candidate: str | None, most: int) -> Costs:
        """At most so many pairs of the candidate's and an identical condition's costs, shape ``(pairs, 2)``, from what is left."""
        parts: list[Costs] = [np.empty((0, 2))]
        self._after = []
        for number, (strip, begin, end) in enumerate(self._pieces):
            pair = strip.serving_pair(candidate, self._chance)[begin:end]
            rows = np.flatnonzero(np.isfinite(pair).all(axis=1))[: most - len(self._after)]
            parts.append(pair[rows])
            self._after += [(number, begin + int(row) + 1) for row in rows]
        return np.concatenate(parts)

    def spend(self, pairs: int) -> None:
        """The rounds of the first so many pairs are used up; what is left of their segment comes last: the next ones are of others."""
        if pairs:
            number, row = self._after[pairs - 1]
            strip, _, end = self._pieces[number]
            self._pieces = [*self._pieces[number + 1 :], (strip, row, end)]


def beside(
    strips: Sequence[Strip],
    candidate: str | None,
    chance: random.Random,
    *,
    budget_s: float,
    change: float,
) -> Trial:
    """A comparison side by side, with its second measurement where the first one is a suspicion, both within the budget.

    ``candidate`` is the slower condition, or ``None`` for an identical one.
    """
    is_fil = strips[0].study == FIL
    first_look = side_by_side.FIRST_LOOK if is_fil else side_by_side.FIRST_WARM_LOOK
    relays_s = 0.0 if is_fil or strips[0].relayed else START_S / RELAY_ROUNDS
    pair_s = 2 * (float(np.mean([each.turn_s for each in strips])) + relays_s)
    plan, rounds = side_by_side.plan(budget_s, ERROR_BESIDE, first_look), Rounds(strips, chance)
    first = _comparison(rounds, plan, candidate, change, pair_s)
    if first.outcome is not Outcome.FAIL:
        return first
    second = _comparison(rounds, side_by_side.plan_again(plan, first.seconds), candidate, change, pair_s)
    return Trial(second.outcome, first.seconds + second.seconds, second.ended)


def _comparison(rounds: Rounds, plan: Plan, candidate: str | None, change: float, pair_s: float) -> Trial:
    claim = side_by_side.claim("candidate", COST, 1 + change / 2)  # costs: lower is better whatever the metric
    most = int(plan.budget_s / pair_s)
    pairs = rounds.pairs(candidate, most)
    looks = [look for look in plan.looks if look < most] + [most]
    looked = 0.0
    for look in (look for look in looks if look <= len(pairs)):
        confidence = plan.confidence_at(plan.budget_s * look / most, looked)
        outcome, _ = judge_change(list(pairs[:look, 0]), list(pairs[:look, 1]), claim, confidence)
        looked = look / most
        if outcome is not Outcome.INCONCLUSIVE:
            rounds.spend(look)
            return Trial(outcome, look * pair_s)
    rounds.spend(len(pairs))
    return Trial(Outcome.INCONCLUSIVE, len(pairs) * pair_s, len(pairs) < most)


# Ours, against history.


def figure(strip: Strip, costs: Costs, start: int, rounds: int) -> Figure | None:
    """The figure of a run with these costs from that round on for so many, beside the pinned workload."""
    rows = slice(start, start + rounds)
    pair = np.stack([costs[rows], strip.of(PINNED)[rows]], axis=1)
    pair = pair[np.isfinite(pair).all(axis=1)]
    if len(pair) < FEWEST:
        return None
    ratio, error = undisturbed_ratio(pair[:, 0], pair[:, 1])
    return Figure(float(np.median(pair[:, 0])), PINNED, ratio, error, len(pair))


def against_history(
    strips: Sequence[Strip],
    candidate: str | None,
    noise: str,
    chance: random.Random,
    *,
    change: float,
    rounds: int,
    runs: int = RUNS_OF_HISTORY,
) -> Trial:
    """A run with that noise against accepted ones as time brought them, with its second measurement where it is suspicious.

    ``rounds`` is how many a run's figure rests on, ``runs`` how many accepted ones there are. Where the recording has too few rounds for
    both measurements the trial ends undecided.
    """
    rule = past.Rule(ERROR_HISTORY, 1 + change, max(past.SMALLEST, 1 + 2 * change))
    seconds = 2 * rounds * float(np.mean([each.turn_s for each in strips]))
    windows = _two_windows([each for each in strips if each.noise == noise], rounds, chance)
    if windows is None:
        return Trial(Outcome.INCONCLUSIVE, 0.0, ended=True)
    (one, start), (other, start_again) = windows
    now = figure(one, one.serving(candidate, chance), start, rounds)
    again = figure(other, other.serving(candidate, chance), start_again, rounds)
    history = Past(
        tuple(_accepted([each for each in strips if all(each is not own for own, _ in windows)], rounds, chance, runs))
    )
    if now is None or again is None or not history.figures:
        return Trial(Outcome.INCONCLUSIVE, 0.0, ended=True)
    first = past.judge("benchmark", now, history, rule)
    if past.suspicion(now, history, rule) is None:
        return Trial(first.outcome or Outcome.INCONCLUSIVE, seconds)
    judged = past.judge_again("benchmark", now, again, history, rule)
    return Trial(judged.outcome or Outcome.INCONCLUSIVE, 2 * seconds)


def _two_windows(
    strips: Sequence[Strip], rounds: int, chance: random.Random
) -> tuple[tuple[Strip, int], tuple[Strip, int]] | None:
    """Where the run and its second measurement begin: in two segments where there are two, else apart in one; ``None`` without room."""
    own, *others = chance.sample(strips, len(strips))
    if others:
        other = others[0]
        return (own, _anywhere(own, rounds, chance)), (other, _anywhere(other, rounds, chance))
    slack = len(own.costs) - 2 * rounds
    if slack < 0:
        return None
    low, high = sorted(chance.randrange(slack + 1) for _ in range(2))
    starts = chance.sample((low, high + rounds), 2)
    return (own, starts[0]), (own, starts[1])


def _anywhere(strip: Strip, rounds: int, chance: random.Random) -> int:
    return chance.randrange(max(1, len(strip.costs) - rounds + 1))


def _apart(length: int, rounds: int, chance: random.Random) -> list[int]:
    """Where windows begin that share no round, as many as there is room for, at least one."""
    offset = chance.randrange(length % rounds + 1)
    return [offset + number * rounds for number in range(length // rounds)] or [0]


def _accepted(strips: Sequence[Strip], rounds: int, chance: random.Random, runs: int) -> list[Figure]:
    """So many accepted runs from these segments: from windows that share no round, as far as there are as many; then from any."""
    windows = [(strip, start) for strip in strips for start in _apart(len(strip.costs), rounds, chance)]
    windows = chance.sample(windows, min(runs, len(windows)))
    while strips and len(windows) < runs:
        strip = chance.choice(strips)
        windows.append((strip, _anywhere(strip, rounds, chance)))
    found = (figure(strip, strip.serving(None, chance), start, rounds) for strip, start in windows)
    return [each for each in found if each is not None]


# The others, on equal measuring time.


def others(
    strips: Sequence[Strip], candidate: str | None, noise: str, chance: random.Random, samples: int
) -> dict[str, bool]:
    """What every other rule says about a run of ``samples`` samples, against ten runs of as many from other segments."""
    own = chance.choice([each for each in strips if each.noise == noise])
    rest = [each for each in strips if each is not own]
    now = _run(own, candidate, chance, samples)
    earlier = [_run(chance.choice(rest), None, chance, samples) for _ in range(RUNS_OF_HISTORY)]
    return {name: rule(now, earlier, BENCHMARKS_OF_A_RUN) for name, rule in OTHERS.items()}


def _run(strip: Strip, candidate: str | None, chance: random.Random, samples: int) -> Samples:
    costs = strip.of(candidate or chance.choice(strip.identical))
    costs = costs[np.isfinite(costs)]
    start = chance.randrange(max(1, len(costs) - samples))
    return costs[start : start + samples]
