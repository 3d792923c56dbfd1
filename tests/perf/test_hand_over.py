"""AUTO answers from the CPU while the accelerator compiles, then hands over: once, for good, and without a wrong answer."""

import numpy as np
import pytest

from autogauge.history.replay import REPLAY
from autogauge.studies import hand_over
from autogauge.studies.timeline import ACCELERATOR, HELPER

pytestmark = pytest.mark.perf


@pytest.fixture(params=[0, 1], ids=["synchronous", "queue"])
def way(request, hand_over_study):
    """One request inferred again and again, or a queue of several."""
    return hand_over_study.conditions[request.param].name


@pytest.fixture
def samples(hand_over_study, way):
    found = hand_over_study.samples(way)
    assert found, f"no hand-over was measured ({way})"
    replicates = hand_over_study.facts[way]["replicates"]
    if all(each["outcome"] == hand_over.NO_HELPER for each in replicates):
        answered = ", ".join(hand_over_study.devices_that_answered(way))
        pytest.skip(f"there was no hand-over to see: {answered} answered from the first inference on")
    return found


@pytest.fixture
def replicates(hand_over_study, way, samples):
    return hand_over_study.facts[way]["replicates"]


def test_auto_hands_over_before_the_deadline(replicates, settings):
    outcomes = [each["outcome"] for each in replicates]
    assert set(outcomes) == {hand_over.HANDED_OVER}, f"{outcomes} within {settings.hand_over_deadline_s:g} s"


def test_the_cpu_helper_answers_first_and_the_accelerator_in_the_end(replicates, samples, handed_to):
    for each, sample in zip(replicates, samples, strict=True):
        assert each["devices"][0] == "(CPU)"
        assert each["devices"][-1].partition(".")[0] == handed_to.kind
        assert sample.timeline.label[0] == HELPER
        assert sample.timeline.label[-1] == ACCELERATOR


def test_auto_hands_over_once_and_for_good(samples):
    for sample in samples:
        began = np.argsort(sample.timeline.start_s, kind="stable")
        settled = sample.timeline.label[began]
        settled = settled[(settled == HELPER) | (settled == ACCELERATOR)]
        assert np.count_nonzero(np.diff(settled)) == 1, "from the helper to the accelerator, and nothing else"


def test_no_inference_failed(samples, replicates):
    assert [sample.figures["failed"] for sample in samples] == [0] * len(samples), replicates[0]["failures"]


def test_every_answer_across_the_hand_over_is_the_cpus(samples):
    wrong = [sample.figures["wrong"] for sample in samples]
    errors = [sample.figures.get("largest_error", float("nan")) for sample in samples]
    assert wrong == [0] * len(samples), f"largest errors: {errors}"


def test_autos_log_agrees_with_the_labels(replicates):
    assert [each["disagreements"] for each in replicates] == [[]] * len(replicates)


def test_the_model_can_be_let_go_of_after_the_hand_over(samples):
    assert all("destroy_s" in sample.figures for sample in samples), "it was still being destroyed at the deadline"


def test_every_hand_over_was_measured(hand_over_study):
    failed = [f"replicate {index}, {name}: {failure.sentence()}" for index, name, failure in hand_over_study.failures()]
    assert not failed, "\n".join(failed)


@pytest.mark.benchmark(group="time to the hand-over", timer=REPLAY.now)
def test_time_to_the_hand_over(hand_over_study, way, samples, record):
    record(
        hand_over_study, way, [sample.figures["hand_over_s"] for sample in samples if "hand_over_s" in sample.figures]
    )
