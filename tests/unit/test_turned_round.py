"""``benchmarks/turned_round.py``: a claim that was not turned round is never said to have failed when it was."""

import json

from autogauge.measuring import saving
from autogauge.measuring.claim import Fact
from autogauge.measuring.condition import Condition
from autogauge.measuring.plan import Plan
from autogauge.measuring.result import Check, Replicate, Result, Sample
from autogauge.targets import Target
from benchmarks import turned_round
from tests.cases import each_of


def result(name, facts, **checks):
    claims = tuple(Fact(claim, f"{claim} holds", ("AUTO",)) for claim in checks)
    found = Result(name, (Condition("AUTO", Target("AUTO")),), claims, Plan((1,), 1.0), 1, state="decided")
    sample = Sample({}, checks={claim: Check(*check) for claim, check in checks.items()})
    found.replicates.append(Replicate(0, ("AUTO",), {"AUTO": sample}))
    found.facts.update(facts)
    return found


def of_cases(name="cases", deciding_nothing=(), **checks):
    """A study of cases: what was expected of its one case is kept with it."""
    expected = [{"claim": claim, "what": "x", "seen": "1", "wanted": "1", "holds": True} for claim in checks]
    return result(
        name, {"AUTO": {"replicates": [{"expected": expected, "deciding_nothing": [*deciding_nothing]}]}}, **checks
    )


def rows(tmp_path, *results):
    path = tmp_path / "summary.json"
    path.write_text(json.dumps({"studies": [saving.to_json(each) for each in results]}))
    return {claim: (stated, turned, good) for _, claim, stated, turned, good in turned_round.rows_of(path)}


def test_a_fact_without_expectations_is_not_turned_round(tmp_path):
    found = rows(tmp_path, result("other", {}, held=(True, ""), broke=(False, "")), of_cases(asked=(True, "")))
    assert found["held"] == ("PASS", "not turned (no expectations)", True)
    assert found["broke"] == ("FAIL", "not turned (no expectations)", True)
    assert found["asked"] == ("PASS", "FAIL", True)


def test_an_expectation_that_decides_nothing_is_told(tmp_path):
    found = rows(tmp_path, of_cases(deciding_nothing=["asked: devices"], asked=(True, "")))
    assert found["asked"] == ("PASS", "holds as well (AUTO: devices)", False)


@each_of("alone", [True, False])
def test_what_was_not_turned_is_counted_apart(tmp_path, capsys, monkeypatch, alone):
    other = result("other", {}, held=(True, ""), broke=(False, ""))
    rows(tmp_path, *([other] if alone else [other, of_cases(asked=(True, ""))]))
    monkeypatch.setattr("sys.argv", ["turned_round.py", str(tmp_path / "summary.json")])
    assert turned_round.main() == 0
    told = capsys.readouterr().out
    count = "0 of 0" if alone else "1 of 1"
    assert f"{count} claims fail, as they are stated or when they are turned round" in told
    assert "2 more are facts without expectations: they were not turned, and nothing is said of them" in told
