"""With a warm cache a model starts no later than with a cold one."""

import pytest

from autogauge.studies.cache.starts import CACHE_STARTS, KNOWN_COLD, ratios

pytestmark = [pytest.mark.perf, pytest.mark.study(CACHE_STARTS)]


@pytest.mark.parametrize("claim", [KNOWN_COLD, *(each.name for each in ratios())])
def test_a_warm_start_is_no_slower_than_a_cold_one(result, holds, claim):
    holds(result, claim)
