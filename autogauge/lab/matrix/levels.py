"""Where the level changed over releases, from intervals that all hold at once (``matrix.plan``): reading them together adds no error.

Releases whose intervals have a value in common may be alike; where the next interval leaves none, something changed. Going from the oldest
one on, that gives the fewest levels that the intervals admit (stabbing intervals greedily), and of each change by which release it had come
at the latest; going from the newest one back, since when it may have been there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Seen:
    """A release and where its cost lies, as a ratio to the base's, by an interval; the base itself lies at 1."""

    release: str
    low: float
    high: float


@dataclass(frozen=True)
class Step:
    """A change of level: ``after`` is the last release that still belongs to the old level beyond doubt, ``by`` the first that does not.

    ``ratios`` are the least and the most of the new level over the old one; both are above 1 where it became slower.
    """

    after: str
    by: str
    ratios: tuple[float, float]

    @property
    def is_slower(self) -> bool:
        """Which way."""
        return self.ratios[0] > 1

    def in_words(self) -> str:
        """Which release it came with."""
        return f"{'slower' if self.is_slower else 'faster'} with {self.by} (after {self.after})"

    @property
    def size(self) -> float:
        """About how much: the ratio in the middle of what is known."""
        return math.sqrt(self.ratios[0] * self.ratios[1])


def steps(seen: Sequence[Seen]) -> list[Step]:
    """The changes of level over these releases, the oldest first; those without an interval are to be left out before."""
    forward = _levels([(each.low, each.high) for each in seen])
    backward = _levels([(each.low, each.high) for each in reversed(seen)])
    found = []
    ends = [len(seen) - begin for begin, _ in reversed(backward)]  # behind the last of each level, from the newest side
    for place, (begin, level) in enumerate(forward[1:], 1):
        old = forward[place - 1][1]
        # Both ways give as many levels: the n-th change lies between the n-th end from one side and from the other.
        since = min(ends[place - 1], begin)
        found.append(Step(seen[since - 1].release, seen[begin].release, _apart(old, level)))
    return found


def _levels(intervals: Sequence[tuple[float, float]]) -> list[tuple[int, tuple[float, float]]]:
    """Of each level where it begins, and what all of its intervals have in common."""
    found: list[tuple[int, tuple[float, float]]] = []
    for place, (low, high) in enumerate(intervals):
        if found:
            begin, (lowest, highest) = found[-1]
            common = max(low, lowest), min(high, highest)
            if common[0] <= common[1]:
                found[-1] = begin, common
                continue
        found.append((place, (low, high)))
    return found


def _apart(old: tuple[float, float], new: tuple[float, float]) -> tuple[float, float]:
    return new[0] / old[1], new[1] / old[0]
