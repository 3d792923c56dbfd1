"""A turn that had to wait for the processor is told from the usual, as long as such turns are few."""

import os

import pytest

from autogauge.measuring.disturbance import FEWEST, Watch, falls_on_one, of_run, totals, waited_share
from autogauge.probe.worker.machine import heat_files, number_in, sum_of, usable_processors_s
from tests.machines import CPUS, put


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


def test_a_quota_that_holds_back_disturbs_a_turn_beyond_what_is_usual():
    def disturbed(*held_s):
        watch = Watch()
        return [watch.is_disturbed("A", {**turn(0.0), "quota_held_s": each}) for each in held_s][-1]

    assert disturbed(*[0.0] * 9, 0.02)
    assert not disturbed(*[0.0] * 9, 0.005)
    assert not disturbed(*[0.02] * 9, 0.021), "who is always held back is not disturbed by that"
    assert not disturbed(*[None] * 9, 0.02), (
        "a quota that has just been set is no surprise yet: what is usual is not known"
    )
    assert (
        totals([{"wall_s": 1.0, "quota_held_s": 0.6}] * 2)
        == "in 2 s of turns the quota held the processes back for 1.2 s"
    )


def test_a_run_beside_busy_processors_is_heavily_disturbed_and_one_with_room_for_both_is_not():
    def heavy(others, own=1.0, processors=2, turns=40, disturbed=0):
        each = {"wall_s": 0.05, "own_cpu_s": 0.05 * own, "others_cpu_s": 0.05 * others, "processors": processors}
        return of_run([each] * turns, disturbed).heavy()

    assert heavy(1.7, own=0.3) == ["other processes took 1.70 of 2 processors while it measured"]
    assert heavy(0.9)
    assert not heavy(0.4, own=1.6), "what a quiet machine does beside"
    assert heavy(0.44, own=0.55, processors=1)
    assert not heavy(1.7, own=1.0, processors=64)
    assert not heavy(30.0, own=4.0, processors=64), "the others have processors of their own"
    assert heavy(30.0, own=32.0, processors=64)
    assert heavy(0.0, disturbed=14) == ["14 of 40 turns were disturbed"]
    assert not heavy(0.0, disturbed=13)
    assert not heavy(0.0, turns=6, disturbed=5), "too few to tell"
    assert of_run([], 0).heavy() == []
    unknown = of_run([{"wall_s": 1.0, "waited_s": None, "others_cpu_s": 1.0, "own_cpu_s": 1.0}], 0)
    assert unknown.heavy() == ["other processes took 1.00 processors while it measured"]


def test_only_the_processors_that_may_be_used_are_looked_at():
    lines = [
        "cpu  600 0 0 0 0 0 0 60 0 0\n",
        "cpu0 100 0 0 0 0 0 0 10 0 0\n",
        "cpu1 500 0 0 9 9 0 0 50 0 0\n",
        "intr 5\n",
    ]
    second = os.sysconf("SC_CLK_TCK")
    assert usable_processors_s(lines, {0}) == (100 / second, 10 / second)
    assert usable_processors_s(lines, {0, 1}) == (600 / second, 60 / second)
    assert usable_processors_s(lines[:1], {0}) == (600 / second, 60 / second)
    assert usable_processors_s(["cpu  1 1 1 0 0 1 1\n"], {0})[1] == 0


def test_a_number_is_read_from_a_file_with_a_text_before_it_or_without(tmp_path):
    put(
        tmp_path,
        {"plain": "2400000\n", "stalls": "some avg10=0.00 total=77\nfull avg10=0.00 total=5\n", "text": "none\n"},
    )
    assert number_in(str(tmp_path / "plain")) == 2_400_000
    assert number_in(str(tmp_path / "stalls"), "total=") == 77
    assert [number_in(str(tmp_path / each)) for each in ("text", "absent")] == [None, None]
    assert number_in(str(tmp_path / "plain"), "total=") is None


def test_heat_of_every_package_that_may_be_used_counts_and_of_no_other(tmp_path):
    for cpu in range(6):
        package, folder = cpu // 2, f"{CPUS}/cpu{cpu}"
        put(
            tmp_path,
            {
                f"{folder}/topology/physical_package_id": f"{package}\n",
                f"{folder}/thermal_throttle/core_throttle_count": f"{cpu}\n",
                f"{folder}/thermal_throttle/package_throttle_count": f"{100 * package}\n",
            },
        )
    of = lambda usable: sum_of(heat_files(str(tmp_path), usable))  # noqa: E731
    assert of({0, 1}) == 0
    assert of({0, 1, 2, 3}) == 2 + 100, "the second package is hot, and the first is not"
    assert of({3}) == 3 + 100
    assert of(range(6)) == 0 + (2 + 100) + (4 + 200)
    for each in (tmp_path / CPUS).glob("*/thermal_throttle/package_throttle_count"):
        each.unlink()
    assert of({2, 3}) == 2
    assert of({9}) is None
    put(tmp_path, {f"{CPUS}/cpu2/thermal_throttle/core_throttle_count": "garbage"})
    assert of({2, 3}) is None


def test_disturbances_that_fall_on_one_condition_are_a_warning():
    sentence = falls_on_one({"A": (30, 100), "B": (1, 100)})
    assert sentence
    assert sentence.startswith("disturbances fell on A: 30 of its 100 turns")
    assert falls_on_one({"A": (6, 100), "B": (5, 100)}) is None
    assert falls_on_one({"A": (0, 100), "B": (0, 100)}) is None
    assert falls_on_one({"A": (30, 100)}) is None
