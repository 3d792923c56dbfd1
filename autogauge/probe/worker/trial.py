"""Which way of driving infer requests leaves the device most, found by trying them in turn. Driving them is left to ``lanes``.

Runs in the probe, which tries, and in the suite, which chooses once for all sides of a comparison.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    Trial = dict[str, list[float]]

MARGIN = 1.05
"""So much faster another driver must be than the usual one: what is nearer is left to it, so that two runs do not differ by luck."""
FEWEST_TURNS = 8
"""Below so many turns nothing is known, and the usual driver serves: a slow model hardly feels its driver."""
AGREEING = 0.9
"""Of the turns, those in which it must be faster at all: of ten turns that say nothing nine agree once in a hundred times."""


def choose(trials: Sequence[Trial], usual: str) -> str:
    """The driver with the most inferences per second, or the usual one where no other is clearly faster.

    Each trial is of one process: by driver, its inferences per second in each turn, the turns in the order of time. A driver is compared
    with the usual one turn by turn, since a shared machine is faster at one moment than at another; what is judged is the median ratio.
    """
    best, highest = usual, MARGIN
    for driver in sorted({name for trial in trials for name in trial} - {usual}):
        ratios = ratios_of(trials, driver, usual)
        if len(ratios) < FEWEST_TURNS:
            continue
        faster = sum(ratio > 1.0 for ratio in ratios) / len(ratios)
        if faster >= AGREEING and statistics.median(ratios) > highest:
            best, highest = driver, statistics.median(ratios)
    return best


def ratios_of(trials: Sequence[Trial], driver: str, usual: str) -> list[float]:
    """That driver's inferences per second over the usual one's, turn by turn, of all processes that tried both."""
    return [
        ours / theirs
        for trial in trials
        for ours, theirs in zip(trial.get(driver, ()), trial.get(usual, ()))  # noqa: B905, Python 3.8
        if theirs > 0
    ]
