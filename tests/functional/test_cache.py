"""What AUTO and its devices do with a model cache: cold, warm, damaged, another's, or in a folder that cannot be written."""

import pytest

from autogauge.studies.cache import cases, damaged
from autogauge.studies.cache.study import CACHE

pytestmark = [pytest.mark.functional, pytest.mark.study(CACHE)]


@pytest.mark.parametrize("promise", [each.name for each in cases.PROMISES])
def test_a_good_cache_is_used_as_it_is_said(result, holds, promise):
    holds(result, promise)


@pytest.mark.parametrize("promise", [each.name for each in damaged.PROMISES])
def test_a_useless_cache_costs_the_caching_and_nothing_else(result, holds, promise):
    holds(result, promise)
