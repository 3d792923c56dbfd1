"""Other tools' rules for "it became slower", on the same samples: each is given this run's and earlier runs' and says yes or no.

Each follows its tool's documented default; what a tool would measure otherwise (several processes, values of several rounds) is made of
consecutive samples of the lone process that the recording holds. Ours are in ``autogauge.gate``; replaying is left to ``replay``.

Sources: pytest-benchmark 5 (``--benchmark-compare-fail=median:5%``); asv's ``continuous`` (factor 1.1 and Mann-Whitney's test at
0.002); pyperf's ``compare_to`` (two-tailed t-test at 95 %, 60 values); bencher's documented ``t_test`` threshold (upper boundary 0.99,
at most 64 runs); benchmatrix 1.2.1 (five runs a side, BCa interval at 95 % over all comparisons, beyond 5 %).
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float64]
Rule = Callable[[Samples, Sequence[Samples], int], bool]
"""``rule(now, earlier, benchmarks)``: whether the costs ``now`` are called slower than those of earlier runs, newest last."""

PROCESSES = 5
"""What benchmatrix asks of either side."""
VALUES = 60
"""pyperf's 20 processes of 3 values."""


def median_over_the_last(now: Samples, earlier: Sequence[Samples], benchmarks: int) -> bool:
    """pytest-benchmark's ``median:5%`` against the run before."""
    return bool(np.median(now) > 1.05 * np.median(earlier[-1]))


def median_over_any_of_ten(now: Samples, earlier: Sequence[Samples], benchmarks: int) -> bool:
    """The same against each of ten runs."""
    return any(median_over_the_last(now, [each], benchmarks) for each in earlier[-10:])


def asv(now: Samples, earlier: Sequence[Samples], benchmarks: int) -> bool:
    """Different by rank, and above a factor of 1.1."""
    from scipy.stats import mannwhitneyu

    different = mannwhitneyu(now, earlier[-1], alternative="two-sided").pvalue < 0.002
    return bool(different and np.median(now) > 1.1 * np.median(earlier[-1]))


def t_test_on_rounds(now: Samples, earlier: Sequence[Samples], benchmarks: int) -> bool:
    """Welch's test at 5 %, one-sided, every round a sample."""
    from scipy.stats import ttest_ind

    return bool(ttest_ind(now, earlier[-1], equal_var=False, alternative="greater").pvalue < 0.05)


def pyperf(now: Samples, earlier: Sequence[Samples], benchmarks: int) -> bool:
    """Student's test at 5 %, two-sided, of 60 values."""
    from scipy.stats import ttest_ind

    values, before = _means(now, VALUES), _means(earlier[-1], VALUES)
    return bool(ttest_ind(values, before).pvalue < 0.05 and values.mean() > before.mean())


def bencher(now: Samples, earlier: Sequence[Samples], benchmarks: int) -> bool:
    """Above the 99 % quantile of Student's distribution through the earlier runs' means."""
    from scipy.special import stdtrit

    means = [float(each.mean()) for each in earlier[-64:]]
    limit = statistics.mean(means) + stdtrit(len(means) - 1, 0.99) * statistics.stdev(means)
    return bool(now.mean() > limit)


def benchmatrix(now: Samples, earlier: Sequence[Samples], benchmarks: int) -> bool:
    """The interval of the ratio of medians of five processes a side lies beyond 5 %."""
    from scipy.stats import bootstrap

    ours, theirs = _medians(now, PROCESSES), _medians(earlier[-1], PROCESSES)

    def ratio(above: Any, below: Any, axis: int) -> Any:
        return np.median(above, axis=axis) / np.median(below, axis=axis)

    found = bootstrap(
        (ours, theirs),
        ratio,
        n_resamples=500,
        confidence_level=1 - 0.05 / benchmarks,
        method="BCa",
        vectorized=True,
        rng=np.random.default_rng(1),
    )
    low = found.confidence_interval.low
    return bool(np.isfinite(low) and low > 1.05)


OTHERS: dict[str, Rule] = {
    "median:5% over the last": median_over_the_last,
    "median:5% over any of ten": median_over_any_of_ten,
    "asv": asv,
    "t-test on rounds": t_test_on_rounds,
    "pyperf": pyperf,
    "bencher t_test 0.99": bencher,
    "benchmatrix": benchmatrix,
}


def _chunks(samples: Samples, count: int) -> list[Samples]:
    return [each for each in np.array_split(samples, min(count, len(samples))) if len(each)]


def _means(samples: Samples, count: int) -> Samples:
    return np.array([each.mean() for each in _chunks(samples, count)])


def _medians(samples: Samples, count: int) -> Samples:
    return np.array([float(np.median(each)) for each in _chunks(samples, count)])
