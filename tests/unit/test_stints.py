"""What warm processes give as a whole: when they give way, what their last round has, and what a bound that rests on them says."""

from types import SimpleNamespace

import numpy as np
import pytest

from autogauge.measuring import saving, schedule
from autogauge.measuring.claim import Bound, Fact, Ratio
from autogauge.measuring.condition import Condition
from autogauge.measuring.plan import Plan
from autogauge.measuring.progress import Silent
from autogauge.measuring.result import Replicate, Result, Sample
from autogauge.probe.request import Failure, ProbeFailed
from autogauge.rig.stints import PERCENTILES, PROCESS_FPS, PROCESS_MEAN, Stints
from autogauge.stats.intervals import median_within
from autogauge.stats.percentiles import fewest_samples, percentile
from autogauge.stats.verdicts import Outcome
from autogauge.targets import Target

P50, P99 = PERCENTILES[50], PERCENTILES[99]
ONE, OTHER = SimpleNamespace(), SimpleNamespace()
A, B = Condition("A", Target("A")), Condition("B", Target("B"))


def result_with(*claims, conditions=(A,), processes=(6,), rounds=(4,), budget_s=100.0):
    return Result(
        "own claims",
        conditions,
        tuple(claims),
        Plan(rounds, budget_s),
        1,
        metrics=(PROCESS_FPS, PROCESS_MEAN, P50, P99),
        process_plan=Plan(processes, budget_s),
    )


def reply(*latencies_ms):
    return {"counted_s": sum(latencies_ms) / 1e3, "fps": 1e3 / np.mean(latencies_ms), "latencies_ms": [*latencies_ms]}


def test_a_process_serves_its_rounds_and_until_it_has_the_inferences_that_are_needed():
    stints = Stints(result_with(), 2, [PROCESS_FPS, P50], {"A": 11})
    probe = ONE
    given = []
    while not stints.is_over(A):
        given.append(stints.observe(A, reply(1.0, 2.0, 3.0), probe))
    assert len(given) == 4, "two rounds would do, and p50 takes eleven inferences"
    assert not any(given[:-1])
    assert given[-1] == {PROCESS_FPS.name: pytest.approx(500.0), P50.name: 2.0}


def test_a_fresh_process_has_nothing_of_the_one_before():
    stints = Stints(result_with(), 1, [PROCESS_MEAN], {})
    while not stints.is_over(A):
        stints.observe(A, reply(9.0), ONE)
    assert stints.observe(A, reply(1.0), OTHER) == {PROCESS_MEAN.name: 1.0}


def test_a_process_that_died_gives_nothing():
    stints = Stints(result_with(), 3, [PROCESS_MEAN], {})
    for _ in range(2):
        stints.observe(A, reply(9.0), ONE)
    found = [stints.observe(A, reply(1.0), OTHER) for _ in range(3)]
    assert found == [{}, {}, {PROCESS_MEAN.name: 1.0}]


def test_nobody_waits_for_what_is_not_measured_any_more():
    """A condition that was decided, or that fails again and again: the other one goes on by itself."""
    result = result_with(conditions=(A, B))
    stints = Stints(result, 2, [PROCESS_MEAN], {}, [("A", "B")])

    def turn(*others):
        found = stints.observe(A, reply(1.0), ONE)
        result.replicates.append(Replicate(len(result.replicates), ("A",), {"A": Sample({}), **dict.fromkeys(others)}))
        return found

    waiting = [turn("B") for _ in range(9)]
    assert not any(waiting), "B is measured, and has not served"
    assert not turn()
    assert turn(), "it was not measured in the last round"


def test_a_process_that_died_is_waited_for_until_another_has_served_in_its_place():
    result = result_with(conditions=(A, B))
    stints = Stints(result, 2, [PROCESS_MEAN], {"B": 3}, [("B", "A")])
    given, probes = {"A": [], "B": []}, {}
    for number in range(40):
        for condition, pid in ((A, given["A"]), (B, [*given["B"], *([0] if number > 1 else [])])):
            probe = probes.setdefault((condition.name, len(pid)), SimpleNamespace())
            if stints.observe(condition, reply(1.0), probe):
                given[condition.name].append(number)
        result.replicates.append(Replicate(number, ("A", "B"), {"A": Sample({}), "B": Sample({})}))
    assert len(given["A"]) > 5
    assert all(abs(one - other) <= 1 for one, other in zip(given["A"], given["B"], strict=False))


