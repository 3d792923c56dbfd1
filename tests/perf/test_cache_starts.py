"""With a warm cache a model starts no later than with a cold one."""

import pytest

from autogauge.studies.model_cache.starts import CACHE_STARTS, ratios

pytestmark = [pytest.mark.perf, pytest.mark.study(CACHE_STARTS)]


@pytest.mark.parametrize("promise", [each.name for each in CACHE_STARTS.promises])
def test_a_cold_start_compiles_and_a_warm_one_does_not(autogauge_result, autogauge_holds, promise):
    autogauge_holds(autogauge_result, promise)


@pytest.mark.parametrize("claim", [each.name for each in ratios()])
def test_a_warm_start_is_no_slower_than_a_cold_one(autogauge_result, autogauge_holds, claim):
    autogauge_holds(autogauge_result, claim)
