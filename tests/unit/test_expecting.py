"""What is expected of a case, judged: nothing that was not seen holds, and a process that crashed or hung is its case's finding."""

import dataclasses

import pytest

from autogauge.measuring.claim import Fact, Verdict
from autogauge.probe.request import Failure
from autogauge.probe.seen import Seen
from autogauge.rig.expecting import HUNG, Expect, Wanted, at_most, judge, saying, unless_seen
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


KNOWN = Expect("c", "lost", lambda seen: seen.value("infer", "lost"), 0, differs=("a-difference",))
LATER = Expect("c", "later", lambda seen: seen.value("release", "later"), 0)


def is_known(expects, found):
    check = judge(expects, found)[0]["c"]
    assert check.holds is False
    return verdict(check).is_known


def test_what_was_not_seen_beside_a_known_difference_is_excused_by_name_too():
    found = seen({}, {"lost": 1}, {})
    assert not is_known([KNOWN, LATER], found)
    assert is_known([KNOWN, unless_seen(LATER, ("a-difference",))], found)
    assert not is_known([KNOWN, unless_seen(LATER, ("a-difference",))], seen({}, {"lost": 1}, {"later": 1}))
    assert is_known([KNOWN, LATER], seen({}, {"lost": 1}, {"later": 0}))


def test_a_known_difference_is_what_is_known_of_it_and_nothing_else():
    known = Expect("c", "said", lambda seen: seen.error("infer"), "", ("a-difference",), as_known=saying("oversized"))
    for said, expected in (("RuntimeError: oversized", True), ("a wholly new error", False)):
        steps = [{"do": "infer"}]
        found = Seen.of(steps, [{"value": {}, "error": said, "seconds": 0.1}], None, "")
        assert is_known([known], found) is expected


@pytest.mark.parametrize("ending", [CRASH, HANG])
def test_an_end_of_the_process_is_known_only_where_the_difference_names_it(ending):
    found = seen({}, ending=ending)
    assert not is_known([KNOWN], found)
    for end in ("signal", "exit", HUNG):
        named = dataclasses.replace(KNOWN, ends=(end,))
        assert is_known([named], found) is (end == {CRASH: "signal", HANG: HUNG}[ending])


def test_an_end_that_ended_with_a_release_and_a_difference_of_another_one_excuse_nothing_there():
    known = Expect(
        "c", "x", lambda seen: 1, 0, differs=("state-in-if", "async-queue-end"), ends=(("signal", "2024"), HUNG)
    )
    older, newer = known.on("2024.6.0-1"), known.on("2026.4.1-1")
    assert (older.differs, older.ends) == (("state-in-if",), ("signal", HUNG))
    assert (newer.differs, newer.ends) == (("state-in-if", "async-queue-end"), (HUNG,))
    gone = dataclasses.replace(known, differs=("async-queue-end",)).on("2025.4.1-1")
    assert gone.differs == gone.ends == ()


def told(*steps):
    """What was seen of steps: what each does, and its error or what it told."""
    said = [
        {
            "value": {} if isinstance(each, str) else each,
            "error": each if isinstance(each, str) else None,
            "seconds": 0.1,
        }
        for _, each in steps
    ]
    return Seen.of([{"do": name.partition(" ")[0], "name": name} for name, _ in steps], said, None, "")


BROKEN = "RuntimeError: Exception from src/core.cpp:117: \nAUTO is broken today\n"


def test_what_is_not_known_for_an_error_that_nobody_expected_is_broken_and_the_error_is_told():
    found = told(("compile", BROKEN), ("infer", "KeyError: 'a'"), ("release", "KeyError: 'a'"))
    for check in judge([COMPILED, RIGHT], found)[0].values():
        assert check.holds is False
        assert "compile: RuntimeError: AUTO is broken today" in check.why
        assert "KeyError" not in check.why


def test_an_error_that_was_judged_is_expected_and_leaves_open_what_it_kept_from_being_seen():
    refused = Expect("refused", "what is said", lambda seen: seen.error("compile"), saying("broken"))
    found = told(("compile", BROKEN), ("infer", "KeyError: 'a'"))
    assert holds([refused, RIGHT], found) == {"refused": True, "is-right": None}
    not_asked = dataclasses.replace(refused, claim="of another release")
    assert judge([RIGHT], found, [not_asked])[0]["is-right"].holds is None
    guarded = dataclasses.replace(refused, when=lambda seen: False)
    assert holds([guarded, RIGHT], found) == {"refused": None, "is-right": None}


