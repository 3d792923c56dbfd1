"""Looking several times costs what the error allows, and no more."""

import numpy as np
import pytest

from autogauge.stats.sequential import geometric_looks, share_of_look
from autogauge.studies.study import Plan
from tests.properties import for_all


def test_looks_grow_by_their_factor_and_end_at_the_last():
    assert geometric_looks(24, 100) == (24, 34, 48, 68, 96, 100)
    assert geometric_looks(1, 3, 1.01) == (1, 2, 3)
    assert geometric_looks(5, 5) == (5,)


@pytest.mark.parametrize(("first", "last", "factor"), [(0, 5, 1.4), (6, 5, 1.4), (1, 5, 1.0)])
def test_looks_that_go_nowhere_are_refused(first, last, factor):
    with pytest.raises(ValueError, match="no looks"):
        geometric_looks(first, last, factor)


@for_all(lambda st: (st.integers(1, 50), st.integers(50, 5000), st.floats(1.05, 3), st.sampled_from(["equal", "late"])))
def test_all_looks_together_spend_the_error_and_no_more(first, last, factor, spending):
    looks = geometric_looks(first, last, factor)
    assert sum(share_of_look(looks, look, spending) for look in looks) == pytest.approx(1.0)


def test_a_look_between_two_spends_what_the_next_would_have():
    assert share_of_look((10, 20, 30), 15, "late") == share_of_look((10, 20, 30), 20, "late") == pytest.approx(1 / 3)
    assert share_of_look((10, 20, 30), 99, "late") == pytest.approx(1 / 2)


def test_stopping_at_the_first_interval_that_excludes_the_truth_keeps_the_confidence():
    """The error of looking until it fits, over many experiments on data without any effect."""
    from autogauge.stats.intervals import paired_ratio

    plan = Plan(geometric_looks(12, 120), 60.0, 0.9, "late")
    random = np.random.default_rng(3)
    missed, missed_without_control = 0, 0
    for _ in range(200):
        ratios = np.exp(0.05 * random.standard_normal(120))

        def misses(look, confidence, ratios=ratios):
            return not paired_ratio(ratios[:look], np.ones(look), confidence).holds(1.0)

        missed += any(misses(look, plan.confidence_at(look)) for look in plan.looks)
        missed_without_control += any(misses(look, 0.9) for look in plan.looks)
    assert missed <= 0.1 * 200
    assert missed_without_control > 0.2 * 200, "with every look at 90 %, far more than 10 % go wrong"
