"""The levels and patterns of benchmarks that the same runs measured, worked out once for the same figures.

How they are found is ``stats.change_points``'s and ``stats.patterns``'s; what a trend makes of them, ``gate.trends``'s.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autogauge.history.remembered import Remembered
from autogauge.stats import change_points, patterns, prediction
from autogauge.stats.change_points import Change, Levels, levels_of_siblings
from autogauge.stats.patterns import Alternation, Pattern, Variation, patterns_of, patterns_of_siblings

Found = tuple[Levels, Pattern | None]


def of_family(
    series: Sequence[Sequence[float]], runs: Sequence[Sequence[int]], remembered: Remembered | None = None
) -> list[Found]:
    """Of each benchmark its levels and what is seen beside them. ``runs`` are the places in time, ascending, of each one's runs.

    Only the order of the places counts, so those of other machines between them change nothing. Raises ``ValueError`` for no figure.
    """
    remembered = remembered or Remembered()
    key = _key(series, runs)
    if (known := _from_json(remembered.get(key), series)) is not None:
        return known
    levels = levels_of_siblings(series, runs)
    same_runs: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for place, own in enumerate(runs):
        same_runs[tuple(own)].append(place)
    seen: dict[int, Pattern | None] = {}
    for places in same_runs.values():
        values, starts = [series[each] for each in places], [levels[each].starts for each in places]
        several = len(places) > 1
        own_patterns = patterns_of_siblings(values, starts) if several else [patterns_of(values[0], starts[0])]
        seen.update(zip(places, own_patterns, strict=True))
    found = [(each, seen[place]) for place, each in enumerate(levels)]
    remembered.put(key, [_to_json(*each) for each in found])
    return found


def _key(series: Sequence[Sequence[float]], runs: Sequence[Sequence[int]]) -> bytes:
    """A digest of all that the answer rests on: the figures, the order of their runs, and the method."""
    rank = {place: number for number, place in enumerate(sorted({place for own in runs for place in own}))}
    digest = hashlib.sha256(_method())
    for values, own in zip(series, runs, strict=True):
        digest.update(len(values).to_bytes(8, "little"))
        digest.update(np.asarray(values, dtype="<f8").tobytes())
        digest.update(np.asarray([rank[place] for place in own], dtype="<i8").tobytes())
    return digest.digest()


@functools.cache
def _method() -> bytes:
    """A digest of the method: the text of the modules, and the releases of what they use."""
    texts = [Path(module.__file__ or "").read_bytes() for module in (change_points, patterns, prediction)]
    releases = [importlib.metadata.version(name) for name in ("numpy", "ruptures")]
    return hashlib.sha256(b"\0".join([*texts, *(each.encode() for each in releases)])).digest()


def _to_json(levels: Levels, pattern: Pattern | None) -> list[Any]:
    changes = [[each.first, each.ratio] for each in levels.changes]
    seen: list[Any] | None = None
    if isinstance(pattern, Alternation):
        seen = [pattern.first, pattern.apart, pattern.regular]
    elif pattern is not None:
        seen = [pattern.first, pattern.times, pattern.before, pattern.after]
    return [list(levels.starts), list(levels.levels), changes, seen]


def _from_json(value: Any, series: Sequence[Sequence[float]]) -> list[Found] | None:
    """The answer as it was kept; ``None`` for nothing, and for what is none."""
    if value is None:
        return None
    try:
        found = [_one(*each) for each in value]
    except (TypeError, ValueError, KeyError):
        return None
    fits = len(found) == len(series) and all(
        len(levels.starts) == len(levels.levels) == len(levels.changes) + (1 if values else 0)
        for (levels, _), values in zip(found, series, strict=True)
    )
    return found if fits else None


def _one(starts: Sequence[int], levels: Sequence[float], changes: Sequence[Any], seen: Sequence[Any] | None) -> Found:
    pattern: Pattern | None = None
    if seen is not None:
        pattern = Alternation(*seen) if len(seen) == 3 else Variation(*seen)
    return Levels(tuple(starts), tuple(levels), tuple(Change(first, ratio) for first, ratio in changes)), pattern
