"""A result goes to JSON and arrays and back without a loss; what is wrong in a file is one sentence that names the study and the place."""

import copy
import dataclasses
import json
import math
import random
import re
from pathlib import Path

import numpy as np
import pytest

from autogauge.files import as_json
from autogauge.measuring import reading, restoring, saving
from autogauge.measuring.claim import WITHIN, Bound, Difference, Fact, Ratio, Verdict
from autogauge.measuring.condition import CANDIDATE, PINNED, REFERENCE, Condition
from autogauge.measuring.metric import Metric
from autogauge.measuring.plan import Plan
from autogauge.measuring.progress import Silent
from autogauge.measuring.result import AS_TABLE, BY_METRIC, CLAIMS, Check, Replicate, Result, Sample
from autogauge.measuring.schedule import run
from autogauge.probe.log import parse
from autogauge.probe.request import Failure
from autogauge.stats.intervals import Interval
from autogauge.stats.verdicts import Outcome
from autogauge.targets import Target
from tests.cases import each_of
from tests.properties import for_all

NAMES = ("AUTO:GPU,CPU-LATENCY", "a/b", "queue of 4 \u00e9\u202e")
RECORDED_OF_BEFORE = Path(__file__).parents[1] / "data" / "latest"


WORDS = ("", "a", "\u00e9\u202e", "\n\x00", "0/1", "\U0001f600", "inf", "all")
NUMBERS = (0.0, -0.0, 1.0, 1 / 3, 5e-324, 1.7e308, -math.inf, math.inf, 2.0**60, 1e-9, 123456.789)


GIVEN = ("", "1 GB")


