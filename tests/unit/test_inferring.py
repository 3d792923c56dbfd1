"""Whatever goes wrong in an inference is one that failed, in a thread of its own too; and nothing compared is nothing known."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest

from autogauge.probe.worker.steps.inferring import infer, stream


class Request:
    """Answers ``given``, once ``after`` is set, or fails at what ``fails`` names; ``begun`` is set by its inference."""

    def __init__(self, fails="", given=1.0, after=None):
        self.output, self.fails, self.given = np.ones(16, np.float32), fails, given
        self.after, self.begun = after, threading.Event()

    def set_input_tensor(self, index, tensor):
        self._may_fail("fill")

    def get_output_tensor(self, index):
        self._may_fail("output")
        return SimpleNamespace(data=self.output)

    def infer(self):
        self._may_fail("infer")
        self.begun.set()
        if self.after is not None:
            self.after.wait(30)
        if self.fails == "hang":
            threading.Event().wait(30)
        self.output[...] = self.given

    def _may_fail(self, at):
        if self.fails == at:
            raise RuntimeError(f"{at} fails")


def stage_of(*requests, knows=True, devices=lambda: ["CPU"]):
    made = iter(requests)

    def create():
        request = next(made)
        request._may_fail("create")
        return request

    compiled = SimpleNamespace(create_infer_request=create, get_property=lambda name: devices(), outputs=[None])
    return SimpleNamespace(
        compiled={"a": compiled},
        model_of={"a": "relu"},
        requests={},
        right={"relu": [np.ones(16, np.float32)]} if knows else {},
        inputs=lambda compiled, fill, shape: [np.zeros(16, np.float32)],
        ov=SimpleNamespace(Tensor=lambda data: SimpleNamespace(data=data)),
    )


@pytest.mark.parametrize("at", ["create", "fill", "output", "infer"])
def test_a_thread_that_ends_early_is_told_as_failed(at):
    told = stream(stage_of(Request(at)), {"requests": 1, "times": 2})
    assert told["failed"] >= 1
    assert told["errors"][0] == f"RuntimeError: {at} fails"
    assert (told["done"], told["never"], told["wrong"]) == (0, 0, None)


def test_one_that_fails_leaves_the_others_their_inferences():
    told = stream(stage_of(Request("create"), Request()), {"requests": 2, "times": 20})
    assert (told["failed"], told["done"], told["compared"], told["wrong"]) == (1, 20, 20, 0)


def test_one_that_never_comes_back_is_told():
    hanging = Request("hang")  # which must have an inference of the six before the other takes them all
    told = stream(stage_of(hanging, Request(after=hanging.begun)), {"requests": 2, "times": 6, "patience_s": 1.0})
    assert (told["never"], told["failed"]) == (1, 0)
    assert told["done"] == told["compared"] < 6


@pytest.mark.parametrize("step", [infer, stream])
def test_wrong_answers_are_counted_and_none_compared_is_not_known(step):
    asked = {"requests": 1, "times": 3}
    assert step(stage_of(Request(given=2.0)), asked)["wrong"] == 3
    assert step(stage_of(Request()), asked)["wrong"] == 0
    unknown = step(stage_of(Request(), knows=False), asked)
    assert (unknown["done"], unknown["compared"], unknown["wrong"]) == (3, 0, None)


def test_an_inference_that_cannot_be_compared_is_one_that_failed():
    told = infer(stage_of(Request(given=1.0), devices=lambda: 1 / 0), {"times": 2})
    assert told["done"] + told["failed"] == 2
