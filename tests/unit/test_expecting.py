"""What is expected of a case, judged: nothing that was not seen holds, and a process that crashed or hung is its case's finding."""

import pytest

from autogauge.measuring.claim import Fact, Verdict
from autogauge.probe.request import Failure
from autogauge.probe.seen import Seen
from autogauge.rig.expecting import Expect, Wanted, at_most, judge
from autogauge.stats.verdicts import Outcome

CRASH, HANG = (
    Failure("signal", "step 1: infer", "killed by signal 11 (SIGSEGV)"),
    Failure("deadline", "step 1: infer", "no answer within 30 s"),
)
COMPILED = Expect("compiles", "devices", lambda seen: seen.value("compile", "devices"), ["CPU"])
RIGHT = Expect("is-right", "wrong answers", lambda seen: seen.value("infer", "wrong"), 0)


def seen(*values, ending=None):
    steps = [{"do": name} for name in ("compile", "infer", "release")]
    told = [{"value": value, "error": None, "seconds": 0.1} for value in values]
    return Seen.of(steps, told, ending, "")


def holds(expects, found):
    return {name: check.holds for name, check in judge(expects, found)[0].items()}


def test_what_is_as_it_was_wanted_holds_and_what_was_not_seen_is_not_known():
    assert holds([COMPILED, RIGHT], seen({"devices": ["CPU"]}, {"wrong": 0}, {})) == {
        "compiles": True,
        "is-right": True,
    }
    assert holds([RIGHT], seen({}, {"wrong": None}, {})) == {"is-right": None}
    assert holds([RIGHT], seen({}, {"wrong": 2}, {})) == {"is-right": False}


@pytest.mark.parametrize("ending", [CRASH, HANG])
def test_a_crash_or_a_hang_is_what_became_of_every_claim_of_its_case(ending):
    found = seen({"devices": ["CPU"]}, ending=ending)
    assert holds([COMPILED, RIGHT], found) == {"compiles": False, "is-right": False}
    assert ending.reason in judge([COMPILED], found)[0]["compiles"].why


def test_a_crash_after_all_that_was_read_is_no_pass_either():
    assert holds([RIGHT], seen({}, {"wrong": 0}, ending=CRASH)) == {"is-right": False}


@pytest.mark.parametrize("held", [0, "", [], False])
def test_a_wish_that_says_no_in_whatever_way_is_not_met(held):
    assert holds([Expect("c", "x", lambda _: 1, Wanted("odd", lambda _: held))], seen({}, {}, {})) == {"c": False}


def test_a_value_that_cannot_be_judged_is_not_known_and_breaks_nothing_off():
    assert holds([Expect("c", "x", lambda _: "text", at_most(3))], seen({}, {}, {})) == {"c": None}


def verdict(check):
    fact = Fact("c", "it is so", ("case",), known="a-difference")
    return Verdict(fact, Outcome.FAIL, None, 1, broken=(check.why,))


def test_a_known_difference_excuses_what_names_it_and_nothing_else():
    lost = Expect("c", "lost", lambda seen: seen.value("infer", "lost"), 0, differs=("a-difference",))
    wrong = Expect("c", "wrong", lambda seen: seen.value("infer", "wrong"), 0)
    for found, is_known in (({"lost": 1, "wrong": 0}, True), ({"lost": 1, "wrong": 1}, False)):
        check = judge([lost, wrong], seen({}, found, {}))[0]["c"]
        assert check.holds is False
        assert verdict(check).is_known is is_known
        assert verdict(check).to_json()["known"] == ("a-difference" if is_known else "")


def test_where_no_expectation_names_a_difference_it_excuses_the_whole_claim():
    assert verdict(judge([RIGHT], seen({}, {"wrong": 1}, {}))[0]["is-right"]).is_known
