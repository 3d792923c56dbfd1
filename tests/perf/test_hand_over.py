"""AUTO answers from the CPU while the accelerator compiles, then hands over: once, for good, and without a wrong answer."""

import numpy as np
import pytest

from autogauge.history.replay import REPLAY
from autogauge.studies import hand_over
from autogauge.studies.timeline import ACCELERATOR, HELPER, TRANSITION, Timeline

pytestmark = pytest.mark.perf


@pytest.fixture(params=[0, 1], ids=["synchronous", "queue"])
def way(request, hand_over_study):
    """One request inferred again and again, or a queue of several."""
    return hand_over_study.conditions[request.param].name


@pytest.fixture
def replicates(hand_over_study, facts_of, way):
    return facts_of(hand_over_study, way)["replicates"]


@pytest.fixture
def samples(hand_over_study, way, replicates):
    return hand_over_study.samples(way)


@pytest.fixture
def handed_over(replicates, samples, auto):
    """The facts and the sample of each process that did not begin on the accelerator; a test without one is skipped."""
    pairs = zip(replicates, samples, strict=True)
    found = [(each, sample) for each, sample in pairs if not hand_over.began_on_the_accelerator(each)]
    if not found:
        answered = ", ".join(sorted({name for each in replicates for name in each["devices"]}))
        why = f": {auto.no_helper}" if auto.no_helper else ""
        pytest.skip(f"there was no hand-over to see: {answered} answered from the first inference on{why}")
    return found


def in_order_of_start(timeline):
    """The labels by when each inference began: in a queue, one that began at the hand-over may be the last of all to end."""
    return timeline.label[np.argsort(timeline.start_s, kind="stable")]


def test_auto_hands_over_before_the_deadline(handed_over, deadlines):
    seen = [hand_over.what_happened(each) for each, _ in handed_over]
    outcomes = {each["outcome"] for each, _ in handed_over}
    assert outcomes == {hand_over.HANDED_OVER}, f"within {deadlines.hand_over_s:g} s: {'; '.join(seen)}"


def test_the_cpu_helper_answers_first_and_the_accelerator_in_the_end(handed_over, handed_to):
    for each, sample in handed_over:
        assert each["devices"][0] == "(CPU)"
        assert each["devices"][-1].partition(".")[0] == handed_to.kind
        labels = in_order_of_start(Timeline.from_arrays(sample.arrays))
        assert labels[0] in (HELPER, TRANSITION)
        assert labels[-1] == ACCELERATOR


def test_auto_hands_over_once_and_for_good(handed_over):
    for _, sample in handed_over:
        labels = in_order_of_start(Timeline.from_arrays(sample.arrays))
        settled = labels[(labels == HELPER) | (labels == ACCELERATOR)]
        assert np.count_nonzero(np.diff(settled)) <= 1, "from the helper to the accelerator, and nothing else"


def test_no_inference_failed(samples, replicates):
    assert [sample.figures["failed"] for sample in samples] == [0] * len(samples), replicates[0]["failures"]


def test_every_answer_across_the_hand_over_is_the_cpus(hand_over_study, facts_of, way, samples):
    if any("wrong" not in sample.figures for sample in samples):
        pytest.skip(facts_of(hand_over_study, way)["not_compared"])
    wrong = [sample.figures["wrong"] for sample in samples]
    errors = [sample.figures.get("relative_error", float("nan")) for sample in samples]
    assert wrong == [0] * len(samples), f"largest errors, in parts of the output's largest value: {errors}"


def test_autos_log_agrees_with_the_labels(replicates):
    assert [each["disagreements"] for each in replicates] == [[]] * len(replicates)


def test_the_model_can_be_let_go_of_after_the_hand_over(samples):
    assert all("destroy_s" in sample.figures for sample in samples), "it was still being destroyed at the deadline"


def test_every_hand_over_was_measured(hand_over_study):
    failed = [f"replicate {index}, {name}: {failure.sentence()}" for index, name, failure in hand_over_study.failures()]
    assert not failed, "\n".join(failed)


@pytest.mark.benchmark(group="time to the hand-over", timer=REPLAY.now)
@pytest.mark.usefixtures("handed_over")
def test_time_to_the_hand_over(hand_over_study, way, record):
    record(hand_over_study, way, "hand_over_s")
