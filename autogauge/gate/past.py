"""Judging against history: where the accepted runs say that the next one should lie, and whether it does.

A figure is judged by its ratio to the pinned workload measured in the same rounds, where both sides have one, since that has little of the
machine's mood in it; else by itself, with the wide interval that time asks for. The method is ``stats.prediction``'s; which runs
are judged against is ``history.baseline``'s.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from autogauge.gate.judgement import Judgement, Way, percent
from autogauge.history.records import SavedBenchmark
from autogauge.measuring.quantity import MEMORY, TIME, Quantity
from autogauge.stats.intervals import Interval
from autogauge.stats.prediction import level_of
from autogauge.stats.two_levels import ratio_of_levels
from autogauge.stats.verdicts import Outcome

SMALLEST = 1.10
"""The change that a judgement against history is to find: one that it could not have found is no PASS."""
SUSPICION = 20.0
"""How many times the error of a verdict a suspicion may have: it only asks for another measurement."""
RATIO_SPREAD, ABSOLUTE_SPREAD, MEMORY_SPREAD = 0.015, 0.08, 0.005
"""What is expected of the variation between runs before they have shown theirs: of ratios to the pinned workload, of seconds, of memory."""
LEAST_MIB = 2.0
"""Memory that changed by less than this is no change, however small the whole is: a thread's stack, a page of a table."""
GROSS = 1.25
"""A change of seconds beyond what time explains, and above this, is no PASS although the ratio passes."""
FEWEST_OF_A_LEVEL = 3
"""So many runs are a level that a later one may have left unseen."""
ENDS = 3
"""Runs at either end of the window between which a creep is looked for; their medians are compared."""


FORMERLY_SHORT_S = 2e-4
"""Below this an inference was polled, before drivers were tried on the machine."""


@dataclass(frozen=True)
class Figure:
    """One benchmark of one run, as it is judged: seconds, and the ratio to the pinned workload where there is one. Of memory MiB.

    ``samples`` is how many rounds or processes it rests on; 0 where that is not known. ``driver`` is how infer requests were driven, empty
    where there are none to drive or where that is not known.
    """

    seconds: float
    pinned: str | None = None
    ratio: float | None = None
    error: float = 0.0
    samples: int = 0
    driver: str = ""

    @classmethod
    def of(cls, saved: SavedBenchmark) -> Figure:
        """The figure of a saved benchmark."""
        beside = saved.against_pinned
        if beside is None:
            return cls(saved.median_s, samples=saved.samples, driver=saved.driver)
        return cls(saved.median_s, beside.pinned, beside.ratio, beside.error, saved.samples, saved.driver)

    def together(self, other: Figure) -> Figure:
        """This figure and another measurement of the same thing as one."""
        seconds, samples = math.sqrt(self.seconds * other.seconds), self.samples + other.samples
        if self.ratio is None or other.ratio is None:
            return Figure(seconds, samples=samples, driver=self.driver)
        error = math.hypot(self.error, other.error) / 2
        return Figure(seconds, self.pinned, math.sqrt(self.ratio * other.ratio), error, samples, self.driver)


@dataclass(frozen=True)
class Past:
    """The accepted runs of one benchmark: those at its present level, newest last, and those before it."""

    figures: tuple[Figure, ...] = ()
    earlier: tuple[Figure, ...] = ()
    runs: str = ""
    first: tuple[Figure, ...] = ()
    """The oldest runs of the present level, where these are older than ``figures``: for what crept longer than those reach back."""


class Suspicion(Enum):
    """What a first measurement may make one suspect."""

    SLOWER = "slower"
    FASTER = "faster"


