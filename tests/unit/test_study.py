"""A study measures by turns until its claims are decided, and goes on past what fails."""

import dataclasses
from types import SimpleNamespace

import pytest

from autogauge.measuring import notes, saving
from autogauge.measuring.claim import Ratio
from autogauge.measuring.condition import Condition
from autogauge.measuring.metric import Metric
from autogauge.measuring.plan import Plan
from autogauge.measuring.progress import Silent
from autogauge.measuring.result import Replicate, Result, Sample
from autogauge.measuring.schedule import GIVE_UP_AFTER, run
from autogauge.probe.log import AutoLog
from autogauge.probe.request import Failure, ProbeFailed
from autogauge.rig.fresh import FIL, PHASES, FreshTurns
from autogauge.rig.rig import Rig
from autogauge.stats.verdicts import Outcome
from autogauge.studies.first_inference.study import FIRST_INFERENCE
from autogauge.targets import Device, Target
from tests.cases import each_of
from tests.studied import measured, on, planned

SECONDS = Metric("s", "seconds", "s", seconds=1.0)
A, B, C = (Condition(name, Target(name)) for name in "ABC")
FASTER = Ratio("a-below-b", "A is below B", SECONDS, "A", "B", "at most", 1.0)
SEGFAULT = Failure("signal", "measured", "killed by signal 11 (SIGSEGV)", "the tail")


def study(*claims, conditions=(A, B), looks=(8, 16), budget_s=60.0, seed=1, **others):
    return Result("study", conditions, claims, Plan(looks, budget_s), seed, **others)


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
    assert len(failing.samples("B")) == len(failing.replicates) == 9, "a look counts complete pairs"
    assert verdict.replicates == 8
    assert verdict.failed_replicates == 1
    assert "SIGSEGV" in verdict.evidence()
    assert saving.from_json(saving.to_json(failing)).replicates[1].failures["A"].output_tail == "the tail"


def test_a_condition_that_always_fails_is_left_out_and_the_others_go_on():
    asked: list[str] = []
    broken = study(FASTER, conditions=(A, B, C))
    failures = [ProbeFailed(SEGFAULT) for _ in range(99)]
    run(broken, measuring({"A": failures, "B": [1.0] * 99, "C": [1.0] * 99}, asked), Silent())
    assert asked.count("A") == GIVE_UP_AFTER
    assert len(broken.samples("B")) == len(broken.samples("C")) == 8, "then there is nothing left to compare"
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


def test_a_decided_claims_conditions_rest_while_another_is_open():
    asked: list[str] = []
    open_one = Ratio("c-below-b", "C is below B", SECONDS, "C", "B", "at most", 1.0)
    wobble = [1.0, 1.1, 0.9, 1.05, 0.95] * 20
    both = study(FASTER, open_one, conditions=(A, B, C))
    run(both, measuring({"A": [0.1] * 99, "B": wobble, "C": wobble[::-1]}, asked), Silent())
    assert [asked.count(name) for name in "ABC"] == [8, 16, 16]


def test_what_history_rests_on_is_measured_although_all_is_decided():
    asked: list[str] = []
    longer = study(FASTER, at_least=12)
    run(longer, measuring({"A": [1.0] * 8 + [3.0] * 99, "B": [2.0] * 99}, asked), Silent())
    assert [asked.count(name) for name in "AB"] == [12, 12]
    assert longer.verdict(FASTER).outcome is Outcome.PASS, "a verdict stands; what comes after it does not move it"


def test_changes_are_looked_at_by_their_own_plan():
    change = Ratio("a-not-slower", "A is not slower than B", SECONDS, "A", "B", "at most", 1.5)
    wobble = [1.0, 1.1, 0.9, 1.05, 0.95] * 20
    compared = study(FASTER, changes=(change,), change_plan=Plan((10, 14, 18), 60.0, 0.99, by_time=True))
    run(compared, measuring({"A": wobble, "B": wobble[::-1]}), Silent())
    assert compared.verdict(change).replicates == 18, "looks before any time has passed may spend next to nothing"
    assert compared.verdict(change).interval.confidence == pytest.approx(0.995), (
        "the last look spends the rest, in two halves"
    )
    assert [verdict.claim for verdict in compared.verdicts()] == [FASTER]


def test_a_disturbed_turn_is_measured_again_and_both_are_kept():
    calm = {"wall_s": 1.0, "waited_s": 0.01, "steal_s": 0.0}
    turns = {
        "A": iter([*[(1.0, calm)] * 6, (5.0, {**calm, "waited_s": 0.6}), *[(1.0, calm)] * 20]),
        "B": iter([(2.0, calm)] * 40),
    }

    def measure(condition):
        value, surroundings = next(turns[condition.name])
        return Sample({"s": value}, surroundings)

    disturbed = study(FASTER)
    run(disturbed, measure, Silent())
    assert disturbed.figures("A", "s") == [1.0] * 8
    assert [each.figures["s"] for each in disturbed.replicates[6].disturbed.values()] == [5.0]
    assert disturbed.disturbed("A") == 1
    assert "1 of 17 turns were disturbed" in notes.of(disturbed)[0]
    assert len(notes.of(disturbed)) == 1, "nothing else was notable"
    assert saving.from_json(saving.to_json(disturbed)).replicates[6].disturbed["A"].figures["s"] == 5.0


