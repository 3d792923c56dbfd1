"""The ratio of two costs as they are undisturbed keeps still while most samples are disturbed."""

import math

import numpy as np
import pytest

from autogauge.stats.undisturbed import FEWEST, undisturbed_ratio
from tests.cases import each_of
from tests.properties import for_all


def disturbed(random, count, share):
    """Costs of about 1, of which a share takes up to twice as long."""
    costs = np.exp(0.01 * random.standard_normal(count))
    return np.where(random.random(count) < share, costs * random.uniform(1, 2, count), costs)


def test_most_samples_may_be_disturbed_on_either_side():
    random = np.random.default_rng(1)
    ratios = [undisturbed_ratio(1.1 * disturbed(random, 80, 0.7), disturbed(random, 80, 0.3))[0] for _ in range(50)]
    assert np.mean(ratios) == pytest.approx(1.1, rel=0.01)
    assert np.std(np.log(ratios)) < 0.01


def test_the_error_is_about_the_spread_of_the_ratio():
    random = np.random.default_rng(2)
    found = [undisturbed_ratio(disturbed(random, 80, 0.4), disturbed(random, 80, 0.4)) for _ in range(200)]
    spread = float(np.std([math.log(ratio) for ratio, _ in found]))
    assert np.median([error for _, error in found]) == pytest.approx(spread, rel=0.5)


@for_all(
    lambda st: (
        st.lists(st.tuples(st.floats(0.1, 10), st.floats(0.1, 10)), min_size=FEWEST, max_size=40),
        st.floats(0.01, 100),
    )
)
def test_the_unit_does_not_matter_and_turning_the_sides_over_turns_the_ratio_over(pairs, factor):
    above, below = zip(*pairs, strict=True)
    ratio, error = undisturbed_ratio(above, below)
    assert undisturbed_ratio([factor * each for each in above], [factor * each for each in below])[0] == pytest.approx(
        ratio
    )
    assert undisturbed_ratio(below, above) == (pytest.approx(1 / ratio), pytest.approx(error, abs=1e-9))


@each_of(
    ("above", "below"),
    [([1.0] * 5, [1.0] * 5), ([1.0] * 7, [1.0] * 6), ([0.0] * 6, [1.0] * 6), ([math.nan] * 6, [1.0] * 6)],
)
def test_what_is_no_such_ratio_is_refused(above, below):
    with pytest.raises(ValueError, match=r"rounds|positive"):
        undisturbed_ratio(above, below)
