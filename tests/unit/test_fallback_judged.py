"""Made observations of start-up and fallback are judged rightly: what was lost, wrong or not met is never a promise that is kept."""

import dataclasses
from types import SimpleNamespace

import pytest

from autogauge.probe.log import AutoLog
from autogauge.probe.request import Failure
from autogauge.probe.seen import Seen, Step, name_of
from autogauge.rig.expecting import BEYOND, judge
from autogauge.studies.fallback.study import FALLBACK
from autogauge.studies.outputs import OUTPUTS
from autogauge.studies.stateful_and_dynamic import STATEFUL_AND_DYNAMIC

CASES = {case.name: case for case in FALLBACK.cases(None)}
LOG = {"lines": 9, "cpu_helper_started": True, "cpu_helper_released": True, "fallbacks": ["CPU"]}
GPU, HELPER = {"devices": ["GPU.0"]}, {"devices": ["(CPU)"]}
CPU = {"devices": ["CPU"]}
GOOD = {
    "helper": {"compile": HELPER, "at once": HELPER, "later": GPU},
    "let go of early": {
        "compile": HELPER,
        "at once": HELPER,
        "release": {"release_s": 1.8, "others_waited_s": 0.01},
    },
    "no helper: off": {"at once": GPU, "later": GPU},
    "build fails: helping": {"at once": HELPER, "later": HELPER},
    "build fails: the next GPU": {"at once": HELPER, "later": {"devices": ["GPU.1"]}},
    "build fails: nobody left": {"compile": {"error": "the GPU does not build"}},
    "build fails: both fallbacks off": {"compile": {"error": "the GPU does not build"}},
    "build hangs": {"at once": HELPER, "later": GPU},
    "a launch fails": {"before": GPU, "after": CPU},
    "a launch fails, another GPU": {"before": GPU, "after": {"devices": ["GPU.1"]}},
    "a launch fails, in flight": {"before": GPU, "after": CPU},
    "a launch fails, in flight, batched": {"before": GPU, "after": CPU},
    "a launch fails, in flight, cumulative": {"before": GPU, "after": CPU},
    "a launch fails, cumulative": {"before": GPU, "after": CPU, "left": {"told": {"EXECUTION_DEVICES": ["CPU"]}}},
    "a launch hangs": {"meanwhile": {"never": 1, "done": 0}, "after": GPU},
}
"""Who answers in each case, where AUTO keeps its promises. Everything else is good unless it is changed."""
REFUSED = {"done": 0, "failed": 5, "compared": 0, "wrong": None, "errors": ["clFlush"]}
GOOD["a launch fails, fallback off"] = {"before": GPU, "after": REFUSED}
GOOD["a launch fails, nobody left"] = {"before": GPU, "after": REFUSED}
LOST = {"done": 0, "never": 1, "failed": 0, "compared": 0, "wrong": None, "devices": []}


def value_of(step):
    """What a step tells where all is good."""
    times = step.get("times", 1)
    if step["do"] in ("infer", "stream"):
        found = {"done": times, "failed": 0, "compared": times, "wrong": 0, "errors": []}
        return {**found, "never": 0} if step["do"] == "stream" else found
    if step["do"] == "ask":
        return {"told": dict.fromkeys(step["properties"], "True")}
    return {"count": {"build-fault": 1, "launch-fault": 1}}.get(step["do"], {})


def seen_of(name, changes=(), log=(), logs=()):
    """The observations of that case: good ones, with ``changes`` and ``logs`` by step, and ``log`` of the whole process."""
    changed = {name: dict(value) for name, value in GOOD[name].items()}
    for step, value in dict(changes).items():
        changed[step] = {**changed.get(step, {}), **value}
    steps = []
    for asked in CASES[name].steps:
        value = {**value_of(asked), **changed.get(name_of(asked), {})}
        error = value.pop("error", None)
        steps.append(Step(asked, {} if error else value, error, 0.1, AutoLog(**dict(logs).get(name_of(asked), {}))))
    return Seen(steps, None, AutoLog(**{**LOG, **dict(log)}))


