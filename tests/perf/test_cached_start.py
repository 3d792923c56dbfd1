"""With a warm cache AUTO has its accelerator from the blob at once, instead of after a compile."""

import pytest

from autogauge.history.replay import REPLAY
from autogauge.rig.fresh import FIL

pytestmark = pytest.mark.perf


@pytest.fixture(params=["AUTO", "accelerator"])
def started(request, handed_to):
    """AUTO, or the accelerator that it hands over to."""
    return handed_to.name if request.param == "accelerator" else "AUTO"


def test_every_cached_start_was_measured(cached_study, all_measured):
    all_measured(cached_study)


def test_the_accelerator_was_loaded_from_its_blob(cached_study, holds):
    holds(cached_study, "cached-start-loads-the-blob")


def test_auto_leaves_the_cpu_helper_out_in_releases_that_look_for_the_blob(cached_study, holds):
    holds(cached_study, "auto-cached-start-helper")


def test_the_first_answer_came_from_who_was_there_to_give_it(cached_study, holds):
    holds(cached_study, "cached-start-first-answer")


@pytest.mark.benchmark(group="first inference latency, cached", timer=REPLAY.now)
def test_first_inference_latency_from_a_warm_cache(cached_study, started, record):
    record(cached_study, started, FIL.name)
