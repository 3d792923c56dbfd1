"""Mistakes of a study's author: each is said in a sentence where it is made, and breaks that study alone."""

import json
import math
from dataclasses import asdict, replace
from types import MappingProxyType, SimpleNamespace

import pytest

from autogauge import studies
from autogauge.errors import UserError
from autogauge.files import as_json
from autogauge.gate.figures import beside_pinned, figure_of, why_no_time
from autogauge.history.recorded import Recorded
from autogauge.measuring import schedule
from autogauge.measuring.checking import StudyMistake, check_plan
from autogauge.measuring.claim import Bound, Difference, Fact, Ratio
from autogauge.measuring.condition import PINNED, REFERENCE, Condition
from autogauge.measuring.metric import Metric
from autogauge.measuring.plan import Plan
from autogauge.measuring.progress import Silent
from autogauge.measuring.result import Check, Replicate, Result, Sample
from autogauge.report.pages.run_page import blocks
from autogauge.report.summary import summarize
from autogauge.rig.profile import QUICK, STANDARD
from autogauge.rig.study import Amount, Study, mistakes_in
from autogauge.targets import Device, Target
from fixtures import studies as fixtures_of_studies
from fixtures.gate import benchmarks_of
from fixtures.session import RUN
from tests.cases import each_of
from tests.studied import machine

COST = Metric("cost_ms", "cost", "ms", seconds=1e-3)
COUNT = Metric("count", "count")
A, B = Condition("A", Target("CPU")), Condition("B", Target("AUTO"))
PRICE = Difference("a-costs-little", "A costs little", COST, "A", "B", "at most", -1.0)
RATIO = Ratio("a-like-b", "A is like B", COST, "A", "B", "at most", 1.0)
BOUND = Bound("a-is-small", "A is small", COUNT, "A", "at most", 3, every=True)
FACT = Fact("it-is-so", "it is so", ("A", "B"))
SOUND = Result(
    "its own",
    (A, B),
    (RATIO, PRICE, BOUND, FACT),
    Plan((2, 4), 1.0),
    1,
    metrics=(COST, COUNT),
    recorded={"cost of a thing": "cost_ms"},
)


class Own(Study):
    """Two conditions, and what a test puts in their place."""

    name = "its own"
    metrics = (COST, COUNT)
    recorded = MappingProxyType({"cost of a thing": COST})
    amounts = MappingProxyType({STANDARD: Amount(Plan((2, 4), 1.0))})

    def conditions(self, rig):
        return A, B

    def claims(self, rig, conditions):
        return RATIO, BOUND, FACT

    def open(self, rig, result, progress):
        raise NotImplementedError


def test_a_sound_plan_is_measured():
    check_plan(SOUND)
    check_plan(replace(SOUND, conditions=(A,), claims=(BOUND,)))  # one condition has bounds and facts
    check_plan(replace(SOUND, claims=()))
    many = tuple(Condition(f"Ünïcode / {number}", Target("CPU")) for number in range(40))
    check_plan(replace(SOUND, conditions=many, claims=(Fact("all", "all of them", tuple(each.name for each in many)),)))
    for study in studies.every():
        check_plan(study.planned(machine(devices=(Device("CPU"), Device("GPU"))), 1)) if study.name == "hints" else None


