"""AUTO answers its first inference about as early as the CPU, and before any accelerator."""

import pytest

from autogauge.rig.fresh import FIL
from autogauge.studies.first_inference import study as first_inference
from autogauge.studies.first_inference.study import FIRST_INFERENCE

pytestmark = [pytest.mark.perf, pytest.mark.study(FIRST_INFERENCE)]


def test_every_first_inference_was_measured(autogauge_result, autogauge_all_measured):
    autogauge_all_measured(autogauge_result)


def test_auto_answers_first_about_as_early_as_the_cpu(autogauge_result, autogauge_holds):
    autogauge_holds(autogauge_result, "auto-fil-close-to-cpu")


def test_auto_answers_first_before_the_accelerator(autogauge_result, autogauge_holds, autogauge_accelerator):
    autogauge_holds(autogauge_result, first_inference.below(autogauge_accelerator))


def test_without_the_start_up_fallback_autos_first_answer_is_the_accelerators(
    autogauge_result, autogauge_holds, autogauge_handed_to
):
    for claim in first_inference.no_fallback(autogauge_handed_to):
        autogauge_holds(autogauge_result, claim)


@pytest.mark.usefixtures("autogauge_handed_to")
def test_without_the_start_up_fallback_auto_leaves_its_helper_out(autogauge_result, autogauge_holds):
    autogauge_holds(autogauge_result, "auto-no-fallback-leaves-the-helper-out")


def test_the_first_inferences_ran_where_they_should(autogauge_result, autogauge_holds):
    autogauge_holds(autogauge_result, "first-inferences-ran-where-they-should")


def test_every_compile_was_a_cold_one(autogauge_result, autogauge_holds):
    autogauge_holds(autogauge_result, "first-inferences-compiled-cold")


def test_auto_said_in_its_log_what_it_selected(autogauge_result, autogauge_holds):
    autogauge_holds(autogauge_result, "auto-log-says-what-it-selected")


def test_first_inference_latency(autogauge_result, autogauge_measured_target, autogauge_record):
    autogauge_record(autogauge_result, autogauge_measured_target, FIL.name)
