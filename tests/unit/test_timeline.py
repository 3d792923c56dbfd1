"""What a timeline says: who answered each inference, what the hand-over cost, and whether AUTO's log agrees."""

import numpy as np
import pytest

from autogauge.probe.log import AutoLog
from autogauge.probe.worker.hand_over import BROKEN
from autogauge.studies.hand_over.promises import began_on_the_accelerator, what_happened
from autogauge.studies.hand_over.study import (
    HANDED_OVER,
    NEVER,
    NO_HELPER,
    disagreements,
    release_bound_s,
    seconds_since,
)
from autogauge.studies.hand_over.timeline import ACCELERATOR, HELPER, TRANSITION, Timeline, figures_of, label
from tests.cases import each_of
from tests.properties import for_all

DEVICES = ["(CPU)", "GPU.0"]


def timeline_of(labels, latencies_s, errors=None, memory=((0.0, 100.0),)):
    """Inferences one after the other, without a pause."""
    latencies = np.asarray(latencies_s, float)
    starts = np.concatenate([[0.0], np.cumsum(latencies)[:-1]])
    return Timeline(
        starts,
        latencies,
        np.asarray(labels, np.int8),
        np.zeros(len(latencies)) if errors is None else np.asarray(errors, float),
        np.asarray(memory, float),
    )


def test_equal_devices_attribute_an_inference_and_different_ones_are_a_transition():
    before, after = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 0])
    assert label(before, after, DEVICES).tolist() == [HELPER, TRANSITION, ACCELERATOR, TRANSITION]


@for_all(lambda st: (st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=50),))
def test_every_inference_has_one_label_and_a_change_of_devices_is_always_a_transition(pairs):
    before, after = (np.array([pair[side] for pair in pairs], int) for side in (0, 1))
    labels = label(before, after, ["(CPU)", "GPU.0", "GPU.1"])
    assert ((before != after) == (labels == TRANSITION)).all()
    assert set(labels[(before == after)].tolist()) <= {HELPER, ACCELERATOR}


def test_the_figures_of_a_hand_over_whose_every_inference_is_known():
    labels = [HELPER] * 10 + [TRANSITION] + [ACCELERATOR] * 20
    latencies = [0.010] * 10 + [0.050] + [0.020] * 4 + [0.004] * 16
    memory = [(0.0, 300.0), (0.09, 500.0), (0.2, 400.0)]
    found = figures_of(timeline_of(labels, latencies, memory=memory), handed_over_s=0.15)
    assert found["helper_inferences"] == 10
    assert found["transition_inferences"] == 1
    assert found["accelerator_inferences"] == 20
    assert found["latency_before_ms"] == pytest.approx(10)
    assert found["latency_at_ms"] == pytest.approx(50)
    assert found["latency_after_ms"] == pytest.approx(4)
    assert found["spike_ratio"] == pytest.approx(5), "the slowest by the slower of the two medians"
    assert found["time_to_steady_s"] == pytest.approx(0.04), (
        "the first five in a row that are mostly fast start after two slow ones"
    )
    assert found["memory_before_bytes"] == 500
    assert found["memory_after_bytes"] == 400


def test_a_hand_over_that_never_came_has_figures_of_the_helper_only():
    found = figures_of(timeline_of([HELPER] * 3, [0.01, 0.02, 0.03]), handed_over_s=None)
    assert found == {
        "helper_inferences": 3,
        "transition_inferences": 0,
        "accelerator_inferences": 0,
        "relative_error": 0,
        "latency_before_ms": pytest.approx(20),
    }


def test_an_answer_that_was_never_given_leaves_no_error_that_looks_like_a_number():
    found = figures_of(timeline_of([HELPER] * 2, [0.01] * 2, errors=[1e-6, float("nan")]), handed_over_s=None)
    assert "relative_error" not in found


def test_answers_that_were_held_against_nothing_have_no_error():
    assert "relative_error" not in figures_of(timeline_of([HELPER], [0.01]), handed_over_s=None, compared=False)


