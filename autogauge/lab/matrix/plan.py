"""How a matrix is measured: in which blocks, and how strictly each pair is judged. The choices and their figures: ``docs/releases.md``.

The error of a matrix is shared equally by all of its pairs (Bonferroni), those of the base with itself among them, and of each pair by its
looks (``stats.sequential``). So all intervals hold at once, and whatever is read from several of them holds too (``levels``). Holm's steps
would gain nothing here: they help those that are rejected, and ``no difference`` needs the interval.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from autogauge.lab.releases.beside import RELAY_ROUNDS, Block
from autogauge.lab.releases.figures import Figure
from autogauge.lab.releases.named import Named

FAMILY_ERROR = 0.05
"""How often a matrix may say anything that is wrong, all pairs and looks together."""
LARGEST_BLOCK = 6
"""Releases beside the base in one block: more make rounds long, and many processes live at once."""
FRESH_PATIENCE = 2.0
"""How many times the time of another pair a pair may take of which each sample is a process."""


@dataclass(frozen=True)
class Wanted:
    """What is asked of a matrix. ``pair_budget_s`` is how many seconds of measuring each pair may take, first process starts left out."""

    figures: tuple[Figure, ...]
    smallest_change: float = 0.05
    pair_budget_s: float = 30.0
    device: str = "AUTO"
    relay_rounds: int = RELAY_ROUNDS
    largest_block: int = LARGEST_BLOCK
    family_error: float = FAMILY_ERROR


def blocks(wanted: Wanted, base: Named, others: Sequence[Named]) -> list[Block]:
    """The blocks, each with figures of one kind; the releases are dealt evenly, neighbours together, so that they are measured close by."""
    found = []
    groups = _dealt(others, wanted.largest_block)
    kinds = [tuple(each for each in wanted.figures if each.is_fresh is fresh) for fresh in (False, True)]
    kinds = [each for each in kinds if each]
    error = wanted.family_error / pairs(wanted, len(others))
    for figures in kinds:
        for number, group in enumerate(groups, 1):
            what = "first inferences" if figures[0].is_fresh else "steady speed"
            of = f", block {number} of {len(groups)}" if len(groups) > 1 else ""
            patience = FRESH_PATIENCE if figures[0].is_fresh else 1.0
            found.append(
                Block(
                    f"{what} of {len(group) + 1} releases{of}",
                    base,
                    group,
                    figures,
                    wanted.smallest_change,
                    error,
                    wanted.pair_budget_s * patience * len(group) * len(figures),
                    wanted.relay_rounds,
                    wanted.device,
                )
            )
    return found


def pairs(wanted: Wanted, others: int) -> int:
    """How many pairs share the error: each release beside the base, and in each block the base beside itself, in each figure."""
    return len(wanted.figures) * (others + math.ceil(others / wanted.largest_block))


def _dealt(others: Sequence[Named], most: int) -> list[tuple[Named, ...]]:
    """In as few groups as can be, of about equal size."""
    count = math.ceil(len(others) / most)
    bounds = [round(number * len(others) / count) for number in range(count + 1)]
    return [tuple(others[begin:end]) for begin, end in itertools.pairwise(bounds)]
