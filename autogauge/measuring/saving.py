"""A result as JSON and arrays, and back without a loss. Which file they are in is left to ``history.run_file``.

The JSON holds figures and surroundings as columns, a list for each condition and metric in the order of the replicates: a run's file is
read far more often than written. Every request's latency and the samples' own arrays are in ``arrays``; without them everything else is
there. Verdicts are written as they stand, and what is read back is never judged anew.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from autogauge.measuring import earlier
from autogauge.measuring.claim import Bound, Difference, Fact, Ratio, Verdict
from autogauge.measuring.reading import Fields, jsonable, spelled
from autogauge.measuring.restoring import COUNTS, LATENCIES, prefix_of, result_from
from autogauge.measuring.result import Array, Result, Sample
from autogauge.plain import plain

SCHEMA = 1
"""Raised when a reader of before would misread it; ``earlier`` then makes the new shape of the old one."""
_ABSENT: Any = object()
"""What a sample does not have, where others of its column have something."""


def settled(result: Result) -> Result:
    """The result with every verdict standing as it is now: that is what is saved."""
    claims = (*result.claims, *result.changes)
    return dataclasses.replace(result, closed={claim.name: result.judged(claim) for claim in claims})


def to_json(result: Result) -> dict[str, Any]:
    """Everything but the single latencies and the samples' arrays."""
    replicates = result.replicates
    places = {condition.name: place for place, condition in enumerate(result.conditions)}
    fields = {
        "schema": SCHEMA,
        "name": result.name,
        "state": result.state,
        "seed": result.seed,
        "seconds": result.seconds,
        "elapsed_s": result.elapsed_s,
        "plan": result.plan.to_json(),
        "change_plan": result.change_plan.to_json() if result.change_plan else None,
        "pinned": result.pinned,
        "at_least": result.at_least,
        "repeats_disturbed": result.repeats_disturbed,
        "relay_rounds": result.relay_rounds,
        "metrics": [metric.to_json() for metric in result.metrics],
        "recorded": dict(result.recorded),
        "shown": result.shown,
        "caption": result.caption,
        "not_promised": dict(result.not_promised),
        **({"controls": list(result.controls)} if result.controls else {}),
        **({"process_plan": result.process_plan.to_json()} if result.process_plan else {}),
        "conditions": [condition.to_json() for condition in result.conditions],
        "claims": [_verdict(result, result.judged(claim)) for claim in result.claims],
        "changes": [_verdict(result, result.judged(claim)) for claim in result.changes],
        "looked": dict(result.looked),
        "facts": result.facts,
        "replicates": {
            "index": [each.index for each in replicates],
            "order": [[places[name] for name in each.order] for each in replicates],
            "failures": [
                [place, name, failure.to_json()]
                for place, each in enumerate(replicates)
                for name, failure in each.failures.items()
            ],
            "still_disturbed": [
                [place, name] for place, each in enumerate(replicates) for name in sorted(each.still_disturbed)
            ],
        },
        "samples": _samples([each.samples for each in replicates], places),
        "disturbed": _samples([each.disturbed for each in replicates], places),
    }
    found: dict[str, Any] = jsonable(fields)
    return found


def arrays(result: Result) -> dict[str, Array]:
    """Every request's latency and the samples' own arrays, by ``condition/what`` and ``condition/replicate/what``, both as places from 0.

    Of each condition ``latencies_ms`` has all of them in the order measured, float32, and ``latencies`` how many each sample has; the
    samples that were measured again stand below ``disturbed``.
    """
    found: dict[str, Array] = {}
    for kind in ("samples", "disturbed"):
        for place, condition in enumerate(result.conditions):
            prefix = prefix_of(kind, place)
            turns = _turns_of([getattr(each, kind) for each in result.replicates], condition.name)
            if any(len(sample.latencies_ms) for _, sample in turns):
                found[f"{prefix}/{LATENCIES}"] = np.concatenate([each.latencies_ms for _, each in turns])
                found[f"{prefix}/{COUNTS}"] = np.array([len(each.latencies_ms) for _, each in turns], np.int32)
            for number_of, sample in turns:
                found |= {f"{prefix}/{number_of}/{name}": values for name, values in sample.arrays.items()}
    return found


