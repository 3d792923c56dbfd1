"""A slope with its interval: what grows is seen, what only jumps about is not."""

import numpy as np

from autogauge.stats.trend import FEWEST, Slope, slope
from tests.properties import for_all


def test_fewer_readings_than_that_say_nothing():
    assert slope([1.0] * (FEWEST - 1)) is None


def test_a_level_series_does_not_grow():
    found = slope([7.0] * 40)
    assert (found.each, found.low, found.high) == (0, 0, 0)


@for_all(lambda st: (st.integers(0, 2**32 - 1), st.floats(-50, 50)))
def test_the_interval_of_a_noisy_line_lies_about_its_slope(seed, each):
    noise = np.random.default_rng(seed).normal(0, 5, 100)
    found = slope([each * place + float(noise[place]) for place in range(100)])
    assert found.low <= found.each <= found.high
    assert abs(found.each - each) < 0.5, "noise of 5 over 100 readings"


def test_a_single_step_is_no_growth():
    found = slope([0.0] * 50 + [4096.0] * 6)
    assert found.high < 64, "what an allocator takes once is no leak"


def test_a_leak_is_seen_through_noise():
    noise = np.random.default_rng(1).normal(0, 300, 160)
    found = slope([100.0 * place + float(noise[place]) for place in range(160)])
    assert found.low > 64


def test_a_slope_is_told_per_step_where_some_were_left_out():
    assert slope([float(place) for place in range(0, 90, 3)], every=3).each == 1


def test_a_difference_is_as_wide_as_both():
    assert Slope(5, 4, 6, 40) - Slope(1, 0, 2, 30) == Slope(4, 2, 6, 30)
