"""What a claim's verdict does to the test that asks for it, and to no other."""

import pytest

pytest_plugins = ["pytester"]

CONFTEST = """
import pytest
from types import SimpleNamespace
from autogauge.measuring.claim import Bound, Fact
from autogauge.measuring.condition import Condition
from autogauge.measuring.metric import Metric
from autogauge.measuring.plan import Plan
from autogauge.measuring.result import Check, Replicate, Result, Sample
from autogauge.rig import study
from autogauge.targets import Target
from fixtures.studies import holds

pytest_plugins = ["fixtures.findings"]
LOST = Metric("lost", "lost inferences")
CLAIMS = (
    Fact("kept", "it is so", ("A",)),
    Fact("broken", "it is not so", ("A",)),
    Fact("open", "nobody knows", ("A",)),
    Bound("few", "few are lost", LOST, "A", "at most", 3, every=True),
    Bound("none", "none is lost", LOST, "A", "at most", 0, every=True),
)
CHECKS = {"kept": Check(True, "seen"), "broken": Check(False, "not seen"), "open": Check(None, "too dark")}
RESULT = Result("study", (Condition("A", Target("A")),), CLAIMS, Plan((2,), 1.0), 1)
for index in range(2):
    RESULT.replicates.append(Replicate(index, ("A",), {"A": Sample({"lost": 1.0}, checks=CHECKS)}))

class Study:
    def not_promised(self, rig):
        return {"left-out": "AUTO has no helper here"}

study.Study.register(Study)

def pytest_configure(config):
    config.addinivalue_line("markers", "study(study): which")

def pytest_addoption(parser):
    parser.addoption("--open-fails", action="store_true")

def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.study(Study()))

@pytest.fixture
def autogauge_result():
    return RESULT

@pytest.fixture
def autogauge_rig():
    return None

@pytest.fixture
def autogauge_run():
    return SimpleNamespace(results=[RESULT])

@pytest.fixture
def autogauge_settings(pytestconfig):
    return SimpleNamespace(fail_inconclusive=pytestconfig.getoption("--open-fails"))

@pytest.fixture
def autogauge_evidence(request):
    return lambda name, value: request.node.user_properties.append((name, value))
"""
NAMES = ("kept", "broken", "open", "few", "none", "left-out", "unheard-of")
TESTS = f"""
import pytest

@pytest.mark.parametrize("name", {NAMES})
def test(autogauge_result, autogauge_holds, name):
    autogauge_holds(autogauge_result, name)
"""


@pytest.fixture
def outcomes(pytester):
    def outcomes(*options):
        pytester.makeconftest(CONFTEST)
        pytester.makepyfile(TESTS)
        found = pytester.inline_run("-p", "no:cacheprovider", *options)
        calls = [each for each in found.getreports("pytest_runtest_logreport") if each.when == "call"]
        return {each.nodeid.partition("[")[2][:-1]: each for each in calls}

    return outcomes


def test_each_verdict_is_its_own_tests_outcome(outcomes):
    found = outcomes()
    assert {name: each.outcome for name, each in found.items()} == {
        "kept": "passed",
        "broken": "failed",
        "open": "skipped",
        "few": "passed",
        "none": "failed",
        "left-out": "skipped",
        "unheard-of": "failed",
    }
    assert found["unheard-of"].longreprtext == (
        "the study study claims no unheard-of: it claims kept, broken, open, few, none"
    )
    said = "A: it did not hold in 2 of 2 samples: replicate 0: not seen; replicate 1: not seen"
    assert found["broken"].longreprtext == f"FAIL: it is not so: {said}"
    assert found["broken"].user_properties == [("verdict", "FAIL"), ("evidence", said)]
    assert found["kept"].user_properties == [("verdict", "PASS"), ("evidence", "A: it held in both samples (seen)")]
    assert (
        "lost inferences of A = 1 at worst (2 samples), to be at most 0; beyond it in 2" in found["none"].longreprtext
    )
    assert (
        "INCONCLUSIVE: nobody knows: A: not known in 2 of 2 samples: replicate 0: too dark"
        in found["open"].longreprtext
    )


def test_what_is_open_fails_by_choice_and_what_is_not_promised_never(outcomes):
    found = outcomes("--open-fails")
    assert found["open"].outcome == "failed"
    assert found["left-out"].outcome == "skipped"
    assert "AUTO has no helper here" in found["left-out"].longreprtext
    assert not found["left-out"].user_properties, "there is no verdict"


def test_what_openvino_says_acts_on_no_terminal(pytester):
    """An exception's text stands in pytest's own report of the failure."""
    pytester.makeconftest(CONFTEST.replace('"not seen"', r'"\x1b[2J\x07\x00\u202e not seen"'))
    pytester.makepyfile(TESTS)
    found = pytester.inline_run("-p", "no:cacheprovider")
    calls = [each for each in found.getreports("pytest_runtest_logreport") if each.when == "call" and each.failed]
    assert any("·[2J··· not seen" in each.longreprtext for each in calls)
    assert not {*"".join(each.longreprtext for each in calls)} & {"\x1b", "\x07", "\x00", "\u202e"}
