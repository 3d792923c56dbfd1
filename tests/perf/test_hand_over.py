"""AUTO answers from the CPU while the accelerator compiles, then hands over: once, for good, and without a wrong answer."""

import pytest

from autogauge.studies.hand_over import promises
from autogauge.studies.hand_over.study import HAND_OVER

pytestmark = [pytest.mark.perf, pytest.mark.study(HAND_OVER)]


@pytest.fixture(params=[0, 1], ids=["synchronous", "queue"])
def way(request, result):
    """One request inferred again and again, or a queue of several."""
    return result.conditions[request.param]


def test_every_hand_over_was_measured(result, all_measured):
    all_measured(result)


def test_auto_hands_over_before_the_deadline(result, holds):
    holds(result, "auto-hands-over-in-time")


def test_the_cpu_helper_answers_first_and_the_accelerator_in_the_end(result, holds):
    holds(result, "auto-helper-first-accelerator-last")


def test_auto_hands_over_once_and_for_good(result, holds):
    holds(result, "auto-hands-over-once")


def test_no_inference_failed(result, way, holds):
    holds(result, promises.loses_none(way))


def test_every_answer_across_the_hand_over_is_the_cpus(result, way, holds):
    holds(result, promises.answers_right(way))


def test_autos_log_agrees_with_the_devices_that_openvino_names(result, holds):
    holds(result, "auto-log-agrees-with-devices")


def test_the_model_can_be_let_go_of_after_the_hand_over(result, holds):
    holds(result, "auto-lets-go-of-the-model")


@pytest.fixture
def seen(result, way, rig):
    """A hand-over to time. Where none came that is a promise's finding, or no promise: it is said there, and not twice."""
    if result.samples(way.name) and not result.figures(way.name, "hand_over_s"):
        found = [each.evidence() for each in result.verdicts() if each.claim.name == promises.IN_TIME]
        why = found or [HAND_OVER.not_promised(rig)[promises.IN_TIME]]
        pytest.skip(f"there is no hand-over to time: {why[0]}")


@pytest.mark.usefixtures("seen")
def test_time_to_the_hand_over(result, way, record):
    record(result, way.name, "hand_over_s")
