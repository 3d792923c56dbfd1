"""Which tests measure: they take the machine's lock and have no limit of another plugin; and what the gate says where it has nothing."""

from types import SimpleNamespace

import pytest

from autogauge.gate import gate as gates
from fixtures import alone
from fixtures import gate as of_gate
from fixtures.session import MESSAGES, RUN, is_measuring
from tests.cases import each_of


def item(*marks, notes=None):
    stash = pytest.Stash()
    stash[RUN] = SimpleNamespace(notes=[] if notes is None else notes)
    return SimpleNamespace(
        get_closest_marker=lambda name: name if name in marks else None,
        config=SimpleNamespace(stash=stash),
        stash=pytest.Stash(),
    )


@each_of("mark", ["perf", "functional", "soak", "study"])
def test_a_test_with_one_of_these_marks_measures(mark):
    assert is_measuring(item(mark))
    notes = []
    assert alone.pytest_timeout_set_timer(item(mark, notes=notes), SimpleNamespace(timeout=3.0)) is True
    assert notes[0].startswith("pytest-timeout's 3 s are no limit for tests that measure")


@each_of("mark", ["slow", "omz", "parametrize"])
def test_no_other_test_does(mark):
    assert not is_measuring(item(mark))
    assert alone.pytest_timeout_set_timer(item(mark), SimpleNamespace(timeout=3.0)) is None


def said(*marks, gate=gates.FAIL, judgements=(), collectonly=False):
    """What the session of such tests says at its end, and its status."""
    stash = pytest.Stash()
    judged = SimpleNamespace(judgements=judgements) if judgements else None
    stash[RUN] = SimpleNamespace(settings=SimpleNamespace(gate=gate, fail_inconclusive=False), gate=judged, own="")
    option = SimpleNamespace(collectonly=collectonly)
    config = SimpleNamespace(stash=stash, option=option, getoption=lambda name, default=None: default)
    items = [item(mark) for mark in marks]
    for each in items:
        each.config = config
    session = SimpleNamespace(config=config, items=items, exitstatus=pytest.ExitCode.OK)
    of_gate.pytest_sessionfinish(session)
    return stash.get(MESSAGES, []), session.exitstatus


@each_of("mark", ["functional", "soak"])
def test_where_nothing_has_figures_a_gate_that_shall_fail_says_that_it_did_nothing(mark):
    (message,), status = said(mark)
    assert message.startswith(
        "NOTE: the gate judges figures, and the chosen tests have none: --gate=fail did nothing here"
    )
    assert status == pytest.ExitCode.OK, "each of them passes or fails by itself"


def test_beside_perf_tests_the_gate_is_red_as_before():
    (message,), status = said("functional", "perf")
    assert message.startswith("ERROR: the gate judged nothing")
    assert status == pytest.ExitCode.TESTS_FAILED


def test_nothing_is_said_where_nobody_asked_or_something_was_judged():
    assert said("functional", gate=gates.WARN)[0] == []
    assert said("functional", collectonly=True)[0] == []
    assert said("slow")[0] == []
    assert said("soak", judgements=(SimpleNamespace(outcome=None),))[0] == []


def said_of_soak(*marks, given="5"):
    """What a session of such tests says after they were collected."""
    config = SimpleNamespace(
        stash=pytest.Stash(), getoption=lambda name, default=None: given if name == "--soak" else default
    )
    of_gate.pytest_collection_finish(SimpleNamespace(config=config, items=[item(mark) for mark in marks]))
    return config.stash.get(MESSAGES, [])


def test_a_soak_that_was_asked_for_and_not_chosen_is_told():
    (message,) = said_of_soak("functional")
    assert message == (
        "NOTE: --soak=5 is about soak tests, and none was chosen: it did nothing here (pytest -m soak --soak=5)"
    )
    assert said_of_soak("functional", "soak") == []
    assert said_of_soak("functional", given=None) == []
