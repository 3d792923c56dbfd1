"""THROUGHPUT gives more frames per second than LATENCY; LATENCY gives the lower latency."""

import pytest

from autogauge.studies.hints import HINTS
from autogauge.targets import HINTS as BOTH
from autogauge.targets import find_device

pytestmark = [pytest.mark.perf, pytest.mark.study(HINTS)]


def test_every_slice_was_measured(autogauge_result, autogauge_all_measured):
    autogauge_all_measured(autogauge_result)


@pytest.fixture
def hinted_target(autogauge_hinted, autogauge_rig, autogauge_device_or_skip):
    """AUTO, or the name of a device on which the hints are compared."""
    name, hinted = autogauge_hinted, HINTS.devices(autogauge_rig)
    if name == "AUTO" and name in hinted:
        return name
    if name != "AUTO":
        named = find_device(name, autogauge_rig.inspection.devices)
        if named is not None and named.name in hinted:
            return named.name
        name = autogauge_device_or_skip(name).name
    if reason := HINTS.absent(autogauge_rig):
        pytest.skip(reason)
    if name not in hinted:
        profile = autogauge_rig.asked.profile.name
        pytest.skip(
            f"the {profile} profile compares hints on AUTO only: --hints-on=AUTO,{name} compares them on {name} too"
        )
    return name


def test_the_throughput_hint_gives_no_fewer_frames_per_second(autogauge_result, hinted_target, autogauge_holds):
    autogauge_holds(autogauge_result, f"{hinted_target.lower()}-throughput-hint-fps")


def test_the_latency_hint_gives_no_higher_latency(autogauge_result, hinted_target, autogauge_holds):
    autogauge_holds(autogauge_result, f"{hinted_target.lower()}-latency-hint-latency")


def test_steady_inferences_ran_where_they_should(autogauge_result, autogauge_holds):
    autogauge_holds(autogauge_result, "steady-inferences-ran-where-they-should")


@pytest.mark.parametrize("hint", BOTH)
def test_seconds_per_frame(autogauge_result, hinted_target, hint, autogauge_record):
    autogauge_record(autogauge_result, f"{hinted_target}-{hint}", "fps")


@pytest.mark.parametrize("hint", BOTH)
def test_latency(autogauge_result, hinted_target, hint, autogauge_record):
    autogauge_record(autogauge_result, f"{hinted_target}-{hint}", "latency_ms")
