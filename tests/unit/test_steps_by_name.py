"""A step of a case is found by its name, and never another one by the same."""

import pytest

from autogauge.probe.seen import Seen
from autogauge.rig.expecting import Expect, judge


def seen(*names):
    steps = [{"do": "infer", "name": name} for name in names]
    told = [{"value": {"done": place}, "error": None, "seconds": 0.1} for place, _ in enumerate(names)]
    return Seen.of(steps, told, None, "")


def test_a_step_is_found_by_its_name():
    assert seen("before", "after").value("after", "done") == 1
    assert seen("before").step("after") is None


def test_two_steps_of_one_name_break_the_study_instead_of_being_taken_for_each_other():
    expect = Expect("all-done", "done", lambda found: found.value("after", "done"), 0)
    with pytest.raises(RuntimeError, match="2 steps of a case are called 'after'"):
        judge([expect], seen("after", "after"))
