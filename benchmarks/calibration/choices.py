"""What was chosen by data: the pinned workload, the estimator of the ratio to it, the quiet pairs, a control for FIL, and the relay.

Prints how much noise each candidate leaves, and how far apart identical processes are.

The judged figure is that of one condition over as many rounds as a standard run has; what is left of the noise is its standard deviation
over segments, conditions and windows of the recordings, all kinds of noise together.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from rich import box
from rich.table import Table

from autogauge.stats.changes import NEIGHBOURS
from autogauge.stats.intervals import paired_ratio
from autogauge.stats.undisturbed import lowest
from benchmarks.calibration import replay
from benchmarks.calibration.data import CONTROL, FIL, IDENTICAL, PINNED, REFERENCES, Segment
from benchmarks.calibration.models import CONVOLUTION, PRODUCT
from benchmarks.calibration.replay import AT_LEAST, Costs, Recordings, Strip

HINTS = ("LATENCY", "THROUGHPUT")
WINDOW = 24
"""Rounds of a window in the segments that compare candidates for the pinned workload."""
PAIRS, FIL_PAIRS = 96, 32
"""Pairs of a window where identical conditions are compared."""
Estimator = Callable[[Costs, Costs], float]

ESTIMATORS: dict[str, Estimator] = {
    "median of pairs (Hodges–Lehmann)": lambda a, b: float(np.log(paired_ratio(list(a), list(b), 0.95).ratio)),
    "medians": lambda a, b: float(np.log(np.median(a) / np.median(b))),
    "lower quartiles": lambda a, b: float(np.log(np.quantile(a, 0.25) / np.quantile(b, 0.25))),
    "lower deciles": lambda a, b: float(np.log(np.quantile(a, 0.1) / np.quantile(b, 0.1))),
    "minima": lambda a, b: float(np.log(a.min() / b.min())),
    "means of the lowest third": lambda a, b: _lowest(a, b, 1 / 3),
    "means of the lowest quarter": lambda a, b: _lowest(a, b, 0.25),
    "means of the lowest 15 % (ours)": lambda a, b: _lowest(a, b, 0.15),
    "means of the lowest tenth": lambda a, b: _lowest(a, b, 0.1),
}


def _lowest(above: Costs, below: Costs, share: float) -> float:
    return float(lowest(np.log(above), share) - lowest(np.log(below), share))


def workloads(segments: Sequence[Segment]) -> Table:
    """The standard deviation of a figure by the workload that it is divided by, in percent."""
    names = ("none", PINNED, f"{PINNED}, the other hint", CONVOLUTION, PRODUCT)
    left: dict[tuple[str, str], list[float]] = defaultdict(list)
    for segment in (each for each in segments if each.study == REFERENCES):
        costs = segment.figures["latency_ms"].astype(float)
        for hint in HINTS:
            other = HINTS[1 - HINTS.index(hint)]
            own = costs[:, segment.column(f"{IDENTICAL}1 {hint}")]
            beside = {
                PINNED: f"{PINNED} {hint}",
                f"{PINNED}, the other hint": f"{PINNED} {other}",
                CONVOLUTION: f"{CONVOLUTION} {hint}",
                PRODUCT: f"{PRODUCT} {hint}",
            }
            for start in range(0, len(own) - WINDOW + 1, WINDOW):
                rows = slice(start, start + WINDOW)
                left[hint, "none"].append(float(np.log(np.nanmedian(own[rows]))))
                for name, condition in beside.items():
                    pair = np.stack([own[rows], costs[rows, segment.column(condition)]])
                    pair = pair[:, np.isfinite(pair).all(axis=0)]
                    left[hint, name].append(_lowest(pair[0], pair[1], 0.15))
    table = _table(
        "what is left of a figure's noise (standard deviation, %) by the reference it is divided by", "reference", HINTS
    )
    for name in names:
        table.add_row(name, *(_deviation(left[hint, name]) for hint in HINTS))
    return table


def estimators(recordings: Recordings) -> Table:
    """The standard deviation of the ratio to the pinned workload by how it is estimated, in percent."""
    studies = (("LATENCY", "latency_ms"), ("THROUGHPUT", "latency_ms"), (FIL, "fil_s"))
    left: dict[tuple[str, str], list[float]] = defaultdict(list)
    for study, metric in studies:
        for strip in recordings.of(study, metric):
            rounds = AT_LEAST[study]
            for name in strip.identical:
                for start in range(0, max(1, len(strip.costs) - rounds + 1), rounds):
                    pair = np.stack([strip.of(each)[start : start + rounds] for each in (name, PINNED)])
                    pair = pair[:, np.isfinite(pair).all(axis=0)]
                    for title, estimate in ESTIMATORS.items():
                        left[study, title].append(estimate(pair[0], pair[1]))
    table = _table(
        "what is left of the noise (standard deviation, %) of the ratio to the pinned workload, by estimator",
        "estimator",
        [f"{study} ({AT_LEAST[study]} rounds)" for study, _ in studies],
    )
    for title in ESTIMATORS:
        table.add_row(title, *(_deviation(left[study, title]) for study, _ in studies))
    return table


def quiet_pairs(recordings: Recordings) -> Table:
    """How far the ratio of identical conditions is from 1 by which pairs it rests on, in percent."""
    ways = ("all pairs", "best of four", "half held up least")
    table = _table(
        f"the ratio of two identical conditions over {PAIRS} pairs ({FIL}: {FIL_PAIRS}): how far from 1 (root mean square, %)",
        "noise",
        (*ways, "windows"),
    )
    for study, metric in (*((hint, "latency_ms") for hint in HINTS), (FIL, "fil_s")):
        for kind in recordings.noises:
            off: dict[str, list[float]] = {way: [] for way in ways}
            for pairs, held_up in _windows(recordings.of(study, metric, kind), FIL_PAIRS if study == FIL else PAIRS):
                for way, chosen in zip(ways, (pairs, _best(pairs), _least_held_up(pairs, held_up)), strict=True):
                    off[way].append(math.log(paired_ratio(list(chosen[:, 0]), list(chosen[:, 1]), 0.95).ratio))
            cells = [f"{100 * math.sqrt(np.mean(np.square(each))):.2f}" for each in off.values()]
            table.add_row(f"{study}, {kind}", *cells, str(len(off[ways[0]])))
    return table


def _windows(strips: Sequence[Strip], most: int) -> Iterator[tuple[Costs, Costs]]:
    """Windows of so many rounds of two identical conditions that share no round: costs and waiting, shape ``(pairs, 2)``."""
    for strip in strips:
        columns = [strip.conditions.index(name) for name in strip.identical[:2]]
        for start in range(0, len(strip.costs) - most + 1, most):
            costs, waited = (each[start : start + most, columns] for each in (strip.costs, strip.waited))
            there = np.isfinite(costs).all(axis=1)
            yield costs[there], waited[there]


def _best(pairs: Costs) -> Costs:
    """Of every four neighbouring rounds, each side's best."""
    whole = len(pairs) // NEIGHBOURS * NEIGHBOURS
    return np.asarray(pairs[:whole].reshape(-1, NEIGHBOURS, 2).min(axis=1))