class Drawn:
    """Draws any result from a generator of random numbers: hypothesis' own strategies take a second for one."""

    def __init__(self, random):
        self.random, self.any = random, random.choice

    def word(self):
        return self.any(WORDS)

    def number(self):
        return self.any((*NUMBERS, self.random.random() * 10 ** self.random.randint(-12, 12)))

    def count(self):
        return self.any((0, 1, 7, 2**31))

    def flag(self):
        return self.random.random() < 0.5

    def maybe(self, draw):
        return draw() if self.flag() else None

    def some(self, draw, most=3):
        return tuple(draw() for _ in range(self.random.randint(0, most)))

    def table(self, draw, keys=WORDS):
        return {self.any(keys): draw() for _ in range(self.random.randint(0, 3))}

    def metric(self):
        unit, written_in = self.any((("s", "ms"), ("bytes", "MiB"), (self.word(), "")))
        seconds = self.maybe(self.number)
        name = self.any(("fps", "m"))
        flags, of_process = (self.flag(), self.flag()), self.random.randint(0, 662)
        return Metric(name, self.word(), unit, *flags, seconds, written_in, self.flag(), self.word(), of_process)

    def claims(self, prefix, kinds):
        def one(number):
            name, sentence, side = f"{prefix}{number}", self.word(), self.any(("at most", "at least"))
            names, kind = [self.any(NAMES), self.any(NAMES)], self.any(kinds)
            contract = {"rules": self.some(self.word), "known": self.word()}
            if kind is Ratio:
                side = self.any((side, WITHIN))
                return Ratio(name, sentence, self.metric(), *names, side, self.number(), **contract)
            if kind is Difference:
                return Difference(
                    name, sentence, self.metric(), *names, side, self.number(), given=self.any(GIVEN), **contract
                )
            if kind is Bound:
                return Bound(
                    name,
                    sentence,
                    self.metric(),
                    names[0],
                    side,
                    self.number(),
                    self.flag(),
                    given=self.any(GIVEN),
                    **contract,
                )
            return Fact(name, sentence, tuple(names[: self.random.randint(0, 2)]), **contract)

        return tuple(one(number) for number in range(self.random.randint(0, 3)))

    def verdict(self, claim):
        ends = (self.number() for _ in range(4))
        interval = Interval(*ends, self.count()) if self.flag() else None
        return Verdict(
            claim,
            self.any([*Outcome]),
            interval,
            self.count(),
            self.some(self.word),
            self.count(),
            self.flag(),
            self.word(),
            self.some(self.word),
            self.maybe(self.number),
            self.some(self.word),
            self.some(self.word),
            self.some(self.word),
        )

    def sample(self):
        return Sample(
            self.table(self.number),
            self.table(lambda: self.maybe(self.number)),
            self.some(self.word),
            np.array(self.some(self.random.random), np.float32) if self.flag() else np.empty(0, np.float32),
            self.table(lambda: Check(self.any((True, False, None)), self.word())),
            self.table(lambda: np.arange(6, dtype=self.any(("i1", "f4"))).reshape(2, 3), ("start_s", "label", "a/b")),
            self.word(),
        )

    def replicate(self):
        failure = lambda: Failure(self.any(restoring.KINDS), *(self.word() for _ in range(4)))  # noqa: E731
        order = self.random.sample(NAMES, self.random.randint(0, 3))
        return Replicate(
            self.count(),
            tuple(order),
            self.table(self.sample, NAMES),
            self.table(failure, NAMES),
            self.table(self.sample, NAMES),
            {self.any(NAMES) for _ in range(self.random.randint(0, 2))},
        )

    def plan(self):
        return Plan((self.count(), *self.some(self.count)), self.number(), self.number(), self.flag())

    def fact(self):
        finite = [each for each in NUMBERS if math.isfinite(each)]
        return self.any((None, True, 2**60, self.word(), self.any(finite), [self.word(), [1.5]], {self.word(): []}))

    def condition(self, name):
        return Condition(
            name,
            Target(self.maybe(self.word), self.table(self.word)),
            self.word(),
            self.count(),
            self.word(),
            self.any((CANDIDATE, REFERENCE, PINNED)),
            self.table(self.word),
            self.word(),
            self.flag(),
        )

    def result(self):
        own, changes = self.claims("claim-", (Ratio, Difference, Bound, Fact)), self.claims("change-", (Ratio,))
        return Result(
            self.word(),
            tuple(map(self.condition, NAMES)),
            own,
            self.plan(),
            self.count(),
            changes,
            self.maybe(self.plan),
            self.word(),
            self.count(),
            self.flag(),
            self.count(),
            self.some(self.metric),
            self.table(self.word),
            self.any((AS_TABLE, BY_METRIC, CLAIMS)),
            self.word(),
            self.table(self.word),
            self.some(self.word),
            self.maybe(self.plan),
            replicates=[*self.some(self.replicate, 5)],
            facts=self.table(lambda: self.table(self.fact), NAMES),
            state=self.word(),
            seconds=self.number(),
            elapsed_s=self.number(),
            looked=self.table(self.number),
            closed={claim.name: self.verdict(claim) for claim in (*own, *changes)},
        )


def results(st):
    """Results of every kind, with all that one can hold."""
    return st.randoms(use_true_random=True).map(lambda random: Drawn(random).result())


def parts_of(value):
    """Every dataclass in a value, itself included."""
    if dataclasses.is_dataclass(value):
        yield value
        value = [getattr(value, each.name) for each in dataclasses.fields(value)]
    if isinstance(value, dict):
        value = value.values()
    if isinstance(value, (list, tuple, type({}.values()))):
        for each in value:
            yield from parts_of(each)


def test_what_is_drawn_has_every_field_that_there_is():
    """A field that is added, and neither saved nor drawn here, would be lost in silence."""
    seen = {}
    for seed in range(60):
        for part in parts_of(Drawn(random.Random(seed)).result()):
            for each in dataclasses.fields(part):
                seen.setdefault((type(part).__name__, each.name), set()).add(repr(getattr(part, each.name)))
    assert len({name for name, _ in seen}) >= 13
    assert not [field for field, values in seen.items() if len(values) < 2]


def back(result):
    """What comes back through the text of a file."""
    return saving.from_json(json.loads(as_json(saving.to_json(result), indent=None)), saving.arrays(result))


def samples_of(result):
    """Every sample by replicate, kind and condition."""
    return {
        (place, kind, name): sample
        for place, replicate in enumerate(result.replicates)
        for kind in ("samples", "disturbed")
        for name, sample in getattr(replicate, kind).items()
    }


