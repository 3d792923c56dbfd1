"""AUTO costs an inference some microseconds beside the plain CPU, and how many is known."""

import pytest

from autogauge.studies.price import CLAIMS, PRICE

pytestmark = [pytest.mark.perf, pytest.mark.study(PRICE)]


def test_every_priced_inference_was_measured(result, all_measured):
    all_measured(result)


@pytest.mark.parametrize("way", list(CLAIMS))
def test_auto_costs_an_inference_microseconds(result, holds, way):
    holds(result, CLAIMS[way])


def test_each_priced_inference_ran_on_the_cpu(result, holds):
    holds(result, "priced-inferences-ran-on-the-cpu")


def test_auto_has_the_devices_that_its_price_is_for(result, holds):
    holds(result, "auto-priced-has-the-devices-that-it-is-priced-with")


def test_what_an_inference_through_auto_takes(benchmarked, record):
    record(*benchmarked)
