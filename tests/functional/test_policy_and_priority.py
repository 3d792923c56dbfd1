"""Requests and models go to devices by the policy and the priority that they were given."""

import pytest

from autogauge.studies.policy import POLICY
from autogauge.studies.priority import PRIORITY

pytestmark = pytest.mark.functional


@pytest.mark.study(POLICY)
@pytest.mark.parametrize("promise", [each.name for each in POLICY.promises])
def test_requests_go_by_the_policy(autogauge_result, autogauge_holds, promise):
    autogauge_holds(autogauge_result, promise)


@pytest.mark.study(PRIORITY)
@pytest.mark.parametrize("promise", [each.name for each in PRIORITY.promises])
def test_models_go_by_their_priority(autogauge_result, autogauge_holds, promise):
    autogauge_holds(autogauge_result, promise)
