"""AUTO costs an inference some microseconds beside the plain CPU, and how many is known."""

import pytest

from autogauge.studies.price import CLAIMS, PRICE

pytestmark = [pytest.mark.perf, pytest.mark.study(PRICE)]


def test_every_priced_inference_was_measured(autogauge_result, autogauge_all_measured):
    autogauge_all_measured(autogauge_result)


@pytest.mark.parametrize("way", list(CLAIMS))
def test_auto_costs_an_inference_microseconds(autogauge_result, autogauge_holds, way):
    autogauge_holds(autogauge_result, CLAIMS[way])


def test_each_priced_inference_ran_on_the_cpu(autogauge_result, autogauge_holds):
    autogauge_holds(autogauge_result, "priced-inferences-ran-on-the-cpu")


def test_auto_has_the_devices_that_its_price_is_for(autogauge_result, autogauge_holds):
    autogauge_holds(autogauge_result, "auto-priced-has-the-devices-that-it-is-priced-with")


def test_what_an_inference_through_auto_takes(autogauge_benchmarked, autogauge_record):
    autogauge_record(*autogauge_benchmarked)
