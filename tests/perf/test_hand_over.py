"""AUTO answers from the CPU while the accelerator compiles, then hands over: once, for good, and without a wrong answer."""

import pytest

from autogauge.history.replay import REPLAY
from autogauge.studies import hand_over_promises as promises

pytestmark = pytest.mark.perf


@pytest.fixture(params=[0, 1], ids=["synchronous", "queue"])
def way(request, hand_over_study):
    """One request inferred again and again, or a queue of several."""
    return hand_over_study.conditions[request.param]


def test_every_hand_over_was_measured(hand_over_study, all_measured):
    all_measured(hand_over_study)


@pytest.mark.usefixtures("helper")
def test_auto_hands_over_before_the_deadline(hand_over_study, holds):
    holds(hand_over_study, "auto-hands-over-in-time")


@pytest.mark.usefixtures("helper")
def test_the_cpu_helper_answers_first_and_the_accelerator_in_the_end(hand_over_study, holds):
    holds(hand_over_study, "auto-helper-first-accelerator-last")


@pytest.mark.usefixtures("helper")
def test_auto_hands_over_once_and_for_good(hand_over_study, holds):
    holds(hand_over_study, "auto-hands-over-once")


def test_no_inference_failed(hand_over_study, way, holds):
    holds(hand_over_study, promises.loses_none(way))


def test_every_answer_across_the_hand_over_is_the_cpus(hand_over_study, way, holds):
    holds(hand_over_study, promises.answers_right(way))


def test_autos_log_agrees_with_the_devices_that_openvino_names(hand_over_study, holds):
    holds(hand_over_study, "auto-log-agrees-with-devices")


def test_the_model_can_be_let_go_of_after_the_hand_over(hand_over_study, holds):
    holds(hand_over_study, "auto-lets-go-of-the-model")


@pytest.fixture
def seen(hand_over_study, way, helper):
    """A hand-over to time. Where none came that is a promise's finding, or no promise: it is said there, and not twice."""
    if hand_over_study.samples(way.name) and not hand_over_study.figures(way.name, "hand_over_s"):
        (verdict,) = (each for each in hand_over_study.verdicts() if each.claim.name == promises.IN_TIME)
        pytest.skip(f"there is no hand-over to time: {verdict.evidence()}")


@pytest.mark.benchmark(group="time to the hand-over", timer=REPLAY.now)
@pytest.mark.usefixtures("seen")
def test_time_to_the_hand_over(hand_over_study, way, record):
    record(hand_over_study, way.name, "hand_over_s")
