"""What AUTO does not do with state, and that it does everything with shapes that change."""

import pytest

from autogauge.studies.stateful_and_dynamic import STATEFUL_AND_DYNAMIC

pytestmark = [pytest.mark.functional, pytest.mark.study(STATEFUL_AND_DYNAMIC)]


def test_the_cpu_does_not_help_a_stateful_model(result, holds):
    holds(result, "no-helper")


def test_auto_warns_that_both_fallbacks_are_off_for_a_stateful_model(result, holds):
    holds(result, "fallbacks-off-told")


def test_each_request_keeps_its_state(result, holds):
    holds(result, "state-kept")


def test_states_are_asked_set_and_reset(result, holds):
    holds(result, "state-set-and-reset")


def test_a_device_that_fails_takes_no_state_to_another(result, holds):
    holds(result, "failure-is-the-callers")


def test_cumulative_throughput_refuses_a_stateful_model_on_several_devices(result, holds):
    holds(result, "cumulative-refused")


@pytest.mark.parametrize("promise", ["no-helper-from-path", "state-kept-from-path", "cumulative-refused-from-path"])
def test_all_that_holds_for_a_stateful_model_from_a_path(result, holds, promise):
    holds(result, promise)


def test_state_in_the_body_of_an_if_is_kept_or_it_is_an_error(result, holds):
    holds(result, "state-kept-in-a-body")


def test_on_the_cpu_alone_a_stateful_model_answers_right(result, holds):
    holds(result, "state-on-the-cpu-alone")


def test_a_dynamic_model_goes_the_way_of_every_other(result, holds):
    holds(result, "dynamic-as-any-other")


def test_every_shape_is_answered_right(result, holds):
    holds(result, "every-shape-right")


def test_on_the_cpu_alone_every_shape_is_answered_as_by_the_cpu(result, holds):
    holds(result, "shapes-on-the-cpu-alone")
