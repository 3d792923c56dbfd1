"""What a result says of a fact and of a bound."""

import json
import math

import pytest

from autogauge.measuring import saving
from autogauge.measuring.claim import Bound, Difference, Fact, Ratio, Verdict, in_digits
from autogauge.measuring.condition import Condition
from autogauge.measuring.metric import Metric
from autogauge.measuring.plan import Plan
from autogauge.measuring.progress import Silent
from autogauge.measuring.result import Check, Replicate, Result, Sample
from autogauge.measuring.schedule import run
from autogauge.probe.request import Failure, ProbeFailed
from autogauge.stats.intervals import Interval, fewest_replicates, median_within
from autogauge.stats.verdicts import Outcome
from autogauge.targets import Target
from tests.cases import each_of
from tests.properties import for_all

LOST = Metric("lost", "lost inferences")
WAIT = Metric("wait_s", "wait", "s", seconds=1.0)
RATE = Metric("fps", "FPS", "frames per second", higher_is_better=True, seconds=1.0)
GROWTH = Metric("growth", "growth of memory", "bytes")
A, B = (Condition(name, Target(name)) for name in "AB")
FACT = Fact("a-hands-over", "A hands over", ("A",))
BOTH = Fact("both-answer", "Both answer", ("A", "B"))
NONE_LOST = Bound("a-loses-none", "A loses no inference", LOST, "A", "at most", 0, every=True)
PASS, FAIL, INCONCLUSIVE = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE
SEGFAULT = Failure("signal", "measured", "killed by signal 11 (SIGSEGV)", "the tail")


def measured(claim, *turns, conditions=(A,), looks=(1,), failures=(), **others):
    """A result of these turns: a replicate's samples by condition, or a sample of the first one."""
    result = Result("study", conditions, (claim,), Plan(looks, 60.0), 1, **others)
    for index, turn in enumerate(turns):
        samples = turn if isinstance(turn, dict) else {conditions[0].name: turn}
        result.replicates.append(Replicate(index, tuple(samples), samples))
    for index, name in failures:
        result.replicates.append(Replicate(index, (name,), {}, {name: SEGFAULT}))
    return result


def checked(holds, why="", claim=FACT):
    return Sample({}, checks={claim.name: Check(holds, why)})


def figures(claim, values, **others):
    samples = [Sample({} if value is None else {claim.metric.name: value}) for value in values]
    return measured(claim, *samples, looks=(len(values),), **others)


@each_of(
    ("turns", "outcome", "evidence"),
    [
        ([checked(True)], PASS, "A: it held in the one sample"),
        ([checked(True)] * 3, PASS, "A: it held in all 3 samples"),
        (
            [checked(True, "after 1 s"), checked(True, "after 2 s")],
            PASS,
            "A: it held in both samples (after 1 s; after 2 s)",
        ),
        ([checked(True, "at once")] * 2, PASS, "A: it held in both samples (at once)"),
        ([checked(False)], FAIL, "A: it did not hold in 1 of 1 sample: replicate 0"),
        (
            [checked(True), checked(False, "it never came")],
            FAIL,
            "A: it did not hold in 1 of 2 samples: replicate 1: it never came",
        ),
        (
            [checked(None, "no\nlog"), checked(False, "no")],
            FAIL,
            "A: it did not hold in 1 of 2 samples: replicate 1: no",
        ),
        (
            [checked(False, "no")] * 5,
            FAIL,
            "A: it did not hold in 5 of 5 samples: replicate 0: no; replicate 1: no; replicate 2: no and 2 more",
        ),
        (
            [checked(True), checked(None, "the log is empty")],
            INCONCLUSIVE,
            "A: not known in 1 of 2 samples: replicate 1: the log is empty",
        ),
        (
            [checked(True), Sample({})],
            INCONCLUSIVE,
            "A: not known in 1 of 2 samples: replicate 1: nothing was said of it",
        ),
        ([], INCONCLUSIVE, "A: not measured"),
    ],
)
def test_a_fact_holds_where_every_sample_says_so(turns, outcome, evidence):
    (verdict,) = measured(FACT, *turns).verdicts()
    assert (verdict.outcome, verdict.evidence()) == (outcome, evidence)


