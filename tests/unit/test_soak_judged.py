"""What a soak saw is judged rightly: growth, hangs, failures, who answered, and that little decides little. Observations are made here."""

from types import SimpleNamespace

import numpy as np
import pytest

from autogauge.probe.request import Failure
from autogauge.probe.seen import Seen, name_of
from autogauge.probe.worker.steps import soaking
from autogauge.rig.expecting import judge
from autogauge.studies import soak
from autogauge.studies.soak import HANDED, HANDLES, MEMORY, NO_DEADLOCK, RIGHT, SOAK, STREAM
from tests.cases import each_of


def cases(minutes=None, accelerator="emulated"):
    asked = SimpleNamespace(
        soak_minutes=minutes, accelerator=accelerator, is_emulated=str(accelerator).startswith("emulated")
    )
    return {case.name: case for case in SOAK.cases(SimpleNamespace(asked=asked))}


LONG = cases()
each_case = each_of("name", list(LONG))
ALL = cases(accelerator="auto")
"""With a GPU that is real: nothing of it is left out."""
PAIRS = [name for name, case in ALL.items() if len(case.steps) == 3]
EARLY = ("let go of early: AUTO:CPU", "let go of early: AUTO:GPU,CPU")


def good(step, readings=None):
    """What that step tells where all is well."""
    if step["do"] == "expect":
        return {"outputs": [[1.0]]}
    count = readings or step.get("times") or int(step["seconds"])
    return {
        "count": count,
        "never": 0,
        "longest_gap_s": 1.0,
        "done": 0 if step.get("early") else 2 * count,
        "wrong": None if step.get("early") else 0,
        "failed": 0,
        "errors": [],
        "ended_on": {"GPU.0" if "GPU" in step["device"] else "CPU": count},
        "each": 1,
        "resident_kib": [100_000] * count,
        "threads": [9] * count,
        "files": [20] * count,
    }


def outcomes(case, *, ending=None, until=None, readings=None, **changed):
    """Whether each claim holds where the last step, which is AUTO's, told what is ``changed``; ``until``: so many steps were told."""
    told = [{"value": good(step, readings), "error": None, "seconds": 1.0} for step in case.steps]
    told[-1]["value"].update(changed)
    checks, _ = judge(case.expects, Seen.of(case.steps, told[:until], ending, ""))
    return {claim: check.holds for claim, check in checks.items()}, {claim: each.why for claim, each in checks.items()}


@each_case
def test_a_long_run_in_which_all_is_well_holds(name):
    held, _ = outcomes(LONG[name])
    assert set(held.values()) == {True}


@each_case
@pytest.mark.parametrize("readings", [1, 2, 5])
def test_a_short_run_is_never_red_and_says_why_it_is_open(name, readings):
    case = cases(minutes=0.5)[name]
    growing = {
        key: [start + 500 * place for place in range(readings)]
        for key, start in (("resident_kib", 10_000), ("threads", 5), ("files", 9))
    }
    held, said = outcomes(case, readings=readings, **growing)
    assert False not in held.values()
    assert held[HANDLES] is None
    assert "too few readings (" in said[HANDLES]
    assert held[NO_DEADLOCK] is True


@each_case
@pytest.mark.parametrize("kind", ["deadline", "crash"])
def test_a_step_that_hangs_or_crashes_breaks_the_claim_that_nothing_hangs(name, kind):
    case = LONG[name]
    ending = Failure(kind, "step", "it ended so", "")
    held, _ = outcomes(case, until=len(case.steps) - 1, ending=ending)
    assert held[NO_DEADLOCK] is False


@pytest.mark.parametrize("name", EARLY)
def test_models_let_go_of_early_are_asked_for_in_full(name):
    assert outcomes(LONG[name], count=soak.EARLY - 1)[0][NO_DEADLOCK] is False
    assert outcomes(LONG[name], failed=1)[0][RIGHT] is False
    assert outcomes(cases(minutes=1)[name], readings=1)[0][NO_DEADLOCK] is True
    assert outcomes(cases(minutes=1)[name], readings=1, count=0)[0][NO_DEADLOCK] is False


