"""AUTO answers what the device answers that it chose: before, across and after the hand-over, in every way and with every hint."""

import pytest

from autogauge.studies.outputs import OUTPUTS

pytestmark = [pytest.mark.functional, pytest.mark.study(OUTPUTS)]


def test_while_the_cpu_helps_auto_answers_what_the_cpu_answers(result, holds):
    holds(result, "helper-as-cpu")


def test_after_the_hand_over_auto_answers_what_the_device_answers(result, holds):
    holds(result, "device-as-itself")


def test_across_the_hand_over_every_request_is_answered_right(result, holds):
    holds(result, "right-across-hand-over")


def test_requests_in_flight_are_answered_like_single_ones(result, holds):
    holds(result, "asynchronous-as-synchronous")


def test_every_hint_answers_the_same(result, holds):
    holds(result, "every-hint-alike")


def test_an_int8_model_is_answered_as_by_the_device_itself(result, holds):
    holds(result, "int8-as-device")


def test_on_the_cpu_alone_auto_answers_what_the_cpu_answers(result, holds):
    holds(result, "cpu-alone")
