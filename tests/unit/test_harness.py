"""A promise does not fail by what the harness itself costs, and the driver that costs the device least is chosen."""

import math
import random

import pytest

from autogauge.measuring.claim import Bound, Ratio
from autogauge.measuring.condition import Condition
from autogauge.measuring.harness import driven
from autogauge.measuring.plan import Plan
from autogauge.measuring.result import Replicate, Result, Sample
from autogauge.probe.worker.trial import FEWEST_TURNS, MARGIN, choose
from autogauge.rig.drivers import tried
from autogauge.rig.warm import FPS, LATENCY_MS
from autogauge.stats.verdicts import Outcome
from autogauge.targets import Target
from tests.cases import each_of
from tests.properties import for_all

MORE_FPS = Ratio("t-fps", "THROUGHPUT gives no fewer", FPS, "T", "L", "at least", 0.98)
LATENCY = Ratio("l-latency", "LATENCY gives no higher", LATENCY_MS, "L", "T", "at most", 1.02)


def measured(
    claim,
    *,
    fps,
    latency_ms=(1.0, 1.0),
    shares=(1.0, 1.0),
    drivers=("infer in threads",) * 2,
    processors=2,
    tried=({}, {}),
):
    """A study of T and L with these figures, the same in each of thirty rounds but for a little."""
    study = Result("hints", tuple(Condition(name, Target("CPU")) for name in "TL"), (claim,), Plan((30,), 60.0), seed=1)
    for index in range(30):
        replicate = Replicate(index, ("T", "L"))
        for side, name in enumerate("TL"):
            little = 1 + 0.001 * ((index * (side + 3)) % 7)
            figures = {"fps": fps[side] * little, "latency_ms": latency_ms[side] * little}
            replicate.samples[name] = Sample({**figures, "share_of_bound": shares[side]})
        study.replicates.append(replicate)
    for side, name in enumerate("TL"):
        study.facts[name] = {"driver": drivers[side], "infer_requests": 2 - side, "processors": processors}
        study.facts[name] |= {"drivers_tried": tried[side]} if tried[side] else {}
    return study.verdict(claim)


def test_a_broken_promise_fails_where_the_harness_took_nothing():
    verdict = measured(MORE_FPS, fps=(80.0, 100.0))
    assert verdict.outcome is Outcome.FAIL
    assert not verdict.remark


@each_of("shares", [(0.75, 0.99), (0.99, 0.87), (0.94, 0.94)])
@each_of("fps", [40.0, 80.0])
def test_a_promise_about_inferences_that_are_hardly_longer_than_the_harness_is_inconclusive_and_says_so(fps, shares):
    """Two requests of a model of 0.02 ms gave less than half of one request's frames, by the harness's own threads alone."""
    verdict = measured(MORE_FPS, fps=(fps, 100.0), shares=shares)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "inferences are too short to tell the device from what drives it" in verdict.evidence()
    assert f"the harness took {100 * (1 - min(shares)):.0f} % of" in verdict.evidence()
    assert verdict.to_json()["remark"] in verdict.evidence()


OF_ONE = Bound("l", "L answers in time", LATENCY_MS, "L", "at most", 0.001)
OF_SEVERAL = Bound("t", "T answers in time", LATENCY_MS, "T", "at most", 0.001)


@each_of(
    ("claim", "latency_ms", "outcome"),
    [
        (OF_ONE, 0.0714, Outcome.FAIL),  # 70-fold, of which 8 % are the harness's
        (OF_ONE, 0.0022, Outcome.FAIL),
        (OF_ONE, 0.0021, Outcome.INCONCLUSIVE),  # a thread that is not woken may be twice as fast
        (OF_ONE, 0.0009, Outcome.PASS),
        (OF_SEVERAL, 0.0714, Outcome.FAIL),
        (OF_SEVERAL, 0.0080, Outcome.INCONCLUSIVE),  # two that wait for each other's threads, eight times
    ],
)
def test_a_bound_that_is_missed_by_more_than_the_harness_may_have_cost_fails_however_short_the_model(
    claim, latency_ms, outcome
):
    verdict = measured(claim, fps=(1e4, 1e4), latency_ms=(latency_ms,) * 2, shares=(0.92, 0.92))
    assert verdict.outcome is outcome, verdict.evidence()
    took = f"the harness took 8 % of {claim.condition}'s time"
    assert took in verdict.evidence()
    if outcome is Outcome.FAIL:
        assert f"{took}: given back " in verdict.evidence()
        assert "the bound is missed still" in verdict.evidence()


