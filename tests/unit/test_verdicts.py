"""A verdict follows from where the interval lies, and says what it rests on."""

import math

from autogauge.measuring.claim import Ratio, Verdict
from autogauge.rig.fresh import FIL
from autogauge.stats.intervals import Interval
from autogauge.stats.verdicts import Outcome, outcome_of
from tests.cases import each_of
from tests.properties import for_all


def claim(relation="at most", bound=1.0):
    return Ratio("name", "a promise", FIL, "AUTO", "GPU", relation, bound)


def interval(low, high):
    return Interval((low + min(high, 1e3)) / 2, low, high, 0.95, 9)


@each_of(
    ("relation", "low", "high", "outcome"),
    [
        ("at most", 0.5, 0.9, Outcome.PASS),
        ("at most", 0.5, 1.0, Outcome.PASS),
        ("at most", 1.1, 1.3, Outcome.FAIL),
        ("at most", 0.9, 1.1, Outcome.INCONCLUSIVE),
        ("at least", 1.0, 1.3, Outcome.PASS),
        ("at least", 0.5, 0.9, Outcome.FAIL),
        ("at least", 0.9, 1.1, Outcome.INCONCLUSIVE),
        ("at most", 0.0, math.inf, Outcome.INCONCLUSIVE),
        ("at least", 0.0, math.inf, Outcome.INCONCLUSIVE),
    ],
)
def test_the_outcome_is_where_the_interval_lies(relation, low, high, outcome):
    assert outcome_of(claim(relation), interval(low, high)) is outcome


def test_without_an_interval_nothing_is_concluded():
    assert outcome_of(claim(), None) is Outcome.INCONCLUSIVE


@for_all(lambda st: (st.floats(0.01, 5), st.floats(0, 5), st.floats(0.1, 5)))
def test_turning_a_claim_over_turns_its_outcome_over(low, width, bound):
    found = interval(low, low + width)
    at_most, at_least = outcome_of(claim("at most", bound), found), outcome_of(claim("at least", bound), found)
    if Outcome.INCONCLUSIVE not in (at_most, at_least) and not found.low == found.high == bound:
        assert {at_most, at_least} == {Outcome.PASS, Outcome.FAIL}


def test_the_evidence_names_ratio_interval_replicates_and_failures():
    verdict = Verdict(
        claim(), Outcome.PASS, interval(0.5, 0.9), 18, ("GPU: killed by signal 11 (SIGSEGV) during measured",), 2
    )
    for part in ("FIL of AUTO ÷ GPU = 0.700", "0.500–0.900", "18 replicates", "at most 1", "2 failed", "SIGSEGV"):
        assert part in verdict.evidence()
    assert verdict.to_json()["ci"] == [0.5, 0.9]


def test_an_unbounded_interval_has_no_infinity_in_its_json():
    assert Verdict(claim(), Outcome.INCONCLUSIVE, interval(0, math.inf), 2).to_json()["ci"] == [0, None]
