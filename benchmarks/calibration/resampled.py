"""Recorded rounds of identical processes as material for made-up ones: what differs by round, and what by process.

What is made of it is left to the benchmarks (``matrix_plan``).
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from autogauge.errors import UserError
from benchmarks.calibration import data

RECORDED_RELAY = 12
"""So many rounds a recorded process served."""
HINTS = ("LATENCY", "THROUGHPUT")
METRIC = {"LATENCY": "latency_ms", "THROUGHPUT": "fps"}
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Recording:
    """The logarithms of what two identical processes cost, round by round, of one hint under one kind of noise; a round took so long."""

    hint: str
    noise: str
    first: Floats
    second: Floats
    round_s: float
    renewal_s: float

    @classmethod
    def of(cls, segment: data.Segment) -> Recording | None:
        """Of a segment with relayed processes; ``None`` of others."""
        if segment.study not in HINTS or not segment.slower_by_turns:
            return None
        costs = segment.figures[METRIC[segment.study]].astype(float)
        costs = np.log(1 / costs if segment.study == "THROUGHPUT" else costs)
        first, second = (costs[:, place] for place in segment.identical[:2])
        known = np.isfinite(first) & np.isfinite(second)
        starts = segment.start_s[:, segment.identical[0]]
        return cls(
            segment.study,
            segment.noise,
            first[known],
            second[known],
            float(np.nanmedian(np.diff(starts))),
            float(segment.facts["renewal_s"]),
        )

    def apart(self, lag: int) -> Floats:
        """The pairs' log ratios where the second side is so many rounds later."""
        return self.first[: len(self.first) - lag] - self.second[lag:]

    def spread(self, lag: int) -> float:
        """How far these lie apart."""
        return _spread(self.apart(lag))

    def own(self) -> tuple[Floats, float]:
        """What processes have of their own: each recorded life's median; and by how much that is to be shrunk for the noise in it."""
        ratios = self.apart(0)
        lives = ratios[: len(ratios) // RECORDED_RELAY * RECORDED_RELAY].reshape(-1, RECORDED_RELAY)
        middles = np.median(lives, axis=1)
        noise = math.sqrt(math.pi / 2 / RECORDED_RELAY) * _spread((lives - middles[:, None]).ravel())
        between = _spread(middles)
        return middles - np.median(middles), math.sqrt(max(0.0, 1 - (noise / between) ** 2)) if between else 0.0

    def rounds(self, chance: random.Random, rounds: int, distances_s: Sequence[float]) -> tuple[list[Floats], Floats]:
        """So many rounds of a base, and at each distance those of an identical side, without what recorded processes had of their own."""
        begin = chance.randrange(len(self.first))
        below = np.take(self.second, np.arange(begin, begin + rounds), mode="wrap")
        lives = np.arange(begin, begin + rounds) // RECORDED_RELAY
        sides = []
        for distance_s in distances_s:
            lag = round(min(len(self.first) / 4, max(-len(self.first) / 4, distance_s / self.round_s)))
            above = np.take(self.first, np.arange(begin + lag, begin + lag + rounds), mode="wrap")
            for life in np.unique(lives):
                above[lives == life] -= np.median((above - below)[lives == life])
            sides.append(above)
        return sides, below

    def luck(self, chance: random.Random, rounds: int, relay: int, sd: float | None = None) -> Floats:
        """What the processes of one side have of their own, one after another; as recorded, or normal with that standard deviation."""
        means, shrunk = self.own()
        lives = [
            shrunk / math.sqrt(2) * float(means[chance.randrange(len(means))]) if sd is None else chance.gauss(0, sd)
            for _ in range(rounds // relay + 2)
        ]
        shift = chance.randrange(relay)
        return np.asarray([lives[(number + shift) // relay] for number in range(rounds)])


def _spread(values: Floats) -> float:
    """The middle two thirds of the values, as a standard deviation is of normal ones: a burst of noise is not of a process."""
    low, high = np.quantile(values, [1 / 6, 5 / 6])
    return float(high - low) / 2 / 0.967


def recordings(noise: str) -> list[Recording]:
    """Those that are kept, of one kind of noise. Raises :class:`UserError` for none."""
    every = [found for path in data.kept() for each in data.load(path) if (found := Recording.of(each))]
    found = [each for each in every if each.noise == noise]
    if not found:
        raise UserError(
            f"no recording of {noise!r}: there is {', '.join(sorted({each.noise for each in every}))} (--noise)."
        )
    return found
