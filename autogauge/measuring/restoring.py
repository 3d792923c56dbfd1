"""Builds a result from its JSON and arrays, strictly. What is wrong is a ``ValueError`` that names the place; writing is ``saving``'s."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, get_args

import numpy as np

from autogauge.measuring.claim import WITHIN, Bound, Claim, Difference, Fact, Ratio, Verdict
from autogauge.measuring.condition import CANDIDATE, HERE, PINNED, REFERENCE, Condition
from autogauge.measuring.metric import Metric
from autogauge.measuring.plan import Plan
from autogauge.measuring.reading import Fields, number, short, text, whole
from autogauge.measuring.result import AS_TABLE, BY_METRIC, CLAIMS, Array, Check, Replicate, Result, Sample
from autogauge.probe.request import Failure, FailureKind
from autogauge.stats.intervals import Interval
from autogauge.stats.verdicts import Outcome
from autogauge.targets import Target

KINDS: tuple[FailureKind, ...] = get_args(FailureKind)
LATENCIES, COUNTS = "latencies_ms", "latencies"
_ABSENT: Any = object()
"""What a sample does not have, where others of its column have something."""


def prefix_of(kind: str, place: int) -> str:
    """How the names of the arrays begin that belong to the condition at that place; ``kind`` is ``samples`` or ``disturbed``."""
    return f"{place}" if kind == "samples" else f"{place}/{kind}"


def result_from(fields: Fields, arrays: Mapping[str, Array]) -> Result:
    """The result of these fields, which are of the newest schema. Raises ``ValueError``."""
    conditions = fields.each("conditions", _condition_from)
    if len({each.name for each in conditions}) < len(conditions):
        raise ValueError("two of its conditions have one name")
    metrics = fields.each("metrics", _metric_from)
    by_name = {each.name: each for each in reversed(metrics)}
    claims, changes = (
        fields.each(key, lambda value, place: _verdict_from(value, place, by_name)) for key in ("claims", "changes")
    )
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
        fields.choice("shown", (AS_TABLE, BY_METRIC, CLAIMS), AS_TABLE),
        fields.text("caption", ""),
        fields.of_texts("not_promised", {}),
        fields.texts("controls", ()),
        _plan_from(fields.fields("process_plan")) if "process_plan" in fields else None,
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
        fields.text("written_in", ""),
        fields.flag("of_latencies", False),
        fields.text("means", ""),
        fields.whole("of_process", 0),
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


def _verdict_from(value: Any, place: str, metrics: Mapping[str, Metric]) -> Verdict:
    fields = Fields(value, place)
    said = fields.fields("verdict")
    interval = said.each("interval", number) if "interval" in said else None
    if interval is not None and len(interval) != 5:
        raise ValueError(f"{said.at('interval')} has {len(interval)} numbers, where five should be")
    return Verdict(
        _claim_from(fields, metrics),
        Outcome(said.choice("outcome", [str(each) for each in Outcome])),
        Interval(*interval[:4], int(interval[4])) if interval else None,
        said.whole("replicates"),
        said.texts("failures"),
        said.whole("failed_replicates"),
        said.flag("interrupted"),
        said.text("remark"),
        said.texts("broken"),
        said.number("worst") if "worst" in said else None,
        said.texts("unknown"),
        said.texts("seen"),
        said.texts("never_worked"),
    )


def _claim_from(fields: Fields, metrics: Mapping[str, Metric]) -> Claim:
    name, sentence = fields.text("name"), fields.text("sentence")
    kind = fields.choice("kind", (Ratio.kind, Difference.kind, Bound.kind, Fact.kind))
    rules, known = fields.texts("rules", ()), fields.text("known", "")
    if kind == Fact.kind:
        return Fact(name, sentence, fields.texts("conditions"), rules, known)
    said, bound = fields.any("metric"), fields.number("bound")
    metric = metrics.get(said) if isinstance(said, str) else _metric_from(said, fields.at("metric"))
    if metric is None:
        raise ValueError(f"{fields.at('metric')} is {short(said)}, which the study does not declare")
    if kind == Ratio.kind and fields.any("relation") == WITHIN:
        sides = fields.text("numerator"), fields.text("denominator")
        return Ratio(name, sentence, metric, *sides, WITHIN, bound, rules, known)
    relation = fields.choice("relation", ("at most", "at least"))
    given = fields.text("given", "")
    if kind == Bound.kind:
        every = fields.flag("every")
        return Bound(name, sentence, metric, fields.text("condition"), relation, bound, every, rules, known, given)
    if kind == Difference.kind:
        sides = fields.text("condition"), fields.text("base")
        return Difference(name, sentence, metric, *sides, relation, bound, rules, known, given)
    sides = fields.text("numerator"), fields.text("denominator")
    return Ratio(name, sentence, metric, *sides, relation, bound, rules, known)


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
            prefix = prefix_of(kind, names.index(name))
            for place, sample in _samples_from(columns.fields(name), len(found), arrays, prefix):
                getattr(found[place], kind)[name] = sample
    for each in found:  # as they were measured
        each.samples = {name: each.samples[name] for name in (*each.order, *names) if name in each.samples}
    return found


def _failure(fields: Fields) -> Failure:
    kind = fields.choice("kind", KINDS)
    return Failure(kind, fields.text("phase"), fields.text("reason"), fields.text("output_tail"), fields.text("log"))


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
