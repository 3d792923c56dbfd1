"""A session that leaves too many facts open is not green, and says which they are; a few are a busy machine's."""

import pytest

from autogauge.measuring.claim import Bound, Fact
from autogauge.measuring.condition import Condition
from autogauge.measuring.left_open import too_many
from autogauge.measuring.metric import Metric
from autogauge.measuring.plan import Plan
from autogauge.measuring.result import Check, Replicate, Result, Sample
from autogauge.targets import Target

pytest_plugins = ["pytester"]
LOST = Metric("lost", "lost inferences")


def study(name, *holds):
    """A study with a fact for each of these; of a bound, which is no fact, nothing is known either."""
    facts = [Fact(f"{name}-{number}", "it is so", ("A",)) for number in range(len(holds))]
    claims = (*facts, Bound("few", "few are lost", LOST, "A", "at most", 3, every=True))
    result = Result(name, (Condition("A", Target("A")),), claims, Plan((1,), 1.0), 1)
    checks = {fact.name: Check(each, "seen") for fact, each in zip(facts, holds, strict=True)}
    result.replicates.append(Replicate(0, ("A",), {"A": Sample({}, checks=checks)}))
    return result


@pytest.mark.parametrize(
    ("results", "told"),
    [
        ([study("a", *[True] * 40)], ""),
        ([study("a", None, None, *[True] * 18)], ""),
        ([study("a", None, None, None, *[True] * 57)], ""),
        ([study("a", None, None, None, *[True] * 56)], "3 of 59 facts are open"),
        ([study("a", *[True] * 97, None), study("b", None, None, True)], "of b more than half of the facts are open"),
        ([study("a", *[True] * 97), study("b", None, True)], ""),
        ([study("a", *[True] * 97), study("b", None)], "of b more than half"),
        ([study("a", False, False, False, False)], ""),
        ([study("a")], ""),
        ([], ""),
    ],
)
def test_a_few_may_be_open_and_no_whole_study(results, told):
    found = too_many(results)
    assert found.startswith(told)
    assert bool(found) is bool(told)


def test_each_that_is_open_is_named_with_its_study():
    found = too_many([study("a", None, False, True), study("b", None, None), study("c", True)])
    assert "(a: a-0; b: b-0, b-1)" in found
    assert "a-1" not in found
    assert "run again" in found


CONFTEST = """
import pytest
from types import SimpleNamespace
from fixtures.session import MESSAGES, RUN
from tests.unit.test_left_open import study

pytest_plugins = ["fixtures.left_open"]

def pytest_configure(config):
    config.addinivalue_line("markers", "study(study): which")
    for mark in ("functional", "soak"):
        config.addinivalue_line("markers", f"{mark}: so")
    results = [study("open", None, None, None), study("soaked", None), study("good", True)]
    config.stash[RUN] = SimpleNamespace(results=results)

def pytest_unconfigure(config):
    print(*config.stash.get(MESSAGES, []))
"""
TESTS = """
import pytest
from types import SimpleNamespace

def of(name):
    return pytest.mark.study(SimpleNamespace(name=name))

@pytest.mark.functional
@of("open")
def test_open():
    pytest.skip("nobody knows")

@pytest.mark.soak
@of("soaked")
def test_soaked():
    pytest.skip("too short")

@pytest.mark.functional
@of("good")
def test_good():
    pass
"""


@pytest.mark.parametrize(
    ("chosen", "status", "is_told"),
    [("test_open or test_good", 1, True), ("soaked or test_good", 0, False)],
)
def test_a_session_of_functional_tests_fails_by_its_exit_status(pytester, capsys, chosen, status, is_told):
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(TESTS)
    found = pytester.inline_run("-p", "no:cacheprovider", "-k", chosen)
    assert found.ret == status
    assert ("open: open-0, open-1, open-2" in capsys.readouterr().out) is is_told
