"""What a study's author got wrong in a plan or in a sample, in sentences. It is asked before anything is measured, and of each sample.

A mistake here is one of code, not of whoever runs it: it breaks the study that has it, and no other.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from autogauge.measuring.claim import WITHIN, Bound, Claim, Difference, Fact, Ratio
from autogauge.measuring.condition import REFERENCE, TWIN, Condition
from autogauge.measuring.metric import Metric
from autogauge.measuring.plan import Plan
from autogauge.measuring.result import Check, Sample
from autogauge.plain import few

if TYPE_CHECKING:
    from autogauge.measuring.result import Result


class StudyMistake(Exception):
    """A study that cannot be measured as it is written: one sentence, with all that is wrong."""


def check_plan(result: Result) -> None:
    """Raise :class:`StudyMistake` where a result that is to be measured contradicts itself."""
    found = [*_in_conditions(result), *_in_metrics(result)]
    found = found or [*_in_claims(result), *_in_plan(result.plan, result.at_least)]  # the first ones explain the others
    if found:
        raise StudyMistake(f"the study {result.name!r} cannot be measured: {few(found, '; ')}")


def check_sample(condition: Condition, sample: Any) -> None:
    """Raise :class:`StudyMistake` where what a turn gave is no sample: at the first turn, and not when all is judged."""
    where = f"a turn of {condition.name!r} gave"
    if not isinstance(sample, Sample):
        raise StudyMistake(f"{where} {_kind(sample)}, and is to give a Sample")
    for name, check in sample.checks.items():
        if not isinstance(check, Check) or not (check.holds is None or isinstance(check.holds, bool)):
            given = f"a Check that holds {_kind(check.holds)}" if isinstance(check, Check) else _kind(check)
            raise StudyMistake(
                f"{where} {given} for {name!r}: it is Check(True), Check(False) or Check(None), with why"
            )


def _in_conditions(result: Result) -> Iterator[str]:
    conditions = result.conditions
    if not conditions:
        yield "it has no condition"
    if odd := [_kind(each) for each in conditions if not isinstance(each, Condition)]:
        yield f"its conditions are to be of the class Condition, and there is {few(odd)}"
        return
    names = [each.name for each in conditions]
    if twice := _twice(names):
        yield f"conditions have names of their own, and there is more than one {few([*map(repr, twice)])}"
    if not all(isinstance(name, str) and name.strip() for name in names):
        yield "a condition has no name"
    for each in conditions:
        if str(each.name).endswith(TWIN) and each.role != REFERENCE:
            yield f"{each.name!r} ends in {TWIN}, and such a name is that of a condition's twin on the reference: give it another"
        if each.beside and each.beside not in names:
            yield f"{each.name!r} is beside {each.beside!r}, which is no condition of it"


def _in_metrics(result: Result) -> Iterator[str]:
    metrics = result.metrics
    if odd := [_kind(each) for each in metrics if not isinstance(each, Metric)]:
        yield f"its metrics are to be of the class Metric, and there is {few(odd)}"
        return
    if twice := _twice(each.name for each in metrics):
        yield f"it has more than one metric {few([*map(repr, twice)])}"
    known = {each.name: each for each in metrics}
    for title, name in result.recorded.items():
        if name not in known:
            yield f"{title!r} records {name!r}, which is not among its metrics"
        elif not known[name].can_be_recorded:
            yield (
                f"{title!r} records {name!r}, which is no time: say how many seconds one is (Metric(seconds=…)); "
                "or no memory: that is in bytes, and its name ends in _bytes"
            )


def _in_claims(result: Result) -> Iterator[str]:
    claims: tuple[Claim, ...] = (*result.claims, *result.changes)
    if odd := [_kind(each) for each in claims if not isinstance(each, (Ratio, Difference, Bound, Fact))]:
        yield f"its claims are to be Ratio, Difference, Bound or Fact, and there is {few(odd)}"
        return
    if twice := _twice(each.name for each in claims):
        yield f"claims have names of their own, and there is more than one {few([*map(repr, twice)])}"
    names = [each.name for each in result.conditions]
    known = {each.name: each for each in result.metrics}
    for claim in claims:
        yield from (f"{claim.name!r}: {each}" for each in _in_claim(claim, names, known, claim in result.changes))
    if missing := {*result.controls} - {each.name for each in result.changes}:
        yield f"its controls are changes of it, and {few(sorted(map(repr, missing)))} is none"


def _in_claim(claim: Claim, names: list[str], known: Mapping[str, Metric], is_change: bool) -> Iterator[str]:
    """What is wrong with one claim, in clauses."""
    if isinstance(claim.conditions, str):
        yield f"its conditions are a text: write ({claim.conditions!r},)"
        return
    if missing := [repr(name) for name in claim.conditions if name not in names]:
        yield f"it is about {few(missing)}, which is no condition of the study (there is {few([*map(repr, names)])})"
    if not claim.conditions:
        yield "it is about no condition"
    if isinstance(claim, Fact):
        return
    if isinstance(claim, (Ratio, Difference)) and claim.conditions[0] == claim.conditions[1]:
        yield f"it compares {claim.conditions[0]!r} with itself"
    if isinstance(claim, Ratio) and claim.relation == WITHIN:
        if not is_change:
            yield "only a change is within a factor: a promise is 'at most' or 'at least'"
        if not claim.bound > 1:
            yield f"a ratio is within a factor above 1, and not {claim.bound:g}"
    elif claim.relation not in ("at most", "at least"):
        yield f"its relation is 'at most' or 'at least', and not {claim.relation!r}"
    if not math.isfinite(claim.bound) or (isinstance(claim, Ratio) and claim.bound <= 0):
        yield f"{claim.bound:g} is no bound" + (" of a ratio" if isinstance(claim, Ratio) else "")
    if known and claim.metric != known.get(claim.metric.name):
        there = "is declared otherwise" if claim.metric.name in known else "is not"
        yield f"its metric {claim.metric.name!r} {there} among the study's metrics"


def _in_plan(plan: Plan, at_least: int) -> Iterator[str]:
    looks = [0, *plan.looks]
    if len(looks) < 2 or looks != sorted({*looks}):
        yield f"its looks are numbers of replicates that rise from 1 or more, and not {plan.looks}"
    if not plan.budget_s >= 0:
        yield f"its budget is {plan.budget_s:g} s"
    if not 0 < plan.confidence < 1:
        yield f"its confidence is {plan.confidence:g}, and is to lie between 0 and 1"
    if at_least < 0:
        yield f"at least {at_least} replicates are none"


def _twice(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _kind(value: Any) -> str:
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 40 else text[:39] + '…'}"