def test_a_fact_about_two_conditions_names_the_one_that_breaks_it():
    good, bad = checked(True, claim=BOTH), checked(False, "by the CPU", claim=BOTH)
    (verdict,) = measured(BOTH, {"A": good, "B": good}, {"A": good, "B": bad}, conditions=(A, B)).verdicts()
    assert verdict.outcome is FAIL
    assert verdict.evidence() == "A and B: it did not hold in 1 of 4 samples: B, replicate 1: by the CPU"


def test_a_fact_about_many_conditions_names_them_like_a_list():
    assert Fact("f", "it is so", ("A", "B", "C")).subject == "A, B and C"


@pytest.mark.parametrize("held", [True, None])
def test_a_fact_is_not_known_while_one_of_its_conditions_is_silent(held):
    (verdict,) = measured(BOTH, {"A": checked(held, claim=BOTH)}, conditions=(A, B)).verdicts()
    assert verdict.outcome is INCONCLUSIVE
    assert "B was not measured" in verdict.evidence()


@pytest.mark.parametrize(("claim", "sample"), [(FACT, checked(True)), (NONE_LOST, Sample({"lost": 0.0}))])
def test_of_a_turn_that_failed_nothing_is_known_and_the_evidence_says_how_it_failed(claim, sample):
    (verdict,) = measured(claim, sample, failures=[(1, "A")]).verdicts()
    assert verdict.outcome is INCONCLUSIVE
    assert "1 failed: A: killed by signal 11 (SIGSEGV)" in verdict.evidence()
    assert measured(claim, sample, failures=[(1, "B")], conditions=(A, B)).verdicts()[0].outcome is PASS, (
        "B's turn only"
    )


def test_a_fact_that_was_broken_in_a_disturbed_turn_is_broken():
    result = measured(FACT, checked(True))
    result.replicates[0].disturbed["A"] = checked(False, "it stayed on the CPU")
    (verdict,) = result.verdicts()
    assert verdict.outcome is FAIL
    assert "replicate 0 (disturbed): it stayed on the CPU" in verdict.evidence()


@pytest.mark.parametrize(("metric", "outcome"), [(LOST, FAIL), (WAIT, PASS)])
def test_a_disturbed_turn_says_nothing_of_a_time_only(metric, outcome):
    claim = Bound("bound", "it is little", metric, "A", "at most", 1, every=True)
    result = figures(claim, [1.0])
    result.replicates[0].disturbed["A"] = Sample({metric.name: 5.0})
    assert result.verdicts()[0].outcome is outcome


@each_of(
    ("relation", "values", "outcome", "evidence"),
    [
        ("at most", [0, 2, 1], PASS, " = 2 s at worst (3 samples), to be at most 2 s"),
        ("at least", [3, 2, 4], PASS, " = 2 s at worst (3 samples), to be at least 2 s"),
        ("at most", [2.5], FAIL, " = 2.5 s at worst (1 sample), to be at most 2 s; beyond it in 1: replicate 0: 2.5 s"),
        ("at least", [3, -1], FAIL, " = -1 s at worst (2 samples), to be at least 2 s; beyond it in 1: replicate 1: -1 s"),
        ("at most", [1, None], INCONCLUSIVE, " = 1 s at worst (2 samples), to be at most 2 s; not known in 1: replicate 1: none"),
        ("at most", [1, math.nan], INCONCLUSIVE, " = 1 s at worst (2 samples), to be at most 2 s; not known in 1: replicate 1: none"),
        ("at most", [math.nan, 3], FAIL, " = 3 s at worst (2 samples), to be at most 2 s; beyond it in 1: replicate 1: 3 s"),
        ("at most", [1, math.inf], FAIL, " (2 samples), to be at most 2 s; beyond it in 1: replicate 1: inf s"),
        ("at least", [3, math.inf], INCONCLUSIVE, " = 3 s at worst (2 samples), to be at least 2 s; not known in 1: replicate 1: none"),
        ("at least", [None], INCONCLUSIVE, " (1 sample), to be at least 2 s; not known in 1: replicate 0: none"),
        ("at most", [], INCONCLUSIVE, ": not measured"),
    ],
)  # fmt: skip
def test_a_bound_on_every_sample_goes_by_the_worst(relation, values, outcome, evidence):
    (verdict,) = figures(Bound("wait", "it waits little", WAIT, "A", relation, 2, every=True), values).verdicts()
    said = verdict.evidence().removeprefix("wait of A").replace("it has no such figure", "none")
    assert (verdict.outcome, said) == (outcome, evidence)


