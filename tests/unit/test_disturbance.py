"""A turn that had to wait for the processor is told from the usual, as long as such turns are few."""

import pytest

from autogauge.studies.disturbance import FEWEST, Watch, falls_on_one, waited_share


def turn(share, steal_s=0.0):
    return {"wall_s": 0.05, "waited_s": 0.05 * share, "steal_s": steal_s}


def watched(shares):
    watch = Watch()
    return [watch.is_disturbed("A", turn(share)) for share in shares]


def test_what_is_usual_is_learnt_first():
    assert not any(watched([0.9] * FEWEST))
    assert watched([0.01] * 9 + [0.5]) == [False] * 9 + [True]


def test_a_condition_that_always_waits_is_not_disturbed_by_itself():
    assert not any(watched([0.8, 0.82, 0.79, 0.81, 0.8, 0.85, 0.8, 0.9]))


def test_stolen_time_counts_as_waiting():
    assert waited_share(turn(0.0, steal_s=0.025)) == pytest.approx(0.5)


def test_no_more_than_a_quarter_of_the_turns_is_repeated():
    found = watched([0.01, 0.01, 0.01, 0.9] * 50)
    assert 0 < sum(found) <= 0.25 * len(found) + 1
    assert sum(watched([0.01] * 20 + [0.9, 0.01, 0.8] * 60)) <= 0.25 * 200 + 1


def test_where_linux_does_not_tell_nothing_is_disturbed():
    watch = Watch()
    assert not any(watch.is_disturbed("A", {"wall_s": 0.05, "waited_s": None}) for _ in range(20))
    assert waited_share({}) is None


def test_disturbances_that_fall_on_one_condition_are_a_warning():
    sentence = falls_on_one({"A": (30, 100), "B": (1, 100)})
    assert sentence
    assert sentence.startswith("disturbances fell on A: 30 of its 100 turns")
    assert falls_on_one({"A": (6, 100), "B": (5, 100)}) is None
    assert falls_on_one({"A": (0, 100), "B": (0, 100)}) is None
    assert falls_on_one({"A": (30, 100)}) is None
