"""Looking several times costs what the error allows, and no more."""

import numpy as np
import pytest

from autogauge.measuring.plan import Plan
from autogauge.stats.sequential import geometric_looks, share_by_time
from tests.properties import for_all


def test_looks_grow_by_their_factor_and_end_at_the_last():
    assert geometric_looks(24, 100) == (24, 34, 48, 68, 96, 100)
    assert geometric_looks(1, 3, 1.01) == (1, 2, 3)
    assert geometric_looks(5, 5) == (5,)


@pytest.mark.parametrize(("first", "last", "factor"), [(0, 5, 1.4), (6, 5, 1.4), (1, 5, 1.0)])
def test_looks_that_go_nowhere_are_refused(first, last, factor):
    with pytest.raises(ValueError, match="no looks"):
        geometric_looks(first, last, factor)


@for_all(lambda st: (st.lists(st.floats(0, 100), min_size=1, max_size=30), st.floats(0.1, 50)))
def test_all_looks_together_spend_the_error_and_no_more(times, budget_s):
    spent, shares = 0.0, []
    for elapsed_s in sorted(times):
        shares.append(share_by_time(elapsed_s, budget_s, spent))
        spent = min(1.0, elapsed_s / budget_s)
    assert all(share > 0 for share in shares)
    assert sum(shares) <= 1 + 1e-6


def test_a_look_after_the_time_is_up_spends_what_is_left():
    assert share_by_time(70.0, 60.0, 0.5) == 0.75
    assert share_by_time(5.0, 0.0, 0.0) == 1.0


def test_planned_looks_share_the_error_equally():
    assert Plan((8, 16), 60.0, 0.9).confidence_at() == pytest.approx(0.95)


def test_stopping_at_the_first_interval_that_excludes_the_truth_keeps_the_confidence():
    """The error of looking until it fits, over many experiments on data without any effect."""
    from autogauge.stats.intervals import paired_ratio

    plan = Plan(geometric_looks(12, 120), 120.0, 0.9, by_time=True)
    random = np.random.default_rng(3)
    missed, missed_without_control = 0, 0
    for _ in range(200):
        ratios = np.exp(0.05 * random.standard_normal(120))

        def misses(look, confidence, ratios=ratios):
            return not paired_ratio(ratios[:look], np.ones(look), confidence).holds(1.0)

        befores = (0, *plan.looks)
        missed += any(
            misses(look, plan.confidence_at(look, before / 120))
            for before, look in zip(befores, plan.looks, strict=False)
        )
        missed_without_control += any(misses(look, 0.9) for look in plan.looks)
    assert missed <= 0.1 * 200
    assert missed_without_control > 0.2 * 200, "with every look at 90 %, far more than 10 % go wrong"
