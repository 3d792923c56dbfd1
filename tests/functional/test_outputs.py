"""AUTO answers what the device answers that it chose: before, across and after the hand-over, in every way and with every hint."""

import pytest

from autogauge.studies.outputs import OUTPUTS

pytestmark = [pytest.mark.functional, pytest.mark.study(OUTPUTS)]


@pytest.mark.parametrize("promise", [each.name for each in OUTPUTS.promises])
def test_auto_answers_what_its_device_answers(autogauge_result, autogauge_holds, promise):
    autogauge_holds(autogauge_result, promise)
