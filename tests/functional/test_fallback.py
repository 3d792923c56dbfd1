"""A device that compiles slowly, fails or hangs costs AUTO nothing that is promised: another one answers, and right."""

import pytest

from autogauge.studies.fallback import building, running, startup
from autogauge.studies.fallback.study import FALLBACK

pytestmark = [pytest.mark.functional, pytest.mark.study(FALLBACK)]


@pytest.mark.parametrize("promise", [each.name for each in startup.PROMISES])
def test_while_the_accelerator_compiles_the_cpu_helps(result, holds, promise):
    holds(result, promise)


@pytest.mark.parametrize("promise", [each.name for each in building.PROMISES])
def test_a_build_that_fails_or_hangs_is_answered_by_another_device(result, holds, promise):
    holds(result, promise)


@pytest.mark.parametrize("promise", [each.name for each in running.PROMISES])
def test_a_launch_that_fails_is_answered_by_another_device(result, holds, promise):
    holds(result, promise)
