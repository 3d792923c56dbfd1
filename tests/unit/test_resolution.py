"""What a machine can resolve follows from an A/A comparison; said and simulated agree."""

import math

import numpy as np
import pytest

from autogauge.gate import side_by_side
from autogauge.gate.resolution import Resolution
from autogauge.rig.warm import LATENCY_MS
from autogauge.stats.changes import judge_change
from autogauge.stats.intervals import Interval, paired_ratio
from autogauge.stats.verdicts import Outcome


def of(spread=0.04, pairs=80, pair_s=0.12, error=0.001):
    random = np.random.default_rng(5)
    ratios = np.exp(spread * random.standard_normal(pairs))
    return Resolution.of(paired_ratio(ratios, np.ones(pairs), 0.99), pair_s, error)


def test_the_spread_is_that_of_the_pairs():
    assert of(spread=0.04, pairs=2000).spread == pytest.approx(0.04, rel=0.1)


def test_more_time_finds_smaller_changes_and_the_time_for_a_change_is_the_inverse():
    resolution = of()
    assert resolution.change_in(15) > resolution.change_in(60) > resolution.change_in(300) > 0
    change = resolution.change_in(60)
    assert resolution.seconds_for(change) == pytest.approx(60, rel=0.05)


def test_what_cannot_be_said_is_not_said():
    assert of().change_in(0.5) is None, "not even the first look"
    assert of(spread=3.0, pair_s=100.0).seconds_for(0.05) is None
    assert Resolution.of(Interval(1.0, 0.0, math.inf, 0.99, 3), 0.1, 0.001) is None


def test_a_change_that_is_said_to_be_found_is_found():
    resolution = of(spread=0.04, pairs=2000)
    change = resolution.change_in(30)
    first = side_by_side.plan(30.0, 0.001)
    second = side_by_side.plan_again(first, first.budget_s)
    assert first.budget_s + second.budget_s == pytest.approx(30.0)
    claim = side_by_side.claim("A", LATENCY_MS, 1 + change / 2)
    random = np.random.default_rng(6)

    def found_by(plan):
        pairs = int(plan.budget_s / resolution.pair_s)
        ratios = (1 + change) * np.exp(0.04 * random.standard_normal(pairs))
        confidence = plan.confidence_at(plan.budget_s, looked=1 / side_by_side.LOOKS_APART)
        return judge_change(list(ratios), [1.0] * pairs, claim, confidence)[0] is Outcome.FAIL

    found = sum(found_by(first) and found_by(second) for _ in range(200))
    assert found >= 0.88 * 200
