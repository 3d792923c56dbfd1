"""A session that leaves too many facts open is not green, and says which they are; a few are a busy machine's."""

from types import SimpleNamespace

import pytest

from autogauge.measuring.claim import Bound, Fact
from autogauge.measuring.condition import Condition
from autogauge.measuring.left_open import too_many
from autogauge.measuring.metric import Metric
from autogauge.measuring.plan import Plan
from autogauge.measuring.result import Check, Replicate, Result, Sample
from autogauge.targets import Target
from fixtures import left_open as at_the_end
from fixtures.session import MESSAGES, OWN_RUNS, RUN

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


def asked(*results):
    """That somebody asked for all of their claims."""
    return {(each.name, claim.name) for each in results for claim in each.claims}


@pytest.mark.parametrize(
    ("results", "told"),
    [
        ([study("a", *[True] * 40)], ""),
        ([study("a", None, None, *[True] * 18)], ""),
        ([study("a", None, None, None, *[True] * 57)], ""),
        ([study("a", None, None, None, *[True] * 56)], "3 of 59 facts are open"),
        ([study("a", *[True] * 97, None), study("b", None, None, True)], "2 of the 3 facts of b are open, so"),
        ([study("a", *[True] * 97), study("b", None, True)], ""),
        ([study("a", *[True] * 97), study("b", None)], "the one fact of b that was asked for is open, so"),
        (
            [study("a", *[True] * 97), study("b", None), study("c", None, None, True)],
            "the one fact of b that was asked for is open and 2 of the 3 facts of c are open",
        ),
        ([study("a", False, False, False, False)], ""),
        ([study("a")], ""),
        ([], ""),
    ],
)
def test_a_few_may_be_open_and_no_whole_study(results, told):
    found = too_many(results, asked(*results))
    assert found.startswith(told)
    assert bool(found) is bool(told)


def test_each_that_is_open_is_named_with_its_study():
    results = [study("a", None, False, True), study("b", None, None), study("c", True)]
    found = too_many(results, asked(*results))
    assert "(a: a-0; b: b-0, b-1)" in found
    assert "a-1" not in found
    assert "run again" in found


def test_many_that_are_open_are_counted_by_study():
    names = ["a", "b", "c", "d"]
    results = [study(name, *[None] * 9) for name in names]
    found = too_many(results, asked(*results))
    assert "36 of 36 facts are open" in found
    assert "(a: 9; b: 9; c: 9 and 1 more)" in found
    assert len(found) < 250


def test_facts_that_nobody_asked_for_fail_nobody_and_prop_up_nothing():
    results = [study("a", None, None, None, True), study("b", *[True] * 97)]
    assert not too_many(results, {("a", "a-3")})
    assert not too_many(results, ())
    assert too_many(results, {("a", "a-2")}).startswith("the one fact of a that was asked for is open")
    assert too_many(results, {("a", "a-2"), ("a", "a-3")}) == ""
    assert too_many(results, {("a", "a-1"), ("a", "a-2"), ("a", "a-3")}).startswith("2 of the 3 facts of a are open")


CONFTEST = """
import pytest
from types import SimpleNamespace
from fixtures.session import MESSAGES, RUN
from fixtures.studies import holds
from tests.unit.test_left_open import study

pytest_plugins = ["fixtures.left_open", "fixtures.findings"]
RESULTS = {each.name: each for each in (study("open", None, None, None, True), study("soaked", None), study("good", True))}

def pytest_configure(config):
    config.addinivalue_line("markers", "study(study): which")
    for mark in ("functional", "perf", "soak"):
        config.addinivalue_line("markers", f"{mark}: so")
    config.stash[RUN] = SimpleNamespace(results=[*RESULTS.values()])

def pytest_unconfigure(config):
    print(*config.stash.get(MESSAGES, []))

@pytest.fixture
def autogauge_result(request):
    return RESULTS[request.node.get_closest_marker("study").args[0].name]

@pytest.fixture
def autogauge_run(request):
    return request.config.stash[RUN]

@pytest.fixture
def autogauge_settings():
    return SimpleNamespace(fail_inconclusive=False)

@pytest.fixture
def autogauge_evidence():
    return lambda name, value: None
"""
TESTS = """
import pytest
from types import SimpleNamespace

def of(name):
    return pytest.mark.study(SimpleNamespace(name=name))

@pytest.mark.MARK
@of("open")
@pytest.mark.parametrize("fact", range(4))
def test_open(autogauge_result, autogauge_holds, fact):
    autogauge_holds(autogauge_result, f"open-{fact}")

@pytest.mark.soak
@of("soaked")
def test_soaked(autogauge_result, autogauge_holds):
    autogauge_holds(autogauge_result, "soaked-0")

@pytest.mark.MARK
@of("good")
def test_good(autogauge_result, autogauge_holds):
    autogauge_holds(autogauge_result, "good-0")
"""


@pytest.mark.parametrize("mark", ["functional", "perf"])
@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ("test_open or test_good", "3 of 5 facts are open, and at most 5% may be"),
        ("test_open and 0", "the one fact of open that was asked for is open"),
        ("test_open and 3", ""),
        ("soaked or test_good", ""),
    ],
)
def test_a_session_fails_by_its_exit_status_for_the_facts_that_its_tests_ask_for(pytester, capsys, mark, chosen, told):
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(TESTS.replace("MARK", mark))
    found = pytester.inline_run("-p", "no:cacheprovider", "-k", chosen)
    output = capsys.readouterr().out
    assert found.ret == bool(told)
    assert told in output
    assert ("is no pass" in output) is bool(told)


def test_the_facts_of_a_model_with_a_run_of_its_own_count_too():
    config = SimpleNamespace(stash=pytest.Stash(), option=SimpleNamespace(collectonly=False))
    config.stash[RUN] = SimpleNamespace(results=[study("session", True)])
    config.stash[OWN_RUNS] = [SimpleNamespace(results=[study("own claims", None)])]
    config.stash[at_the_end.ASKED] = {("own claims", "own claims-0")}
    session = SimpleNamespace(config=config, exitstatus=pytest.ExitCode.OK)
    at_the_end.pytest_sessionfinish(session)
    assert session.exitstatus == pytest.ExitCode.TESTS_FAILED
    assert "the one fact of own claims that was asked for is open" in config.stash[MESSAGES][0]