@dataclass(frozen=True)
class Rule:
    """How strict: ``error`` is how often one benchmark may be called slower when it is not.

    ``floor`` is the smallest ratio called a change, ``smallest`` the one that is to be found; ``quantity`` is what is judged.
    """

    error: float
    floor: float
    smallest: float = SMALLEST
    quantity: Quantity = TIME

    @classmethod
    def of_one_run(cls, error: float, smallest_change: float, quantity: Quantity = TIME) -> Rule:
        """For one run against others: history finds twice the change that is found side by side."""
        return cls(error, 1 + smallest_change, max(SMALLEST, 1 + 2 * smallest_change), quantity)

    @property
    def spread(self) -> float:
        """What is expected of the variation between runs, where it is not judged by a ratio."""
        return MEMORY_SPREAD if self.quantity is MEMORY else ABSOLUTE_SPREAD

    @property
    def gross(self) -> float:
        """From which ratio on figures that are not judged by a ratio have crept: time moves seconds too, and no memory."""
        return self.smallest if self.quantity is MEMORY else max(GROSS, self.smallest)

    def beside(self, levels: Iterable[float]) -> Rule:
        """The same beside figures at this level: of memory ``LEAST_MIB`` are the smallest change too, and twice that is to be found."""
        figures = list(levels)
        if self.quantity is not MEMORY or not figures:
            return self
        least = LEAST_MIB / statistics.median(figures)
        return dataclasses.replace(self, floor=max(self.floor, 1 + least), smallest=max(self.smallest, 1 + 2 * least))


def judge(benchmark: str, now: Figure, past: Past, rule: Rule) -> Judgement:
    """What history says about that figure."""
    rule = rule.beside(each.seconds for each in past.figures)
    if not past.figures:
        none = Judgement(benchmark, Way.HISTORY, "history", None, None, rule.floor, quantity=rule.quantity)
        return none.noted("no accepted run before this one has it")
    by_ratio = is_by_ratio(now, past)
    interval = _change(now, past, rule, by_ratio=by_ratio)
    judgement = Judgement(
        benchmark,
        Way.HISTORY,
        f"{past.runs}, by the ratio to the pinned workload"
        if by_ratio
        else f"{past.runs}, by its {rule.quantity.basis}",
        outcome(interval, rule),
        interval,
        rule.floor,
        quantity=rule.quantity,
    )
    if by_ratio:
        return _beside_what_was_before(_beside_its_seconds(judgement, now, past, rule), now, past, rule)
    reason = why_by_seconds(now, past)
    return judgement.noted(reason) if reason else judgement


def _beside_its_seconds(judgement: Judgement, now: Figure, past: Past, rule: Rule) -> Judgement:
    """A judgement by the ratio, with what its seconds say: what slows the pinned workload too is in them alone."""
    moved = now.seconds / statistics.median(each.seconds for each in past.figures)
    judgement = judgement.noted(f"its seconds: {percent(moved)}")
    seconds = _change(now, past, rule, by_ratio=False)
    if judgement.outcome is not Outcome.PASS or seconds.low <= 1 or seconds.ratio <= GROSS:
        return judgement
    return dataclasses.replace(judgement, outcome=Outcome.INCONCLUSIVE, remarkable=True).noted(
        "that is more than time explains, and the pinned workload became slower as well: a slower machine, "
        "or a slowdown that meets both"
    )


def _before_this_pinned(now: Figure, past: Past) -> list[Figure]:
    """The runs at the beginning of the level that had another pinned workload, or none, where they are as many as make a level.

    What is newer was judged by seconds first, and is what a ratio is judged against: what became slower with the pinned workload's change
    would be the new level.
    """
    level = [*past.first, *past.figures]
    leading = list(itertools.takewhile(lambda each: not _same(now, (each,)), level))
    return leading if len(leading) >= FEWEST_OF_A_LEVEL else []


