"""What the probe keeps of a hand-over, told by requests and a compiled model that only pretend."""

import time
from types import SimpleNamespace

import numpy as np
import pytest

from autogauge.probe.worker import hand_over
from autogauge.probe.worker.hand_over import (
    BROKEN,
    HANDED_OVER,
    NEVER,
    NO_HELPER,
    Answers,
    Expected,
    Inferences,
    keep_inferring,
    keep_queue_full,
)
from tests.cases import each_of

RIGHT = np.array([[0.25, 0.75]], np.float32)


class Compiled:
    """Says in turn which devices answer, and goes on saying the last."""

    def __init__(self, *devices):
        self.devices = list(devices)

    def get_property(self, name):
        assert name == "EXECUTION_DEVICES"
        return [self.devices.pop(0) if len(self.devices) > 1 else self.devices[0]]


class Request:
    """Answers as told: an array, ``None`` to leave the output as it was, or an exception to raise."""

    latency = 0.5

    def __init__(self, answer=RIGHT):
        self.output = RIGHT.copy()
        self.answer = answer

    def infer(self):
        time.sleep(0.0005)
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer is not None:
            self.output = self.answer.copy()

    def get_output_tensor(self, index):
        return SimpleNamespace(data=self.output)


def inferences_on(*devices, deadline_s=0.2, first=("(CPU)", "(CPU)"), expected=(RIGHT,)):
    subject = SimpleNamespace(
        compiled=Compiled(*devices), compile_began=time.perf_counter(), tensors=[], resets_state=False
    )
    inferences = Inferences(subject, list(expected), after_s=0.02, deadline_s=deadline_s)
    facts = {"execution_devices_before": [first[0]], "execution_devices": [first[1]]}
    inferences.add_first(0.0, 0.001, facts, Request())
    return inferences


def test_a_hand_over_is_seen_when_the_accelerator_is_named():
    inferences = inferences_on(*["(CPU)"] * 5, "GPU.0")
    keep_inferring(Request(), inferences)
    assert inferences.outcome() == HANDED_OVER
    assert inferences.handed_over_s > 0
    assert inferences.wrong == 0
    assert len(inferences.rows) // 5 >= 1 + 5 + hand_over.FEWEST_AFTER


def test_a_hand_over_during_the_first_inference_is_one():
    inferences = inferences_on("GPU.0", first=("(CPU)", "GPU.0"))
    keep_inferring(Request(), inferences)
    assert inferences.outcome() == HANDED_OVER


def test_an_accelerator_that_answers_first_needed_no_helper_even_if_one_comes_later():
    inferences = inferences_on("GPU.0", "(CPU)", "GPU.0", first=("GPU.0", "GPU.0"))
    keep_inferring(Request(), inferences)
    assert inferences.outcome() == NO_HELPER
    assert inferences.handed_over_s is None


def test_an_accelerator_that_is_slower_than_the_time_that_was_left_still_answers_once():
    """A model whose inference takes longer than all the time after the hand-over is no failure."""
    inferences = inferences_on("(CPU)", "(CPU)", "GPU.0", deadline_s=0.0)
    inferences.add(time.perf_counter(), 0.001, 0, inferences._index(["GPU.0"]), 0.0, True)
    keep_inferring(Request(), inferences)
    assert inferences.outcome() == HANDED_OVER
    assert inferences._accelerator_inferences == 1


def test_an_accelerator_that_never_answers_alone_is_not_waited_for_for_ever():
    inferences = inferences_on(*["GPU.0", "CPU"] * 50, deadline_s=0.0)
    inferences.add(time.perf_counter(), 0.001, 0, inferences._index(["GPU.0"]), 0.0, True)
    keep_inferring(Request(), inferences)
    assert inferences.outcome() == HANDED_OVER
    assert len(inferences.rows) // 5 <= 2 + hand_over.FEWEST_AFTER
    assert inferences._accelerator_inferences == 0


def test_state_is_reset_before_each_inference():
    resets = []

    class Accumulator(Request):
        def reset_state(self):
            resets.append(None)

    inferences = inferences_on("(CPU)", "GPU.0")
    inferences.resets_state = True
    keep_inferring(Accumulator(), inferences)
    assert len(resets) == len(inferences.rows) // 5 - 1, "all but the first, which was made before"


@pytest.mark.parametrize("other", ["(CPU)", "CPU"])
def test_the_cpu_is_no_accelerator(other):
    inferences = inferences_on("(CPU)", other)
    keep_inferring(Request(), inferences)
    assert inferences.outcome() == NEVER