@pytest.mark.parametrize(
    ("ended_on", "holds"),
    [
        ({"GPU": 30}, True),
        ({"GPU.0": 20, "GPU.1": 10}, True),
        ({"GPU.0,CPU": 30}, False),
        ({"GPU": 29, "(CPU)": 1}, False),
        ({"GPU": 29, "CPU": 1}, False),
        ({"unknown": 30}, False),
        ({}, None),
    ],
)
def test_every_hand_over_ends_on_a_gpu_alone(ended_on, holds):
    assert outcomes(LONG["hand-overs"], ended_on=ended_on)[0][HANDED] is holds


@each_case
def test_an_answer_that_is_wrong_or_fails_is_red_and_nothing_compared_is_open(name):
    case = LONG[name]
    assert outcomes(case, failed=1)[0][RIGHT] is False
    if name not in EARLY:
        assert outcomes(case, wrong=1)[0][RIGHT] is False
        assert outcomes(case, wrong=None, done=0)[0][RIGHT] is None


@each_of("name", [*PAIRS, "stream"])
def test_memory_that_grows_is_red(name):
    claim = STREAM if name == "stream" else MEMORY
    count = good(ALL[name].steps[-1])["count"]
    assert outcomes(ALL[name], resident_kib=[4000 * place for place in range(count)])[0][claim] is False
    assert outcomes(ALL[name], resident_kib=[None] * count)[0][claim] is None, "nobody knows it"


@each_of("name", PAIRS)
@pytest.mark.parametrize(("each", "holds"), [(60, True), (9000, None)])
def test_memory_that_the_plain_device_keeps_too_is_not_autos_and_far_more_of_it_leaves_that_open(name, each, holds):
    case = ALL[name]
    told = [{"value": good(step), "error": None, "seconds": 1.0} for step in case.steps]
    for step in told[1:]:
        step["value"]["resident_kib"] = [each * place for place in range(step["value"]["count"])]
    check = judge(case.expects, Seen.of(case.steps, told, None, ""))[0][MEMORY]
    assert check.holds is holds
    assert ("the plain device itself keeps" in check.why) is (holds is None)


def test_what_the_emulated_gpu_keeps_for_good_stays_within_bounds_on_a_long_night():
    for name, case in cases(minutes=480).items():
        for step in case.steps:
            if "GPU" in step.get("device", "") and not name.startswith("cycles"):
                assert step["times"] * step.get("models", step.get("threads", 1)) <= 125
    assert not any("times" in step for case in cases(480, "auto").values() for step in case.steps)


def test_memory_whose_interval_has_the_bound_in_it_is_open():
    noise = np.random.default_rng(1).normal(0, 5000, soak.CYCLES)
    values = [soak.GROWTH_KIB * place + float(noise[place]) for place in range(soak.CYCLES)]
    assert outcomes(LONG["cycles: AUTO:CPU"], resident_kib=values)[0][MEMORY] is None


