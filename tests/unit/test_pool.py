"""Warm probes: who starts when, and who ends when."""

from pathlib import Path

import pytest

from autogauge.probe.request import Failure, ProbeFailed
from autogauge.rig.pool import ProbePool
from autogauge.targets import Target

AUTO = Target.with_hint("AUTO", "LATENCY")


class Launched:
    """A probe that says when it ends."""

    def __init__(self, number, events):
        self.number, self.events = number, events

    def receive(self, kind, deadline_s):
        return {"type": "ready"}

    def kill(self):
        self.events.append(f"{self.number} ended")


class FakeLauncher:
    """Starts probes and writes down the order of things; the one with the number ``fails`` does not start."""

    def __init__(self, fails=0):
        self.events, self.fails, self.count = [], fails, 0

    def start(self, request, name):
        self.count += 1
        if self.count == self.fails:
            raise ProbeFailed(Failure("exit", "start", "no memory"))
        self.events.append(f"{self.count} started")
        return Launched(self.count, self.events)


class FakeWorkload:
    """Keeps what it was asked."""

    frames = 1

    def __init__(self):
        self.asked = []

    def request(self, mode, target, **others):
        self.asked.append((target.label, others["infer_requests"]))


def pool(launcher, **options):
    return ProbePool(
        launcher, options.pop("workload", FakeWorkload()), warm_up_s=0.1, cache=Path("/nowhere"), **options
    )


def test_a_fresh_probe_is_started_before_the_old_one_lets_go_of_its_memory():
    launcher = FakeLauncher()
    own = pool(launcher)
    first = own.warm(AUTO)
    second = own.renew(AUTO)
    assert launcher.events == ["1 started", "2 started", "1 ended"]
    assert not first.alive
    assert own.warm(AUTO) is second


def test_the_old_probe_ends_also_when_no_fresh_one_starts():
    launcher = FakeLauncher(fails=2)
    own = pool(launcher)
    own.warm(AUTO)
    with pytest.raises(ProbeFailed):
        own.renew(AUTO)
    assert launcher.events == ["1 started", "1 ended"]
    own.warm(AUTO)
    assert launcher.events[-1] == "3 started", "and who asks next gets another"


def test_a_condition_with_a_number_of_requests_of_its_own_has_a_process_of_its_own():
    workload = FakeWorkload()
    own = pool(FakeLauncher(), workload=workload, infer_requests=3)
    usual, one, two = own.warm(AUTO), own.warm(AUTO, 1), own.warm(AUTO, 2)
    assert len({id(usual), id(one), id(two)}) == 3
    assert own.warm(AUTO, 2) is two
    own.renew(AUTO, 2)
    assert [requests for _, requests in workload.asked] == [3, 1, 2, 2]
    assert usual.alive
    assert not two.alive
