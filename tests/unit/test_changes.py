"""A change is seen through noise that comes and goes, and neither way of looking passes what the other has not seen."""

import numpy as np
import pytest

from autogauge.measuring.claim import WITHIN, Ratio
from autogauge.rig.warm import FPS, LATENCY_MS
from autogauge.stats.changes import NEIGHBOURS, judge_change, judge_likeness
from autogauge.stats.verdicts import Outcome

SLOWER = Ratio("a-not-slower", "A is not slower than B", LATENCY_MS, "A", "B", "at most", 1.025)
FEWER = Ratio("a-not-fewer", "A gives no fewer frames than B", FPS, "A", "B", "at least", 1 / 1.025)


def noisy(random, count, share=0.3):
    """Costs of about 1, of which a share takes up to twice as long, independently."""
    return np.exp(0.01 * random.standard_normal(count)) * np.where(
        random.random(count) < share, random.uniform(1, 2, count), 1
    )


def outcomes(ratio, pairs, claim=SLOWER, share=0.3, trials=60, confidence=0.99):
    random = np.random.default_rng(7)
    found = []
    for _ in range(trials):
        above, below = ratio * noisy(random, pairs, share), noisy(random, pairs, share)
        if claim is FEWER:
            above, below = 1 / above, 1 / below
        found.append(judge_change(list(above), list(below), claim, confidence)[0])
    return found


@pytest.mark.parametrize("claim", [SLOWER, FEWER])
def test_a_change_is_found_through_noise_that_hides_it_from_the_pairs(claim):
    assert outcomes(1.06, 60, claim).count(Outcome.FAIL) >= 55
    from autogauge.stats.intervals import paired_ratio

    random = np.random.default_rng(7)
    by_pairs = [paired_ratio(1.06 * noisy(random, 60), noisy(random, 60), 0.99).low > 1 for _ in range(60)]
    assert sum(by_pairs) < 45, "the pairs alone do not see it as often"


@pytest.mark.parametrize("claim", [SLOWER, FEWER])
def test_identical_things_do_not_fail(claim):
    assert outcomes(1.0, 100, claim, trials=150).count(Outcome.FAIL) <= 1


def test_what_is_no_change_fails_no_more_often_than_the_error_allows():
    assert outcomes(1.0, 60, trials=300, confidence=0.9).count(Outcome.FAIL) <= 0.05 * 300 + 10


def test_a_change_below_the_floor_does_not_fail_however_sure_it_is():
    assert outcomes(1.01, 400, share=0.0, confidence=0.9).count(Outcome.FAIL) == 0
    assert outcomes(1.04, 400, share=0.0, confidence=0.9).count(Outcome.FAIL) == 60


def test_a_change_that_is_there_now_and_then_is_not_passed():
    """Half of the candidate's rounds take half as long again: its best ones look unchanged."""
    random = np.random.default_rng(8)
    below = np.exp(0.01 * random.standard_normal(200))
    above = np.exp(0.01 * random.standard_normal(200)) * np.where(random.random(200) < 0.5, 1.5, 1.0)
    outcome, interval = judge_change(list(above), list(below), SLOWER, 0.99)
    assert outcome is Outcome.FAIL
    assert interval.replicates == 200, "the pairs have seen it"


def test_the_interval_given_is_the_one_that_decided():
    random = np.random.default_rng(7)
    found = [judge_change(list(1.06 * noisy(random, 100)), list(noisy(random, 100)), SLOWER, 0.99) for _ in range(20)]
    assert {interval.replicates for outcome, interval in found if outcome is Outcome.FAIL} <= {100, 100 // NEIGHBOURS}
    for outcome, interval in found:
        assert (outcome is Outcome.FAIL) == (interval.low > 1 and interval.ratio > 1.025)


def test_fewer_pairs_than_neighbours_say_nothing():
    assert judge_change([1.0, 1.0], [1.0, 1.0], SLOWER, 0.99)[0] is Outcome.INCONCLUSIVE


ALIKE = {
    True: Ratio("a-as-b", "A is as B", FPS, "A", "B", WITHIN, 1.05),
    False: Ratio("a-as-b", "A is as B", LATENCY_MS, "A", "B", WITHIN, 1.05),
}


def likenesses(ratio, higher_is_better, pairs=80, trials=80, share=0.0, confidence=0.99):
    """Outcomes where A costs ``ratio`` times as much as B; and whether their intervals say slower."""
    random = np.random.default_rng(11)
    found = []
    for _ in range(trials):
        above, below = ratio * noisy(random, pairs, share), noisy(random, pairs, share)
        if higher_is_better:
            above, below = 1 / above, 1 / below
        found.append(
            judge_likeness(
                list(above), list(below), ALIKE[higher_is_better], confidence, higher_is_better=higher_is_better
            )
        )
    return found


@pytest.mark.parametrize("higher_is_better", [True, False])
@pytest.mark.parametrize("ratio", [1.06, 1 / 1.06])
def test_a_difference_either_way_is_no_likeness_and_the_interval_says_which_way(ratio, higher_is_better):
    found = likenesses(ratio, higher_is_better)
    assert [outcome for outcome, _ in found].count(Outcome.FAIL) == len(found)
    costs = [1 / interval.ratio if higher_is_better else interval.ratio for _, interval in found]
    assert all((cost > 1) == (ratio > 1) for cost in costs)


@pytest.mark.parametrize("higher_is_better", [True, False])
def test_alike_is_known_and_never_taken_for_a_difference(higher_is_better):
    assert {outcome for outcome, _ in likenesses(1.0, higher_is_better)} == {Outcome.PASS}
    assert {outcome for outcome, _ in likenesses(1.0, higher_is_better, pairs=8)} == {Outcome.INCONCLUSIVE}


def test_a_difference_of_less_than_half_of_the_bound_is_none():
    """Known beyond doubt, and not worth a word."""
    outcomes_of = [outcome for outcome, _ in likenesses(1.015, False, pairs=120)]
    assert outcomes_of.count(Outcome.PASS) == len(outcomes_of)


def test_a_difference_is_found_through_noise_that_hides_it_from_the_pairs_either_way():
    for ratio in (1.08, 1 / 1.08):
        found = [outcome for outcome, _ in likenesses(ratio, False, share=0.3)]
        assert found.count(Outcome.FAIL) >= 70
    assert [outcome for outcome, _ in likenesses(1.0, False, share=0.3, trials=150)].count(Outcome.FAIL) <= 1