def test_a_bounds_sample_may_say_what_is_behind_its_figure_or_why_it_has_none():
    lost = Sample({"lost": 2.0}, checks={NONE_LOST.name: Check(None, "CL_OUT_OF_RESOURCES")})
    none = Sample({}, checks={NONE_LOST.name: Check(None, "nothing could\n be counted")})
    assert measured(NONE_LOST, lost).verdicts()[0].evidence() == (
        "lost inferences of A = 2 at worst (1 sample), to be at most 0; beyond it in 1: replicate 0: 2 (CL_OUT_OF_RESOURCES)"
    )
    assert measured(NONE_LOST, none).verdicts()[0].evidence() == (
        "lost inferences of A (1 sample), to be at most 0; not known in 1: replicate 0: nothing could be counted"
    )


@for_all(lambda st: (st.lists(st.one_of(st.none(), st.floats()), max_size=9), st.sampled_from(["at most", "at least"])))
def test_a_bound_on_every_sample_passes_only_where_every_figure_is_within(values, relation):
    claim = Bound("wait", "it waits little", WAIT, "A", relation, 1.5, every=True)
    (verdict,) = figures(claim, values).verdicts()
    beyond = [v for v in values if v is not None and (v > 1.5 if relation == "at most" else v < 1.5)]
    within = [v for v in values if v is not None and math.isfinite(v) and v not in beyond]
    if beyond:
        assert verdict.outcome is FAIL
    else:
        assert verdict.outcome is (PASS if values and len(within) == len(values) else INCONCLUSIVE)
    assert_is_json(verdict)


MEDIAN = Bound("wait", "A waits little", WAIT, "A", "at most", 2)


def test_a_median_is_judged_by_its_interval_and_said_in_its_unit():
    (verdict,) = figures(MEDIAN, [1.0 + place * 7 % 12 / 100 for place in range(12)]).verdicts()
    assert verdict.outcome is PASS
    assert verdict.evidence().startswith("median wait of A = 1.055 s (95 % interval 1")
    assert verdict.evidence().endswith("12 samples), to be at most 2 s")
    assert figures(MEDIAN, [3.0 + place * 7 % 12 / 100 for place in range(12)]).verdicts()[0].outcome is FAIL
    assert figures(MEDIAN, [1.0, 3.0] * 6).verdicts()[0].outcome is INCONCLUSIVE


def test_large_figures_are_said_whole():
    median = Bound("growth", "memory grows little", GROWTH, "A", "at most", 50_000_000)
    every = Bound("growth", "memory grows little", GROWTH, "A", "at most", 1_048_576, every=True)
    grown = [12_345_678.0] * 12
    assert figures(median, grown).verdicts()[0].evidence() == (
        "median growth of memory of A = 11.77 MiB (95 % interval 11.77 to 11.77 MiB, 12 samples), "
        "to be at most 47.6837 MiB"
    )
    assert figures(every, grown[:1]).verdicts()[0].evidence() == (
        "growth of memory of A = 12345678 bytes at worst (1 sample), to be at most 1048576 bytes; "
        "beyond it in 1: replicate 0: 12345678 bytes"
    )
    assert [in_digits(each, 4) for each in (0.00012344, 9999.0, 9999.5, 12345.0, -2e6, 1e300)] == [
        "0.0001234",
        "9999",
        "10000",
        "12345",
        "-2000000",
        "1e+300",
    ]


