"""Other plugins of pytest: what they would take from a run is refused in one sentence, or left out and said."""

import os

import pytest

from autogauge.probe import environment
from tests.support import ROOT, run_suite, sentence_of

ELSEWHERE = """
import pytest
from _pytest.reports import TestReport

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item):
    "As plugins do that run a test in another process: its report comes home, its figures do not."
    for when in ("setup", "call", "teardown"):
        report = TestReport(item.nodeid, item.location, {}, "passed", None, when)
        item.ihook.pytest_runtest_logreport(report=report)
    return True
"""
FORKED = """
def pytest_addoption(parser):
    parser.addoption("--forked", action="store_true")
"""
TIMEOUT = """
import pytest

class Specs:
    @pytest.hookspec(firstresult=True)
    def pytest_timeout_set_timer(item, settings):
        "Of pytest-timeout."

class Settings:
    timeout = 1.0

def pytest_addhooks(pluginmanager):
    pluginmanager.add_hookspecs(Specs)

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    if not item.config.hook.pytest_timeout_set_timer(item=item, settings=Settings):
        pytest.fail("the timer is set")
"""


@pytest.fixture
def beside(tmp_path):
    """Run the suite beside a plugin."""

    def beside(plugin, *options):
        (tmp_path / "neighbour.py").write_text(plugin)
        places = (f"--reports={tmp_path}/reports", f"--cache={tmp_path}/cache")
        return run_suite("-p", "neighbour", *options, *places, PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}")

    return beside


def test_tests_that_passed_in_another_process_are_no_green_run(beside):
    assert "tests that record figures passed, and nothing of what they measured is here" in sentence_of(
        beside(ELSEWHERE, "-m", "perf")
    )


@pytest.mark.slow
def test_a_process_for_each_test_is_refused(beside):
    assert "run pytest without --forked." in sentence_of(beside(FORKED, "-m", "perf", "--forked"))


@pytest.mark.slow
@pytest.mark.parametrize("options", [("-n2",), ("--dist=load", "--tx=2*popen")], ids=" ".join)
def test_several_at_once_are_refused_however_they_are_asked_for(options, tmp_path):
    assert "run pytest without -n." in sentence_of(run_suite("-m", "perf", *options, f"--reports={tmp_path}"))


@pytest.mark.slow
def test_a_limit_for_each_test_is_none_for_those_that_measure_and_stays_for_the_others(beside):
    done = beside(TIMEOUT, "-m", "perf", "-k", "hand_over", "-q")
    assert "the timer is set" not in done.stdout
    done = beside(TIMEOUT, "tests/unit/test_percentiles.py", "-q")
    assert "the timer is set" in done.stdout


def test_what_counts_the_lines_of_every_child_does_not_reach_a_probe():
    given = {
        "COVERAGE_PROCESS_START": "x",
        "COVERAGE_PROCESS_CONFIG": "x",
        "COV_CORE_SOURCE": "x",
        "COVERAGE": "x",
        "A": "b",
    }
    assert environment.own(given) == {"COVERAGE": "x", "A": "b"}
    assert not {name for name in environment.clean(given) if name.startswith("COV")} - {"COVERAGE"}
