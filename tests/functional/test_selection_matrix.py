"""AUTO takes the device that its documented rules say, whatever it is asked for and whatever there is."""

import pytest

from autogauge.studies.selection.study import SELECTION

pytestmark = [pytest.mark.functional, pytest.mark.study(SELECTION)]


@pytest.mark.parametrize("promise", [each.name for each in SELECTION.promises])
def test_auto_selects_by_its_rules(autogauge_result, autogauge_holds, promise):
    autogauge_holds(autogauge_result, promise)