@for_all(
    lambda st: (
        st.lists(st.tuples(st.integers(0, 2), st.floats(1e-6, 10)), max_size=60),
        st.one_of(st.none(), st.floats(0, 100)),
    )
)
def test_figures_are_finite_and_count_every_inference(rows, handed_over_s):
    timeline = timeline_of([row[0] for row in rows], [row[1] for row in rows])
    found = figures_of(timeline, handed_over_s)
    assert all(np.isfinite(value) for value in found.values())
    assert sum(value for name, value in found.items() if name.endswith("_inferences")) == len(rows)
    assert found.get("time_to_steady_s", 0) >= 0


@each_of(
    ("outcome", "devices", "began"),
    [
        (NO_HELPER, ["GPU.0"], True),
        (NO_HELPER, ["NPU"], True),
        (NO_HELPER, ["CPU"], False),
        (NO_HELPER, ["CPU", "GPU.0"], False),
        (NO_HELPER, ["unknown"], False),
        (HANDED_OVER, ["(CPU)", "GPU.0"], False),
        (NEVER, ["(CPU)"], False),
        (BROKEN, ["GPU.0"], True),
        (BROKEN, ["(CPU)", "GPU.0"], False),
        (BROKEN, ["CPU"], False),
    ],
)
def test_only_an_accelerator_that_answered_first_leaves_no_hand_over_to_see(outcome, devices, began):
    """AUTO that was the plain CPU all along never used its accelerator: that is no reason to skip anything."""
    facts = {"outcome": outcome, "devices": devices}
    assert began_on_the_accelerator(facts) == began
    assert what_happened(facts) == f"{outcome} ({', '.join(devices)})"


LONG = "x" * 1000


@each_of(
    ("log", "ready_s", "words"),
    [
        (
            {
                "failures": {
                    "GPU.0": "Exception from a.cpp:54: Check 'false' failed at b.cpp:168: [GPU] ProgramBuilder build failed! Check"
                }
            },
            None,
            "Device: [GPU.0]: Compile model failure: [GPU] ProgramBuilder build failed! Check (all",
        ),
        ({"failures": {"NPU": f"[NPU] {LONG}"}}, None, "Compile model failure: [NPU] xxx"),
        ({"failures": {"GPU": "no such words"}}, None, "Compile model failure: no such words (all"),
        (
            {"finished": ["CPU", "GPU.0"], "selected": ["GPU.0"]},
            2.14,
            "it compiled the model for GPU.0 after 2.1 s, and never released its CPU helper, which EXECUTION_DEVICES still names",
        ),
        (
            {"finished": ["GPU.0"], "cpu_helper_released": True},
            None,
            "it compiled the model for GPU.0, and released its CPU helper (all",
        ),
        ({"selected": ["GPU.0", "GPU.0"]}, None, "it selected GPU.0, whose compile had not ended (all"),
        ({"selected": ["CPU"]}, None, "nothing of an accelerator (all"),
    ],
)
def test_a_hand_over_that_never_came_is_told_in_the_words_of_autos_log(log, ready_s, words):
    facts = {"outcome": NEVER, "devices": ["(CPU)"], "accelerator_ready_s": ready_s, "printed": "0007-hand-over.out"}
    said = what_happened({**facts, "auto_log": AutoLog(**log).to_json()})
    assert said.startswith("never handed over ((CPU)); AUTO's log says: ")
    assert words in said
    assert said.endswith("(all of it: probes/0007-hand-over.out)")
    assert len(said) < 500


def log_of(**changes):
    facts = {"cpu_helper_started": True, "cpu_helper_released": True, "finished": ["CPU", "GPU.0"]}
    return AutoLog(**{**facts, "inferences": {"CPU_HELP": 10}, **changes})


def test_a_log_that_fits_the_labels_has_no_disagreement():
    timeline = timeline_of([HELPER] * 9 + [TRANSITION] * 2 + [ACCELERATOR] * 5, [0.01] * 16)
    assert disagreements(timeline, HANDED_OVER, ["GPU.0"], log_of()) == []