def test_few_samples_leave_a_median_open_however_clear_they_are():
    (verdict,) = figures(MEDIAN, [0.001] * 4).verdicts()
    assert verdict.outcome is INCONCLUSIVE
    assert (
        verdict.evidence()
        == "median wait of A = 0.001 s (too few for a 95 % interval: it takes 6, 4 samples), to be at most 2 s"
    )


@pytest.mark.parametrize("values", [[0.0] * 12, [-5.0, -3.0, 0.0, 1.0] * 3, [-1.0] * 12])
def test_a_median_of_what_is_not_above_nothing_is_judged_like_any_other(values):
    claim = Bound("growth", "memory does not grow", GROWTH, "A", "at most", 10)
    assert figures(claim, values).verdicts()[0].outcome is PASS


def test_a_median_does_not_rest_on_samples_without_a_figure():
    (verdict,) = figures(MEDIAN, [*[1.0] * 12, None]).verdicts()
    assert verdict.outcome is PASS
    assert "13 samples, 1 of them without a figure: replicate 12: it has no such figure" in verdict.evidence()
    assert figures(MEDIAN, [*[1.0] * 12, *[None] * 6]).verdicts()[0].outcome is INCONCLUSIVE
    assert figures(MEDIAN, [math.nan, None]).verdicts()[0].evidence() == "wait of A: replicate 0: it has no such figure"


def test_looks_at_a_median_share_the_error_and_end_the_study():
    values = iter([1.0] * 99)
    result = Result("study", (A,), (MEDIAN,), Plan((8, 16), 60.0), 1)
    run(result, lambda condition: Sample({"wait_s": next(values)}), Silent())
    (verdict,) = result.verdicts()
    assert (result.state, verdict.outcome, verdict.replicates) == ("decided", PASS, 8)
    wild = iter([1.0, 9.0] * 99)
    result = Result("study", (A,), (MEDIAN,), Plan((8, 16), 60.0), 1)
    run(result, lambda condition: Sample({"wait_s": next(wild)}), Silent())
    (verdict,) = result.verdicts()
    assert (result.state, verdict.outcome, verdict.replicates) == ("budget ended", INCONCLUSIVE, 16)


@each_of("value", [0.0, -1.0, math.nan, math.inf])
def test_a_ratio_of_a_figure_that_has_none_is_inconclusive_with_the_reason_and_stops_nothing(value):
    claim = Ratio("a-below-b", "A is below B", WAIT, "A", "B", "at most", 1.0)
    result = Result("study", (A, B), (claim,), Plan((8, 16), 60.0), 1)
    run(result, lambda condition: Sample({"wait_s": value if condition is A else 1.0}), Silent())
    (verdict,) = result.verdicts()
    assert verdict.outcome is INCONCLUSIVE
    assert f"A once gave {value:g} s, of which no ratio can be made" in verdict.evidence()


def test_a_ratio_of_a_metric_that_nobody_gives_says_so():
    claim = Ratio("a-below-b", "A is below B", WAIT, "A", "B", "at most", 1.0)
    turn = {"A": Sample({"wait_s": 1.0}), "B": Sample({"wait": 1.0})}
    (verdict,) = measured(claim, *[turn] * 12, conditions=(A, B)).verdicts()
    assert verdict.outcome is INCONCLUSIVE
    assert verdict.evidence() == "wait of A ÷ B: no complete replicate; no sample of B has that figure (wait_s)"


def test_a_ratio_goes_by_the_pairs_that_have_its_metric():
    claim = Ratio("a-below-b", "A is below B", WAIT, "A", "B", "at most", 1.0)
    both = {"A": Sample({"wait_s": 1.0}), "B": Sample({"wait_s": 2.0})}
    (verdict,) = measured(
        claim, *[both] * 12, {"A": Sample({}), "B": Sample({"wait_s": 2.0})}, conditions=(A, B)
    ).verdicts()
    assert (verdict.outcome, verdict.replicates) == (PASS, 12)