@each_of(
    ("change", "words"),
    [
        ({"conditions": ()}, "it has no condition"),
        ({"conditions": (A, A, B)}, "there is more than one 'A'"),
        ({"conditions": (A, B, Condition(" ", Target("CPU")))}, "a condition has no name"),
        ({"conditions": (A, "B")}, "to be of the class Condition, and there is str 'B'"),
        ({"conditions": (replace(A, beside="C"), B)}, "'A' is beside 'C', which is no condition of it"),
        ({"claims": (RATIO, RATIO)}, "there is more than one 'a-like-b'"),
        ({"claims": ("A is like B",)}, "are to be Ratio, Difference, Bound or Fact, and there is str"),
        (
            {"claims": (replace(RATIO, denominator="C"),)},
            "'a-like-b': it is about 'C', which is no condition of the study",
        ),
        ({"claims": (replace(FACT, conditions=("A", "C")),)}, "'it-is-so': it is about 'C'"),
        ({"claims": (replace(FACT, conditions="A"),)}, "'it-is-so': its conditions are a text: write ('A',)"),
        ({"claims": (replace(FACT, conditions=()),)}, "'it-is-so': it is about no condition"),
        ({"claims": (replace(RATIO, denominator="A"),)}, "it compares 'A' with itself"),
        ({"claims": (replace(PRICE, base="A"),)}, "'a-costs-little': it compares 'A' with itself"),
        ({"claims": (replace(PRICE, base="C"),)}, "'a-costs-little': it is about 'C'"),
        ({"claims": (replace(PRICE, bound=math.inf),)}, "inf is no bound"),
        ({"claims": (replace(RATIO, relation="below"),)}, "'at most' or 'at least', and not 'below'"),
        ({"claims": (replace(RATIO, bound=0.0),)}, "0 is no bound of a ratio"),
        ({"claims": (replace(BOUND, bound=math.nan),)}, "nan is no bound"),
        (
            {"claims": (replace(RATIO, metric=Metric("fps", "FPS")),)},
            "its metric 'fps' is not among the study's metrics",
        ),
        ({"claims": (replace(RATIO, metric=replace(COST, unit="s")),)}, "its metric 'cost_ms' is declared otherwise"),
        ({"metrics": (COST, COUNT, COST)}, "it has more than one metric 'cost_ms'"),
        ({"metrics": (COST, "count")}, "of the class Metric, and there is str 'count'"),
        ({"recorded": {"a count": "count"}}, "'a count' records 'count', which is no time"),
        ({"recorded": {"a cost": "price"}}, "'a cost' records 'price', which is not among its metrics"),
        ({"plan": Plan((), 1.0)}, "its looks are numbers of replicates that rise"),
        ({"plan": Plan((4, 2), 1.0)}, "rise from 1 or more, and not (4, 2)"),
        ({"plan": Plan((0, 2), 1.0)}, "rise from 1 or more, and not (0, 2)"),
        ({"plan": Plan((2,), math.nan)}, "its budget is nan s"),
        ({"plan": Plan((2,), 1.0, confidence=95)}, "its confidence is 95"),
    ],
)
def test_a_plan_that_contradicts_itself_is_told_before_anything_is_measured(change, words):
    turns = []
    with pytest.raises(StudyMistake) as caught:
        schedule.run(replace(SOUND, **change), turns.append, Silent())
    assert str(caught.value).startswith("the study 'its own' cannot be measured: ")
    assert words in str(caught.value)
    assert not turns


def test_all_that_is_wrong_is_told_at_once():
    claims = (replace(RATIO, denominator="C"), replace(FACT, conditions=()))
    with pytest.raises(StudyMistake, match=r"it is about 'C'.*; 'it-is-so': it is about no condition"):
        check_plan(replace(SOUND, claims=claims))


@each_of(
    ("sample", "words"),
    [
        (1.0, "a turn of '.' gave float 1.0, and is to give a Sample"),
        (None, "gave NoneType None, and is to give a Sample"),
        (Sample({"cost_ms": 1.0}, checks={"it-is-so": True}), "gave bool True for 'it-is-so': it is Check"),
        (
            Sample({"cost_ms": 1.0}, checks={"it-is-so": Check("yes")}),
            "gave a Check that holds str 'yes' for 'it-is-so'",
        ),
    ],
)
def test_a_turn_that_gives_no_sample_ends_its_study_at_once(sample, words):
    result, turns = SOUND.anew(2), []

    def measure(condition):
        turns.append(condition)
        return sample

    with pytest.raises(StudyMistake, match=words):
        schedule.run(result, measure, Silent())
    assert len(turns) == 1
    assert result.state == "broken off"