@each_of(
    ("requests", "latency_ms", "bound", "outcome"),
    [
        ("T", 0.05, 0.04, Outcome.INCONCLUSIVE),
        ("T", 0.05, 0.007, Outcome.INCONCLUSIVE),
        ("T", 0.05, 0.006, Outcome.FAIL),
        ("T", 0.25, 0.20, Outcome.FAIL),
        ("L", 0.05, 0.04, Outcome.FAIL),  # one request waits for nobody's thread, and its share says what it lost
    ],
)
def test_several_requests_of_a_short_model_hold_the_waiting_for_each_other_though_the_share_is_high(
    requests, latency_ms, bound, outcome
):
    """Two requests of one convolution: a latency of 0.0535 ms with a share above 0.95, where one request had 0.0213 ms."""
    claim = Bound("b", "it answers in time", LATENCY_MS, requests, "at most", bound)
    verdict = measured(claim, fps=(1e4, 1e4), latency_ms=(latency_ms,) * 2, shares=(0.96, 0.96))
    assert verdict.outcome is outcome, verdict.evidence()


def test_a_ratio_of_short_inferences_fails_only_where_it_is_missed_by_all_that_the_harness_may_have_cost():
    """Two requests that wait for each other's threads gave 0.4 times one's frames; a device may give eight times that, and not 16."""
    short = {"shares": (0.94, 0.94), "latency_ms": (1.0, 1.0)}
    assert measured(MORE_FPS, fps=(40.0, 100.0), **short).outcome is Outcome.INCONCLUSIVE
    assert measured(MORE_FPS, fps=(6.0, 100.0), **short).outcome is Outcome.FAIL


@each_of(
    ("claim", "shares", "outcome"),
    [
        (Bound("f", "no more", FPS, "L", "at most", 50), (1.0, 0.92), Outcome.FAIL),
        (Bound("f", "no more", FPS, "L", "at most", 150), (1.0, 0.92), Outcome.INCONCLUSIVE),
        (Bound("f", "no more", FPS, "L", "at most", 150), (1.0, 0.99), Outcome.PASS),
        (Bound("f", "no more", FPS, "L", "at most", 300), (1.0, 0.92), Outcome.PASS),
        (Bound("l", "no less", LATENCY_MS, "L", "at least", 0.9), (1.0, 0.92), Outcome.INCONCLUSIVE),
        (Bound("l", "no less", LATENCY_MS, "L", "at least", 0.4), (1.0, 0.92), Outcome.PASS),
        (Bound("l", "no less", LATENCY_MS, "L", "at least", 2.0), (1.0, 0.5), Outcome.FAIL),
    ],
)
def test_a_bound_the_other_way_round_does_not_hold_by_what_the_harness_costs(claim, shares, outcome):
    verdict = measured(claim, fps=(100.0, 100.0), shares=shares)
    assert verdict.outcome is outcome, verdict.evidence()
    assert ("without which the promise might not hold" in verdict.evidence()) == (outcome is Outcome.INCONCLUSIVE)


def test_of_a_ratio_the_other_way_round_the_denominator_is_given_back_what_the_harness_took():
    at_most = Ratio("f", "T gives at most twice", FPS, "T", "L", "at most", 2.0)
    assert measured(at_most, fps=(205.0, 100.0), shares=(1.0, 0.96)).outcome is Outcome.INCONCLUSIVE
    assert measured(at_most, fps=(205.0, 100.0), shares=(0.96, 1.0)).outcome is Outcome.FAIL


