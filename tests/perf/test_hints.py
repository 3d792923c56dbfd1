"""THROUGHPUT gives more frames per second than LATENCY; LATENCY gives the lower latency."""

import pytest

from autogauge.history.replay import REPLAY
from autogauge.targets import HINTS, kinds, selectable_by_default

pytestmark = pytest.mark.perf


def test_every_slice_was_measured(hint_study, all_measured):
    all_measured(hint_study)


def test_the_throughput_hint_gives_no_fewer_frames_per_second(hint_study, hinted_target, holds):
    holds(hint_study, f"{hinted_target.lower()}-throughput-hint-fps")


def test_the_latency_hint_gives_no_higher_latency(hint_study, hinted_target, holds):
    holds(hint_study, f"{hinted_target.lower()}-latency-hint-latency")


@pytest.mark.parametrize("hint", HINTS)
def test_steady_inferences_ran_where_they_should(hint_study, rests, hinted_target, hint, available_devices, inspection):
    rests(hint_study, f"{hinted_target}-{hint}")
    answered = hint_study.devices_that_answered(f"{hinted_target}-{hint}")
    assert answered, "no device answered"
    assert not any(name.startswith("(") for name in answered), "the CPU helper still answered after the warm-up"
    if hinted_target == "AUTO":
        assert kinds(answered) <= kinds(selectable_by_default(available_devices, inspection.precision))
    else:
        assert kinds(answered) == kinds([hinted_target])


@pytest.mark.parametrize("hint", HINTS)
@pytest.mark.benchmark(group="seconds per frame", timer=REPLAY.now)
def test_seconds_per_frame(hint_study, hinted_target, hint, record):
    record(hint_study, f"{hinted_target}-{hint}", "fps")


@pytest.mark.parametrize("hint", HINTS)
@pytest.mark.benchmark(group="latency", timer=REPLAY.now)
def test_latency(hint_study, hinted_target, hint, record):
    record(hint_study, f"{hinted_target}-{hint}", "latency_ms")