def test_a_property_that_cannot_be_read_is_no_hand_over():
    inferences = inferences_on("(CPU)")
    inferences.compiled = SimpleNamespace(
        get_property=lambda _: (_ for _ in ()).throw(RuntimeError("no such property"))
    )
    keep_inferring(Request(), inferences)
    assert inferences.outcome() == NEVER
    assert hand_over.UNKNOWN in inferences.devices


@pytest.mark.parametrize(
    "answer", [RIGHT + 0.01, None, np.zeros((1, 3), np.float32)], ids=["off", "not given", "other shape"]
)
def test_an_answer_that_is_wrong_or_was_not_given_is_counted(answer):
    inferences = inferences_on("(CPU)", "GPU.0")
    keep_inferring(Request(answer), inferences)
    assert inferences.wrong == len(inferences.rows) // 5 - 1 > 0, "all but the first"


def answering(*outputs):
    return SimpleNamespace(get_output_tensor=lambda index: SimpleNamespace(data=outputs[index]))


def test_an_error_that_is_no_number_is_not_lost_behind_a_good_output():
    error, right = Answers([RIGHT, RIGHT]).compare(answering(np.full_like(RIGHT, np.nan), RIGHT))
    assert np.isnan(error)
    assert not right


def test_a_right_answer_is_compared_in_one_pass(monkeypatch):
    """What is done between two inferences keeps the device waiting."""
    monkeypatch.setattr(Expected, "is_near", lambda *_: pytest.fail("a second pass"))
    error, right = Answers([RIGHT]).compare(answering(RIGHT + np.float32(5e-5)))
    assert error == pytest.approx(5e-5 / 0.75, rel=1e-2)
    assert right


@each_of(
    ("expected", "given", "error", "right"),
    [
        (np.float32([1000]), np.float32([1000.5]), 5e-4, True),
        (np.float32([1000]), np.float32([1002]), 2e-3, False),
        (np.float32([1]), np.float16([1.0]), 0, True),
        (np.float64([1]), np.float64([1 + 1e-9]), 1e-9, True),
        (np.uint8([3]), np.uint8([255]), 84, False),
        (np.uint8([255]), np.uint8([3]), 252 / 255, False),
        (np.int64([2**40]), np.int64([2**40]), 0, True),
        (np.array([True]), np.array([False]), 1, False),
        (np.float32([]), np.float32([]), 0, True),
    ],
    ids=["relatively near", "off", "half", "double", "more", "less", "large", "truth", "empty"],
)
def test_answers_of_every_type_are_compared_by_value(expected, given, error, right):
    assert Answers([expected]).compare(answering(given)) == (pytest.approx(error, rel=1e-6), right)


def test_after_a_failure_the_device_is_asked_again():
    """Else the next inference would count as a transition from whoever had answered before it."""

    class FailsOnce(Request):
        def infer(self):
            super().infer()
            if not inferences.failures:
                raise RuntimeError("the device is lost")

    inferences = inferences_on("(CPU)", "GPU.0")
    keep_inferring(FailsOnce(), inferences)
    assert len(inferences.failures) == 1
    before, after = inferences.rows[5 + 2], inferences.rows[5 + 3]
    assert before == after == inferences.devices.index("GPU.0")


@pytest.mark.parametrize("several", [False, True])
def test_inferences_that_fail_are_counted_and_end_it(several):
    inferences = inferences_on("(CPU)")
    requests = [Request(RuntimeError("the device is lost")) for _ in range(3 if several else 1)]
    keep_queue_full(requests, inferences) if several else keep_inferring(requests[0], inferences)
    assert inferences.outcome() == BROKEN
    assert set(inferences.failures) == {"the device is lost"}


def test_a_fault_in_one_thread_of_the_queue_ends_it_with_the_fault():
    inferences = inferences_on("(CPU)", deadline_s=30)
    broken = Request()
    broken.get_output_tensor = lambda index: (_ for _ in ()).throw(ValueError("no such output"))
    began = time.monotonic()
    with pytest.raises(ValueError, match="no such output"):
        keep_queue_full([Request(), broken], inferences)
    assert time.monotonic() - began < 10


def test_the_timeline_is_saved_with_every_inference(tmp_path):
    inferences = inferences_on("(CPU)", "(CPU)", "GPU.0")
    keep_queue_full([Request(), Request()], inferences)
    inferences.save(str(tmp_path / "inferences.npz"))
    with np.load(tmp_path / "inferences.npz") as saved:
        assert len(saved["start_s"]) == len(inferences.rows) // 5
        assert saved["latency_s"][1] == pytest.approx(0.0005)
        assert saved["memory"].shape[1] == 2
