"""AUTO answers its first inference about as early as the CPU, and before any accelerator."""

import pytest

from autogauge.history.replay import REPLAY
from autogauge.rig.fresh import FIL
from autogauge.studies import first_inference
from autogauge.studies.first_inference import FIRST_INFERENCE
from autogauge.targets import kinds

pytestmark = [pytest.mark.perf, pytest.mark.study(FIRST_INFERENCE)]


def test_every_first_inference_was_measured(result, all_measured):
    all_measured(result)


@pytest.mark.usefixtures("helper")
def test_auto_answers_first_about_as_early_as_the_cpu(result, holds, auto):
    if auto.emulated:
        pytest.skip(
            "the emulated GPU compiles on the CPU's own cores: how close to the CPU AUTO comes is measured without it"
        )
    holds(result, "auto-fil-close-to-cpu")


@pytest.mark.usefixtures("helper")
def test_auto_answers_first_before_the_accelerator(result, holds, accelerator, auto):
    if reason := auto.why_not(accelerator):
        pytest.skip(reason)
    holds(result, first_inference.below(accelerator))


def test_without_the_start_up_fallback_autos_first_answer_is_the_accelerators(result, rests, holds, handed_to):
    rests(result, first_inference.NO_FALLBACK)
    assert kinds(result.devices_that_answered(first_inference.NO_FALLBACK)) == {handed_to.kind}, (
        "the CPU helper stays out"
    )
    for claim in first_inference.no_fallback(handed_to):
        holds(result, claim)


def test_the_first_inference_ran_where_it_should(result, facts_of, measured_target, auto, available_devices):
    facts = facts_of(result, measured_target)
    answered = result.devices_that_answered(measured_target)
    selectable = auto.may_select(available_devices)
    if measured_target != "AUTO":
        assert kinds(answered) == kinds([measured_target])
    elif selectable == ["CPU"]:
        assert answered == {"CPU"}
    elif auto.no_helper:
        assert kinds(answered) <= kinds(selectable), auto.no_helper
        assert not any(log["cpu_helper_started"] for log in facts["auto_logs"]), auto.no_helper
    else:
        before = [names for names, _ in facts["answered_first"]]
        assert before == [["(CPU)"]] * len(before), "AUTO's CPU helper answers while the accelerator compiles"
        assert kinds(answered - {"(CPU)"}) <= kinds(selectable)


def test_every_compile_was_a_cold_one(result, facts_of, measured_target):
    loaded = facts_of(result, measured_target)["loaded_from_cache"]
    assert len(loaded) == result.turns(measured_target)
    unknown = set() if measured_target == "AUTO" or kinds([measured_target]) == {"GPU"} else {None}
    assert set(loaded) <= {False} | unknown, "LOADED_FROM_CACHE of each compiled model"


def test_auto_said_in_its_log_what_it_selected(result, facts_of, auto, available_devices):
    logs = facts_of(result, "AUTO")["auto_logs"]
    assert len(logs) == result.turns("AUTO")
    for log in logs:
        assert log["selected"], "a probe's log names no device"
        assert kinds(log["selected"][:1]) <= kinds(auto.may_select(available_devices))


@pytest.mark.benchmark(group="first inference latency", timer=REPLAY.now)
def test_first_inference_latency(result, measured_target, record):
    record(result, measured_target, FIL.name)