def _least_held_up(pairs: Costs, waited: Costs) -> Costs:
    """The half of the pairs whose more held up side waited least beyond what is usual for it, its lowest tenth."""
    delays = (waited - np.quantile(waited, 0.1, axis=0)).max(axis=1)
    return pairs[np.sort(np.argsort(delays, kind="stable")[: len(pairs) // 2])]


def control(segments: Sequence[Segment]) -> Table:
    """The spread of one pair of first inferences, plain and with what a warm process said right before each, in percent."""
    ways = ("plain", "divided by the control", "less its share of the control")
    table = _table(
        "first inferences of identical conditions in one round: standard deviation of the log ratio, robust (plain), %",
        "noise",
        ways,
    )
    for kind in dict.fromkeys(segment.noise for segment in segments):
        own, beside = [], []
        for segment in segments:
            if segment.study == FIL and segment.noise == kind and CONTROL in segment.figures:
                one, other = segment.identical[:2]
                for found, metric in ((own, "fil_s"), (beside, CONTROL)):
                    logs = np.log(segment.figures[metric].astype(float))
                    found.append(logs[:, one] - logs[:, other])
        if not own:
            continue
        pairs = np.stack([np.concatenate(own), np.concatenate(beside)])
        plain, before = pairs[:, np.isfinite(pairs).all(axis=0)]
        share = float(plain @ before / (before @ before))
        cells = [
            f"{_robust(each):.2f} ({100 * each.std():.2f})" for each in (plain, plain - before, plain - share * before)
        ]
        table.add_row(kind, *cells)
    return table


def _robust(logs: Costs) -> float:
    return float(148.26 * np.median(np.abs(logs - np.median(logs))))


def processes(recordings: Recordings) -> Table:
    """How far apart identical processes of a segment are, in percent: of warm ones it is theirs, of fresh ones it is chance."""
    studies = (("LATENCY", "latency_ms"), ("THROUGHPUT", "latency_ms"), (FIL, "fil_s"))
    table = _table(
        "the largest difference between two identical conditions in each segment, %",
        "noise",
        [study for study, _ in studies],
    )
    for kind in dict.fromkeys(strip.noise for strip in recordings.of(*studies[0])):
        cells = []
        for study, metric in studies:
            found = [_largest_difference(strip) for strip in recordings.of(study, metric, kind)]
            cells.append(", ".join(f"{100 * each:.1f}" for each in found) or "–")
        table.add_row(kind, *cells)
    return table


def _largest_difference(strip: Strip) -> float:
    """The median over rounds of the logarithmic ratio, of the two that are the furthest apart."""
    pairs = itertools.combinations(strip.identical, 2)
    return max(abs(float(np.nanmedian(np.log(strip.of(one) / strip.of(other))))) for one, other in pairs)


def tables(segments: Sequence[Segment]) -> list[Table]:
    """The tables that these segments hold something for."""
    recordings = replay.arrange(segments)
    found = [workloads(segments)] if any(each.study == REFERENCES for each in segments) else []
    found += [estimators(recordings), processes(recordings)]
    if any(each.slower_by_turns for each in segments):
        renewals_s = [each.facts["renewal_s"] for each in segments if "renewal_s" in each.facts]
        if renewals_s:
            found[-1].caption = f"a fresh process took {statistics.mean(renewals_s):.2f} s to its first slice"
        found += [quiet_pairs(recordings), control(segments)]
    return found


def _table(title: str, first: str, columns: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(first)
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _deviation(logs: Sequence[float]) -> str:
    return f"{100 * statistics.stdev(logs):.2f} ({len(logs)})" if len(logs) > 1 else "–"
