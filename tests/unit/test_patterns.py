"""Alternation and a variation that changed are named, where they begin; noise, steps and lone bad runs are neither."""

import numpy as np
import pytest

from autogauge.stats.change_points import levels_of
from autogauge.stats.patterns import FEWEST, Alternation, Variation, patterns_of, patterns_of_siblings
from tests.cases import each_of
from tests.properties import for_all


def noise(runs, deviation=0.02, seed=1):
    return np.random.default_rng(seed).normal(0, deviation, runs)


def seen(logs):
    values = np.exp(logs).tolist()
    return patterns_of(values, levels_of(values).starts)


def turns(runs, by=0.06):
    return np.where(np.arange(runs) % 2 == 0, by, -by)


@each_of("seed", range(5))
@each_of("runs", [30, 31, 41])
def test_levels_by_turns_alternate(seed, runs):
    found = seen(noise(runs, seed=seed) + turns(runs))
    assert isinstance(found, Alternation)
    assert (found.first, found.regular) == (0, True)
    assert found.apart == pytest.approx(1.127, abs=0.04)


def test_an_alternation_that_began_says_since_when():
    logs = noise(60)
    logs[30:] += turns(30)
    found = seen(logs)
    assert isinstance(found, Alternation)
    assert found.first == pytest.approx(30, abs=3)


def test_two_levels_without_a_rule_alternate_too():
    logs = noise(60, 0.01) + np.where(np.random.default_rng(2).random(60) < 0.5, 0.06, -0.06)
    found = seen(logs)
    assert isinstance(found, Alternation)
    assert not found.regular


@pytest.mark.parametrize("times", [2.0, 0.5])
def test_a_variation_that_doubled_or_halved_says_since_when(times):
    logs = noise(120, seed=3)
    logs[60:] *= times
    found = seen(logs)
    assert isinstance(found, Variation)
    assert found.times == pytest.approx(times, rel=0.3)
    assert found.first == pytest.approx(60, abs=10)


def test_what_is_too_little_in_each_is_enough_in_all_together():
    family = []
    for seed in range(4):
        logs = noise(50, seed=10 + seed)
        logs[25:] *= 2
        family.append(np.exp(logs).tolist())
    starts = [levels_of(each).starts for each in family]
    alone = [patterns_of(values, own) for values, own in zip(family, starts, strict=True)]
    together = patterns_of_siblings(family, starts)
    assert sum(each is not None for each in together) > sum(each is not None for each in alone)


def test_a_step_and_lone_bad_runs_are_no_pattern():
    logs = noise(60)
    logs[30:] += 0.1
    logs[[7, 22, 41]] += 0.4
    assert seen(logs) is None


def test_noise_is_seldom_called_a_pattern():
    assert sum(seen(noise(40, seed=seed)) is not None for seed in range(100, 300)) <= 4


@pytest.mark.parametrize("runs", [0, 1, FEWEST - 1])
def test_few_runs_say_nothing(runs):
    assert seen(turns(runs)) is None


@for_all(lambda st: (st.lists(st.floats(1e-6, 1e6), max_size=60),))
def test_whatever_the_figures_it_begins_among_them(values):
    found = patterns_of(values, levels_of(values).starts)
    assert found is None or 0 <= found.first < len(values)
