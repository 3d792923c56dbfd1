"""With a warm cache AUTO has its accelerator from the blob at once, instead of after a compile."""

import pytest

from autogauge.history.replay import REPLAY
from autogauge.rig.fresh import FIL
from autogauge.targets import kinds

pytestmark = pytest.mark.perf

HELPER_ALL_THE_SAME_SINCE = (2025, 2)
"""Until then AUTO looked for the accelerator's blob and, where there was one, left the CPU helper out. Since then it starts both,
and whoever is ready first answers first."""


@pytest.fixture(params=["AUTO", "accelerator"])
def started(request, handed_to):
    """AUTO, or the accelerator that it hands over to."""
    return handed_to.name if request.param == "accelerator" else "AUTO"


@pytest.fixture
def helper_starts_all_the_same(run, auto):
    """Whether this release starts the CPU helper beside a blob; for a model with state none does."""
    return not auto.no_helper and tuple(int(part) for part in run.openvino.split(".")[:2]) >= HELPER_ALL_THE_SAME_SINCE


def test_the_accelerator_was_loaded_from_its_blob(cached_study, facts_of, started, handed_to):
    facts = facts_of(cached_study, started)
    assert all(facts["loaded_from_cache"]), "LOADED_FROM_CACHE, once the accelerator answers"
    assert [kinds(names) for names in facts["answered_in_the_end"]] == [{handed_to.kind}] * len(
        facts["loaded_from_cache"]
    )


def test_auto_leaves_the_cpu_helper_out_in_releases_that_look_for_the_blob(
    cached_study, facts_of, helper_starts_all_the_same
):
    logs = facts_of(cached_study, "AUTO")["auto_logs"]
    assert len(logs) == len(cached_study.samples("AUTO")) > 0
    assert {log["cpu_helper_started"] for log in logs} == {helper_starts_all_the_same}


def test_the_first_answer_came_from_who_was_there_to_give_it(
    cached_study, started, handed_to, helper_starts_all_the_same
):
    answered = kinds(cached_study.devices_that_answered(started))
    helper = {"(CPU)"} if started == "AUTO" and helper_starts_all_the_same else set()
    assert answered
    assert answered <= {handed_to.kind} | helper


def test_every_cached_start_was_measured(cached_study):
    failed = [f"replicate {index}, {name}: {failure.sentence()}" for index, name, failure in cached_study.failures()]
    assert not failed, "\n".join(failed)


@pytest.mark.benchmark(group="first inference latency, cached", timer=REPLAY.now)
def test_first_inference_latency_from_a_warm_cache(cached_study, started, record):
    record(cached_study, started, FIL.name)
