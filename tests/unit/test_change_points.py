"""A lasting step is seen where it is; noise and lone bad runs are none."""

import numpy as np
import pytest

from autogauge.stats.change_points import FEWEST, levels_of, levels_of_siblings
from tests.cases import each_of
from tests.properties import for_all


def series(*levels, runs=20, noise=0.01, seed=1):
    rng = np.random.default_rng(seed)
    return np.concatenate([level * np.exp(rng.normal(0, noise, runs)) for level in levels]).tolist()


def test_a_lasting_step_is_found_where_it_is():
    found = levels_of(series(10.0, 11.0))
    (change,) = found.changes
    assert change.first == 20
    assert change.ratio == pytest.approx(1.1, abs=0.02)
    assert found.levels == pytest.approx((10.0, 11.0), rel=0.01)


def test_two_steps_are_two_changes():
    assert [change.first for change in levels_of(series(10.0, 11.0, 9.5)).changes] == [20, 40]


def test_in_a_long_history_each_step_is_found_once_also_near_the_edges_of_windows():
    steps = [1500, 1600, 2500, 4900, 7999]
    values = np.exp(np.random.default_rng(1).normal(0, 0.01, 9000))
    for step in steps:
        values[step:] *= 1.1
    assert [change.first for change in levels_of(values.tolist()).changes] == pytest.approx(steps, abs=1)


def test_noise_is_no_change():
    assert levels_of(series(10.0, 10.0)).changes == ()


def test_lone_bad_runs_are_no_change():
    values = series(10.0, 10.0)
    for place, factor in ((7, 1.5), (22, 2.0), (31, 0.5)):
        values[place] *= factor
    assert levels_of(values).changes == ()


def test_a_change_too_small_for_anybody_is_none():
    assert levels_of(series(10.0, 10.05, noise=0.0001)).changes == ()


@each_of("runs", range(FEWEST))
def test_few_runs_have_one_level_or_none(runs):
    found = levels_of([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0][:runs])
    assert found.changes == ()
    assert len(found.levels) == min(runs, 1)


def test_runs_that_are_all_the_same_have_one_level():
    assert levels_of([0.01] * 50).changes == ()


@each_of("bad", [0.0, -1.0, float("nan"), float("inf")])
def test_what_is_no_figure_is_refused(bad):
    with pytest.raises(ValueError, match="positive finite"):
        levels_of([1.0, bad])


@for_all(lambda st: (st.lists(st.floats(1e-6, 1e6), max_size=80),))
def test_whatever_the_figures_the_stretches_cover_them_in_order(values):
    found = levels_of(values)
    assert list(found.starts) == sorted(set(found.starts))
    assert len(found.levels) == len(found.starts) == (len(found.changes) + 1 if values else 0)
    assert all(0 <= start < len(values) for start in found.starts)


def test_a_change_that_siblings_show_is_found_where_the_benchmark_alone_does_not():
    """Seven per cent in four benchmarks of the same runs, four runs ago, in noise of three."""
    found = {"alone": 0, "together": 0}
    for seed in range(30):
        rng = np.random.default_rng(seed)
        family = [np.exp(rng.normal(0, 0.03, 34) + np.log(1.07) * (np.arange(34) >= 30)).tolist() for _ in range(4)]
        alone, together = [levels_of(each) for each in family], levels_of_siblings(family, [range(34)] * 4)
        for name, levels in (("alone", alone), ("together", together)):
            found[name] += sum(any(abs(change.first - 30) <= 2 for change in each.changes) for each in levels)
    assert found["alone"] < 0.75 * 120
    assert found["together"] > 0.8 * 120


def test_siblings_that_did_not_move_keep_their_level():
    family = [series(10.0, 11.0), series(10.0, 10.0, seed=2), series(10.0, 10.0, seed=3)]
    assert [len(each.changes) for each in levels_of_siblings(family, [range(40)] * 3)] == [1, 0, 0]


def test_siblings_of_other_runs_are_looked_at_where_the_change_was():
    """The second benchmark is measured in every other run only."""
    step = np.exp(np.random.default_rng(4).normal(0, 0.03, 60) + np.log(1.09) * (np.arange(60) >= 40))
    first, second = levels_of_siblings([series(10.0, 11.0, runs=40), step.tolist()], [range(80), range(0, 120, 2)])
    assert [change.first for change in first.changes] == [40]
    assert [change.first for change in second.changes] == pytest.approx([40], abs=2) or second.changes == ()


@for_all(lambda st: (st.lists(st.lists(st.floats(1e-6, 1e6), max_size=30), max_size=4),))
def test_whatever_the_siblings_each_is_covered_in_order(family):
    for values, found in zip(family, levels_of_siblings(family, [range(len(each)) for each in family]), strict=True):
        assert list(found.starts) == sorted(set(found.starts))
        assert len(found.levels) == len(found.starts) == (len(found.changes) + 1 if values else 0)
