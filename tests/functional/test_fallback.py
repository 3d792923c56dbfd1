"""A device that compiles slowly, fails or hangs costs AUTO nothing that is promised: another one answers, and right."""

import pytest

from autogauge.studies.fallback.study import FALLBACK

pytestmark = [pytest.mark.functional, pytest.mark.study(FALLBACK)]


@pytest.mark.parametrize("promise", [each.name for each in FALLBACK.promises])
def test_another_device_answers_and_right(autogauge_result, autogauge_holds, promise):
    autogauge_holds(autogauge_result, promise)
