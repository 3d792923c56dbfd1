"""AUTO answers its first inference about as early as the CPU, and before any accelerator."""

import pytest

from autogauge.rig.fresh import FIL
from autogauge.studies.first_inference import study as first_inference
from autogauge.studies.first_inference.study import FIRST_INFERENCE

pytestmark = [pytest.mark.perf, pytest.mark.study(FIRST_INFERENCE)]


def test_every_first_inference_was_measured(result, all_measured):
    all_measured(result)


def test_auto_answers_first_about_as_early_as_the_cpu(result, holds):
    holds(result, "auto-fil-close-to-cpu")


def test_auto_answers_first_before_the_accelerator(result, holds, accelerator):
    holds(result, first_inference.below(accelerator))


def test_without_the_start_up_fallback_autos_first_answer_is_the_accelerators(result, holds, handed_to):
    for claim in first_inference.no_fallback(handed_to):
        holds(result, claim)


@pytest.mark.usefixtures("handed_to")
def test_without_the_start_up_fallback_auto_leaves_its_helper_out(result, holds):
    holds(result, "auto-no-fallback-leaves-the-helper-out")


def test_the_first_inferences_ran_where_they_should(result, holds):
    holds(result, "first-inferences-ran-where-they-should")


def test_every_compile_was_a_cold_one(result, holds):
    holds(result, "first-inferences-compiled-cold")


def test_auto_said_in_its_log_what_it_selected(result, holds):
    holds(result, "auto-log-says-what-it-selected")


def test_first_inference_latency(result, measured_target, record):
    record(result, measured_target, FIL.name)
