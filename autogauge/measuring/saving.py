"""A result as JSON and arrays, and back without a loss. Which file they are in is left to ``history.run_file``.

The JSON holds figures and surroundings as columns, a list for each condition and metric in the order of the replicates: a run's file is
read far more often than written. Every request's latency and the samples' own arrays are in ``arrays``; without them everything else is
there. Verdicts are written as they stand, and what is read back is never judged anew.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from autogauge.measuring import earlier
from autogauge.measuring.claim import Bound, Claim, Fact, Ratio, Verdict
from autogauge.measuring.condition import CANDIDATE, HERE, PINNED, REFERENCE, Condition
from autogauge.measuring.metric import Metric
from autogauge.measuring.plan import Plan
from autogauge.measuring.reading import Fields, jsonable, number, short, spelled, text, whole
from autogauge.measuring.result import Array, Check, Replicate, Result, Sample
from autogauge.plain import plain
from autogauge.probe.request import Failure
from autogauge.stats.intervals import Interval
from autogauge.stats.verdicts import Outcome
from autogauge.targets import Target

SCHEMA = 1
"""Raised when a reader of before would misread it; ``earlier`` then makes the new shape of the old one."""
KINDS = ("error", "signal", "exit", "deadline", "garbage")
LATENCIES, COUNTS = "latencies_ms", "latencies"
_ABSENT: Any = object()
"""What a sample does not have, where others of its column have something."""


def settled(result: Result) -> Result:
    """The result with every verdict standing as it is now: that is what is saved."""
    claims = (*result.claims, *result.changes)
    return dataclasses.replace(result, closed={claim.name: result.verdict(claim) for claim in claims})


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
        "conditions": [condition.to_json() for condition in result.conditions],
        "claims": [_verdict(result.verdict(claim)) for claim in result.claims],
        "changes": [_verdict(result.verdict(claim)) for claim in result.changes],
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
            prefix = _prefix(kind, place)
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
        return _result(Fields(earlier.upgraded(fields, SCHEMA), ""), arrays or {})
    except ValueError as error:
        study = f"the study {plain(name)}" if isinstance(name, str) and name else "a study"
        raise ValueError(f"{study} cannot be read: {plain(str(error), 300)}") from None
    except RecursionError:
        raise ValueError("a study cannot be read: what is in it is nested too deeply") from None


def _prefix(kind: str, place: int) -> str:
    return f"{place}" if kind == "samples" else f"{place}/{kind}"


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


def _verdict(verdict: Verdict) -> dict[str, Any]:
    claim, interval = verdict.claim, verdict.interval
    found: dict[str, Any] = {"kind": claim.kind, "name": claim.name, "sentence": claim.sentence}
    if isinstance(claim, Fact):
        found["conditions"] = list(claim.conditions)
    else:
        found |= {"metric": claim.metric.to_json(), "relation": claim.relation, "bound": spelled(claim.bound)}
    if isinstance(claim, Ratio):
        found |= {"numerator": claim.numerator, "denominator": claim.denominator}
    if isinstance(claim, Bound):
        found |= {"condition": claim.condition, "every": claim.every}
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
        "worst": spelled(verdict.worst),
    }
    return found


def _result(fields: Fields, arrays: Mapping[str, Array]) -> Result:
    conditions = fields.each("conditions", _condition_from)
    if len({each.name for each in conditions}) < len(conditions):
        raise ValueError("two of its conditions have one name")
    metrics = fields.each("metrics", _metric_from)
    claims, changes = fields.each("claims", _verdict_from), fields.each("changes", _verdict_from)
    names = {each.name for each in conditions}
    if not all(isinstance(each.claim, Ratio) for each in changes):
        raise ValueError("one of its changes is no ratio")
    for verdict in (*claims, *changes):
        for name in {*verdict.claim.conditions} - names:
            raise ValueError(f"its claim {verdict.claim.name} is about {name}, which is none of its conditions")
    looked = fields.fields("looked")
    return Result(
        fields.text("name"),
        conditions,
        tuple(each.claim for each in claims),
        _plan_from(fields.fields("plan")),
        fields.whole("seed"),
        tuple(each.claim for each in changes if isinstance(each.claim, Ratio)),
        _plan_from(fields.fields("change_plan")) if "change_plan" in fields else None,
        fields.text("pinned"),
        fields.whole("at_least"),
        fields.flag("repeats_disturbed"),
        fields.whole("relay_rounds"),
        metrics,
        fields.of_texts("recorded"),
        _replicates(fields, conditions, arrays),
        _facts(fields),
        fields.text("state"),
        fields.number("seconds"),
        fields.number("elapsed_s"),
        {name: looked.number(name) for name in looked},
        {each.claim.name: each for each in (*claims, *changes)},
    )


def _facts(fields: Fields) -> dict[str, dict[str, Any]]:
    facts = fields.fields("facts")
    return {name: dict(Fields(facts.any(name), facts.at(name)).all()) for name in facts}


def _metric_from(value: Any, place: str) -> Metric:
    fields = Fields(value, place)
    return Metric(
        fields.text("name"),
        fields.text("title"),
        fields.text("unit", ""),
        fields.flag("higher_is_better", False),
        fields.flag("per_process", False),
        fields.number("seconds") if "seconds" in fields else None,
    )


def _condition_from(value: Any, place: str) -> Condition:
    fields = Fields(value, place)
    device = fields.any("device")
    return Condition(
        fields.text("name"),
        Target(None if device is None else text(device, fields.at("device")), fields.of_texts("properties")),
        fields.text("title", ""),
        fields.whole("infer_requests", 0),
        fields.text("beside", ""),
        fields.choice("role", (CANDIDATE, REFERENCE, PINNED), CANDIDATE),
        fields.of_texts("own_labels", {}),
        fields.text("runs_on", HERE),
        fields.flag("recorded", True),
    )


def _plan_from(fields: Fields) -> Plan:
    looks = fields.each("looks", whole)
    if not looks:
        raise ValueError(f"{fields.at('looks')} is empty")
    return Plan(looks, fields.number("budget_s"), fields.number("confidence"), fields.flag("by_time"))


def _verdict_from(value: Any, place: str) -> Verdict:
    fields = Fields(value, place)
    said = fields.fields("verdict")
    interval = said.each("interval", number) if "interval" in said else None
    if interval is not None and len(interval) != 5:
        raise ValueError(f"{said.at('interval')} has {len(interval)} numbers, where five should be")
    return Verdict(
        _claim_from(fields),
        Outcome(said.choice("outcome", [str(each) for each in Outcome])),
        Interval(*interval[:4], int(interval[4])) if interval else None,
        said.whole("replicates"),
        said.texts("failures"),
        said.whole("failed_replicates"),
        said.flag("interrupted"),
        said.text("remark"),
        said.texts("broken"),
        said.number("worst") if "worst" in said else None,
    )


def _claim_from(fields: Fields) -> Claim:
    name, sentence = fields.text("name"), fields.text("sentence")
    kind = fields.choice("kind", (Ratio.kind, Bound.kind, Fact.kind))
    if kind == Fact.kind:
        return Fact(name, sentence, fields.texts("conditions"))
    metric, bound = _metric_from(fields.any("metric"), fields.at("metric")), fields.number("bound")
    relation = fields.choice("relation", ("at most", "at least"))
    if kind == Bound.kind:
        return Bound(name, sentence, metric, fields.text("condition"), relation, bound, fields.flag("every"))
    return Ratio(name, sentence, metric, fields.text("numerator"), fields.text("denominator"), relation, bound)


def _replicates(fields: Fields, conditions: Sequence[Condition], arrays: Mapping[str, Array]) -> list[Replicate]:
    plan = fields.fields("replicates")
    names = [each.name for each in conditions]

    def order_from(value: Any, place: str) -> tuple[str, ...]:
        return tuple(names[_below(each, len(names), place)] for each in Fields({"": value}, "").each("", whole))

    index, orders = plan.each("index", whole), plan.each("order", order_from)
    if len(index) != len(orders):
        raise ValueError(f"{plan.place} has {len(index)} numbers and {len(orders)} orders")
    found = [Replicate(number_of, order) for number_of, order in zip(index, orders, strict=True)]

    def row(value: Any, place: str, length: int) -> list[Any]:
        if not isinstance(value, list) or len(value) != length or value[1] not in names:
            raise ValueError(f"{place} is {short(value)}, where a replicate and a condition should be")
        return [found[_below(value[0], len(found), place)], *value[1:]]

    for replicate, name, failure in plan.each("failures", lambda value, place: row(value, place, 3)):
        replicate.failures[name] = _failure(Fields(failure, plan.at("failures")))
    for replicate, name in plan.each("still_disturbed", lambda value, place: row(value, place, 2)):
        replicate.still_disturbed.add(name)
    for kind in ("samples", "disturbed"):
        columns = fields.fields(kind)
        for name in columns:
            if name not in names:
                raise ValueError(f"{columns.at(name)} is of none of its conditions")
            prefix = _prefix(kind, names.index(name))
            for place, sample in _samples_from(columns.fields(name), len(found), arrays, prefix):
                getattr(found[place], kind)[name] = sample
    for each in found:  # as they were measured
        each.samples = {name: each.samples[name] for name in (*each.order, *names) if name in each.samples}
    return found


def _failure(fields: Fields) -> Failure:
    kind = fields.choice("kind", KINDS)
    return Failure(kind, fields.text("phase"), fields.text("reason"), fields.text("output_tail"))


def _samples_from(
    fields: Fields, replicates: int, arrays: Mapping[str, Array], prefix: str
) -> Iterable[tuple[int, Sample]]:
    """The samples of a condition, each with the place of its replicate."""
    at = fields.each("at", lambda value, place: _below(value, replicates, place)) if "at" in fields else None
    at = tuple(range(replicates)) if at is None else at
    if list(at) != sorted({*at}):
        raise ValueError(f"{fields.at('at')} does not rise")

    def table(key: str, read: Callable[[Any, str], Any]) -> list[dict[str, Any]]:
        columns = fields.fields(key, {})
        rows: list[dict[str, Any]] = [{} for _ in at]
        for name in columns:
            for row, value in zip(rows, _values(columns, name, len(at)), strict=True):
                if value is not _ABSENT:
                    row[name] = read(value, columns.at(name))
        return rows

    figures, surroundings = table("figures", number), table("surroundings", _number_or_none)
    checks = table("checks", _check)
    devices, outcomes = (
        _values(fields, key, len(at)) if key in fields else [nothing] * len(at)
        for key, nothing in (("execution_devices", []), ("outcomes", ""))
    )
    latencies = _latencies(arrays, prefix, len(at))
    for row, place in enumerate(at):
        own = f"{prefix}/{place}/"
        yield (
            place,
            Sample(
                figures[row],
                surroundings[row],
                Fields({"execution_devices": devices[row]}, fields.place).texts("execution_devices"),
                latencies[row],
                checks[row],
                {name.removeprefix(own): values for name, values in arrays.items() if name.startswith(own)},
                text(outcomes[row], fields.at("outcomes")),
            ),
        )


def _values(fields: Fields, key: str, count: int) -> list[Any]:
    """A column's values, so many; ``_ABSENT`` for what is not there."""
    column = fields.any(key)
    if isinstance(column, dict) and "all" in column:
        return [column["all"]] * count
    if isinstance(column, dict):
        gaps = fields.fields(key)
        at = gaps.each("at", lambda value, place: _below(value, count, place))
        values = gaps.each("values", lambda value, _: value)
        if len(at) != len(values):
            raise ValueError(f"{gaps.place} has {len(at)} places and {len(values)} values")
        there = dict(zip(at, values, strict=True))
        return [there.get(place, _ABSENT) for place in range(count)]
    if not isinstance(column, list) or len(column) != count:
        found = f"{len(column)} values" if isinstance(column, list) else short(column)
        raise ValueError(f"{fields.at(key)} is {found}, where {count} values should be")
    return column


def _latencies(arrays: Mapping[str, Array], prefix: str, samples: int) -> list[Array]:
    together, counts = arrays.get(f"{prefix}/{LATENCIES}"), arrays.get(f"{prefix}/{COUNTS}")
    if together is None or counts is None:
        return [np.empty(0, np.float32)] * samples
    if counts.shape != (samples,) or together.ndim != 1 or (counts < 0).any() or counts.sum() != len(together):
        raise ValueError(f"the latencies of its condition {prefix} are not those of its {samples} samples")
    return np.split(together, np.cumsum(counts)[:-1])


def _number_or_none(value: Any, place: str) -> float | None:
    return None if value is None else number(value, place)


def _check(value: Any, place: str) -> Check:
    if not isinstance(value, list) or len(value) != 2 or not (value[0] is None or isinstance(value[0], bool)):
        raise ValueError(f"{place} is {short(value)}, where whether it holds and why should be")
    return Check(value[0], text(value[1], place))


def _below(value: Any, end: int, place: str) -> int:
    found = whole(value, place)
    if found >= end:
        raise ValueError(f"{place} is {found}, and there are {end}")
    return found
