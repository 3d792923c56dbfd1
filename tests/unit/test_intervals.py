"""The interval of a paired ratio keeps its coverage and agrees with scipy's exact signed-rank test."""

import math

import numpy as np
import pytest

from autogauge.stats.intervals import EXACT_UP_TO, fewest_replicates, neighbours_factor, paired_difference, paired_ratio
from tests.cases import each_of
from tests.properties import for_all


@each_of(("count", "confidence"), [(6, 0.95), (7, 0.95), (10, 0.95), (25, 0.95), (60, 0.95), (8, 0.9875), (24, 0.9875)])
def test_the_interval_holds_exactly_what_the_signed_rank_test_does_not_reject(count, confidence):
    from scipy.stats import wilcoxon  # slow to import, and collecting tests shall be quick

    generator = np.random.default_rng(count)
    numerators = np.exp(generator.normal(0.05, 0.1, count))
    denominators = np.exp(generator.normal(0, 0.1, count))
    interval = paired_ratio(numerators, denominators, confidence)
    logs = np.log(numerators) - np.log(denominators)
    for ratio, rejected in (
        (interval.low * (1 - 1e-9), True),
        (interval.low * (1 + 1e-9), False),
        (interval.high * (1 - 1e-9), False),
        (interval.high * (1 + 1e-9), True),
    ):
        p = wilcoxon(logs - math.log(ratio), method="exact").pvalue
        assert (p <= 1 - confidence) == rejected


@pytest.mark.parametrize("count", [8, 24, EXACT_UP_TO + 20])
def test_the_interval_covers_the_true_ratio_as_often_as_it_says(count):
    generator = np.random.default_rng(1)
    trials, held = 600, 0
    for _ in range(trials):
        common = generator.normal(0, 0.3, count)  # the machine's speed at that time, which pairs share
        a = np.exp(common + math.log(1.2) + 0.05 * generator.standard_t(3, count))
        b = np.exp(common + 0.05 * generator.standard_t(3, count))
        held += paired_ratio(a, b, 0.95).holds(1.2)
    assert held / trials == pytest.approx(0.955, abs=0.03)


def test_one_wild_replicate_hardly_moves_the_ratio():
    numerators = [1.10, 1.11, 1.09, 1.10, 1.12, 1.08, 1.10, 1.11, 1.09, 50.0]
    assert paired_ratio(numerators, [1.0] * 10, 0.95).ratio == pytest.approx(1.1, rel=0.01)


@for_all(
    lambda st: (
        st.lists(st.tuples(st.floats(1e-3, 1e6), st.floats(1e-3, 1e6)), min_size=1, max_size=30),
        st.floats(1e-3, 1e3),
    )
)
def test_the_ratio_scales_turns_over_and_lies_in_its_interval(pairs, factor):
    numerators, denominators = zip(*pairs, strict=True)
    interval = paired_ratio(numerators, denominators, 0.9)
    assert interval.low <= interval.ratio * (1 + 1e-9)
    assert interval.ratio <= interval.high * (1 + 1e-9)
    scaled = paired_ratio([each * factor for each in numerators], denominators, 0.9)
    assert scaled.ratio == pytest.approx(interval.ratio * factor, rel=1e-6)
    turned = paired_ratio(denominators, numerators, 0.9)
    assert turned.ratio == pytest.approx(1 / interval.ratio, rel=1e-6)


def test_too_few_replicates_say_nothing():
    fewest = fewest_replicates(0.95)
    assert paired_ratio([1.1] * (fewest - 1), [1.0] * (fewest - 1), 0.95).low == 0
    assert paired_ratio([1.1] * (fewest - 1), [1.0] * (fewest - 1), 0.95).high == math.inf
    assert paired_ratio([1.1] * fewest, [1.0] * fewest, 0.95).low == pytest.approx(1.1)