def test_a_study_checks_its_plan_and_knows_its_profiles():
    assert Own().planned(machine(), 1).name == "its own"
    with pytest.raises(
        StudyMistake, match=r"'its own' does not say how much is measured with --profile=quick: .* standard"
    ):
        Own().planned(machine(profile=QUICK), 1)
    wrong = type("Wrong", (Own,), {"conditions": lambda self, rig: (A, A)})
    with pytest.raises(StudyMistake, match="more than one 'A'"):
        wrong().planned(machine(), 1)


def test_only_a_twin_is_called_one():
    named = replace(SOUND, conditions=(A, replace(A, name="A@reference"), B))
    with pytest.raises(StudyMistake, match=r"'A@reference' ends in @reference, .*: give it another"):
        check_plan(named)
    twin = replace(A, name="A@reference", role=REFERENCE)
    check_plan(replace(SOUND, conditions=(A, twin, B)))


def test_studies_that_cannot_be_told_apart_are_told_before_anything_is_measured():
    assert not mistakes_in([*studies.every(), Own()])
    other = type("Other", (Own,), {"name": "another"})()
    assert mistakes_in([own := Own(), own, other]) == ["Other calls a benchmark 'cost of a thing', and so does Own"]
    same = type("Same", (Own,), {"recorded": {}})()
    assert mistakes_in([own, same]) == ["Same calls itself 'its own', and so does Own"]
    nameless = type("Nameless", (Own,), {"__init__": lambda self: None})
    lacking = type("Lacking", (Study,), {"conditions": None, "open": None})()
    assert mistakes_in([nameless(), lacking]) == ["Lacking has no name, metrics, amounts"]


def test_a_line_of_the_list_that_names_nothing_is_told(monkeypatch):
    monkeypatch.setattr(studies, "LISTED", (*studies.LISTED, "hints.HINT"))
    with pytest.raises(
        UserError, match=r"the list of studies names hints\.HINT, which cannot be loaded \(AttributeError"
    ):
        studies.every()


def test_a_drawing_that_fails_says_so_in_its_place(monkeypatch):
    def blocks(self, result):
        raise ZeroDivisionError("nothing to divide")

    broken = type("Broken", (Own,), {"blocks": blocks})()
    monkeypatch.setattr(studies, "every", lambda: (broken,))
    (block,) = studies.blocks(SOUND)
    assert block.how == "what only this study draws could not be: ZeroDivisionError: nothing to divide"


def test_what_is_no_time_is_neither_recorded_nor_judged():
    pinned = Condition("pinned", Target("CPU"), role=PINNED)
    result = replace(SOUND.anew(1), conditions=(replace(A, beside="pinned"), B, pinned), pinned="pinned@1")

    def of(own, fixed):
        result.replicates[:] = [
            Replicate(place, ("A", "pinned"), {"A": Sample({"cost_ms": own}), "pinned": Sample(fixed)})
            for place in range(40)
        ]
        return result

    sound = of(2.0, {"cost_ms": 1.0})
    assert figure_of(sound, "A", COST).ratio == pytest.approx(2.0)
    for odd in (0.0, -1.0, math.nan, math.inf):
        assert why_no_time(of(odd, {"cost_ms": 1.0}), "A", COST).startswith(f"A gave {odd:g} ms as its cost")
        assert figure_of(result, "A", COST) is None
        assert beside_pinned(of(1.0, {"cost_ms": odd}), "A", COST) is None
    assert beside_pinned(of(1.0, {}), "A", COST) is None, "what is only seen in candidates has no pinned figure"
    assert figure_of(result, "A", COST).seconds == pytest.approx(1e-3)


def test_a_figure_that_is_no_number_is_shown_as_none_and_spoils_no_report():
    result = SOUND.anew(1)
    result.replicates[:] = [
        Replicate(place, ("A", "B"), {"A": Sample({"cost_ms": odd, "count": math.nan}), "B": Sample({"cost_ms": 2.0})})
        for place, odd in enumerate((math.nan, 3.0, math.inf))
    ]
    assert result.figures("A", "cost_ms") == [3.0]
    run = Recorded(results=(result,))
    assert json.loads(as_json(summarize(run)))["table"][0]["figures"] == {"cost_ms": 3.0}
    assert "nan" not in json.dumps([asdict(block) for block in blocks(run)], default=list).lower()