@for_all(lambda st: (results(st),))
def test_any_result_comes_back_without_a_loss(result):
    found = back(result)
    assert found == result
    for key, sample in samples_of(result).items():
        there = samples_of(found)[key]
        assert there.latencies_ms.dtype == np.float32
        np.testing.assert_array_equal(there.latencies_ms, sample.latencies_ms)
        assert there.arrays.keys() == sample.arrays.keys()
        for name, values in sample.arrays.items():
            np.testing.assert_array_equal(there.arrays[name], values)
            assert there.arrays[name].dtype == values.dtype
    assert saving.to_json(found) == saving.to_json(result)


@for_all(lambda st: (results(st),))
def test_without_its_arrays_a_result_lacks_nothing_else(result):
    found = saving.from_json(json.loads(as_json(saving.to_json(result))))
    assert found == result
    assert not saving.arrays(found)


@for_all(
    lambda st: (results(st), st.randoms(use_true_random=True), st.sampled_from([None, 3, -1, "x", [], {}, True, 1e9]))
)
def test_whatever_stands_in_a_file_is_read_or_is_one_sentence(result, chosen, rubbish):
    fields = json.loads(as_json(saving.to_json(result)))
    inner = fields
    while True:
        key = chosen.choice([*inner] if isinstance(inner, dict) else range(len(inner)))
        if not isinstance(inner[key], (dict, list)) or not inner[key] or chosen.random() < 0.3:
            break
        inner = inner[key]
    inner[key] = rubbish
    said = "the study cannot be read: a word"
    try:
        found = saving.from_json(fields, saving.arrays(result))
    except ValueError as error:
        said = str(error)
    else:
        assert isinstance(found, Result)
    assert "cannot be read: " in said
    assert "\n" not in said


def measured():
    """A small result with a claim of each kind."""
    conditions = tuple(Condition(name, Target("CPU")) for name in "AB")
    metric = Metric("fps", "FPS", "frames per second", higher_is_better=True, seconds=1.0)
    claims = (
        Ratio("ratio", "A is as fast as B", metric, "A", "B", "at least", 0.5),
        Bound("median", "A is fast", metric, "A", "at least", 1.0),
        Bound("every", "A is always fast", metric, "A", "at least", 9.0, every=True),
        Fact("fact", "both answer", ("A", "B")),
    )
    result = Result("small", conditions, claims, Plan((6,), 60.0), 1, metrics=(metric,))
    run(result, lambda _: Sample({"fps": 10.0}, checks={"fact": Check(True)}), Silent())
    return result


def test_a_verdict_that_comes_back_is_the_one_that_was_given():
    """Also of a claim that was never closed: another release might judge the same samples otherwise."""
    result = measured()
    assert not {"every", "fact"} & result.closed.keys()
    found = back(result)
    assert found == saving.settled(result)
    assert found.verdicts() == result.verdicts()
    for replicate in found.replicates:
        replicate.samples["A"] = Sample({"fps": 0.001}, checks={"fact": Check(False, "no")})
    assert found.verdicts() == result.verdicts()


def test_an_interval_without_an_end_comes_back():
    result = measured()
    claim = result.claims[0]
    open_one = Verdict(claim, Outcome.INCONCLUSIVE, Interval(1.0, 0.0, math.inf, 0.95, 2), 2)
    result.closed[claim.name] = open_one
    assert back(result).verdict(claim) == open_one


def test_facts_as_studies_make_them_are_the_same_when_read_back():
    log = parse("[17:01:02.0000]I[plugin.cpp:1][AUTO] device:GPU, loading network\nselect device:GPU\n")
    for facts in ({"auto_logs": [log.to_json()]}, {"answered": [["CPU"], None]}):
        assert reading.jsonable(facts) == facts
    assert reading.jsonable({1: (2, {3}), "n": np.float32(0.5), "x": math.inf}) == {"1": [2, [3]], "n": 0.5, "x": "inf"}


def test_columns_are_short_where_nothing_changes():
    fields = saving.to_json(measured())
    assert fields["samples"]["A"]["figures"] == {"fps": {"all": 10}}
    assert "at" not in fields["samples"]["A"]


