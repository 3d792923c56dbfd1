"""The gate: where the accepted runs say that the next one lies, what a suspicion needs to become a verdict, what a run may be used for."""

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from autogauge.errors import UserError
from autogauge.gate import past, side_by_side
from autogauge.gate.gate import Benchmark, Gate
from autogauge.gate.judgement import Judgement, Way, percent, percent_confidence
from autogauge.gate.past import Figure, Past, Rule
from autogauge.history.baseline import History, Waiting
from autogauge.history.records import PinnedRatio, SavedBenchmark, SavedRun
from autogauge.history.replay import VirtualClock
from autogauge.history.standing_file import Standing
from autogauge.measuring.condition import Condition
from autogauge.measuring.result import Replicate, Result, Sample
from autogauge.models.resolve import Wanted
from autogauge.probe.request import Failure, ProbeFailed
from autogauge.rig.warm import FPS, LATENCY_MS
from autogauge.stats.intervals import Interval
from autogauge.stats.prediction import level_of
from autogauge.stats.verdicts import Outcome
from autogauge.targets import Target
from fixtures.gate import NO_FAULT, _identity, fails, pytest_runtest_makereport
from fixtures.recording import RECORDED, keep
from fixtures.session import RUN
from tests.cases import each_of
from tests.properties import for_all
from tests.unit.test_report import settings

RULE = Rule(error=0.001, floor=1.05, smallest=1.10)
WILD = (0.94, 1.1, 1.0, 1.06, 0.98, 1.08, 0.96, 1.04, 1.02, 1.0)
RATIOS = (1.02, 1.01, 1.03, 1.02, 1.015, 1.025, 1.02, 1.01, 1.03, 1.02)


def figures(ratios=RATIOS, reference="pinned", seconds=0.01, error=0.005):
    return tuple(Figure(seconds, reference, each, error) for each in ratios)


def now(ratio, seconds=0.01, reference="pinned", error=0.005):
    return Figure(seconds, reference, ratio, error)


# A level and where the next run may lie.


def test_one_bad_run_in_ten_moves_the_level_by_less_than_a_hundredth():
    good = level_of(RATIOS)
    bad = level_of((*RATIOS[:-1], 3.0))
    assert math.exp(bad.centre - good.centre) == pytest.approx(1.0, abs=0.01)
    assert bad.reach(0.999) < 2 * good.reach(0.999)


def test_three_runs_that_agree_promise_less_than_ten():
    assert level_of((1.0, 1.0, 1.0)).reach(0.999) > level_of((1.0,) * 10).reach(0.999) > 0.02


@for_all(lambda st: (st.lists(st.floats(0.5, 2), min_size=1, max_size=25), st.floats(0.01, 100)))
def test_a_level_does_not_depend_on_the_unit(values, factor):
    level, scaled = level_of(values), level_of([factor * each for each in values])
    assert scaled.centre - level.centre == pytest.approx(math.log(factor), abs=1e-9)
    assert scaled.spread == pytest.approx(level.spread, abs=1e-9)


@each_of("values", [(), (0.0,), (-1.0,), (math.nan,), (math.inf,)])
def test_a_level_needs_figures(values):
    with pytest.raises(ValueError, match=r"runs|figures"):
        level_of(values)


@each_of("runs", [3, 5, 10, 20])
def test_the_next_run_lies_within_its_reach_as_often_as_promised(runs):
    random = np.random.default_rng(runs)
    beyond = 0
    for _ in range(2000):
        values = np.exp(0.03 * random.standard_normal(runs + 1))
        level = level_of(values[:-1], prior_spread=0.03)
        beyond += math.log(values[-1]) > level.centre + level.reach(0.99)
    assert beyond <= 40, "1 % is 20; twice that is no chance"


# Against history.


def test_a_run_like_the_others_passes():
    judgement = past.judge("b", now(1.02), Past(figures(), runs="10 accepted runs"), RULE)
    assert judgement.outcome is Outcome.PASS
    assert "10 accepted runs" in judgement.sentence()


def test_a_slower_run_fails_and_a_faster_one_has_improved():
    assert past.judge("b", now(1.17), Past(figures()), RULE).word == "FAIL"
    assert past.judge("b", now(0.88), Past(figures()), RULE).word == "IMPROVED"


def test_a_small_change_is_none_however_sure_it_is():
    alike = Past(figures((1.0,) * 20))
    assert past.judge("b", now(1.045), alike, Rule(0.05, 1.05)).outcome is not Outcome.FAIL


def test_a_run_whose_interval_reaches_what_is_to_be_found_is_inconclusive():
    assert past.judge("b", now(1.06, error=0.03), Past(figures()), RULE).outcome is Outcome.INCONCLUSIVE
    assert past.judge("b", now(1.02), Past(figures(RATIOS[:2])), RULE).outcome is Outcome.INCONCLUSIVE


