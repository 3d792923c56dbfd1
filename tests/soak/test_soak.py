"""AUTO stays sound for as long as it is asked to: nothing grows, nothing hangs, nothing is wrong."""

import pytest

from autogauge.studies.soak import SOAK

pytestmark = [pytest.mark.soak, pytest.mark.study(SOAK)]


@pytest.mark.parametrize("promise", [each.name for each in SOAK.promises])
def test_auto_stays_sound(autogauge_result, autogauge_holds, promise):
    autogauge_holds(autogauge_result, promise)