def break_(fields, path, value):
    *keys, last = path
    for key in keys:
        fields = fields[key]
    fields[last] = value


@each_of(
    ("path", "value", "said"),
    [
        (("schema",), 99, "a newer autogauge saved it"),
        (("schema",), True, "there never was"),
        (("plan", "looks"), [], "plan, looks is empty"),
        (("plan", "budget_s"), "soon", "plan, budget_s is 'soon', where a number should be"),
        (("conditions", 0, "role"), "judge", "conditions 1, role is 'judge', none of candidate, reference, pinned"),
        (("conditions", 1, "name"), "A", "two of its conditions have one name"),
        (("claims", 0, "denominator"), "C", "its claim ratio is about C, which is none of its conditions"),
        (("claims", 0, "relation"), "about", "claims 1, relation is 'about'"),
        (("claims", 0, "metric"), "speed", "claims 1, metric is 'speed', which the study does not declare"),
        (("claims", 3, "verdict", "outcome"), "MAYBE", "claims 4, verdict, outcome is 'MAYBE'"),
        (("samples", "A", "figures", "fps"), [1, 2], "samples, A, figures, fps is 2 values, where 6 values should be"),
        (("samples", "A", "figures", "fps"), {"all": "x"}, "samples, A, figures, fps is 'x', where a number should be"),
        (("samples", "C"), {}, "samples, C is of none of its conditions"),
        (("samples", "A", "at"), [0, 1, 2, 3, 4, 6], "at 6 is 6, and there are 6"),
        (("replicates", "order"), [[0, 7]] * 6, "is 7, and there are 2"),
        (("replicates", "index"), [0], "has 1 numbers and 6 orders"),
        (("replicates", "failures"), [[0, "A"]], "failures 1 is a list, where a replicate and a condition should be"),
        (("facts",), {"A": 3}, "facts, A is 3, where a dictionary should be"),
    ],
)
def test_what_is_wrong_is_told_with_the_study_and_the_place(path, value, said):
    fields = json.loads(as_json(saving.to_json(measured())))
    break_(fields, path, value)
    with pytest.raises(ValueError, match=re.escape(said)) as raised:
        saving.from_json(fields)
    assert str(raised.value).startswith("the study small cannot be read: ")


@each_of("fields", [None, [], 3, {}, {"schema": 1}, {"schema": 0}, {"name": "\x1b[31m" * 99}])
def test_what_is_no_result_is_one_sentence(fields):
    with pytest.raises(ValueError, match=r"^(a|the) study .*cannot be read: [^\x1b]*$"):
        saving.from_json(fields)


def test_arrays_of_another_run_are_refused():
    result = measured()
    result.replicates[0].samples["A"] = dataclasses.replace(
        result.replicates[0].samples["A"], latencies_ms=np.ones(3, np.float32)
    )
    arrays = saving.arrays(result)
    assert set(arrays) == {"0/latencies_ms", "0/latencies"}
    other = {**arrays, "0/latencies_ms": np.ones(2, np.float32)}
    with pytest.raises(ValueError, match="the latencies of its condition 0 are not those of its 6 samples"):
        saving.from_json(saving.to_json(result), other)


def test_what_summaries_held_before_there_was_a_schema_is_read():
    """A real one, of the days before results could be read back."""
    saved = json.loads((RECORDED_OF_BEFORE / "summary.json").read_bytes())["studies"]
    given = copy.deepcopy(saved)
    found = [saving.from_json(each) for each in saved]
    assert saved == given, "it is not changed"
    for result, fields in zip(found, given, strict=True):
        assert len(result.replicates) == len(fields["replicates"])
        for replicate, rows in zip(result.replicates, fields["replicates"], strict=True):
            assert replicate.order == tuple(rows["order"])
            assert {name: dict(each.figures) for name, each in replicate.samples.items()} == {
                name: each["figures"] for name, each in rows["samples"].items()
            }
            assert [dict(each.surroundings) for each in replicate.samples.values()] == [
                each["surroundings"] for each in rows["samples"].values()
            ]
        assert back(result) == result