def test_the_ratio_to_the_pinned_workload_counts_where_both_have_it():
    slow_machine = now(1.02, seconds=0.012)
    judgement = past.judge("b", slow_machine, Past(figures()), RULE)
    assert judgement.outcome is Outcome.PASS
    assert "its seconds: +20.0 %" in judgement.sentence()
    other = now(1.02, seconds=0.02, reference="another")
    assert "by its seconds" in past.judge("b", other, Past(figures()), RULE).against
    assert past.judge("b", other, Past(figures()), RULE).outcome is Outcome.FAIL


def test_a_slowdown_that_meets_the_pinned_workload_too_does_not_pass():
    gross = past.judge("b", now(1.02, seconds=0.016), Past(figures()), RULE)
    assert (gross.word, gross.remarkable) == ("INCONCLUSIVE", True)
    assert "its seconds: +60.0 %; that is more than time explains" in gross.sentence()
    wild = tuple(Figure(0.01 * factor, "pinned", 1.02, 0.005) for factor in (1.0, 1.7, 0.8, 1.2, 1.5, 0.9, 1.1, 1.6))
    assert past.judge("b", now(1.02, seconds=0.016), Past(wild), RULE).outcome is Outcome.PASS, "time moves them so"


def test_why_seconds_are_compared_is_said():
    assert past.why_by_seconds(now(1.02), Past(figures())) is None
    assert past.why_by_seconds(Figure(0.01), Past((Figure(0.01),) * 5)) is None, "there never was a ratio"
    assert "this run has no ratio" in past.judge("b", Figure(0.01), Past(figures()), RULE).sentence()
    assert "another pinned workload" in past.why_by_seconds(now(1.02, reference="another"), Past(figures()))
    few = Past((*figures()[:2], *(Figure(0.01) for _ in range(5))))
    assert "too few" in past.why_by_seconds(now(1.02), few)


OLD_PINNED, NEW_PINNED = (
    "googlenet on CPU, openvino 2024.6.0, python 3.11",
    "googlenet on CPU, openvino 2024.6.0, python 3.12",
)


def pinned_changed(slower, runs, *, seed=1, old=20, mood=0.02, before=OLD_PINNED):
    """The words of so many runs since the pinned workload changed, and the last judgement; they are ``slower`` from then on."""
    random = np.random.default_rng(seed)

    def figure(factor, reference):
        seconds = 0.01 * factor * math.exp(mood * random.standard_normal())
        ratio = factor * (1.0 if reference == before else 1.3) * math.exp(0.01 * random.standard_normal())
        return Figure(seconds, reference, ratio, 0.004) if reference else Figure(seconds)

    level = [figure(1.0, before) for _ in range(old)]
    words = []
    for _ in range(runs):
        first = level[:3] if len(level) > 20 else []
        new = figure(slower, NEW_PINNED)
        judgement = past.judge("b", new, Past(tuple(level[-20:]), first=tuple(first)), RULE)
        words.append(judgement.word)
        if judgement.word != "FAIL":
            level.append(new)
    return words, judgement


@each_of("before", [OLD_PINNED, None])
@each_of("seed", range(3))
def test_what_became_slower_when_the_pinned_workload_changed_never_passes_at_the_new_level(seed, before):
    words, last = pinned_changed(1.10, 40, seed=seed, before=before)
    assert set(words) <= {"INCONCLUSIVE", "FAIL"}, "also when the old runs have left the window"
    assert "runs before the pinned workload changed, by seconds: +" in last.sentence() or "FAIL" in words


def test_what_did_not_change_with_the_pinned_workload_passes_again_with_time():
    words, last = pinned_changed(1.0, 15)
    assert words[-1] == "PASS"
    assert "beside the 20 runs before the pinned workload changed" in last.sentence() or "beside the" in last.sentence()
    assert past.why_not_by_ratio(
        now(1.3, reference=NEW_PINNED), Past((*figures(reference=OLD_PINNED), *figures(reference=NEW_PINNED)))
    ) == (
        "NOT JUDGED by the ratio against the 10 runs before the pinned workload changed (from python 3.11 to python 3.12): by seconds only"
    )


def test_runs_in_between_with_no_ratio_or_another_are_no_level_of_their_own():
    same = figures(reference="pinned")
    for odd in (Figure(0.02), *figures((3.0,), "another")):
        for level in ((odd, odd, *same), (*same[:5], odd, odd, odd, *same[5:])):
            assert past.why_not_by_ratio(now(1.02), Past(level)) is None
            assert past.judge("b", now(1.02), Past(level), RULE).outcome is Outcome.PASS