def item(study, name, **parameters):
    """A test that records a benchmark of the study."""
    return SimpleNamespace(
        fixturenames=("autogauge_record",),
        path="test.py",
        name=name,
        callspec=SimpleNamespace(params=parameters),
        get_closest_marker=lambda mark: SimpleNamespace(args=(study,)) if mark == "study" else None,
    )


DEVICES = (Device("CPU"),)


def chosen_of_hints(*tests):
    (hints,) = (study for study in studies.every() if study.name == "hints")
    kinds = ("AUTO", "CPU", "GPU", "NPU")
    items = [
        item(hints, name, hinted_target=device, hint=hint)
        for name in tests
        for device in kinds
        for hint in ("LATENCY", "THROUGHPUT")
    ]
    return hints, items


def test_as_many_benchmarks_share_the_error_as_are_chosen_and_there():
    hints, items = chosen_of_hints("test_seconds_per_frame", "test_latency")
    on_auto, on_both = (machine(DEVICES, hints_on=names) for names in (("AUTO",), ("AUTO", "CPU")))
    assert benchmarks_of(items, on_auto) == {hints: 4}
    assert benchmarks_of(items, on_both) == {hints: 8}
    _, latencies = chosen_of_hints("test_latency")
    assert benchmarks_of(latencies, on_auto) == {hints: 2}, "with -k, only what is chosen and can be measured"
    assert benchmarks_of(latencies, on_both) == {hints: 4}
    assert benchmarks_of([each for each in items if each.callspec.params["hinted_target"] == "GPU"], on_auto) == {
        hints: 0
    }
    again = [
        item(hints, "test_latency", hinted_target="AUTO", hint="LATENCY", __pytest_repeat_step_number=n) for n in (1, 2)
    ]
    assert benchmarks_of(again, on_auto) == {hints: 1}


def test_a_named_benchmark_is_counted_where_its_condition_is_there():
    study = Own()
    items = [item(study, "test", autogauge_benchmarked=("cost of a thing", name)) for name in ("A", "B", "C")]
    assert benchmarks_of(items, machine(DEVICES))[study] == 2
    assert benchmarks_of(items[2:], machine(DEVICES))[study] == 0


@pytest.mark.parametrize("asked", ["conditions", "absent"])
def test_a_study_that_breaks_while_it_is_asked_spoils_no_other(asked):
    def broken(self, rig):
        raise KeyError("GPU")

    study = type("Broken", (Own,), {asked: broken})()
    hints, items = chosen_of_hints("test_latency")
    found = benchmarks_of([*items, item(study, "test")], machine(DEVICES))
    assert found == {hints: 2, study: 1}

    def mistaken(self, rig):
        raise UserError("there is no XYZ (--devices).")

    study = type("Mistaken", (Own,), {asked: mistaken})()
    with pytest.raises(UserError, match="no XYZ"):
        benchmarks_of([item(study, "test")], machine(DEVICES))


@each_of(("marked", "words"), [(True, "its may_record names no condition"), (False, "which study is it about")])
def test_a_test_of_benchmarks_that_could_be_none_is_told_when_it_is_collected(marked, words):
    study = SimpleNamespace(name="mute", recorded={"slowest": None}, may_record=lambda asked: ())
    marker = SimpleNamespace(args=(study,)) if marked else None
    metafunc = SimpleNamespace(
        fixturenames=("autogauge_benchmarked",),
        definition=SimpleNamespace(get_closest_marker=lambda name: marker),
        config=SimpleNamespace(stash={RUN: SimpleNamespace(settings=SimpleNamespace(asked=None))}),
    )
    with pytest.raises(pytest.fail.Exception, match=words):
        fixtures_of_studies.pytest_generate_tests(metafunc)
