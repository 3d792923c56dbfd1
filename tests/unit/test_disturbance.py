"""A turn that had to wait for the processor is told from the usual, as long as such turns are few."""

import pytest

from autogauge.studies.disturbance import FEWEST, Watch, falls_on_one, totals, waited_share


def turn(share, steal_s=0.0):
    return {"wall_s": 0.05, "waited_s": 0.05 * share, "steal_s": steal_s}


def watched(shares):
    watch = Watch()
    return [watch.is_disturbed("A", turn(share)) for share in shares]


def repeated(shares):
    watch = Watch()
    return [watch.is_disturbed("A", turn(share)) and watch.may_repeat() for share in shares]


def test_what_is_usual_is_learnt_first():
    assert not any(watched([0.9] * FEWEST))
    assert watched([0.01] * 9 + [0.5]) == [False] * 9 + [True]


def test_a_condition_that_always_waits_is_not_disturbed_by_itself():
    assert not any(watched([0.8, 0.82, 0.79, 0.81, 0.8, 0.85, 0.8, 0.9]))


def test_stolen_time_counts_as_waiting():
    assert waited_share(turn(0.0, steal_s=0.025)) == pytest.approx(0.5)


def test_no_more_than_a_quarter_of_the_turns_is_repeated():
    found = repeated([0.01, 0.01, 0.01, 0.9] * 50)
    assert 0 < sum(found) <= 0.25 * len(found) + 1
    many = [0.01] * 20 + [0.9, 0.01, 0.8, 0.01] * 45
    assert sum(repeated(many)) <= 0.25 * 200 + 1
    assert sum(watched(many)) > 80, "and all of them are counted"


def test_where_linux_does_not_tell_nothing_is_disturbed():
    watch = Watch()
    assert not any(watch.is_disturbed("A", {"wall_s": 0.05, "waited_s": None}) for _ in range(20))
    assert waited_share({}) is None


def test_throttling_and_waiting_for_memory_disturb_a_turn_whatever_is_usual():
    def disturbed(**facts):
        watch = Watch()
        return [watch.is_disturbed("A", each) for each in (*[turn(0.0)] * 9, {**turn(0.0), **facts})][-1]

    assert disturbed(throttled=1.0)
    assert disturbed(memory_stalls_s=0.02)
    assert not disturbed(memory_stalls_s=0.005, throttled=0.0)
    assert not disturbed(memory_stalls_s=None, throttled=None)


def test_what_the_machine_did_beside_a_study_is_told_where_it_is_notable():
    calm = {"wall_s": 1.0, "throttled": 0.0, "memory_stalls_s": 0.001, "others_cpu_s": 0.02, "frequency_mhz": 3000.0}
    assert totals([calm] * 10) is None
    assert totals([{"wall_s": 1.0, "throttled": None}] * 10) is None
    wild = {"throttled": 2.0, "memory_stalls_s": 0.3, "others_cpu_s": 0.5, "steal_s": 0.2, "frequency_mhz": 1200.0}
    assert totals([calm, {"wall_s": 1.0, **wild}]) == (
        "in 2 s of turns the processor was throttled 2 times, memory was waited for 0.3 s, other processes took 0.26 processors, "
        "the hypervisor took 0.10 processors, the processor ran at 1200 to 3000 MHz"
    )


def test_disturbances_that_fall_on_one_condition_are_a_warning():
    sentence = falls_on_one({"A": (30, 100), "B": (1, 100)})
    assert sentence
    assert sentence.startswith("disturbances fell on A: 30 of its 100 turns")
    assert falls_on_one({"A": (6, 100), "B": (5, 100)}) is None
    assert falls_on_one({"A": (0, 100), "B": (0, 100)}) is None
    assert falls_on_one({"A": (30, 100)}) is None