def test_a_creep_in_steps_too_small_to_fail_is_said():
    creeping = figures(tuple(1.01**number for number in range(20)))
    for number in range(3, 20):
        assert past.judge("b", creeping[number], Past(creeping[:number]), RULE).outcome is not Outcome.FAIL
    sentence = past.creep(now(1.01**20), Past(creeping), RULE).sentence()
    assert sentence.startswith("it has crept by +19.6 % over the last 21 runs")
    assert past.creep(now(1.02), Past(figures()), RULE) is None
    assert past.creep(now(1.5), Past(figures()), RULE) is None, "one bad run is no creep"
    assert past.creep(Figure(0.0112), Past(tuple(Figure(0.01) for _ in range(9))), RULE) is None, "time moves seconds"


def test_a_run_that_was_measured_worse_than_usual_is_given_more_room():
    assert past.judge("b", now(1.13), Past(figures()), RULE).outcome is Outcome.FAIL
    assert past.judge("b", now(1.13, error=0.05), Past(figures()), RULE).outcome is Outcome.INCONCLUSIVE


def test_without_accepted_runs_there_is_no_verdict():
    judgement = past.judge("b", now(1.0), Past(), RULE)
    assert judgement.outcome is None
    assert judgement.word == "NO BASELINE"
    assert "no accepted run before this one has it" in judgement.sentence()


def test_a_suspicion_that_the_second_measurement_does_not_share_is_no_verdict():
    before = Past(figures())
    assert past.suspicion(now(1.25), before, RULE) is past.Suspicion.SLOWER
    assert past.suspicion(now(0.8), before, RULE) is past.Suspicion.FASTER
    assert past.suspicion(now(1.02), before, RULE) is None
    assert past.judge_again("b", now(1.25), now(1.02), before, RULE).outcome is not Outcome.FAIL
    assert past.judge_again("b", now(1.17), now(1.16), before, RULE).outcome is Outcome.FAIL
    assert "measured again" in past.judge_again("b", now(1.17), now(1.16), before, RULE).sentence()


@each_of("ratios", [(1.6, 0.88), (0.88, 1.6), (0.6, 1.02), (1.02, 0.6)])
def test_two_measurements_that_do_not_say_the_same_are_no_verdict(ratios):
    first, second = ratios
    judgement = past.judge_again("b", now(first), now(second), Past(figures()), RULE)
    assert judgement.word not in ("FAIL", "IMPROVED")
    assert not judgement.improved


def test_what_is_not_known_is_not_called_an_improvement():
    faster = past.judge("b", now(0.7), Past(figures()), RULE)
    assert faster.word == "IMPROVED"
    unknown = past.judge("b", now(0.7, seconds=0.02), Past(figures()), RULE)
    assert (unknown.word, unknown.improved) == ("INCONCLUSIVE", False), "its seconds doubled"


def test_what_creeps_for_longer_than_the_window_is_seen_from_the_first_runs_of_its_level():
    window = figures([1.20 + 0.004 * number for number in range(20)])
    assert past.creep(now(1.28), Past(window), RULE) is None, "the window alone does not show it"
    sentence = past.creep(now(1.28), Past(window, first=figures((1.0, 1.004, 1.008))), RULE).sentence()
    assert "over all runs at this level" in sentence
    assert past.creep(now(1.28), Past(window, first=figures((1.0, 1.004))), RULE) is None, "two are too few"


def test_an_earlier_level_tells_how_much_runs_vary_and_not_where_they_lie():
    wild = figures((0.8, 1.0, 1.2, 0.9, 1.1, 1.3, 0.7))
    calm = past.judge("b", now(1.17), Past(figures((1.0, 1.0, 1.0))), RULE)
    unsure = past.judge("b", now(1.17), Past(figures((1.0, 1.0, 1.0)), wild), RULE)
    assert unsure.change.ratio == pytest.approx(calm.change.ratio)
    assert unsure.change.low < calm.change.low


# A whole run.


CONDITION = Condition("AUTO-LATENCY", Target.with_hint("AUTO", "LATENCY"), beside="pinned-LATENCY")
PINNED = Condition("pinned-LATENCY", Target.with_hint("CPU", "LATENCY"))


