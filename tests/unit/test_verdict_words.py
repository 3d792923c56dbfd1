"""How a run's verdicts are put into words: what is broken, what is broken as known, what is kept by the dozen."""

from autogauge.report import words


def verdict(name, outcome="PASS", known="", *, many=True):
    return {"name": name, "claim": name, "verdict": outcome, "known": known, "study": "cases", "one_of_many": many}


def test_a_promise_that_is_broken_as_known_is_told_apart_from_one_that_is_broken():
    assert words.shown(verdict("a", "FAIL", "a-difference")) == "KNOWN"
    assert words.shown(verdict("a", "FAIL")) == "FAIL"
    assert words.shown(verdict("a", "PASS", "a-difference")) == "PASS"


def test_kept_promises_of_a_study_of_many_are_one_line_and_known_ones_another():
    found = [verdict("a"), verdict("b"), verdict("c", "FAIL", "d"), verdict("e", "FAIL"), verdict("f", many=False)]
    found += [verdict("g", "FAIL", "absent-npu"), verdict("h", "FAIL", "absent-npu")]
    own, lines = words.apart(found)
    assert [each["name"] for each in own] == ["e", "f"]
    assert lines == [
        ("PASS", "cases: 2 promises kept (a, b)"),
        (
            "KNOWN",
            "broken as is known of this release; docs/findings.md has each:\nd (c)\n"
            "absent-npu: AUTO:NPU,CPU without an NPU does not go to the CPU (g, h)",
        ),
    ]


def test_the_sentence_counts_what_is_known_apart():
    assert (
        words.sentence(["PASS", "PASS", "FAIL"], [], 1) == "2 of 3 promises kept, 1 broken as known (docs/findings.md)"
    )
    assert (
        words.sentence(["PASS", "FAIL", "FAIL"], [], 1)
        == "1 of 3 promises broken, 1 broken as known (docs/findings.md)"
    )
    assert words.sentence(["PASS", "INCONCLUSIVE"], []) == "1 of 2 promises kept, 1 inconclusive"
    assert words.sentence(["PASS", "PASS"], []) == "all 2 promises kept"
