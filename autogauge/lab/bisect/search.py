"""How a bisection decides: which two releases are compared next, and what follows from the answers. Nothing is measured here.

The ends come first: where the bad one is not slower than the good one beyond doubt, there is nothing to look for. Then releases between
them are held against the good one, by halves: *slower* belongs to the bad side, all else that is known to the good side. What is looked for
is half of the difference of the ends (its root), so that a release is on one of the two sides as soon as that can be. What stays open is
measured once more, for longer; then its neighbours are tried in its place. At last the two releases between which it became slower are
held against each other: only that names one.

Whatever the series does between its ends, somewhere it goes from not slower to slower, and such a place is found. Where it is not monotone
there are several. So once one is named, each side is tried in the middle of its widest gap: what does not fit is told
(``Conclusion.contradictions``).

At most ``most_comparisons`` answers are asked for; whoever measures shares the error equally among so many (Bonferroni).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from enum import Enum

SLOWER, FASTER, ALIKE, OPEN, FAILED = "slower", "faster", "alike", "INCONCLUSIVE", "failed"
"""What a comparison says of a release beside its base; ``FAILED``: one of the two could not be measured."""
ATTEMPTS = 2
"""How often two releases are compared before they are left open: the second time for longer."""
MOST_WIDENINGS = 2
"""How often the neighbours of what stays open are tried."""


class Kind(str, Enum):
    """What a comparison is for."""

    ENDS = "ends"
    HALVING = "halving"
    NEIGHBOUR = "neighbour"
    CONFIRMING = "confirming"
    CHECKING = "checking"
    """Whether the series is monotone."""

    def __str__(self) -> str:
        return self.value


class Found(str, Enum):
    """How a bisection ends."""

    NAMED = "named"
    RANGE = "range"
    """It became slower within several releases that could not be told apart, or not be measured."""
    IN_STEPS = "in steps"
    """No single release is slower than the one before it, beyond doubt."""
    NO_DIFFERENCE = "no difference"
    SWAPPED = "swapped"
    OPEN = "open"
    NOT_MEASURED = "not measured"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Step:
    """A comparison that is asked for: the release at the place ``release`` beside that at ``base``; the good one is at 0.

    ``change`` is what is looked for, as a fraction; ``attempt`` counts from 0.
    """

    kind: Kind
    base: int
    release: int
    change: float
    attempt: int = 0


@dataclass(frozen=True)
class Answer:
    """What a comparison gave: a word, and the ratio of costs with its interval where there is one."""

    word: str
    ratio: float = 1.0
    low: float = 0.0
    high: float = math.inf


@dataclass(frozen=True)
class Conclusion:
    """How it ended. ``first`` is the place of the release that is named, or of the last that it may be; ``after`` is the last good one.

    ``series`` are the answers about releases beside the good one, by place: of several the last. ``contradictions`` are pairs of places of
    which the earlier one is slower and the later one is not; ``beyond`` are places that are slower than the bad end.
    """

    found: Found
    after: int = 0
    first: int = 0
    series: dict[int, Answer] = field(default_factory=dict)
    contradictions: tuple[tuple[int, int], ...] = ()
    beyond: tuple[int, ...] = ()
    failed: tuple[int, ...] = ()


Search = Generator[Step, Answer, Conclusion]


def most_comparisons(count: int) -> int:
    """How many answers a search among so many releases asks for at most, those that failed left out."""
    halvings = math.ceil(math.log2(max(2, count - 1)))
    return ATTEMPTS * (2 + halvings) + 2 * MOST_WIDENINGS + 2


def most_installed(count: int) -> int:
    """How many of so many releases a search usually needs at most: both ends, one a halving, and one on each side at the end."""
    return min(count, 2 + math.ceil(math.log2(max(2, count - 1))) + 2)


def search(count: int, smallest_change: float) -> Search:
    """Ask for comparisons among ``count`` releases, the good one first and the bad one last; returns what was found.

    ``smallest_change`` is what the ends are to differ by, as a fraction. Raises ``ValueError`` for fewer than two releases.
    """
    if count < 2:
        raise ValueError(f"{count} releases have no two ends")
    known = _Known(count)
    answer = yield from known.ask(Kind.ENDS, 0, count - 1, smallest_change)
    ends = {ALIKE: Found.NO_DIFFERENCE, FASTER: Found.SWAPPED, OPEN: Found.OPEN, FAILED: Found.NOT_MEASURED}
    if answer.word in ends:
        return known.concluded(ends[answer.word])
    change = math.sqrt(answer.ratio) - 1
    yield from _halve(known, change)
    low, high = known.good, known.bad
    if not known.may_ask(ATTEMPTS + 2):
        return known.concluded(Found.OPEN)
    answer = yield from known.ask(Kind.CONFIRMING, low, high, change)
    if answer.word == SLOWER:
        for place in filter(None, (known.untried(0, low), known.untried(high, count - 1))):
            yield from known.ask(Kind.CHECKING, 0, place, change, attempts=1)
        return known.concluded(Found.NAMED if high - low == 1 else Found.RANGE)
    return known.concluded(Found.OPEN if answer.word in (OPEN, FAILED) else Found.IN_STEPS)


def _halve(known: _Known, change: float) -> Generator[Step, Answer, None]:
    """Narrow the two sides down to neighbours, or until nothing between them can be told."""
    widened = 0
    while (middle := known.middle()) is not None and known.may_ask(2 * ATTEMPTS + 2):
        answer = yield from known.ask(Kind.HALVING, 0, middle, change)
        if known.settle(middle, answer):
            continue
        if answer.word == FAILED or widened == MOST_WIDENINGS:
            continue
        widened += 1
        for neighbour in [each for each in (middle - 1, middle + 1) if known.is_between(each)]:
            if known.may_ask(1 + ATTEMPTS + 2):
                known.settle(neighbour, (yield from known.ask(Kind.NEIGHBOUR, 0, neighbour, change, attempts=1)))


class _Known:
    """What is known so far."""

    def __init__(self, count: int) -> None:
        self.good, self.bad = 0, count - 1
        self._left = most_comparisons(count)
        self._series: dict[int, Answer] = {}
        self._untold: set[int] = set()
        self._failed: set[int] = set()
        self._last = count - 1

    def ask(
        self, kind: Kind, base: int, release: int, change: float, attempts: int = ATTEMPTS
    ) -> Generator[Step, Answer, Answer]:
        """Ask for a comparison until it is decided, as often as it may be."""
        answer = Answer(OPEN)
        for attempt in range(attempts):
            answer = yield Step(kind, base, release, change, attempt)
            if answer.word == FAILED:
                self._failed.add(release)
                break
            self._left -= 1
            if base == 0:
                self._series[release] = answer
            if answer.word != OPEN:
                break
        return answer

    def may_ask(self, times: int) -> bool:
        """Whether so many more comparisons are left."""
        return self._left >= times

    def middle(self) -> int | None:
        """The release nearest to the middle of what is between the sides and can still be told; ``None`` for none."""
        between = [place for place in range(self.good + 1, self.bad) if self.is_between(place)]
        halfway = (self.good + self.bad) / 2
        return min(between, key=lambda place: (abs(place - halfway), place)) if between else None

    def is_between(self, place: int) -> bool:
        """Whether it lies between the sides and was not tried in vain."""
        return self.good < place < self.bad and place not in self._untold

    def untried(self, low: int, high: int) -> int | None:
        """The middle of the widest gap between those that were tried, from one place to another; ``None`` for no gap."""
        tried = sorted({low, high, *(place for place in (*self._series, *self._failed) if low <= place <= high)})
        wide = max(((end - begin, -begin) for begin, end in itertools.pairwise(tried)), default=(0, 0))
        return wide[0] // 2 - wide[1] if wide[0] > 1 else None

    def settle(self, place: int, answer: Answer) -> bool:
        """Let a release belong to a side, where the answer says to which."""
        if answer.word in (OPEN, FAILED):
            self._untold.add(place)
            return False
        if answer.word == SLOWER and place > self.good:
            self.bad = min(self.bad, place)
        elif answer.word != SLOWER and place < self.bad:  # beyond the other side it contradicts, and moves nothing
            self.good = max(self.good, place)
        return True

    def concluded(self, found: Found) -> Conclusion:
        """All of it."""
        return Conclusion(
            found,
            self.good,
            self.bad,
            dict(sorted(self._series.items())),
            contradictions(self._series),
            self._beyond(),
            tuple(sorted(self._failed)),
        )

    def _beyond(self) -> tuple[int, ...]:
        end = self._series.get(self._last)
        if end is None:
            return ()
        return tuple(
            sorted(place for place, each in self._series.items() if place != self._last and each.low > end.high)
        )


def contradictions(series: dict[int, Answer]) -> tuple[tuple[int, int], ...]:
    """Pairs of places of which the earlier one is slower than the good release, and the later one is not: the series is not monotone."""
    decided = [(place, each.word) for place, each in sorted(series.items()) if each.word in (SLOWER, ALIKE, FASTER)]
    return tuple(
        (early, late)
        for number, (early, word) in enumerate(decided)
        for late, other in decided[number + 1 :]
        if word == SLOWER and other != SLOWER
    )


def answered(costs: Sequence[float], step: Step, reach: float, error: float = 0.0) -> Answer:
    """What a comparison says of releases whose costs are known, with an interval of ``reach`` either way, and an ``error`` of its middle.

    Both are of logarithms. By the rule of ``stats.changes``; for trying the search on very many series, where nothing is measured.
    """
    middle = math.log(costs[step.release] / costs[step.base]) + error
    bound = math.log1p(step.change)
    ends = math.exp(middle), math.exp(middle - reach), math.exp(middle + reach)
    if abs(middle) > max(reach, bound / 2):
        return Answer(SLOWER if middle > 0 else FASTER, *ends)
    return Answer(ALIKE if abs(middle) + reach <= bound else OPEN, *ends)
