"""What AUTO takes once is known: memory at the compile, at the hand-over and afterwards, threads, a later first inference."""

import pytest

from autogauge.studies.memory import MEMORY

pytestmark = [pytest.mark.perf, pytest.mark.study(MEMORY)]


def test_every_process_said_what_it_has_resident(result, all_measured):
    all_measured(result)


def test_each_process_was_on_the_device_that_its_memory_is_of(result, holds):
    holds(result, "memory-is-of-the-device-that-it-should-be")


def test_auto_over_the_cpu_has_little_more_memory_than_the_cpu(result, holds):
    holds(result, "auto-price-memory")


def test_auto_over_the_cpu_has_few_threads_more(result, holds):
    holds(result, "auto-price-threads")


def test_auto_over_the_cpu_is_ready_in_time(result, holds):
    holds(result, "auto-price-first-inference")


def test_the_helper_goes_on_answering_while_the_accelerator_compiles(result, holds):
    holds(result, "auto-helper-while-the-accelerator-compiles")


def test_auto_has_released_its_helper_when_its_memory_is_steady(result, holds):
    holds(result, "auto-helper-is-released-before-memory-is-steady")


def test_memory(benchmarked, record):
    record(*benchmarked)
