"""A study measures by turns until its claims are decided, and goes on past what fails."""

import pytest

from autogauge.probe.request import Failure, ProbeFailed
from autogauge.stats.verdicts import Claim, Outcome
from autogauge.studies.progress import Silent
from autogauge.studies.study import GIVE_UP_AFTER, Condition, Plan, Sample, Study, run
from autogauge.targets import Target

A, B, C = (Condition(name, Target(name)) for name in "ABC")
FASTER = Claim("a-below-b", "A is below B", "s", "A", "B", "at most", 1.0)
SEGFAULT = Failure("signal", "measured", "killed by signal 11 (SIGSEGV)", "the tail")


def study(*claims, conditions=(A, B), looks=(8, 16), budget_s=60.0, block=1, seed=1):
    return Study("study", conditions, claims, Plan(looks, budget_s, block=block), seed)


def measuring(values, asked=None):
    """Each condition's values in turn; an exception among them is raised."""
    turns = {name: iter(each) for name, each in values.items()}

    def measure(condition):
        if asked is not None:
            asked.append(condition.name)
        value = next(turns[condition.name])
        if isinstance(value, BaseException):
            raise value
        return Sample({"s": value})

    return measure


def test_a_clear_difference_is_decided_at_the_first_look():
    clear = study(FASTER)
    run(clear, measuring({"A": [1.0] * 99, "B": [2.0] * 99}), Silent())
    assert clear.state == "decided"
    assert len(clear.replicates) == 8
    assert clear.verdict(FASTER).outcome is Outcome.PASS


def test_no_difference_is_looked_at_again_and_stays_inconclusive():
    open_to_the_end = study(FASTER)
    wobble = [1.0, 1.1, 0.9, 1.05, 0.95] * 20
    run(open_to_the_end, measuring({"A": wobble, "B": wobble[::-1]}), Silent())
    assert open_to_the_end.state == "budget ended"
    assert len(open_to_the_end.replicates) == 16
    assert open_to_the_end.verdict(FASTER).outcome is Outcome.INCONCLUSIVE


def test_a_broken_promise_fails():
    broken = study(FASTER)
    run(broken, measuring({"A": [2.0] * 99, "B": [1.0] * 99}), Silent())
    assert broken.verdict(FASTER).outcome is Outcome.FAIL


def test_the_order_is_random_in_each_replicate_and_repeatable_by_its_seed():
    orders = []
    for seed in (1, 1, 2):
        asked: list[str] = []
        run(study(seed=seed, conditions=(A, B, C)), measuring(dict.fromkeys("ABC", [1.0] * 99), asked), Silent())
        orders.append(asked)
    assert orders[0] == orders[1] != orders[2]
    rounds = [tuple(orders[0][start : start + 3]) for start in range(0, len(orders[0]), 3)]
    assert all(sorted(each) == ["A", "B", "C"] for each in rounds)
    assert len(set(rounds)) > 2


def test_a_failed_turn_is_kept_with_its_reason_and_the_others_go_on():
    failing = study(FASTER)
    run(failing, measuring({"A": [1.0, ProbeFailed(SEGFAULT), *[1.0] * 99], "B": [2.0] * 99}), Silent())
    verdict = failing.verdict(FASTER)
    assert [failure for _, _, failure in failing.failures("A")] == [SEGFAULT]
    assert len(failing.samples("B")) == len(failing.replicates) == 8
    assert verdict.replicates == 7
    assert verdict.failed_replicates == 1
    assert "SIGSEGV" in verdict.evidence()
    assert failing.to_json()["replicates"][1]["failures"]["A"]["output_tail"] == "the tail"


def test_a_condition_that_always_fails_is_left_out_and_the_others_go_on():
    asked: list[str] = []
    broken = study(FASTER, conditions=(A, B, C))
    failures = [ProbeFailed(SEGFAULT) for _ in range(99)]
    run(broken, measuring({"A": failures, "B": [1.0] * 99, "C": [1.0] * 99}, asked), Silent())
    assert asked.count("A") == GIVE_UP_AFTER
    assert len(broken.samples("B")) == len(broken.samples("C")) == 16
    assert broken.verdict(FASTER).outcome is Outcome.INCONCLUSIVE
    assert "no complete replicate" in broken.verdict(FASTER).evidence()


def test_a_study_with_nothing_left_to_compare_gives_up():
    failures = [ProbeFailed(SEGFAULT) for _ in range(99)]
    lonely = study(FASTER)
    run(lonely, measuring({"A": failures, "B": [1.0] * 99}), Silent())
    assert lonely.state == "gave up"
    assert len(lonely.replicates) == GIVE_UP_AFTER


def test_an_interruption_keeps_the_finished_replicates():
    interrupted = study(FASTER)
    with pytest.raises(KeyboardInterrupt):
        run(interrupted, measuring({"A": [1.0, 1.0, KeyboardInterrupt()], "B": [2.0] * 9}), Silent())
    assert interrupted.state == "interrupted"
    assert len(interrupted.replicates) == 2
    assert interrupted.verdict(FASTER).interrupted
    assert "interrupted" in interrupted.verdict(FASTER).evidence()


def test_the_budget_ends_a_study_at_its_first_look_and_far_beyond_it_at_once():
    over = study(FASTER, budget_s=0.0, looks=(4, 64))
    run(over, measuring({"A": [1.0] * 99, "B": [1.0] * 99}), Silent())
    assert over.state == "budget ended"
    assert len(over.replicates) == 1, "no time at all is past the hard limit after one replicate"


def test_blocks_count_neighbours_as_one_observation():
    blocked = study(FASTER, looks=(16,), block=2)
    run(blocked, measuring({"A": [1.0] * 99, "B": [2.0] * 99}), Silent())
    verdict = blocked.verdict(FASTER)
    assert verdict.interval.observations == 8
    assert verdict.replicates == 16