def measured(ratio, rounds=60, seed=1, twin=None):
    """A study of one condition that takes ``ratio`` times as long as the pinned workload, and as its twin times ``twin``."""
    random = np.random.default_rng(seed)
    conditions = [CONDITION, PINNED]
    changes = ()
    if twin is not None:
        conditions.append(Condition("AUTO-LATENCY" + side_by_side.TWIN, CONDITION.target))
        changes = (side_by_side.claim("AUTO-LATENCY", LATENCY_MS, 1.025),)
    study = Result(
        "hints",
        tuple(conditions),
        (),
        side_by_side.plan(60.0, 0.001),
        1,
        changes,
        side_by_side.plan(60.0, 0.001),
        "pinned",
    )
    costs = {
        "AUTO-LATENCY": 10 * ratio,
        "pinned-LATENCY": 10.0,
        "AUTO-LATENCY" + side_by_side.TWIN: 10 * ratio / (twin or 1),
    }
    study.elapsed_s = 30.0
    for index in range(rounds):
        samples = {
            each.name: Sample({"latency_ms": costs[each.name] * math.exp(0.02 * random.standard_normal())})
            for each in conditions
        }
        study.replicates.append(Replicate(index, tuple(samples), samples))
    return study


def saved_run(number, ratio, driver=""):
    beside = PinnedRatio("pinned", ratio, 0.003, 60)
    benchmarks = {"b": SavedBenchmark("b", "t", 0.01 * ratio, 60, beside, driver=driver)}
    return SavedRun(Path(f"{number:04d}_run.json"), None, "f", "2026.4.1", "lab", benchmarks)


def history_of(*ratios, pending=()):
    """``pending`` are the ratios of runs that wait, oldest first, each with whether it is the better one or undecided."""
    runs = tuple(saved_run(number, ratio) for number, ratio in reversed(list(enumerate(ratios, 1))))
    waiting = [Waiting(saved_run(number, ratio), better) for number, (ratio, better) in enumerate(pending, 11)]
    return History(Path(), runs, tuple(frozenset() for _ in runs), {"b": waiting[::-1]} if waiting else {})


def gate(history, reference="", mode="fail", **others):
    return Gate(mode, 0.05, 1, lambda: history, reference, **others)


def judged(gate, first, again=None):
    if again is not None:
        gate.remember(first, lambda: again)
    return gate.judge(Benchmark("b", first, "AUTO-LATENCY", LATENCY_MS))


def test_an_unchanged_run_is_accepted_and_nothing_is_measured_again():
    found = gate(history_of(*RATIOS))
    assert [each.word for each in judged(found, measured(1.02))] == ["PASS"]
    assert found.decide().standing is Standing.ACCEPTED
    assert not found.results_again


def test_a_regression_that_is_measured_twice_quarantines_its_run():
    found = gate(history_of(*RATIOS))
    (judgement,) = judged(found, measured(1.2), measured(1.2, seed=2))
    assert (judgement.word, judgement.measured_again) == ("FAIL", True)
    decision = found.decide()
    assert (decision.others, decision.benchmarks) == (Standing.ACCEPTED, {"b": Standing.QUARANTINED})
    assert decision.new_level == ("b",)
    assert "slower" in decision.why


def test_a_regression_that_is_gone_when_measured_again_is_none():
    found = gate(history_of(*RATIOS))
    (judgement,) = judged(found, measured(1.2), measured(1.02, seed=2))
    assert judgement.word != "FAIL"
    assert found.decide().standing is Standing.ACCEPTED


@pytest.mark.parametrize(("first", "second"), [(0.9, 1.1), (1.1, 0.9)])
def test_beside_a_reference_two_measurements_that_say_the_opposite_are_no_verdict(first, second):
    found = gate(history_of(*RATIOS), reference="r", reference_accepted=True)
    beside, _ = judged(found, measured(1.02, twin=first), measured(1.02, seed=2, twin=second))
    assert (beside.word, beside.measured_again) == ("INCONCLUSIVE", True)
    assert "the two measurements say opposite things" in beside.sentence()


def test_what_improved_in_a_run_that_failed_begins_its_level_too_once_it_is_accepted():
    found = gate(history_of(*RATIOS))
    judged(found, measured(1.2), measured(1.2, seed=2))
    (slower,) = found.judgements
    faster = past.judge("c", now(0.8), Past(figures()), RULE)
    found.judgements.append(faster)
    decision = found.decide()
    assert decision.benchmarks == {slower.benchmark: Standing.QUARANTINED, "c": Standing.PENDING}
    assert decision.new_level == (slower.benchmark, "c")


def test_a_better_level_waits_for_a_second_run():
    first = gate(history_of(*RATIOS))
    judged(first, measured(0.8), measured(0.8, seed=2))
    assert first.decide().standing is Standing.PENDING
    second = gate(history_of(*RATIOS, pending=[(0.8, True)]))
    judged(second, measured(0.8, seed=3), measured(0.8, seed=4))
    decision = second.decide()
    assert decision.standing is Standing.ACCEPTED
    assert decision.confirms == {Path("0011_run.json"): ("b",)}
    assert decision.new_level == (), "its level begins with the first of the two"


def test_what_is_better_as_surely_as_it_would_fail_waits_too():
    found = gate(history_of(*RATIOS))
    (judgement,) = judged(found, measured(0.945), measured(0.945, seed=2))
    assert judgement.word == "PASS", "not called improved: it may be within the floor"
    assert found.decide().of("b") is Standing.PENDING