@each_of(
    ("outcome", "changes", "words"),
    [
        (HANDED_OVER, {"cpu_helper_started": False}, "no start of it"),
        (HANDED_OVER, {"cpu_helper_released": False}, "never released"),
        (NEVER, {}, "was released"),
        (HANDED_OVER, {"inferences": {"CPU_HELP": 12}}, "counts 12 inferences by the CPU helper, the labels 9 to 11"),
        (HANDED_OVER, {"inferences": {"CPU_HELP": 8}}, "counts 8"),
        (
            HANDED_OVER,
            {"inferences": {}},
            "the labels have 9 to 11 inferences by the CPU helper, and the log counts none",
        ),
        (HANDED_OVER, {"finished": ["CPU"]}, "GPU answered, and by the log only CPU compiled"),
    ],
)
def test_what_the_log_says_otherwise_is_a_sentence(outcome, changes, words):
    timeline = timeline_of([HELPER] * 9 + [TRANSITION] * 2 + [ACCELERATOR] * 5, [0.01] * 16)
    found = disagreements(timeline, outcome, ["GPU.0"], log_of(**changes), helper_requests=8)
    assert len(found) == 1
    assert words in found[0]


@each_of(("helper", "requests", "agrees"), [(0, 1, True), (1, 1, True), (2, 2, True), (2, 1, False), (2, None, True)])
def test_a_log_that_counts_none_of_so_few_is_no_contradiction(helper, requests, agrees):
    """AUTO gives the number of the helper's inferences only above the number of its infer requests: a slow model's are fewer."""
    timeline = timeline_of([HELPER] * helper + [TRANSITION] * 4 + [ACCELERATOR] * 10, [5.0] * (helper + 14))
    found = disagreements(timeline, HANDED_OVER, ["GPU.0"], log_of(inferences={}), helper_requests=requests)
    assert (found == []) == agrees


def test_a_log_of_a_helper_that_was_never_released_need_not_count_yet():
    timeline = timeline_of([HELPER] * 9, [0.01] * 9)
    assert disagreements(timeline, NEVER, [], log_of(cpu_helper_released=False, inferences={})) == []


@each_of(("released_s", "agrees"), [(0.91, True), (0.5, True), (1.3, True), (0.3, False), (1.5, False)])
def test_the_log_and_the_properties_tell_the_same_time_but_for_an_inference(released_s, agrees):
    timeline = timeline_of([HELPER] * 9 + [TRANSITION] + [ACCELERATOR] * 5, [0.01] * 9 + [0.4] + [0.01] * 5)
    assert release_bound_s(timeline) == pytest.approx(0.5)
    found = disagreements(timeline, HANDED_OVER, ["GPU.0"], log_of(), handed_over_s=0.95, released_s=released_s)
    assert (found == []) == agrees
    if not agrees:
        assert "handed over after 0.950 s" in found[0]
        assert f"released after {released_s:.3f} s" in found[0]


def test_times_of_day_are_told_apart_across_midnight():
    assert seconds_since(86399.5, 86390.0) == pytest.approx(9.5)
    assert seconds_since(1.5, 86399.0) == pytest.approx(2.5)
    assert seconds_since(None, 1.0) is None


def test_a_timeline_is_read_in_the_order_in_which_inferences_ended(tmp_path):
    np.savez(
        tmp_path / "timeline.npz",
        start_s=np.array([0.0, 0.1, 0.15]),
        latency_s=np.array([0.5, 0.1, 0.1]),
        before=np.array([0, 0, 0], np.int16),
        after=np.array([1, 0, 0], np.int16),
        error=np.array([3.0, 1.0, 2.0]),
        memory=np.empty((0, 2)),
    )
    read = Timeline.load(tmp_path / "timeline.npz", DEVICES)
    assert read.error.tolist() == [1, 2, 3]
    assert read.label.tolist() == [HELPER, HELPER, TRANSITION]