def _beside_what_was_before(judgement: Judgement, now: Figure, past: Past, rule: Rule) -> Judgement:
    """A judgement by the ratio, beside the level of before the pinned workload changed, by seconds: all that both have."""
    before = _before_this_pinned(now, past)
    if not before:
        return judgement
    since = [each.seconds for each in (*_same(now, past.figures), now)]
    old = [each.seconds for each in before]
    seconds = ratio_of_levels(since, old, rule.error, prior_spread=ABSOLUTE_SPREAD)
    judgement = judgement.noted(
        f"beside the {len(before)} runs before the pinned workload changed, by seconds: "
        f"{percent(seconds.ratio)} ({percent(seconds.low)} to {percent(seconds.high)})"
    )
    if judgement.outcome is not Outcome.PASS or outcome(seconds, rule) is Outcome.PASS:
        return judgement
    return dataclasses.replace(judgement, outcome=Outcome.INCONCLUSIVE, remarkable=True).noted(
        "so it is not known whether it became slower with that change: accept --new-level begins a level with the new one"
    )


def why_not_by_ratio(now: Figure, past: Past) -> str | None:
    """What was not judged by the ratio since the pinned workload changed; ``None`` where it did not, or seconds are all there is."""
    before = _before_this_pinned(now, past) if is_by_ratio(now, past) else []
    if not before:
        return None
    return (
        f"NOT JUDGED by the ratio against the {len(before)} runs before the pinned workload changed "
        f"({_what_changed(before[-1].pinned, now.pinned)}): by seconds only"
    )


def _what_changed(old: str | None, new: str | None) -> str:
    """In which parts of their identities two pinned workloads differ."""
    if old is None or new is None:
        return "there was none" if old is None else "there is none"
    theirs, ours = old.split(", "), new.split(", ")
    gone, come = ([each for each in one if each not in other] for one, other in ((theirs, ours), (ours, theirs)))
    return f"from {', '.join(gone) or 'more'} to {', '.join(come) or 'less'}"


def why_by_seconds(now: Figure, past: Past) -> str | None:
    """Why seconds are all that can be compared, although there are accepted runs with a ratio; ``None`` where that is not so."""
    if is_by_ratio(now, past) or all(each.ratio is None for each in past.figures):
        return None
    if now.ratio is None:
        return "by seconds only, since this run has no ratio to the pinned workload, and its history has"
    if not _same(now, past.figures):
        other = next((each.pinned for each in reversed(past.figures) if each.ratio is not None), None)
        return (
            "NOT JUDGED by the ratio: by seconds only, since its history has ratios to another pinned workload "
            f"({_what_changed(other, now.pinned)})"
        )
    return "by seconds only, since too few of its history's runs have the ratio to this pinned workload"


def driven_otherwise(now: Figure, past: Past) -> str | None:
    """That infer requests were driven in another way in accepted runs, so that a change may be the harness's own; ``None`` where not.

    Before it was written down short inferences were driven by a rule of their own.
    """
    if not now.driver:
        return None
    ways = {each.driver or ("another way" if each.seconds < FORMERLY_SHORT_S else now.driver) for each in past.figures}
    others = sorted(ways - {now.driver})
    if not others:
        return None
    return f"requests are driven by {now.driver}, in its history by {' or '.join(others)} too: a change may be the harness's own"


def suspicion(now: Figure, past: Past, rule: Rule) -> Suspicion | None:
    """Whether to measure again before judging, and why: a verdict that a laxer rule would give."""
    if not past.figures:
        return None
    lax = dataclasses.replace(rule, error=min(0.1, rule.error * SUSPICION)).beside(
        each.seconds for each in past.figures
    )
    interval = _change(now, past, lax, by_ratio=is_by_ratio(now, past))
    if outcome(interval, lax) is Outcome.FAIL:
        return Suspicion.SLOWER
    return Suspicion.FASTER if interval.high < 1 / lax.floor else None


def judge_again(benchmark: str, now: Figure, again: Figure, past: Past, rule: Rule) -> Judgement:
    """The judgement after a second measurement: slower, or faster, only if that alone says so too, and both together."""
    both = judge(benchmark, now.together(again), past, rule)
    said = Suspicion.SLOWER if both.outcome is Outcome.FAIL else Suspicion.FASTER if both.improved else None
    if said is not None and {suspicion(each, past, rule) for each in (now, again)} != {said}:
        both = dataclasses.replace(both, outcome=Outcome.INCONCLUSIVE).noted(
            "the two measurements do not both say so by themselves"
        )
    return dataclasses.replace(both, measured_again=True)


