"""The steps that start requests at once, take another Core, and look behind AUTO: with made-up requests that fail or never come back."""

from types import SimpleNamespace

import numpy as np
import pytest

from autogauge.probe.worker.steps import behind, together


class Request:
    """Comes back, fails, or never comes back, as its ``fate`` says."""

    def __init__(self, fate):
        self.fate, self.started = fate, 0

    def start_async(self):
        self.started += 1

    def wait_for(self, milliseconds):
        if self.fate == "fails":
            raise RuntimeError("CL_OUT_OF_RESOURCES")
        return self.fate == "returns"


def stage_of(*fates):
    requests = [Request(fate) for fate in fates]
    waiting = iter(requests)
    compiled = SimpleNamespace(inputs=(), outputs=(), create_infer_request=lambda: next(waiting))
    return requests, SimpleNamespace(
        compiled={"a": compiled}, model_of={"a": "relu"}, right={}, kept={}, inputs=lambda *_: [], ov=None
    )


def started(stage, requests, times=3):
    return together.together(stage, {"of": "a", "requests": requests, "times": times, "patience_s": 0.01})


def test_all_that_come_back_are_counted_each_time():
    requests, stage = stage_of("returns", "returns")
    told = started(stage, 2)
    assert (told["done"], told["never"], told["failed"], told["errors"]) == (6, 0, 0, [])
    assert [each.started for each in requests] == [3, 3]
    assert len(told["rounds_s"]) == 3
    assert min(told["rounds_s"]) >= 0


def test_one_that_fails_is_told_with_what_was_said_and_the_others_go_on():
    _, stage = stage_of("returns", "fails")
    told = started(stage, 2)
    assert (told["done"], told["failed"], told["never"]) == (3, 3, 0)
    assert told["errors"] == ["RuntimeError: CL_OUT_OF_RESOURCES"] * 3


def test_where_nothing_was_compared_no_answer_is_said_to_be_wrong_or_right():
    told = started(stage_of("returns")[1], 1)
    assert (told["compared"], told["wrong"]) == (0, None)


def test_one_that_cannot_be_started_has_failed():
    requests, stage = stage_of("returns", "returns")

    def refuse():
        raise RuntimeError("busy")

    requests[1].start_async = refuse
    told = started(stage, 2)
    assert (told["done"], told["failed"], told["never"]) == (3, 3, 0)


def test_an_answer_of_the_last_round_is_none_of_this_one():
    requests, stage = stage_of("returns")
    output = np.ones(4, np.float32)
    requests[0].get_output_tensor = lambda _: SimpleNamespace(data=output)
    stage.right["relu"] = [np.ones(4, np.float32)]
    told = started(stage, 1, times=1)
    assert (told["compared"], told["wrong"]) == (1, 1), "it came back, and wrote nothing"


def test_one_that_never_comes_back_ends_it_and_is_not_let_go_of():
    requests, stage = stage_of("returns", "stays")
    told = started(stage, 2)
    assert (told["done"], told["never"]) == (1, 1)
    assert requests[1].started == 1
    assert told["rounds_s"] == []
    assert stage.kept["started"][0][0] == requests


def test_another_core_is_used_from_then_on_and_the_first_lives_on():
    _, stage = stage_of()
    first, second = object(), object()
    stage.core, stage.ov = first, SimpleNamespace(Core=lambda: second)
    together.another_core(stage, {})
    assert stage.core is second
    assert stage.kept["cores"] == [first]
    assert not stage.kept["logs"], "the new Core has to be told to log, too"


@pytest.mark.parametrize(
    ("value", "read"),
    [("<Type: 'float32'>", "float32"), ("LATENCY", "LATENCY"), (2, 2), (True, True), ("x" * 900, "x" * 500)],
)
def test_what_is_behind_auto_is_told_by_device_and_property(value, read):
    told = {"GPU.0": {"ASKED": value, "OTHER": 1}, "CPU": {}}
    stage = SimpleNamespace(compiled={"a": SimpleNamespace(get_property=lambda name: told)})
    assert behind.behind(stage, {"of": "a", "properties": ["ASKED"]}) == {
        "devices": {"GPU.0": {"ASKED": read}, "CPU": {}}
    }