def test_a_better_run_whose_two_measurements_do_not_both_say_so_waits_and_confirms_nothing():
    for pending, new_level in (((), ("b",)), ([(0.88, True)], ())):
        found = Gate("fail", 0.05, 10, lambda pending=pending: history_of(*RATIOS, pending=pending))
        (judgement,) = judged(found, measured(0.86), measured(0.96, seed=2))
        assert (judgement.word, judgement.change.high < 1) == ("INCONCLUSIVE", True)
        decision = found.decide()
        assert (decision.of("b"), decision.new_level, decision.confirms) == (Standing.PENDING, new_level, {})


def test_a_run_between_the_old_level_and_the_better_one_waits_with_it():
    def after(ratio):
        found = gate(history_of(*WILD, pending=[(0.85, True)]))
        judged(found, measured(ratio), measured(ratio, seed=2))
        return found.decide()

    at_the_old, between = after(1.01), after(0.91)
    assert (at_the_old.standing, at_the_old.confirms) == (Standing.ACCEPTED, {})
    assert (between.standing, between.new_level, between.confirms) == (Standing.PENDING, (), {})
    third = gate(history_of(*WILD, pending=[(0.85, True), (0.91, False)]))
    judged(third, measured(0.80), measured(0.80, seed=2))
    assert third.decide().confirms == {Path(f"00{number}_run.json"): ("b",) for number in (11, 12)}


def test_what_waits_in_one_benchmark_is_not_confirmed_by_another():
    found = gate(history_of(*RATIOS, pending=[(0.8, True)]))
    found.judgements.append(past.judge("c", now(0.8), Past(figures()), RULE))
    decision = found.decide()
    assert (decision.benchmarks, decision.confirms) == ({"c": Standing.PENDING}, {})


def test_judged_against_another_history_nothing_in_that_is_confirmed():
    found = gate(history_of(*RATIOS, pending=[(0.8, True)]), baseline="reports/history/lab-01")
    judged(found, measured(0.8), measured(0.8, seed=2))
    decision = found.decide()
    assert (decision.of("b"), decision.confirms) == (Standing.PENDING, {})
    assert found.to_json()["baseline"] == "reports/history/lab-01"


def test_a_run_that_was_heavily_disturbed_waits_whatever_it_found_and_confirms_nothing():
    for history, ratio in (
        (history_of(), 1.0),
        (history_of(*RATIOS), 1.02),
        (history_of(*RATIOS, pending=[(0.8, True)]), 0.8),
    ):
        found = gate(history)
        found.unfit = lambda: ["other processes took 1.70 of 2 processors while it measured"]
        judged(found, measured(ratio), measured(ratio, seed=2))
        decision = found.decide()
        assert (decision.others, decision.benchmarks, decision.confirms) == (Standing.PENDING, {}, {})
        assert decision.why == "other processes took 1.70 of 2 processors while it measured"
    found = gate(history_of(*RATIOS))
    found.unfit = lambda: ["disturbed"]
    judged(found, measured(1.2), measured(1.2, seed=2))
    assert found.decide().benchmarks == {"b": Standing.QUARANTINED}, "what failed has failed"


def test_a_run_of_which_a_test_failed_is_no_baseline():
    found = gate(history_of(*RATIOS))
    judged(found, measured(1.02))
    found.faults.append("tests/perf/test_hints.py::test_the_throughput_hint")
    decision = found.decide()
    assert (decision.others, decision.benchmarks) == (Standing.QUARANTINED, {}), "as a whole"
    assert decision.why == "failed: tests/perf/test_hints.py::test_the_throughput_hint"


def test_a_standing_names_three_tests_and_a_count():
    """An emulated GPU that crashed in every turn once gave a line of 2,600 characters."""
    found = gate(history_of(*RATIOS))
    found.faults += [
        f"tests/perf/test_hand_over.py::test_autos_log_agrees_with_the_labels[{each}]" for each in range(34)
    ]
    assert found.decide().why == (
        "failed: test_autos_log_agrees_with_the_labels[0], test_autos_log_agrees_with_the_labels[1], "
        "test_autos_log_agrees_with_the_labels[2] and 31 more"
    )
    assert len(found.to_json()["faults"]) == 34, "a file has room for all of them"


