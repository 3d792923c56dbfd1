"""What a finding does to the tests that rest on it: one is red, the others are skipped and refer to it."""

import pytest

pytest_plugins = ["pytester"]

CONFTEST = """
import pytest
from types import SimpleNamespace
from tests.unit.test_findings import GOOD, HANGS, SIGILL, result

pytest_plugins = ["fixtures.findings"]
MEASURED = result(*[{"CPU": GOOD, "AUTO": SIGILL, "GPU": SIGILL, "NPU": HANGS}] * 3)
FLAKY = result({"CPU": GOOD, "GPU": SIGILL}, {"CPU": GOOD}, {"CPU": HANGS}, name="flaky")

@pytest.fixture
def autogauge_measured():
    return MEASURED

@pytest.fixture
def flaky():
    return FLAKY

@pytest.fixture
def autogauge_run():
    return SimpleNamespace(results=[MEASURED, FLAKY])

@pytest.fixture
def autogauge_evidence(request):
    return lambda name, value: request.node.user_properties.append((name, value))
"""
TESTS = """
import pytest

def test_cpu(autogauge_measured, autogauge_rests):
    autogauge_rests(autogauge_measured, "CPU")

def test_auto(autogauge_measured, autogauge_rests):
    autogauge_rests(autogauge_measured, "CPU", "AUTO")

def test_gpu(autogauge_measured, autogauge_rests):
    autogauge_rests(autogauge_measured, "GPU")

@pytest.fixture
def facts(autogauge_measured, autogauge_rests):
    autogauge_rests(autogauge_measured, "GPU")

def test_in_a_fixture(facts):
    raise AssertionError

def test_everything(autogauge_measured, autogauge_all_measured):
    autogauge_all_measured(autogauge_measured)

def test_flaky(flaky, autogauge_all_measured):
    autogauge_all_measured(flaky)
"""


@pytest.fixture
def outcomes(pytester):
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(TESTS)

    def outcomes(*options):
        found = pytester.inline_run("-p", "no:cacheprovider", *options)
        reports = [
            each for each in found.getreports("pytest_runtest_logreport") if each.when == "call" or not each.passed
        ]
        return {
            each.nodeid.partition("::test_")[2]: (each.outcome, each.longreprtext, each.user_properties)
            for each in reports
        }

    return outcomes


def test_the_first_test_for_each_finding_is_red_and_the_others_refer_to_it(outcomes):
    found = outcomes()
    assert {name: outcome for name, (outcome, _, _) in found.items()} == {
        "cpu": "passed",
        "auto": "failed",
        "gpu": "skipped",
        "in_a_fixture": "skipped",
        "everything": "failed",
        "flaky": "failed",
    }
    ((name, value),) = found["auto"][2]
    assert name == "finding"
    assert "killed by signal 4 (SIGILL) during compile" in value, "a JUnit file has it whole"
    assert found["auto"][1] == "GPU and AUTO crashed in every turn: see FINDING"
    assert "GPU and AUTO crashed in every turn: see FINDING" in found["gpu"][1]
    assert found["everything"][1] == "NPU hung in every turn: see FINDING", "the finding that no test was red for"
    assert found["flaky"][1] == "1 turn failed: CPU: no answer within 5 s during compile", (
        "what works elsewhere fails as ever"
    )


def test_alone_a_test_that_rests_on_it_is_red_also_where_a_fixture_does(outcomes):
    ((outcome, text, _),) = outcomes("-k", "in_a_fixture").values()
    assert outcome == "failed"
    assert "GPU and AUTO crashed in every turn: see FINDING" in text


def test_a_test_that_is_red_stays_so_when_it_runs_again(outcomes, pytester):
    pytester.makepyfile(
        test_again="def test_one(autogauge_measured, autogauge_rests):\n    autogauge_rests(autogauge_measured, 'NPU')\n"
    )
    found = pytester.inline_run("test_again.py", "test_again.py", "-p", "no:cacheprovider", "--keep-duplicates")
    assert found.countoutcomes() == [0, 0, 2]
