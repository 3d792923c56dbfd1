"""A hint or a property comes to what it is documented to, on the devices behind AUTO: alone, all at once, in batches, each by itself."""

import pytest

from autogauge.studies.hinted.study import HINTS_AND_DEVICES

pytestmark = [pytest.mark.functional, pytest.mark.study(HINTS_AND_DEVICES)]


@pytest.mark.parametrize("promise", [each.name for each in HINTS_AND_DEVICES.promises])
def test_hints_and_properties_reach_the_devices(autogauge_result, autogauge_holds, promise):
    autogauge_holds(autogauge_result, promise)