def given(claim, figures, per=3):
    """A result in which each process gave one of the figures in the last of so many rounds."""
    result = result_with(claim)
    for number in range(len(figures) * per):
        last = number % per == per - 1
        figure = {claim.metric.name: figures[number // per]} if last else {}
        result.replicates.append(Replicate(number, ("A",), {"A": Sample({"fps": 1.0, **figure})}))
    return result


BELOW_12 = Bound("fast", "fast enough", P99, "A", "at most", 12.0)


@pytest.mark.parametrize(
    ("figures", "outcome"),
    [
        ([11.0] * 5, Outcome.INCONCLUSIVE),
        ([11.0] * 6, Outcome.PASS),
        ([11.0] * 5 + [12.1], Outcome.INCONCLUSIVE),
        ([13.0] * 6, Outcome.FAIL),
        ([13.0] * 5, Outcome.INCONCLUSIVE),
        ([], Outcome.INCONCLUSIVE),
    ],
)
def test_a_bound_rests_on_processes_and_never_passes_on_too_few(figures, outcome):
    assert given(BELOW_12, figures).verdict(BELOW_12).outcome is outcome


def test_how_many_are_needed_and_there_is_said():
    assert given(BELOW_12, [11.0] * 2).verdict(BELOW_12).evidence() == (
        "median p99 latency by process of A = 11 ms (too few for a 95 % interval: it takes 6 processes of 662 inferences or more, "
        "and there are 2), to be at most 12 ms"
    )
    result = given(BELOW_12, [])
    result.replicates.append(Replicate(0, ("A",), {"A": Sample({"fps": 1.0})}))
    result.facts["A"] = {"on_duty": 310}
    assert result.verdict(BELOW_12).evidence() == (
        "p99 latency by process of A: no process served the 662 inferences that it takes; "
        "the process on duty had served 310 inferences in the end"
    )
    assert given(BELOW_12, [11.0] * 6).verdict(BELOW_12).evidence() == (
        "median p99 latency by process of A = 11 ms (95 % interval 11 to 11 ms, 6 processes of 662 inferences or more), "
        "to be at most 12 ms"
    )


def test_processes_that_break_it_all_the_same_are_told():
    figures = [10.0, 11.0] * 7 + [20.0, 30.0]
    verdict = given(BELOW_12, figures).verdict(BELOW_12)
    assert verdict.outcome is Outcome.PASS
    assert verdict.evidence().endswith("; the median keeps to it, and 2 of 16 processes did not")


def test_what_a_disturbed_round_has_of_its_process_counts():
    result = given(BELOW_12, [11.0] * 6)
    result.replicates[2].disturbed["A"] = Sample({P99.name: 99.0})
    assert result.of_processes("A", P99.name) == [99.0, *[11.0] * 6]


def test_every_process_may_be_asked():
    every = Bound("each", "each is fast", P99, "A", "at most", 12.0, every=True)
    assert given(every, [11.0] * 3).verdict(every).outcome is Outcome.PASS
    assert given(every, [11.0, 13.0]).verdict(every).outcome is Outcome.FAIL


def test_of_two_conditions_the_first_process_of_each_is_held_against_the_other():
    claim = Ratio("less", "A is faster", P99, "A", "B", "at most", 1.0)
    result = result_with(claim, conditions=(A, B))
    for number in range(8):
        result.replicates.append(
            Replicate(
                number,
                ("A", "B"),
                {
                    "A": Sample({P99.name: 1.0} if number % 2 else {}),
                    "B": Sample({} if number % 2 else {P99.name: float(number + 2)}),
                },
            )
        )
    assert result.pairs(claim) == [(1.0, 2.0), (1.0, 4.0), (1.0, 6.0), (1.0, 8.0)]


class Turns:
    """Processes of three rounds each; ``figures`` are theirs, in turn."""

    def __init__(self, figures, fail_after=None):
        self.figures, self.number, self.fail_after = figures, 0, fail_after

    def measure(self, condition):
        self.number += 1
        if self.fail_after is not None and self.number > self.fail_after:
            raise ProbeFailed(Failure("crash", "slice", "it is gone"))
        figures = {"fps": 1.0}
        if self.number % 3 == 0:
            figures[P99.name] = self.figures[(self.number // 3 - 1) % len(self.figures)]
        return Sample(figures)


def test_it_is_measured_until_there_are_processes_enough_and_no_longer():
    result = result_with(BELOW_12)
    schedule.run(result, Turns([11.0]).measure, Silent())
    assert (result.state, len(result.replicates)) == ("decided", 18)
    assert result.verdict(BELOW_12).outcome is Outcome.PASS


def test_a_bound_on_one_of_two_conditions_is_measured_to_its_end():
    result = result_with(BELOW_12, conditions=(A, B))
    schedule.run(result, Turns([11.0]).measure, Silent())
    assert result.state == "decided"
    assert result.verdict(BELOW_12).outcome is Outcome.PASS


def test_looks_go_by_processes():
    result = result_with(BELOW_12, processes=(7, 12))
    schedule.run(result, Turns([11.0, 11.0, 11.0, 13.0]).measure, Silent())
    assert len(result.of_processes("A", P99.name)) == 12, "a look at seven decided nothing"
    assert result.verdict(BELOW_12).interval.confidence == pytest.approx(0.975)


def test_a_condition_that_fails_ends_it():
    result = result_with(BELOW_12)
    schedule.run(result, Turns([11.0], fail_after=5).measure, Silent())
    assert result.verdict(BELOW_12).outcome is Outcome.INCONCLUSIVE
    assert result.state in ("gave up", "budget ended")


def test_a_fact_beside_it_is_no_reason_to_go_on():
    fact = Fact("so", "so it is", ("A",))
    result = result_with(fact)
    schedule.run(result, Turns([11.0]).measure, Silent())
    assert len(result.replicates) == 4


def test_it_is_saved_and_read_back():
    result = given(BELOW_12, [11.0] * 6)
    restored = saving.from_json(saving.to_json(result))
    assert restored.process_plan == result.process_plan
    assert restored.metric(P99.name).of_process == 662
    assert restored.of_processes("A", P99.name) == [11.0] * 6
    assert restored.verdict(BELOW_12).evidence() == result.verdict(BELOW_12).evidence()


def test_a_percentile_is_too_low_as_often_as_too_high():
    chance = np.random.default_rng(7)
    draws = chance.exponential(1.0, (1500, fewest_samples(99)))
    truth = -np.log(0.01)
    below = np.mean([percentile(each, 99) < truth for each in draws])
    assert 0.46 < below < 0.54
    assert np.mean([np.percentile(each, 99) < truth for each in draws]) > 0.54, "the linear one is too low"


@pytest.mark.parametrize("spread", [0.0, 0.05, 0.3])
def test_the_interval_holds_the_truth_where_processes_differ(spread):
    """And rounds of a lone process do not: what it has of its own is in all of them (``benchmarks/bound_coverage.py`` has more kinds)."""
    chance = np.random.default_rng(11)
    truth, trials = np.exp(0.1 * 2.3263), 300
    held = lone = 0
    for _ in range(trials):
        own = np.exp(chance.normal(0, spread, 8))
        values = np.exp(chance.normal(0, 0.1, (8, 662))) * own[:, None]
        held += median_within([percentile(each, 99) for each in values], 0.95).holds(truth)
        lone += median_within([each.mean() for each in np.array_split(values[0], 40)], 0.95).holds(np.exp(0.005))
    assert held >= 0.92 * trials
    if spread >= 0.05:
        assert lone < 0.5 * trials
