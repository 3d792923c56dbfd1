"""AUTO answers from the CPU while the accelerator compiles, then hands over: once, for good, and without a wrong answer."""

import pytest

from autogauge.studies.hand_over import promises
from autogauge.studies.hand_over.study import HAND_OVER

pytestmark = [pytest.mark.perf, pytest.mark.study(HAND_OVER)]


@pytest.fixture(params=[0, 1], ids=["synchronous", "queue"])
def way(request, autogauge_result):
    """One request inferred again and again, or a queue of several."""
    return autogauge_result.conditions[request.param]


def test_every_hand_over_was_measured(autogauge_result, autogauge_all_measured):
    autogauge_all_measured(autogauge_result)


def test_auto_hands_over_before_the_deadline(autogauge_result, autogauge_holds):
    autogauge_holds(autogauge_result, "auto-hands-over-in-time")


def test_the_cpu_helper_answers_first_and_the_accelerator_in_the_end(autogauge_result, autogauge_holds):
    autogauge_holds(autogauge_result, "auto-helper-first-accelerator-last")


def test_auto_hands_over_once_and_for_good(autogauge_result, autogauge_holds):
    autogauge_holds(autogauge_result, "auto-hands-over-once")


def test_no_inference_failed(autogauge_result, way, autogauge_holds):
    autogauge_holds(autogauge_result, promises.loses_none(way))


def test_every_answer_across_the_hand_over_is_the_cpus(autogauge_result, way, autogauge_holds):
    autogauge_holds(autogauge_result, promises.answers_right(way))


def test_autos_log_agrees_with_the_devices_that_openvino_names(autogauge_result, autogauge_holds):
    autogauge_holds(autogauge_result, "auto-log-agrees-with-devices")


def test_the_model_can_be_let_go_of_after_the_hand_over(autogauge_result, autogauge_holds):
    autogauge_holds(autogauge_result, "auto-lets-go-of-the-model")


@pytest.fixture
def seen(autogauge_result, way, autogauge_rig):
    """A hand-over to time. Where none came that is a promise's finding, or no promise: it is said there, and not twice."""
    if autogauge_result.samples(way.name) and not autogauge_result.figures(way.name, "hand_over_s"):
        found = [each.evidence() for each in autogauge_result.verdicts() if each.claim.name == promises.IN_TIME]
        why = found or [HAND_OVER.not_promised(autogauge_rig)[promises.IN_TIME]]
        pytest.skip(f"there is no hand-over to time: {why[0]}")


@pytest.mark.usefixtures("seen")
def test_time_to_the_hand_over(autogauge_result, way, autogauge_record):
    autogauge_record(autogauge_result, way.name, "hand_over_s")
