"""What AUTO does not do with state, and that it does everything with shapes that change."""

import pytest

from autogauge.studies.stateful_and_dynamic import STATEFUL_AND_DYNAMIC

pytestmark = [pytest.mark.functional, pytest.mark.study(STATEFUL_AND_DYNAMIC)]


@pytest.mark.parametrize("promise", [each.name for each in STATEFUL_AND_DYNAMIC.promises])
def test_state_and_changing_shapes(autogauge_result, autogauge_holds, promise):
    autogauge_holds(autogauge_result, promise)
