"""What AUTO and its devices do with a model cache: cold, warm, damaged, another's, or in a folder that cannot be written."""

import pytest

from autogauge.studies.model_cache.study import MODEL_CACHE

pytestmark = [pytest.mark.functional, pytest.mark.study(MODEL_CACHE)]


@pytest.mark.parametrize("promise", [each.name for each in MODEL_CACHE.promises])
def test_a_cache_saves_time_and_costs_nothing_else(autogauge_result, autogauge_holds, promise):
    autogauge_holds(autogauge_result, promise)
