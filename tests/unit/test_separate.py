"""A case whose steps do not need one another: one that ends its process costs only itself, and is told."""

from pathlib import Path

import pytest

from autogauge.probe.log import AutoLog
from autogauge.probe.request import Failure, ProbeFailed, ProbeRequest
from autogauge.probe.seen import Seen
from autogauge.rig import separate

STEPS = tuple({"do": "sleep", "name": name} for name in ("prelude", "a", "b", "c", "d"))
ENDING = Failure("signal", "step", "it was killed by SIGSEGV")


class Fake:
    """A launcher whose processes end in the steps of those names; after so many no process starts."""

    def __init__(self, *fatal, dead_after=99):
        self.fatal, self.dead_after, self.runs = fatal, dead_after, []

    def run_case(self, request, name):
        names = [each["name"] for each in request.steps]
        self.runs.append(names)
        if len(self.runs) > self.dead_after:
            raise ProbeFailed(ENDING)
        told = [{"value": {}, "error": None, "seconds": 1.0}] * next(
            (place for place, each in enumerate(names) if each in self.fatal), len(names)
        )
        return Seen.of(request.steps, told, ENDING if len(told) < len(names) else None, "")


def run(launcher, prelude=1):
    return separate.run(launcher, ProbeRequest("case", steps=STEPS), "case", prelude)


def became(seen):
    return {each.asked["name"]: each.became for each in seen.steps}


def test_a_step_that_ends_its_process_costs_only_itself():
    launcher = Fake("b", "d")
    seen = run(launcher)
    assert became(seen) == {"prelude": "done", "a": "done", "b": ENDING.reason, "c": "done", "d": ENDING.reason}
    assert launcher.runs == [["prelude", "a", "b", "c", "d"], ["prelude", "c", "d"]]
    assert seen.ending is None  # nothing is left that was not tried


def test_without_a_fault_it_is_one_process():
    launcher = Fake()
    assert set(became(run(launcher)).values()) == {"done"}
    assert len(launcher.runs) == 1


def test_steps_that_need_one_another_end_with_the_first():
    launcher = Fake("b")
    seen = run(launcher, prelude=None)
    assert list(became(seen)) == ["prelude", "a", "b"]
    assert seen.ending is ENDING
    assert len(launcher.runs) == 1


def test_a_prelude_that_fails_is_not_tried_for_ever():
    launcher = Fake("prelude")
    assert run(launcher).ending is ENDING
    assert len(launcher.runs) == 1


def test_what_is_left_when_no_process_starts_any_more_is_not_known():
    seen = run(Fake("b", dead_after=1))
    assert list(became(seen)) == ["prelude", "a", "b"]
    assert seen.ending is ENDING
    with pytest.raises(ProbeFailed):
        run(Fake(dead_after=0))


def test_there_is_a_last_process(monkeypatch):
    monkeypatch.setattr(separate, "MOST_PROCESSES", 2)
    launcher = Fake("a", "b", "c", "d")
    seen = run(launcher)
    assert list(became(seen)) == ["prelude", "a", "b"]
    assert (seen.ending, len(launcher.runs)) == (ENDING, 2)


def test_a_real_process_that_hangs(tmp_path):
    from autogauge.probe.launcher import Launcher

    steps = (
        {"do": "memory", "name": "prelude"},
        {"do": "sleep", "seconds": 60, "name": "hangs", "deadline_s": 0.3},
        {"do": "memory", "name": "after"},
    )
    request = ProbeRequest("case", steps=steps, deadline_s=30.0)
    seen = separate.run(Launcher(Path(tmp_path) / "probes"), request, "case", 1)
    assert became(seen) == {"prelude": "done", "hangs": "hung", "after": "done"}
    assert isinstance(seen.log, AutoLog)
