"""With CUMULATIVE_THROUGHPUT all devices at once give more frames per second than the best of them alone."""

import pytest

from autogauge.studies.all_devices import ALL_DEVICES, RAN, beats

pytestmark = [pytest.mark.perf, pytest.mark.study(ALL_DEVICES)]


def test_all_devices_at_once_beat_each_alone(autogauge_result, autogauge_holds, autogauge_rig):
    for device in ALL_DEVICES.devices(autogauge_rig):
        autogauge_holds(autogauge_result, beats(device))


def test_all_devices_are_named(autogauge_result, autogauge_holds):
    autogauge_holds(autogauge_result, RAN)