@pytest.mark.parametrize(("repeats", "again"), [(True, 1), (False, 0)])
def test_a_disturbed_turn_whose_repetition_is_no_better_is_counted_too(repeats, again):
    calm = {"wall_s": 1.0, "waited_s": 0.01, "steal_s": 0.0}
    held_up = {**calm, "waited_s": 0.6}
    turns = {
        "A": iter([*[(1.0, calm)] * 6, (5.0, held_up), (4.0, held_up), *[(1.0, calm)] * 20]),
        "B": iter([(2.0, calm)] * 40),
    }

    def measure(condition):
        value, surroundings = next(turns[condition.name])
        return Sample({"s": value}, surroundings)

    disturbed = study(FASTER, repeats_disturbed=repeats)
    run(disturbed, measure, Silent())
    assert (disturbed.disturbed("A"), disturbed.still_disturbed("A")) == (again, 2 - again)
    turns = disturbed.turns("A") + disturbed.turns("B")
    assert f"2 of {turns} turns were disturbed, {again} of them measured again" in notes.of(disturbed)[0]
    assert saving.from_json(saving.to_json(disturbed)).replicates[6].still_disturbed == {"A"}


def test_disturbances_of_one_condition_are_a_warning_also_where_nothing_is_repeated():
    calm, held_up = {"wall_s": 1.0, "waited_s": 0.01}, {"wall_s": 1.0, "waited_s": 0.6}
    found = study(FASTER, repeats_disturbed=False)
    for index in range(60):
        names = {"A"} if index % 3 == 0 else set()
        samples = {"A": Sample({"s": 1.0}, held_up if names else calm), "B": Sample({"s": 2.0}, calm)}
        found.replicates.append(Replicate(index, ("A", "B"), samples, still_disturbed=names))
    assert any("WARNING: disturbances fell on A: 20 of its 60 turns were disturbed" in note for note in notes.of(found))


def test_a_study_measured_anew_has_the_same_plan_and_nothing_else():
    first = study(FASTER, at_least=12, pinned="a workload")
    run(first, measuring({"A": [1.0] * 99, "B": [2.0] * 99}), Silent())
    again = first.anew(2)
    assert (again.claims, again.plan, again.at_least, again.pinned) == (first.claims, first.plan, 12, "a workload")
    assert not again.replicates
    assert not again.closed
    assert again.state == "planned"


def test_whether_a_compile_came_from_a_cache_is_kept_of_cold_starts_too():
    reply = {
        "loaded_from_cache": False,
        "execution_devices_before": ["CPU"],
        "execution_devices": ["CPU"],
        "openvino": "1",
        "optimal_infer_requests": 1,
        "hint": "LATENCY",
        "seconds": dict.fromkeys([each.name.removesuffix("_s") for each in (*PHASES, FIL)], 0.1),
        "peak_memory_bytes": 1,
        "surroundings": {},
    }
    launcher = SimpleNamespace(run_once=lambda request, name: (reply, AutoLog()))
    cold = planned(FIRST_INFERENCE, Plan((6,), 60.0), devices=[Device("CPU")])
    workload = SimpleNamespace(request=lambda *_, **__: None)
    measured(cold, FreshTurns(cold, on(launcher, workload), Silent()))
    for name in ("AUTO", "CPU"):
        assert cold.facts[name]["loaded_from_cache"] == [False] * cold.turns(name)


def test_labels_are_those_of_the_target_and_of_the_study_and_say_where_it_ran():
    policy = Condition("A", Target("AUTO", {"PERFORMANCE_HINT": "LATENCY", "SCHEDULE_POLICY": "ROUND_ROBIN"}))
    there = Condition("B", Target(None), own_labels={"batch": "4"}, runs_on="2025.4.1")
    found = Result("places", (policy, there), (), Plan((1,), 1.0), 1)
    found.facts = {name: {"openvino": "2025.4.1-20426-abc"} for name in "AB"}
    assert found.labels("A") == {"device": "AUTO", "hint": "LATENCY", "schedule_policy": "ROUND_ROBIN"}
    assert found.labels("B") == {"device": "AUTO", "batch": "4", "openvino": "2025.4.1"}


def test_nothing_that_was_measured_is_left_when_all_is_measured_anew_and_no_plan_is_lost():
    planned_one = study(FASTER, pinned="P", at_least=7, relay_rounds=3, repeats_disturbed=False)
    planned_one.metrics, planned_one.recorded = (SECONDS,), {"seconds": "s"}
    run(planned_one, measuring({"A": [1.0] * 99, "B": [2.0] * 99}), Silent())
    again = planned_one.anew(5)
    for each in dataclasses.fields(again):
        ours, theirs = getattr(again, each.name), getattr(planned_one, each.name)
        if each.name == "seed":
            assert ours == 5
        elif each.metadata.get("measured"):
            assert ours == getattr(study(FASTER), each.name), each.name
        else:
            assert ours == theirs, each.name


@each_of("figure", [None, "5", True, [1.0]])
def test_a_figure_that_is_no_number_is_told_at_the_first_turn(figure):
    """It would be found when all is measured, and a file with it could not be read back."""
    odd = study(FASTER)
    with pytest.raises(TypeError, match="the figure s of a sample is"):
        run(odd, lambda _: Sample({"s": figure}), Silent())
    assert odd.state == "broken off"


def test_a_plan_that_could_not_be_read_back_is_refused_before_anything_is_measured():
    about_nobody = study(FASTER, conditions=(A,))
    with pytest.raises(ValueError, match="the study study cannot be read: its claim a-below-b is about B"):
        Rig.measure(None, None, about_nobody)
    assert about_nobody.state == "planned"