def test_a_standing_names_three_benchmarks_that_are_slower_not_measured_or_waiting():
    keys = [f"latency: GPU.{each}-THROUGHPUT" for each in range(9)]
    found = gate(history_of(*RATIOS))
    found.judgements += [past.judge(key, now(1.3), Past(figures()), RULE) for key in keys]
    decision = found.decide()
    assert decision.why == f"slower: {keys[0]}, {keys[1]}, {keys[2]} and 6 more"
    assert set(decision.benchmarks) == {*keys}, "each has its standing"
    found = gate(history_of(*RATIOS))
    found.judgements += [past.judge(key, now(0.7), Past(figures()), RULE) for key in keys]
    waiting = found.decide()
    assert waiting.why.endswith(f"to be confirmed: {keys[0]}, {keys[1]}, {keys[2]} and 6 more")
    assert set(waiting.named(Standing.PENDING)) == {*keys}


@each_of(
    ("failed", "marked", "no_fault", "told"),
    [
        (True, True, False, True),
        (False, True, False, False),
        (True, False, False, False),
        (True, True, True, False),
    ],
)
def test_the_gate_is_told_of_perf_tests_that_fail_for_another_reason_than_a_judgement(failed, marked, no_fault, told):
    found = gate(history_of(*RATIOS))
    stash = pytest.Stash()
    stash[NO_FAULT] = no_fault
    item = SimpleNamespace(
        get_closest_marker=lambda name: marked or None,
        stash=stash,
        config=SimpleNamespace(stash={RUN: SimpleNamespace(gate=found, faults=found.faults)}),
    )
    hook = pytest_runtest_makereport(item)
    next(hook)
    with pytest.raises(StopIteration):
        hook.send(SimpleNamespace(failed=failed, nodeid="tests/perf/t.py::t", when="call"))
    assert found.faults == (["tests/perf/t.py::t"] if told else [])


@pytest.mark.parametrize("strict", [False, True])
def test_inconclusive_fails_by_choice_or_when_the_gate_could_not_measure(strict, tmp_path):
    chosen = settings(tmp_path, fail_inconclusive=strict)

    def said(outcome, **fields):
        return fails(Judgement("b", Way.HISTORY, "history", outcome, None, 1.05, **fields), chosen)

    assert said(Outcome.FAIL)
    assert said(Outcome.INCONCLUSIVE) is strict
    assert said(Outcome.INCONCLUSIVE, cannot_measure=True)
    assert not said(Outcome.PASS)
    assert not said(None)
    assert fails(Judgement("b", Way.HISTORY, "history", None, None, 1.05), settings(tmp_path, fail_no_baseline=True))


def test_a_study_that_cannot_be_measured_again_says_so():
    def dies():
        raise ProbeFailed(Failure("signal", "slice", "killed by signal 9 (SIGKILL)"))

    found = gate(history_of(*RATIOS))
    study = measured(1.2)
    found.remember(study, dies)
    (judgement,) = judged(found, study)
    assert "could not be measured again" in judgement.sentence()
    assert (judgement.word, judgement.cannot_measure) == ("INCONCLUSIVE", True), "no verdict, and no PASS either"


def test_a_pinned_workload_that_dies_in_the_second_measurement_is_no_pass():
    found = gate(history_of(*RATIOS))
    second = measured(1.2, seed=2)
    for replicate in second.replicates:
        replicate.samples.pop("pinned-LATENCY")
    (judgement,) = judged(found, measured(1.2), second)
    assert (judgement.word, judgement.cannot_measure) == ("INCONCLUSIVE", True)
    assert "could not be measured again" in judgement.sentence()
    assert found.decide().standing is Standing.QUARANTINED, "it was not measured as it should be"


def test_a_run_without_the_ratio_that_its_history_has_says_so():
    found = gate(history_of(*RATIOS))
    study = measured(1.02)
    for replicate in study.replicates:
        replicate.samples.pop("pinned-LATENCY")
    judged(found, study)
    assert found.notes == [
        "b: by seconds only, since this run has no ratio to the pinned workload, and its history has"
    ]


def test_a_run_whose_requests_are_driven_otherwise_than_its_history_says_so():
    """Else a change of the harness's own would be taken for the device's."""
    study = measured(1.02)
    study.facts["AUTO-LATENCY"] = {"driver": "infer"}
    said = "b: requests are driven by infer, in its history by {} too: a change may be the harness's own"
    for driver, notes in (("polling", [said.format("polling")]), ("infer", []), ("", [])):
        runs = tuple(saved_run(number, ratio, driver) for number, ratio in enumerate(RATIOS, 1))
        found = gate(History(Path(), runs, tuple(frozenset() for _ in runs)))
        judged(found, study)
        assert found.notes == notes, driver
    short = Past((Figure(1e-4), Figure(1e-4, driver="infer")))
    assert "by another way too" in past.driven_otherwise(Figure(1e-4, driver="infer"), short)


def test_a_creep_is_noted_for_the_run():
    found = gate(history_of(*(1.01**number for number in range(20))))
    judged(found, measured(1.2), measured(1.2, seed=2))
    assert any("b: it has crept by" in note for note in found.notes)
    assert found.notes == found.to_json()["notes"]


