"""What AUTO takes once is known: memory at the compile, at the hand-over and afterwards, threads, a later first inference."""

import pytest

from autogauge.studies.memory import MEMORY

pytestmark = [pytest.mark.perf, pytest.mark.study(MEMORY)]


def test_every_process_said_what_it_has_resident(autogauge_result, autogauge_all_measured):
    autogauge_all_measured(autogauge_result)


def test_each_process_was_on_the_device_that_its_memory_is_of(autogauge_result, autogauge_holds):
    autogauge_holds(autogauge_result, "memory-is-of-the-device-that-it-should-be")


def test_auto_over_the_cpu_has_little_more_memory_than_the_cpu(autogauge_result, autogauge_holds):
    autogauge_holds(autogauge_result, "auto-price-memory")


def test_auto_over_the_cpu_has_few_threads_more(autogauge_result, autogauge_holds):
    autogauge_holds(autogauge_result, "auto-price-threads")


def test_auto_over_the_cpu_is_ready_in_time(autogauge_result, autogauge_holds):
    autogauge_holds(autogauge_result, "auto-price-first-inference")


def test_the_helper_goes_on_answering_while_the_accelerator_compiles(autogauge_result, autogauge_holds):
    autogauge_holds(autogauge_result, "auto-helper-while-the-accelerator-compiles")


def test_auto_has_released_its_helper_when_its_memory_is_steady(autogauge_result, autogauge_holds):
    autogauge_holds(autogauge_result, "auto-helper-is-released-before-memory-is-steady")


def test_memory(autogauge_benchmarked, autogauge_record):
    autogauge_record(*autogauge_benchmarked)