@each_case
@pytest.mark.parametrize("key", ["threads", "files"])
def test_threads_and_files_that_grow_are_red_by_their_trend_and_at_the_end(name, key):
    count = good(LONG[name].steps[-1])["count"]
    creeping = [50 + 12 * place // count for place in range(count)]
    held, said = outcomes(LONG[name], **{key: creeping})
    assert held[HANDLES] is False
    assert f"{key} more by the trend" in said[HANDLES]
    late = [50] * (count - 3) + [60] * 3
    held, said = outcomes(LONG[name], **{key: late})
    assert held[HANDLES] is False
    assert f"{key} more at the end" in said[HANDLES]
    assert outcomes(LONG[name], **{key: [50] * (count - 1) + [60]})[0][HANDLES], "one reading is none"
    assert outcomes(LONG[name], **{key: [None] * count})[0][HANDLES] is None


def test_a_thread_or_request_that_never_comes_back_is_red():
    for name in ("threads: AUTO:CPU", "stream"):
        assert outcomes(LONG[name], never=1)[0][NO_DEADLOCK] is False


def test_a_gap_is_judged_where_the_stream_is_long_enough_to_have_one():
    assert outcomes(LONG["stream"], longest_gap_s=soak.LONGEST_GAP_S + 1)[0][NO_DEADLOCK] is False
    assert not any("came back, in" in each.what for each in cases(minutes=1)["stream"].expects)


@pytest.mark.parametrize("minutes", [None, 0.5, 480])
def test_patience_ends_before_the_deadline_and_is_long(minutes):
    for case in cases(minutes).values():
        for step in case.steps:
            if step["do"] in ("threads", "flow"):
                assert step["patience_s"] >= 120, name_of(step)
                assert step["deadline_s"] > step.get("seconds", 0) + step["patience_s"], name_of(step)


def test_the_stream_has_one_stream_on_the_emulated_gpu_and_no_batching():
    properties = LONG["stream"].steps[-1]["properties"]
    assert (properties["NUM_STREAMS"], properties["ALLOW_AUTO_BATCHING"]) == ("1", False)
    assert "NUM_STREAMS" not in cases(accelerator="auto")["stream"].steps[-1]["properties"]


class Broken:
    """A compiled model whose requests break where that is said."""

    def __init__(self, where):
        self.where, self.inputs, self.outputs = where, [], []

    def get_property(self, name):
        return ["CPU"]

    def create_infer_request(self):
        if self.where == "create":
            raise RuntimeError("no request")
        return self

    def infer(self):
        if self.where == "infer":
            raise RuntimeError("no inference")

    def get_output_tensor(self, index):
        if self.where == "compare":
            raise RuntimeError("no output")
        return SimpleNamespace(data=None)


class Stage:
    """As much of a stage as the steps use; ``where`` says what breaks."""

    def __init__(self, where):
        self.where = where
        self.right = {} if where == "right" else {"relu": []}
        self.ov = SimpleNamespace(Tensor=lambda array: array)

    def compile(self, *_):
        if self.where == "compile":
            raise RuntimeError("no compile")
        return Broken(self.where)

    def inputs(self, *_):
        if self.where == "fill":
            raise RuntimeError("no inputs")
        return []


class Answers:
    """Answers that look at the output, or break."""

    def __init__(self, expected):
        pass

    def spoil(self, request, inputs):
        if request.where == "spoil":
            raise RuntimeError("no spoiling")

    def compare(self, request):
        request.get_output_tensor(0)
        return 0.0, True


STEP = {"model": "relu", "device": "AUTO", "threads": 2, "requests": 2, "times": 2, "models": 2, "patience_s": 5.0}


@pytest.mark.parametrize("where", ["create", "fill", "spoil", "infer", "compare", "right"])
@pytest.mark.parametrize("kind", ["threads", "flow"])
def test_whatever_breaks_in_a_thread_is_counted_as_failed(kind, where, monkeypatch):
    monkeypatch.setattr(soaking, "Answers", Answers)
    for seconds in (0.05, 1.0, 10.0):  # on a busy machine a thread may not begin in the first
        step = {**STEP, "seconds": seconds} if kind == "flow" else STEP
        found = soaking.KINDS[kind](Stage(where), step)
        if found["failed"]:
            break
    assert found["failed"] > 0
    assert found["errors"]
    assert found["never"] == 0
    assert found["wrong"] is None, "nothing was compared"


def test_a_compile_that_fails_in_a_thread_is_counted_as_failed():
    assert soaking.threads(Stage("compile"), STEP)["failed"] >= STEP["threads"]


def test_threads_are_read_once_a_round_and_what_is_compared_is_counted(monkeypatch):
    monkeypatch.setattr(soaking, "Answers", Answers)
    found = soaking.threads(Stage("nowhere"), {**STEP, "times": 3, "repeats": 2})
    assert (found["count"], len(found["threads"]), found["done"], found["wrong"]) == (3, 3, 3 * 2 * 2, 0)


def test_memory_is_judged_with_every_device_and_on_the_emulated_gpu_by_the_long_cycles_alone():
    def judged(found):
        return {name for name, case in found.items() if any(each.claim == MEMORY for each in case.expects)}

    assert judged(ALL) == set(PAIRS)
    assert {name for name in judged(LONG) if "AUTO:CPU" not in name} == {"cycles: AUTO:GPU,CPU"}