CREEPING = tuple(1.01**number for number in range(20))


def test_a_creep_fails_by_choice():
    found = gate(history_of(*CREEPING))
    (judgement,) = judged(found, measured(1.2), measured(1.2, seed=2))
    assert judgement.word != "FAIL"
    found = gate(history_of(*CREEPING), fail_creep=True)
    (judgement,) = judged(found, measured(1.2), measured(1.2, seed=2))
    assert (judgement.word, judgement.measured_again) == ("FAIL", True)
    assert "it has crept by +19.3 % over the last 21 runs" in judgement.sentence()
    decision = found.decide()
    assert (decision.of("b"), decision.new_level) == (Standing.QUARANTINED, ("b",))


def test_a_creep_that_cannot_be_measured_again_is_no_verdict_and_no_pass():
    found = gate(history_of(*CREEPING), fail_creep=True)
    (judgement,) = judged(found, measured(1.2))
    assert (judgement.word, judgement.cannot_measure) == ("INCONCLUSIVE", True)


def test_a_benchmark_that_is_recorded_twice_counts_once_and_the_last_time():
    found = gate(history_of(*CREEPING))
    judged(found, measured(1.5), measured(1.5, seed=2))
    found.judge(Benchmark("b", measured(1.1, seed=3), "AUTO-LATENCY", LATENCY_MS))
    (judgement,) = found.judgements
    assert judgement.word != "FAIL"
    assert found.decide().standing is Standing.ACCEPTED
    assert all("b, b" not in note for note in found.notes)


def test_the_sentence_says_what_this_runs_figure_rests_on():
    (first,) = judged(gate(history_of(*RATIOS)), measured(1.02))
    assert "10 runs, this one with 60 rounds)" in first.sentence()
    (again,) = judged(gate(history_of(*RATIOS)), measured(1.2), measured(1.2, seed=2))
    assert "10 runs, this one with 120 rounds)" in again.sentence()


def test_a_benchmark_without_a_sample_cannot_be_measured():
    found = gate(history_of(*RATIOS))
    (judgement,) = judged(found, measured(1.0, rounds=0))
    assert judgement.cannot_measure


def test_beside_a_reference_both_ways_judge_and_share_the_error():
    found = gate(history_of(*RATIOS), reference="2026.3.0")
    assert found.error == gate(history_of()).error / 2
    beside, history = judged(found, measured(1.02, twin=1.1), measured(1.02, seed=2, twin=1.1))
    assert (beside.way, beside.word, beside.measured_again) == (Way.SIDE_BY_SIDE, "FAIL", True)
    assert "the reference 2026.3.0 in the same rounds" in beside.sentence()
    assert history.word == "PASS"


def test_a_study_without_twins_is_judged_against_history_only_and_takes_no_share_of_the_error():
    found = gate(history_of(*RATIOS), reference="2026.3.0")
    assert [each.way for each in judged(found, measured(1.02))] == [Way.HISTORY]
    assert found.notes == ["not measured beside 2026.3.0, since their studies compare with no reference: b"]
    assert Gate("fail", 0.05, 10, History, "2026.3.0", twinned=8).error == pytest.approx(0.01 / 18)


@pytest.mark.parametrize(("accepted", "standing"), [(True, Standing.QUARANTINED), (False, Standing.ACCEPTED)])
def test_only_a_reference_that_was_good_enough_once_says_that_a_run_is_worse(accepted, standing):
    found = gate(history_of(*RATIOS), reference="r", reference_accepted=accepted)
    beside, _ = judged(found, measured(1.02, twin=1.1), measured(1.02, seed=2, twin=1.1))
    assert beside.word == "FAIL"
    assert found.decide().standing is standing


def test_both_measurements_fit_the_time_of_a_pair():
    study = measured(1.02, twin=1.1)
    study.change_plan = side_by_side.plan(60.0, 0.001)
    study.elapsed_s = 10.0
    again = side_by_side.anew(study, 2)
    assert again.change_plan.budget_s == pytest.approx(50.0)
    wrong = [(1 - plan.confidence) / 2 for plan in (study.change_plan, again.change_plan)]
    assert wrong[0] * wrong[1] == pytest.approx(0.001 / 2), "both have to be wrong"
    study.elapsed_s = 99.0  # for another claim
    assert side_by_side.anew(study, 2).change_plan.budget_s == pytest.approx(60 * (1 - side_by_side.FIRST_SHARE))


def test_beside_an_equal_reference_it_passes():
    beside, _ = judged(gate(history_of(*RATIOS), reference="x"), measured(1.02, twin=1.0))
    assert beside.word == "PASS"