@pytest.mark.parametrize(
    ("claim", "make"),
    [
        (FACT, lambda: checked(True)),
        (FACT, lambda: checked(False)),
        (NONE_LOST, lambda: Sample({"lost": 5.0})),
    ],
)
def test_claims_about_every_sample_do_not_change_how_much_is_measured(claim, make):
    counts = []
    for claims in ((), (claim,)):
        result = Result("study", (A, B), claims, Plan((3,), 60.0), 1)
        run(result, lambda condition: make(), Silent())
        counts.append((len(result.replicates), result.state, [each.order for each in result.replicates]))
    assert counts[0] == counts[1]


def test_a_broken_fact_leaves_the_other_claims_alone():
    other = Fact("a-answers", "A answers", ("A",))
    sample = Sample({"lost": 0.0}, checks={FACT.name: Check(False, "no"), other.name: Check(True)})
    result = measured(FACT, sample)
    result.claims = (FACT, other, NONE_LOST)
    assert [each.outcome for each in result.verdicts()] == [FAIL, PASS, PASS]


def test_a_fact_is_asked_nothing_by_who_answered_and_a_bound_is():
    """Of an accelerator that never answered a figure says nothing; a fact has said all that it knows where it was measured."""
    auto = Condition("AUTO", Target("AUTO:GPU,CPU"))
    fact, bound = Fact("f", "it is so", ("AUTO",)), Bound("b", "few are lost", LOST, "AUTO", "at most", 0, every=True)
    sample = Sample({"lost": 0.0}, execution_devices=("CPU",), checks={"f": Check(True)})
    result = measured(fact, sample, conditions=(auto,))
    result.claims = (fact, bound)
    assert [each.outcome for each in result.verdicts()] == [PASS, INCONCLUSIVE]
    assert "AUTO was answered by CPU, so this says nothing about GPU" in result.verdicts()[1].evidence()


@pytest.mark.parametrize("every", [False, True])
def test_a_bound_on_a_rate_does_not_fail_by_what_the_harness_took(every):
    claim = Bound("fps", "A gives frames enough", RATE, "A", "at least", 100, every=every)
    for share, outcome in ((0.96, INCONCLUSIVE), (0.5, INCONCLUSIVE), (1.0, FAIL)):
        result = measured(claim, *[Sample({"fps": 97.0, "share_of_bound": share})] * 12, looks=(12,))
        result.facts["A"] = {"driver": "infer in threads", "processors": 2}
        assert result.verdicts()[0].outcome is outcome, share


def test_what_is_no_time_is_not_excused_by_the_harness():
    claim = Bound("lost", "A loses none", LOST, "A", "at most", 0, every=True)
    result = measured(claim, Sample({"lost": 1.0, "share_of_bound": 0.5}))
    result.facts["A"] = {"driver": "polling", "processors": 2}
    assert result.verdicts()[0].outcome is FAIL


def test_an_interruption_is_told_of_facts_too():
    def stopped(condition):
        if result.replicates:
            raise KeyboardInterrupt
        return checked(True)

    result = Result("study", (A,), (FACT,), Plan((3,), 60.0), 1)
    with pytest.raises(KeyboardInterrupt):
        run(result, stopped, Silent())
    assert result.verdicts()[0].evidence().endswith("; interrupted")


def test_a_condition_that_never_answers_leaves_its_fact_open_with_the_failure():
    def crashed(condition):
        raise ProbeFailed(SEGFAULT)

    result = Result("study", (A,), (FACT,), Plan((3,), 60.0), 1)
    run(result, crashed, Silent())
    (verdict,) = result.verdicts()
    assert verdict.outcome is INCONCLUSIVE
    assert verdict.evidence().startswith("A: not measured; 3 failed: A crashed in every turn")


