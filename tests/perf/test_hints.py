"""THROUGHPUT gives more frames per second than LATENCY; LATENCY gives the lower latency."""

import pytest

from autogauge.rig.rig import KINDS
from autogauge.studies.hints import HINTS
from autogauge.targets import HINTS as BOTH
from autogauge.targets import find_device
from fixtures.machine import device_or_skip
from fixtures.session import RUN

pytestmark = [pytest.mark.perf, pytest.mark.study(HINTS)]


def pytest_generate_tests(metafunc):
    """For AUTO and the devices that the options name, or where none is named for every kind there is."""
    if "hinted_target" in metafunc.fixturenames:
        settings = metafunc.config.stash[RUN].settings
        devices = settings.devices if settings.devices is not None else KINDS
        named = settings.hints_on or ("AUTO", *devices)
        metafunc.parametrize("hinted_target", [*dict.fromkeys(named)], indirect=True)


def test_every_slice_was_measured(result, all_measured):
    all_measured(result)


@pytest.fixture
def hinted_target(request, rig, devices):
    """AUTO, or the name of a device on which the hints are compared."""
    name, hinted = request.param, HINTS.devices(rig)
    if name == "AUTO" and name in hinted:
        return name
    if name != "AUTO":
        named = find_device(name, rig.inspection.devices)
        if named is not None and named.name in hinted:
            return named.name
        name = device_or_skip(name, rig).name
    if reason := HINTS.absent(rig):
        pytest.skip(reason)
    if name not in hinted:
        profile = rig.asked.profile.name
        pytest.skip(
            f"the {profile} profile compares hints on AUTO only: --hints-on=AUTO,{name} compares them on {name} too"
        )
    return name


def test_the_throughput_hint_gives_no_fewer_frames_per_second(result, hinted_target, holds):
    holds(result, f"{hinted_target.lower()}-throughput-hint-fps")


def test_the_latency_hint_gives_no_higher_latency(result, hinted_target, holds):
    holds(result, f"{hinted_target.lower()}-latency-hint-latency")


def test_steady_inferences_ran_where_they_should(result, holds):
    holds(result, "steady-inferences-ran-where-they-should")


@pytest.mark.parametrize("hint", BOTH)
def test_seconds_per_frame(result, hinted_target, hint, record):
    record(result, f"{hinted_target}-{hint}", "fps")


@pytest.mark.parametrize("hint", BOTH)
def test_latency(result, hinted_target, hint, record):
    record(result, f"{hinted_target}-{hint}", "latency_ms")