@each_of(
    ("numerators", "denominators"),
    [([], []), ([1.0], [1.0, 2.0]), ([0.0], [1.0]), ([1.0], [-1.0]), ([math.nan], [1.0]), ([math.inf], [1.0])],
)
def test_what_is_no_paired_ratio_is_refused(numerators, denominators):
    with pytest.raises(ValueError, match=r"replicates|pairs|positive"):
        paired_ratio(numerators, denominators, 0.95)


def test_values_that_do_not_resemble_their_neighbours_are_not_widened():
    assert neighbours_factor([1.0, 2.0] * 20) == 1.0
    random = np.random.default_rng(1)
    factors = [neighbours_factor(random.standard_normal(200)) for _ in range(50)]
    assert 1.0 <= np.mean(factors) < 1.1


def test_values_that_resemble_their_neighbours_widen_the_interval_by_as_much_as_they_do():
    random = np.random.default_rng(1)
    factors = []
    for _ in range(50):
        values = [0.0]
        for noise in random.standard_normal(600):
            values.append(0.6 * values[-1] + noise)
        factors.append(neighbours_factor(values))
    assert np.mean(factors) == pytest.approx(2.0, rel=0.15), "the square root of (1 + 0.6) / (1 - 0.6)"


def test_the_interval_keeps_its_coverage_when_neighbours_resemble_each_other():
    random = np.random.default_rng(2)
    held = {True: 0, False: 0}
    for _ in range(300):
        values = [0.0]
        for noise in random.standard_normal(120):
            values.append(0.5 * values[-1] + noise)
        ratios = np.exp(0.01 * np.array(values[1:]))
        for neighbours in held:
            held[neighbours] += paired_ratio(ratios, np.ones(120), 0.95, neighbours=neighbours).holds(1.0)
    assert held[True] >= 0.92 * 300
    assert held[False] < 0.85 * 300, "without allowing for it, the interval is too narrow"


@each_of(("count", "confidence"), [(6, 0.95), (25, 0.95), (60, 0.95), (8, 0.9875)])
def test_the_interval_of_a_difference_holds_what_the_signed_rank_test_does_not_reject(count, confidence):
    from scipy.stats import wilcoxon

    generator = np.random.default_rng(count)
    shared = generator.normal(30, 10, count)
    figures, base = shared + generator.normal(20, 2, count), shared
    interval = paired_difference(figures, base, confidence)
    for apart, rejected in (
        (interval.low - 1e-9, True),
        (interval.low + 1e-9, False),
        (interval.high - 1e-9, False),
        (interval.high + 1e-9, True),
    ):
        assert (wilcoxon(figures - base - apart, method="exact").pvalue <= 1 - confidence) == rejected


@for_all(
    lambda st: (
        st.lists(st.tuples(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6)), min_size=1, max_size=30),
        st.integers(-1000, 1000),
    )
)
def test_a_difference_moves_with_its_figures_turns_over_and_lies_in_its_interval(pairs, moved):
    figures, base = map(list, zip(*pairs, strict=True))
    interval = paired_difference(figures, base, 0.9)
    assert interval.low <= interval.ratio <= interval.high
    assert math.isfinite(interval.low) == math.isfinite(interval.high) == (len(pairs) >= fewest_replicates(0.9))
    further = paired_difference([each + moved for each in figures], base, 0.9)
    other = paired_difference(base, figures, 0.9)
    for found, now, turned in (
        (interval.ratio, further.ratio, other.ratio),
        (interval.low, further.low, other.high),
        (interval.high, further.high, other.low),
    ):
        assert now == found + moved
        assert turned == -found


@each_of(
    ("figures", "base", "confidence", "said"),
    [
        ([1.0], [1.0, 2.0], 0.95, "not pairs"),
        ([], [], 0.95, "no replicates"),
        ([1.0], [1.0], 1.0, "not between 0 and 1"),
        ([math.nan], [1.0], 0.95, "finite"),
    ],
)
def test_a_difference_of_nothing_is_refused(figures, base, confidence, said):
    with pytest.raises(ValueError, match=said):
        paired_difference(figures, base, confidence)
