"""AUTO's properties and its log are as documented: defaults, what is set, given and asked, wrong values, levels."""

import pytest

from autogauge.studies.properties import PROPERTIES

pytestmark = [pytest.mark.functional, pytest.mark.study(PROPERTIES)]


@pytest.mark.parametrize("promise", [each.name for each in PROPERTIES.promises])
def test_autos_properties_are_as_documented(autogauge_result, autogauge_holds, promise):
    autogauge_holds(autogauge_result, promise)
