"""Many requests at once: how many AUTO advises, and that Python's queue of them can be let go of."""

import pytest

from autogauge.studies.queues import QUEUES

pytestmark = [pytest.mark.functional, pytest.mark.study(QUEUES)]


@pytest.mark.parametrize("promise", [each.name for each in QUEUES.promises])
def test_queues_of_requests(autogauge_result, autogauge_holds, promise):
    autogauge_holds(autogauge_result, promise)