def test_a_reference_that_was_never_measured_is_a_gate_that_cannot_measure():
    study = measured(1.02, twin=1.0)
    for replicate in study.replicates:
        replicate.samples.pop("AUTO-LATENCY" + side_by_side.TWIN)
    beside, _ = judged(gate(history_of(*RATIOS), reference="x"), study)
    assert beside.cannot_measure


def test_a_gate_that_is_off_judges_nothing():
    assert judged(gate(history_of(*RATIOS), mode="off"), measured(1.5)) == []


def test_more_benchmarks_ask_for_more_of_each():
    assert Gate("fail", 0.05, 10, History).error == pytest.approx(0.001)


def test_frames_per_second_are_turned_over():
    interval = side_by_side.cost_of(Interval(0.8, 0.7, 0.9, 0.99, 50), FPS)
    assert (interval.ratio, interval.low, interval.high) == (1 / 0.8, 1 / 0.9, 1 / 0.7)
    assert side_by_side.cost_of(Interval(1.0, 0.0, math.inf, 0.99, 1), FPS).high == math.inf


def test_words_for_changes():
    assert [percent(each) for each in (1.051, 0.9, 12.0, math.inf)] == ["+5.1 %", "-10.0 %", "×12", "∞"]
    assert [percent(each) for each in (0.99951, 1.0004, 0.9994)] == ["+0.0 %", "+0.0 %", "-0.1 %"], "no negative zero"
    assert [percent_confidence(each) for each in (0.99, 0.9995, 0.95)] == ["99 %", "99.95 %", "95 %"]


def test_an_unbounded_judgement_has_no_infinity_in_its_json():
    judgement = Judgement(
        "b", Way.SIDE_BY_SIDE, "x", Outcome.INCONCLUSIVE, Interval(1.0, 0.0, math.inf, 0.99, 3), 1.025
    )
    assert judgement.to_json()["ci"] == [0.0, None]
    assert "not yet bounded" in judgement.sentence()


# What pytest makes of it.


def test_what_is_asked_of_a_gate_that_only_warns_is_one_sentence(tmp_path):
    wanted = Wanted("googlenet-v1", "FP16", "embedded", 60.0)
    for option, name in (("--no-baseline", "fail_no_baseline"), ("--creep", "fail_creep")):
        for mode in ("warn", "off"):
            says = f"{option}=fail asks the gate to fail, and --gate={mode} fails nothing"
            with pytest.raises(UserError, match=says):
                settings(tmp_path, wanted=wanted, gate=mode, **{name: True}).check()
        settings(tmp_path, wanted=wanted, gate="fail", **{name: True}).check()


def test_of_a_benchmark_that_is_recorded_twice_the_last_is_saved_by_us_and_by_pytest_benchmark():
    first, second, other = object(), object(), object()
    config = SimpleNamespace(stash=pytest.Stash(), _benchmarksession=SimpleNamespace(benchmarks=[]))
    for key, stats in (("a", first), ("b", other), ("a", second)):
        config._benchmarksession.benchmarks.append(stats)
        keep(config, config, key, stats)
    assert list(config.stash[RECORDED][id(config)].values()) == config._benchmarksession.benchmarks == [other, second]


def test_a_test_that_a_plugin_repeats_takes_one_share_of_the_error():
    def item(**params):
        return SimpleNamespace(
            path=Path("t.py"),
            cls=None,
            originalname="test_it",
            name="test_it[…]",
            callspec=SimpleNamespace(params=params),
        )

    repeated = {_identity(item(hint="LATENCY", __pytest_repeat_step_number=each)) for each in range(3)}
    assert repeated == {_identity(item(hint="LATENCY"))}
    assert _identity(item(hint="LATENCY")) != _identity(item(hint="THROUGHPUT"))


def test_of_a_test_that_runs_again_the_last_time_counts():
    found = gate(history_of(*RATIOS))
    item = SimpleNamespace(
        get_closest_marker=lambda name: True,
        stash=pytest.Stash(),
        config=SimpleNamespace(stash={RUN: SimpleNamespace(gate=found, faults=found.faults)}),
    )
    for when, failed in (("setup", False), ("call", True), ("teardown", False), ("setup", False), ("call", False)):
        hook = pytest_runtest_makereport(item)
        next(hook)
        with pytest.raises(StopIteration):
            hook.send(SimpleNamespace(failed=failed, nodeid="t.py::t", when=when))
    assert found.faults == []


def test_the_replay_of_samples_shows_nothing_for_a_call_too_many():
    clock = VirtualClock()
    clock.load([0.5, 0.25])
    shown = []
    for _ in range(3):
        clock.now()
        clock.step()
        shown.append(clock.now())
    assert shown == [0.5, 0.25, 0.0], "a figure of zero is refused by every reader"