def test_a_promise_that_is_broken_by_more_than_the_harness_took_fails():
    assert measured(MORE_FPS, fps=(96.0, 100.0), shares=(0.96, 0.97)).outcome is Outcome.INCONCLUSIVE
    assert measured(MORE_FPS, fps=(80.0, 100.0), shares=(0.96, 0.97)).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("processors", "outcome"), [(1, Outcome.INCONCLUSIVE), (2, Outcome.INCONCLUSIVE), (64, Outcome.FAIL)]
)
def test_a_polling_thread_may_have_cost_the_device_a_processor(processors, outcome):
    for claim, figures in (
        (MORE_FPS, {"fps": (70.0, 100.0), "drivers": ("polling", "infer")}),
        (LATENCY, {"fps": (100.0, 100.0), "latency_ms": (1.0, 1.5), "drivers": ("infer", "polling")}),
    ):
        assert measured(claim, **figures, processors=processors).outcome is outcome


def test_a_promise_that_holds_says_what_the_harness_took_of_either_side():
    verdict = measured(MORE_FPS, fps=(150.0, 100.0), shares=(0.99, 0.6))
    assert verdict.outcome is Outcome.PASS
    assert "the harness took 40 % of L's time" in verdict.evidence()


def test_the_harness_time_between_inferences_is_no_excuse_for_a_latency_unless_it_is_much_of_it():
    """OpenVINO takes a latency itself; but a thread that sleeps is woken for each inference, and of so short ones that is a part."""
    slower = {"fps": (100.0, 100.0), "latency_ms": (1.0, 1.2)}
    assert measured(LATENCY, **slower, shares=(0.99, 0.97)).outcome is Outcome.FAIL
    assert measured(LATENCY, **slower, shares=(0.99, 0.7)).outcome is Outcome.INCONCLUSIVE


def test_a_promise_that_another_driver_may_have_kept_is_inconclusive_and_names_it():
    """AUTO's two requests and the CPU's are driven alike, by what both of them tried: that may suit one of them badly."""
    tried = ({"wait in turn": 1.572, "polling": 0.949}, {"infer": 0.994})
    verdict = measured(MORE_FPS, fps=(65.0, 100.0), drivers=("infer in threads", "start_async and wait"), tried=tried)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "wait in turn gave 57 % more than infer in threads in the trial" in verdict.evidence()
    passed = measured(MORE_FPS, fps=(160.8, 100.0), drivers=("infer in threads", "start_async and wait"), tried=tried)
    assert passed.outcome is Outcome.PASS
    assert not passed.remark, "what could have been still better is not for a promise that holds"


@each_of(
    ("served", "tried", "outcome"),
    [
        ("infer in threads", {"wait in turn": 1.572}, Outcome.FAIL),  # 0.5 × 1.572 is too little still
        ("infer in threads", {"wait in turn": 2.1}, Outcome.INCONCLUSIVE),
        ("wait in turn", {"wait in turn": 0.48}, Outcome.INCONCLUSIVE),  # the usual one gave twice as much
        ("wait in turn", {"wait in turn": 2.1, "polling": 1.5}, Outcome.FAIL),  # the best one served
        ("wait in turn", {"wait in turn": 0.7, "polling": 1.4}, Outcome.INCONCLUSIVE),
        ("infer in threads", {"wait in turn": 1.04}, Outcome.FAIL),
        ("infer in threads", {}, Outcome.FAIL),
    ],
)
def test_what_other_drivers_gave_is_held_against_the_one_that_served(served, tried, outcome):
    assert measured(MORE_FPS, fps=(50.0, 100.0), drivers=(served, "infer"), tried=(tried, {})).outcome is outcome


def test_a_latency_too_is_held_against_what_another_driver_gave():
    figures = {"fps": (100.0, 100.0), "latency_ms": (1.0, 1.2), "drivers": ("infer in threads", "infer")}
    assert measured(LATENCY, **figures, tried=({}, {"start_async and wait": 1.3})).outcome is Outcome.INCONCLUSIVE
    assert measured(LATENCY, **figures, tried=({"wait in turn": 1.3}, {})).outcome is Outcome.FAIL


