"""With a warm cache AUTO has its accelerator from the blob at once, instead of after a compile."""

import pytest

from autogauge.rig.fresh import FIL
from autogauge.studies.cached_start import CACHED_START

pytestmark = [pytest.mark.perf, pytest.mark.study(CACHED_START)]


@pytest.fixture(params=["AUTO", "accelerator"])
def started(request, autogauge_handed_to):
    """AUTO, or the accelerator that it hands over to."""
    return autogauge_handed_to.name if request.param == "accelerator" else "AUTO"


def test_every_cached_start_was_measured(autogauge_result, autogauge_all_measured):
    autogauge_all_measured(autogauge_result)


def test_the_accelerator_was_loaded_from_its_blob(autogauge_result, autogauge_holds):
    autogauge_holds(autogauge_result, "cached-start-loads-the-blob")


def test_auto_leaves_the_cpu_helper_out_in_releases_that_look_for_the_blob(autogauge_result, autogauge_holds):
    autogauge_holds(autogauge_result, "auto-cached-start-helper")


def test_the_first_answer_came_from_who_was_there_to_give_it(autogauge_result, autogauge_holds):
    autogauge_holds(autogauge_result, "cached-start-first-answer")


def test_first_inference_latency_from_a_warm_cache(autogauge_result, started, autogauge_record):
    autogauge_record(autogauge_result, started, FIL.name)