def assert_is_json(verdict):
    """Strictly: without infinities and what is no number."""
    fields = json.loads(json.dumps(verdict.to_json(), allow_nan=False))
    assert fields["evidence"] == verdict.evidence()
    assert fields["broken"] == list(verdict.broken)
    assert fields["unknown"] == list(verdict.unknown)
    assert (fields["kind"], fields["conditions"]) == (verdict.claim.kind, list(verdict.claim.conditions))
    return fields


def test_ends_that_there_are_not_are_null_in_files():
    assert assert_is_json(figures(MEDIAN, [1.0] * 3).verdicts()[0])["ci"] == [None, None]
    assert assert_is_json(Verdict(MEDIAN, PASS, Interval(1.2, -1.0, 1.3, 0.99, 9), 9))["ci"] == [-1.0, 1.3]


@for_all(lambda st: (st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40), st.sampled_from([0.9, 0.95, 0.99])))
def test_a_medians_interval_holds_it_and_needs_as_many_samples_as_a_ratios(values, confidence):
    found = median_within(values, confidence)
    assert found.low <= found.ratio <= found.high
    if len(values) < fewest_replicates(confidence):
        assert (found.low, found.high) == (-math.inf, math.inf)
    elif len(values) < 12:
        assert {found.low, found.high} <= {*values}


@for_all(lambda st: (st.lists(st.floats(-1e3, 1e3) | st.just(math.nan), min_size=6, max_size=40),))
def test_what_is_not_known_only_widens_a_medians_interval(values):
    if all(map(math.isnan, values)):
        with pytest.raises(ValueError, match="no known values"):
            median_within(values, 0.95)
        return
    found = median_within(values, 0.95)
    if len(values) >= 12:  # the order then counts too
        return
    for guess in (-1e4, 0.0, 1e4):
        known = median_within([guess if math.isnan(each) else each for each in values], 0.95)
        assert found.low <= known.low
        assert known.high <= found.high


def test_a_medians_interval_covers_it_as_often_as_it_says():
    import numpy as np

    rng = np.random.default_rng(14)
    draws = np.exp(rng.normal(size=(1500, 15)))  # a skewed distribution, whose median is 1
    held = sum((found := median_within(list(each), 0.9)).low <= 1 <= found.high for each in draws)
    assert 0.88 <= held / len(draws) <= 1.0


def test_a_trend_widens_a_medians_interval_and_equal_values_do_not():
    still = median_within([1.0] * 30, 0.95)
    assert (still.low, still.high) == (1.0, 1.0)
    trend, mixed = [float(place) for place in range(30)], [float(place * 7 % 30) for place in range(30)]
    assert median_within(trend, 0.95).low < median_within(mixed, 0.95).low


PRICE = Difference("a-costs-little", "A costs little more than B", WAIT, "A", "B", "at most", 0.5)


def both(claim, pairs, **others):
    """Replicates with a figure of each condition; ``None`` is a sample without one."""
    turns = [
        {
            name: Sample({} if value is None else {claim.metric.name: value})
            for name, value in zip("AB", pair, strict=True)
        }
        for pair in pairs
    ]
    return measured(claim, *turns, conditions=(A, B), looks=(len(pairs),), **others)


@each_of(
    ("pairs", "outcome"),
    [
        ([(10.2 + place, 10.0 + place) for place in range(8)], PASS),
        ([(10.0 + place, 10.7 + place) for place in range(8)], PASS),
        ([(10.7 + place, 10.0 + place) for place in range(8)], FAIL),
        ([(10.0 + place % 2, 10.0) for place in range(8)], INCONCLUSIVE),
        ([(10.2, 10.0)] * 3, INCONCLUSIVE),
        ([(10.2, math.inf)] * 8, INCONCLUSIVE),
        ([(None, 10.0)] * 8, INCONCLUSIVE),
    ],
)
def test_a_difference_is_of_the_same_replicate_and_in_the_metrics_unit(pairs, outcome):
    assert both(PRICE, pairs).verdict(PRICE).outcome is outcome