@dataclass(frozen=True)
class Creep:
    """A benchmark that became slower by ``ratio``, each run being like those before it.

    ``whole_level`` says that it did so since its level began, else in the window of ``runs`` (this one among them).
    """

    ratio: float
    runs: int
    whole_level: bool

    def sentence(self) -> str:
        """By how much over what."""
        span = "all runs at this level" if self.whole_level else f"the last {self.runs} runs"
        return f"it has crept by {percent(self.ratio)} over {span}, in steps too small to fail"


def creep(now: Figure, past: Past, rule: Rule) -> Creep | None:
    """The creep when the level has moved up by more than is to be found, each run being like those before it.

    The median of the ``ENDS`` newest runs, this one among them, is compared with those of the oldest ones of the window and of the level;
    seconds have to creep by ``GROSS``, since time moves them too.
    """
    by_ratio, rule = is_by_ratio(now, past), rule.beside(each.seconds for each in past.figures)
    figures = [*(_same(now, past.figures) if by_ratio else past.figures), now]
    first = _same(now, past.first) if by_ratio else past.first
    ends = [(True, first)]
    if len(figures) >= 2 * ENDS:
        ends = [(False, figures[:ENDS]), *ends]
    for whole_level, oldest in ends:
        if min(len(oldest), len(figures)) < ENDS:
            continue
        crept = _median(figures[-ENDS:], by_ratio=by_ratio) / _median(oldest, by_ratio=by_ratio)
        if crept > (rule.smallest if by_ratio else rule.gross):
            return Creep(crept, len(figures), whole_level)
    return None


def _median(figures: Sequence[Figure], *, by_ratio: bool) -> float:
    return statistics.median(each.ratio or 0.0 if by_ratio else each.seconds for each in figures)


def is_by_ratio(now: Figure, past: Past) -> bool:
    """Whether that figure is judged by its ratio to the pinned workload: the accepted runs have it too, or three of them."""
    same = _same(now, past.figures)
    return bool(same) and len(same) >= min(3, len(past.figures))


def _same(now: Figure, figures: tuple[Figure, ...]) -> list[Figure]:
    """Those with a ratio to the same pinned workload."""
    if now.ratio is None:
        return []
    return [each for each in figures if each.ratio is not None and each.pinned == now.pinned]


def _change(now: Figure, past: Past, rule: Rule, *, by_ratio: bool) -> Interval:
    """The change with its interval."""
    error = rule.error
    same = _same(now, past.figures)
    if by_ratio:
        values = [each.ratio for each in same if each.ratio is not None]
        before = [each.ratio for each in _same(now, past.earlier) if each.ratio is not None]
        value = now.ratio or 0.0
        usual = statistics.median(each.error for each in same)
        more_variance = now.error**2 - usual**2
    else:
        values = [each.seconds for each in past.figures]
        before = [each.seconds for each in past.earlier]
        value, more_variance = now.seconds, 0.0
    level = level_of(values, before, prior_spread=RATIO_SPREAD if by_ratio else rule.spread)
    moved = math.log(value) - level.centre
    reach = level.reach(1 - error, more_variance)
    return Interval(
        math.exp(moved), math.exp(moved - reach), math.exp(min(moved + reach, 700.0)), 1 - 2 * error, level.runs
    )


def outcome(interval: Interval, rule: Rule) -> Outcome:
    """What an interval of costs comes to by that rule."""
    if interval.low > 1 and interval.ratio > rule.floor:
        return Outcome.FAIL
    return Outcome.PASS if interval.high < rule.smallest else Outcome.INCONCLUSIVE