def checks_of(name, *args, **kwargs):
    checks, _ = judge(CASES[name].expects, seen_of(name, *args, **kwargs))
    return checks


def outcomes(name, *args, **kwargs):
    return {claim: check.holds for claim, check in checks_of(name, *args, **kwargs).items()}


@pytest.mark.parametrize("name", [name for name in GOOD if name != "no helper: off"])
def test_good_observations_keep_every_promise(name):
    assert set(outcomes(name).values()) == {True}


FAULTS = {
    name: next(step.get("until", "launch-fault") for step in CASES[name].steps if step["do"] == "count")
    for name in GOOD
    if any(step["do"] == "count" for step in CASES[name].steps)
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_that_was_not_met_tells_nothing(name):
    none = {FAULTS[name]: 0}
    found = outcomes(name, {"count": none, "count later": none})
    found.pop("fallback-is-on", None)  # a default is no matter of faults
    assert set(found.values()) == {None}
    assert len(FAULTS) == 13


@pytest.mark.parametrize("name", [name for name in FAULTS if FAULTS[name] == "launch-fault"])
def test_a_request_that_never_came_back_breaks_every_promise_of_answers(name):
    found = outcomes(name, {"after": LOST})
    found.pop("fallback-is-on", None)
    assert found
    assert set(found.values()) == {False}


@pytest.mark.parametrize("name", [name for name in GOOD if "after" in GOOD[name] and GOOD[name]["after"] != REFUSED])
@pytest.mark.parametrize(
    "change",
    [
        {"failed": 1, "done": 4, "compared": 4},
        {"wrong": 1},
        {"done": 1, "compared": 1},
    ],
    ids=["failed", "wrong", "unanswered"],
)
def test_what_failed_or_is_wrong_or_was_not_done_breaks_them_too(name, change):
    found = outcomes(name, {"after": change})
    found.pop("fallback-is-on", None)
    assert set(found.values()) == {False}


@pytest.mark.parametrize("name", [name for name in GOOD if "after" in GOOD[name] and GOOD[name]["after"] != REFUSED])
@pytest.mark.parametrize("change", [{"compared": 0, "wrong": None}, {"compared": 1}], ids=["none", "one"])
def test_answers_that_were_not_all_compared_are_not_known_to_be_right(name, change):
    found = outcomes(name, {"after": change})
    found.pop("fallback-is-on", None)
    assert set(found.values()) == {None}


IN_FLIGHT = "a launch fails, in flight, "


@pytest.mark.parametrize("kind", ["cumulative", "batched"])
def test_a_known_loss_excuses_no_wrong_answer(kind):
    lost = {"never": 1, "done": 100, "compared": 100}
    claim, name = {
        "cumulative": ("fallback-cumulative-loses-nothing", IN_FLIGHT + kind),
        "batched": ("fallback-loses-nothing-batched", IN_FLIGHT + kind),
    }[kind]
    excused = checks_of(name, {"after": lost})[claim]
    assert excused.holds is False
    assert BEYOND not in excused.why
    for change in ({**lost, "wrong": 1}, {"done": 100, "compared": 100}):
        beyond = checks_of(name, {"after": change})[claim]
        assert beyond.holds is False
        assert beyond.why.startswith(BEYOND)


def test_failing_is_known_of_cumulative_requests_in_flight_alone():
    assert "fallback-cumulative-answers" not in FALLBACK.may_differ()
    failed = {"failed": 1, "done": 199, "compared": 199}
    for kind, is_beyond in (("cumulative", False), ("batched", True)):
        check = next(iter(checks_of(IN_FLIGHT + kind, {"after": failed}).values()))
        assert check.holds is False
        assert check.why.startswith(BEYOND) is is_beyond


@pytest.mark.parametrize(
    ("name", "claim", "changes"),
    [
        ("no helper: off", "startup-off-has-no-helper", {"at once": {"devices": ["GPU.0", "CPU"]}}),
        ("no helper: off", "startup-off-has-no-helper", {"later": {"devices": ["transition", "GPU.0"]}}),
        (
            "a launch fails, cumulative",
            "fallback-cumulative-answers",
            {"left": {"told": {"EXECUTION_DEVICES": ["GPU.0", "CPU"]}}},
        ),
        ("a launch fails, cumulative", "fallback-cumulative-answers", {"count later": {"launch-fault": 2}}),
        ("build fails: nobody left", "build-fails-everywhere-is-an-error", {"compile": {"error": None}}),
        ("build fails: both fallbacks off", "build-fails-both-off-is-an-error", {"compile": {"error": None}}),
        (
            "build fails: helping",
            "build-fails-next-answers",
            {"compile": {"error": "no device"}, "later": {"error": "no model a"}},
        ),
        ("a launch fails, fallback off", "fallback-off-is-an-error", {"after": {"done": 1, "failed": 4}}),
        ("a launch fails, nobody left", "fallback-alone-is-an-error", {"after": {"never": 1}}),
        ("helper", "startup-lets-go-of-the-helper", {"log": {"cpu_helper_released": False}}),
    ],
)
def test_each_part_of_a_sentence_is_asserted(name, claim, changes):
    log = changes.pop("log", {}) if "log" in changes else {}
    if name.startswith("no helper"):
        log = {"cpu_helper_started": False}
        assert outcomes(name, log=log)[claim] is True
    assert outcomes(name, changes, log)[claim] is False


@pytest.mark.parametrize(
    ("name", "claim"),
    [
        ("helper", "startup-hands-over"),
        ("build hangs", "build-goes-on-gpu-answers"),
        ("build fails: the next GPU", "build-fails-next-gpu-answers"),
    ],
)
def test_an_accelerator_that_still_compiles_is_not_known(name, claim):
    assert outcomes(name, {"later": HELPER})[claim] is None
    failed = {"finished": ["CPU"], "failures": {"GPU.0": "it does not build"}}
    assert outcomes(name, {"later": HELPER}, logs={"wait": failed})[claim] is (None if "next GPU" in name else False)


@pytest.mark.parametrize(
    ("name", "claim"),
    [
        ("helper", "startup-hands-over"),
        ("build hangs", "build-goes-on-gpu-answers"),
        ("build fails: the next GPU", "build-fails-next-gpu-answers"),
    ],
)
def test_a_helper_that_goes_on_after_the_compile_is_no_hand_over(name, claim):
    assert outcomes(name, {"later": HELPER}, logs={"wait": {"finished": ["GPU.1"]}})[claim] is False


@pytest.mark.parametrize(
    ("name", "claim"),
    [
        ("helper", "startup-cpu-answers-first"),
        ("helper", "startup-lets-go-of-the-helper"),
        ("a launch fails", "fallback-answers-instead"),
    ],
)
def test_a_log_that_says_nothing_is_no_word_against_it(name, claim):
    nothing = {"lines": 0, "cpu_helper_started": False, "cpu_helper_released": False, "fallbacks": []}
    assert outcomes(name, log=nothing)[claim] is None


def test_a_case_says_what_it_compiles():
    for case in CASES.values():
        device = next(step for step in case.steps if step["do"] == "compile")["device"]
        other = [word for word in case.title.replace(",", " ,").split() if word.startswith("AUTO:")]
        assert not other or any(device.startswith(word) for word in other), case.title


def test_letting_go_waits_unless_the_build_was_nearly_over():
    short = {"release": {"release_s": 0.1, "others_waited_s": 0.01}}
    assert outcomes("let go of early", short)["startup-release-waits"] is False
    late = seen_of("let go of early", short)
    late.steps = tuple(dataclasses.replace(step, seconds=0.9) for step in late.steps)
    checks, _ = judge(CASES["let go of early"].expects, late)
    assert checks["startup-release-waits"].holds is None


HUNG = Failure("deadline", "step 3: answers", "no answer within 30 s")


@pytest.fixture
def rig():
    """All that these studies ask of it: whether GPUs are emulated."""
    return SimpleNamespace(asked=SimpleNamespace(is_emulated=True))


def test_a_request_that_is_lost_across_the_hand_over_breaks_that_claim(rig):
    case = next(case for case in OUTPUTS.cases(rig) if case.name == "FP32, LATENCY")
    told = [{"value": {}, "error": None, "seconds": 0.1} for _ in case.steps[:3]]
    checks, _ = judge(case.expects, Seen.of(case.steps, told, HUNG, ""))
    assert checks["right-across-hand-over"].holds is False


@pytest.mark.parametrize(("faults", "holds"), [(2, True), (0, None)])
def test_a_stateful_failure_is_the_callers_where_the_fault_was_met(rig, faults, holds):
    case = next(case for case in STATEFUL_AND_DYNAMIC.cases(rig) if case.name == "stateful, the device fails")
    values = {"good": {"answers": [1.0, 2.0, 3.0, 4.0, 5.0]}, "failing": {"failed": 2, "devices": []}}
    values["count"] = {"launch-fault": faults}
    told = [{"value": values.get(name_of(step), {}), "error": None, "seconds": 0.1} for step in case.steps]
    checks, _ = judge(case.expects, Seen.of(case.steps, told, None, ""))
    assert checks["failure-is-the-callers"].holds is holds


@pytest.mark.parametrize(("apart", "holds"), [(1e-6, True), (1e-3, False)])
def test_a_dynamic_answer_given_while_another_device_took_over_is_judged_too(rig, apart, holds):
    case = next(case for case in STATEFUL_AND_DYNAMIC.cases(rig) if case.name == "dynamic")
    by = {
        name: {"done": 3, "off": {"CPU": off, "nearest": off}}
        for name, off in (("(CPU)", 0.0), ("transition", apart), ("GPU.0", 1e-6))
    }
    value = {"by": by, "devices": list(by), "failed": 0}
    told = [{"value": value if step["do"] == "answers" else {}, "error": None, "seconds": 0.1} for step in case.steps]
    checks, _ = judge(case.expects, Seen.of(case.steps, told, None, ""))
    assert checks["every-shape-right"].holds is holds


@pytest.mark.parametrize("name", ["a launch fails", "a launch fails, another GPU", "a launch fails, in flight"])
def test_a_fault_that_was_counted_and_failed_nothing_says_nothing_of_answers_given_instead(name):
    claims = {"fallback-answers-are-right", "fallback-loses-nothing"} & set(outcomes(name))
    for fallbacks, holds in ((["CPU"], True), ([], None)):
        found = outcomes(name, log={"fallbacks": fallbacks})
        assert {found[each] for each in claims} == {holds}
    left = {"left": {"told": {"EXECUTION_DEVICES": ["GPU", "CPU"]}}}
    assert outcomes("a launch fails, cumulative", left)["fallback-answers-are-right"] is None


def test_auto_that_cannot_compile_at_all_keeps_no_promise_of_any_case():
    broken = {"error": "RuntimeError: AUTO is broken today"}
    gone = {"error": "KeyError: 'a'"}
    for name, case in CASES.items():
        if name in GOOD and not name.startswith("build fails:"):
            steps = {name_of(each): each["do"] for each in case.steps}
            lost = {
                each: broken if do == "compile" else gone
                for each, do in steps.items()
                if do in ("compile", "wait", "infer", "stream", "release") or each == "left"
            }
            for claim, check in checks_of(name, lost).items():
                assert check.holds is claim.endswith("-is-on"), (name, claim)
                assert claim.endswith("-is-on") or "AUTO is broken today" in check.why, (name, claim)