def test_the_evidence_of_a_difference_is_in_the_unit_that_tables_write():
    price = Difference("g", "s", GROWTH, "A", "B", "at most", 2**21)
    evidence = both(price, [(5 * 2**20 + place, 4 * 2**20) for place in range(8)]).verdict(price).evidence()
    assert evidence.startswith("growth of memory of A − B = 1 MiB (95 % interval 1 to 1 MiB, 8 replicates)")
    assert evidence.endswith("to be at most 2 MiB")
    few_pairs = both(price, [(2, 1)]).verdict(price).evidence()
    assert "too few for a 95 % interval: it takes 6, 1 replicates" in few_pairs
    assert "no complete replicate" in both(price, [(None, 1)]).verdict(price).evidence()


def test_the_harness_excuses_no_difference():
    """What it takes of both sides alike is not in their difference: a price beyond its bound FAILs, however short the inferences."""
    facts = {name: {"driver": "infer", "processors": 2} for name in "AB"}
    short = [
        {name: Sample({WAIT.name: value, "share_of_bound": 0.4}) for name, value in (("A", 2.0), ("B", 1.0))}
        for _ in range(8)
    ]
    result = measured(PRICE, *short, conditions=(A, B), looks=(8,), facts=facts)
    assert result.verdict(PRICE).outcome is FAIL


def test_an_interruption_keeps_each_turn_that_was_finished_where_no_figures_are_compared():
    """A case needs no other: what a night has found is not lost with the case that was interrupted."""
    conditions = (A, B, Condition("C", Target("C")))
    alone = [Fact(f"{each.name}-answers", f"{each.name} answers", (each.name,)) for each in conditions]
    every = Fact("all-answer", "All answer", ("A", "B", "C"))

    def stopped(condition):
        if len(asked) == 2:
            raise KeyboardInterrupt
        asked.append(condition.name)
        return Sample({}, checks={claim.name: Check(len(asked) == 1) for claim in (*alone, every)})

    asked = []
    result = Result("study", conditions, (*alone, every), Plan((1,), 60.0), 1)
    with pytest.raises(KeyboardInterrupt):
        run(result, stopped, Silent())
    (left,) = {"A", "B", "C"} - {*asked}
    said = {each.claim.name: each for each in saving.from_json(saving.to_json(result)).verdicts()}
    assert said[f"{asked[0]}-answers"].outcome is PASS
    assert said[f"{asked[1]}-answers"].outcome is FAIL
    assert said[f"{left}-answers"].outcome is INCONCLUSIVE
    assert said[f"{left}-answers"].evidence() == f"{left}: not measured; interrupted"
    assert said["all-answer"].outcome is FAIL
    assert all(each.interrupted for each in said.values())


def test_an_interruption_keeps_no_half_of_a_pair():
    def stopped(condition):
        if asked:
            raise KeyboardInterrupt
        asked.append(condition.name)
        return Sample({"wait_s": 1.0})

    asked = []
    ratio = Ratio("a-below-b", "A is below B", WAIT, "A", "B", "at most", 1.0)
    result = Result("study", (A, B), (ratio,), Plan((1,), 60.0), 1)
    with pytest.raises(KeyboardInterrupt):
        run(result, stopped, Silent())
    assert not result.replicates


def test_a_ratio_of_too_few_says_how_many_it_takes_and_shows_no_interval_without_ends():
    ratio = Ratio("a-below-b", "A is below B", WAIT, "A", "B", "at most", 1.0)
    turns = [{"A": Sample({"wait_s": 1.0}), "B": Sample({"wait_s": 2.0})}] * 3
    (verdict,) = measured(ratio, *turns, conditions=(A, B), looks=(6,)).verdicts()
    assert verdict.evidence() == (
        "wait of A ÷ B = 0.500 (too few for a 95 % interval: it takes 6, 3 replicates), to be at most 1"
    )