def from_json(fields: Any, arrays: Mapping[str, Array] | None = None) -> Result:
    """The result that was saved, of this schema or an earlier one; without ``arrays`` no sample has latencies or arrays.

    Raises ``ValueError``, one sentence that names the study and the place.
    """
    name = fields.get("name") if isinstance(fields, dict) else None
    try:
        return result_from(Fields(earlier.upgraded(fields, SCHEMA), ""), arrays or {})
    except ValueError as error:
        study = f"the study {plain(name)}" if isinstance(name, str) and name else "a study"
        raise ValueError(f"{study} cannot be read: {plain(str(error), 300)}") from None
    except RecursionError:
        raise ValueError("a study cannot be read: what is in it is nested too deeply") from None


def _turns_of(replicates: Sequence[Mapping[str, Sample]], name: str) -> list[tuple[int, Sample]]:
    return [(place, each[name]) for place, each in enumerate(replicates) if name in each]


def _samples(replicates: Sequence[Mapping[str, Sample]], places: Mapping[str, int]) -> dict[str, Any]:
    """The samples of each condition as columns."""
    found = {}
    for name in places:
        turns = _turns_of(replicates, name)
        samples = [sample for _, sample in turns]
        if not samples:
            continue
        at = [place for place, _ in turns]
        columns: dict[str, Any] = {} if at == [*range(len(replicates))] else {"at": at}
        columns["figures"] = _columns([each.figures for each in samples], spelled)
        columns["surroundings"] = _columns([each.surroundings for each in samples], spelled)
        columns["execution_devices"] = _column([list(each.execution_devices) for each in samples])
        if any(each.checks for each in samples):
            columns["checks"] = _columns([each.checks for each in samples], lambda check: [check.holds, check.why])
        if any(each.outcome for each in samples):
            columns["outcomes"] = _column([each.outcome for each in samples])
        found[name] = columns
    return found


def _columns(rows: Sequence[Mapping[str, Any]], write: Callable[[Any], Any]) -> dict[str, Any]:
    keys = dict.fromkeys(key for row in rows for key in row)
    return {key: _column([write(row[key]) if key in row else _ABSENT for row in rows]) for key in keys}


def _column(values: Sequence[Any]) -> Any:
    """A list; where all are equal that one; where some are not there which are, and those."""
    there = [place for place, value in enumerate(values) if value is not _ABSENT]
    if len(there) < len(values):
        return {"at": there, "values": [values[place] for place in there]}
    first = values[0]
    same = len(values) > 1 and all(value == first and type(value) is type(first) for value in values)
    return {"all": first} if same else list(values)


def _verdict(result: Result, verdict: Verdict) -> dict[str, Any]:
    """A claim with its verdict; a metric that the study declares is named."""
    claim, interval = verdict.claim, verdict.interval
    found: dict[str, Any] = {"kind": claim.kind, "name": claim.name, "sentence": claim.sentence}
    found |= {"rules": list(claim.rules)} if claim.rules else {}
    found |= {"known": claim.known} if claim.known else {}
    if isinstance(claim, Fact):
        found["conditions"] = list(claim.conditions)
    else:
        declared = claim.metric == result.metric(claim.metric.name) and claim.metric in result.metrics
        metric = claim.metric.name if declared else claim.metric.to_json()
        found |= {"metric": metric, "relation": claim.relation, "bound": spelled(claim.bound)}
    if isinstance(claim, Ratio):
        found |= {"numerator": claim.numerator, "denominator": claim.denominator}
    if isinstance(claim, Difference):
        found |= {"condition": claim.condition, "base": claim.base}
    if isinstance(claim, Bound):
        found |= {"condition": claim.condition, "every": claim.every}
    if isinstance(claim, (Bound, Difference)) and claim.given:
        found["given"] = claim.given
    ends = [interval.ratio, interval.low, interval.high, interval.confidence] if interval else []
    found["verdict"] = {
        "outcome": str(verdict.outcome),
        "interval": [*map(spelled, ends), interval.replicates] if interval else None,
        "replicates": verdict.replicates,
        "failures": list(verdict.failures),
        "failed_replicates": verdict.failed_replicates,
        "interrupted": verdict.interrupted,
        "remark": verdict.remark,
        "broken": list(verdict.broken),
        "unknown": list(verdict.unknown),
        "seen": list(verdict.seen),
        "never_worked": list(verdict.never_worked),
        "worst": spelled(verdict.worst),
    }
    return found