@each_of(
    ("drivers", "tried", "outcome"),
    [
        (("polling", "start_async and wait"), {"wait in turn": 0.89, "polling": 1.745}, Outcome.INCONCLUSIVE),
        (("polling", "start_async and wait"), {"wait in turn": 1.6, "polling": 1.745}, Outcome.FAIL),  # worth 9 %
        (("polling", "start_async and wait"), {}, Outcome.FAIL),
        (("infer in threads", "start_async and wait"), {"wait in turn": 0.89, "polling": 1.04}, Outcome.FAIL),
    ],
)
def test_a_latency_is_not_held_against_one_that_was_polled_while_its_own_thread_slept(drivers, tried, outcome):
    """A key-value cache of 0.03 ms: one request was woken for each inference, two were polled; the promise failed with 1.7."""
    verdict = measured(
        LATENCY, fps=(100.0, 100.0), latency_ms=(1.0, 1.7), drivers=drivers, tried=(tried, {}), processors=64
    )
    assert verdict.outcome is outcome
    assert ("T alone was polled, 1.75 times as fast as asleep" in verdict.evidence()) == (
        outcome is Outcome.INCONCLUSIVE
    )


def test_what_the_drivers_gave_is_told_of_all_trials_together_and_of_too_few_turns_not_at_all():
    few = {"usual": [1.0] * (FEWEST_TURNS - 1), "other": [2.0] * (FEWEST_TURNS - 1)}
    assert tried([few], ("usual", "other")) == {}
    assert tried([few, few], ("usual", "other")) == {"other": 2.0}
    unlucky = {"usual": [1.0] * 9, "other": [0.9] * 9}
    assert tried([few, unlucky], ("usual", "other")) == {"other": 0.9}, "one process's luck is not the driver's"


def test_the_usual_driver_serves_unless_another_is_clearly_faster():
    usual, other = [100.0] * 8, [100.0 * MARGIN + 1] * 8
    assert choose([{"usual": usual, "other": other}], "usual") == "other"
    assert choose([{"usual": usual, "other": [100.0 * MARGIN - 1] * 8}], "usual") == "usual"
    few = FEWEST_TURNS - 1
    assert choose([{"usual": usual[:few], "other": other[:few]}], "usual") == "usual", "so few turns prove nothing"
    assert choose([{"usual": usual, "other": [150.0] * 7 + [90.0]}], "usual") == "usual", "it is not always faster"
    assert choose([{"usual": usual, "other": other, "third": [130.0] * 8}], "usual") == "third"
    assert choose([], "usual") == choose([{}], "usual") == "usual"


@for_all(lambda st: (st.lists(st.floats(1, 1e6), min_size=8, max_size=20), st.floats(1.2, 5)))
def test_what_slows_the_machine_for_a_while_does_not_move_the_choice(speeds, factor):
    """Both drivers of a turn meet the same mood of the machine."""
    assert choose([{"usual": speeds, "other": [speed * factor for speed in speeds]}], "usual") == "other"
    assert choose([{"usual": speeds, "other": [speed / factor for speed in speeds]}], "usual") == "usual"


def test_how_requests_were_driven_is_said_once_for_each_way():
    facts = {
        "A": {"driver": "infer", "infer_requests": 1},
        "B": {"driver": "polling", "infer_requests": 2},
        "C": {"driver": "polling", "infer_requests": 4},
        "D": {"fil_s": math.nan},
    }
    assert driven(facts) == "driven: 1 request by infer, 2 or 4 requests by polling"
    assert driven({"D": {}}) is None


def test_noise_alone_hardly_ever_changes_the_driver():
    """A model of 3 ms has ten turns of three inferences each: with drivers that are alike the usual one stays, or two runs would differ."""
    chance = random.Random(1)
    turns = [[chance.gauss(300, 30) for _ in range(10)] for _ in range(4000)]
    changed = sum(
        choose([{"usual": one, "other": two}], "usual") != "usual"
        for one, two in zip(turns[::2], turns[1::2], strict=True)
    )
    assert changed <= 30, "of two thousand"