def test_what_went_wrong_where_what_it_is_about_did_not_come_about_is_told_and_expected_only_as_it_was_wanted_or_known():
    told_of = told(("compile", {}), ("infer", {"failed": 2, "errors": ["RuntimeError: AUTO lost it"]}))
    lost = Expect("c", "lost", lambda seen: seen.value("infer", "failed"), 0, when=lambda seen: False)
    for expect, found in (
        (lost, False),
        (dataclasses.replace(lost, wanted=2), None),
        (dataclasses.replace(lost, differs=("a-difference",)), False),
        (dataclasses.replace(lost, differs=("a-difference",), as_known=at_most(2)), None),
        (dataclasses.replace(lost, differs=("a-difference",), as_known=at_most(1)), False),
    ):
        check = judge([expect], told_of)[0]["c"]
        assert check.holds is found
        assert ("AUTO lost it" if found is False else "read all the same: 2") in check.why
        assert found is None or not expect.differs or not is_known([expect], told_of)
    assert holds([lost], told(("compile", {}), ("infer", {"failed": 0}))) == {"c": None}


def test_what_is_not_asked_and_read_no_value_expects_nothing():
    read = Expect("of another release", "lines", lambda seen: None if seen.step("compile").error else 1, 1)
    found = told(("compile", BROKEN))
    assert judge([RIGHT], found, [read])[0]["is-right"].holds is False
    said = dataclasses.replace(read, read=lambda seen: seen.error("compile"))
    assert judge([RIGHT], found, [said])[0]["is-right"].holds is None


LACK = Failure("signal", "step 1: infer", "killed by the kernel for want of memory")


def test_a_process_that_the_machine_could_not_keep_leaves_open_what_was_not_broken_before():
    check = judge([COMPILED, RIGHT], seen({"devices": ["CPU"]}, ending=LACK))[0]["compiles"]
    assert check.holds is None
    assert LACK.reason in check.why
    assert holds([COMPILED, RIGHT], seen({"devices": ["GPU"]}, ending=LACK)) == {"compiles": False, "is-right": None}
    assert holds([RIGHT], seen({}, {"wrong": 0}, ending=LACK)) == {"is-right": None}
    ended = Expect("ends", "the end", lambda seen: seen.became, "done")
    assert holds([ended], seen({}, ending=LACK)) == {"ends": None}
    assert is_known([KNOWN, LATER], seen({}, {"lost": 1}, ending=LACK))
    broken = told(("compile", {}), ("infer", BROKEN))
    assert holds([RIGHT], Seen(broken.steps, LACK, broken.log)) == {"is-right": False}


def test_an_error_that_was_judged_and_is_not_wanted_breaks_what_it_kept_from_being_seen():
    accepted = Expect("accepted", "what is said", lambda seen: seen.error("compile"), "")
    found = told(("compile", BROKEN), ("infer", "KeyError: 'a'"))
    assert holds([accepted, RIGHT], found) == {"accepted": False, "is-right": False}
    assert holds([accepted, RIGHT], told(("compile", BROKEN), ("infer", {"wrong": 0}))) == {
        "accepted": False,
        "is-right": True,
    }
    known = dataclasses.replace(accepted, differs=("a-difference",))
    assert holds([known, RIGHT], found) == {"accepted": False, "is-right": None}


def test_an_error_that_was_read_and_decided_nothing_was_not_expected():
    swallowed = Expect("c", "lines", lambda seen: None if seen.step("compile").error else 1, 1)
    assert holds([swallowed], told(("compile", BROKEN))) == {"c": False}


@pytest.mark.parametrize(
    "wrong",
    [
        ("release", "RuntimeError: it cannot be let go of"),
        ("infer before", {"failed": 1, "errors": ["RuntimeError: once"]}),
        ("infer before", {"never": 1}),
        ("infer before", {"wrong": 1}),
    ],
)
def test_what_went_wrong_in_a_step_that_nobody_reads_breaks_what_holds(wrong):
    good = ("compile", {"devices": ["CPU"]}), ("infer", {"wrong": 0})
    assert holds([COMPILED, RIGHT], told(*good)) == {"compiles": True, "is-right": True}
    assert holds([COMPILED, RIGHT], told(*good, wrong)) == {"compiles": False, "is-right": False}
    reader = Expect("read", "how it went", lambda seen: _all_of(seen.step(wrong[0])), Wanted("anything", bool))
    assert holds([COMPILED, RIGHT, reader], told(*good, wrong))["compiles"] is True


def _all_of(step):
    return [step.error, *(step.value.get(key) for key in ("failed", "never", "wrong"))]


def test_a_slow_machine_and_one_that_lacks_something_leave_open():
    assert holds([RIGHT], told(("compile", {}), ("infer", {}))) == {"is-right": None}
    lacked = told(("compile", "RuntimeError: std::bad_alloc"), ("infer", "KeyError: 'a'"))
    assert holds([RIGHT], lacked) == {"is-right": None}


def test_what_could_not_be_prepared_leaves_everything_open_and_says_why():
    for name in ("damage", "fault", "forbid", "limit", "put", "copy-model"):
        check = judge([RIGHT], told((name, "OSError: not here"), ("infer", {"wrong": 1})))[0]["is-right"]
        assert check.holds is None
        assert f"could not be made: {name}: OSError: not here" in check.why
