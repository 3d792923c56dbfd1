"""What one process says of the promises of the hand-over, of starts from a cache, and of cold ones."""

import numpy as np
import pytest

from autogauge.measuring.claim import Bound
from autogauge.measuring.condition import Condition
from autogauge.measuring.plan import Plan
from autogauge.measuring.result import Check, Replicate, Sample
from autogauge.models.inspect import State
from autogauge.probe.log import AutoLog
from autogauge.probe.worker.hand_over import BROKEN, HANDED_OVER, NEVER, NO_HELPER
from autogauge.stats.verdicts import Outcome
from autogauge.studies import cached_start, hints
from autogauge.studies.cached_start import CACHED_START
from autogauge.studies.first_inference import promises as first_inference
from autogauge.studies.first_inference.promises import COLD, HELPER_OUT, LOG, RAN
from autogauge.studies.first_inference.study import FIRST_INFERENCE
from autogauge.studies.hand_over import promises as hand_over_promises
from autogauge.studies.hand_over.promises import FIRST_AND_LAST, IN_TIME, LETS_GO, LOG_AGREES, ONCE
from autogauge.studies.hand_over.study import HAND_OVER
from autogauge.studies.hand_over.timeline import ACCELERATOR, HELPER, TRANSITION, Timeline
from autogauge.targets import Auto, Device, Target
from tests.cases import each_of
from tests.studied import machine, planned

GPU = Device("GPU.0")
AUTO = Auto("AUTO", GPU)
NO_DEVICE = "OpenVINO names no device that answered"
PLAN = Plan((1,), 60.0)
H, T, G = HELPER, TRANSITION, ACCELERATOR
USUAL = {"hand_over_s": 1.5, "failed": 0.0, "wrong": 0.0, "destroy_s": 0.1}


def timeline_of(labels, starts=None):
    count = len(labels)
    starts = np.arange(count, dtype=float) if starts is None else np.asarray(starts, float)
    return Timeline(starts, np.ones(count), np.asarray(labels, np.int8), np.zeros(count), np.zeros((0, 2)))


def process(outcome=HANDED_OVER, devices=("(CPU)", "GPU.0"), **facts):
    log = AutoLog(failures={"GPU": "[GPU] ProgramBuilder build failed!"}) if outcome == NEVER else AutoLog()
    return {
        "outcome": outcome,
        "devices": list(devices),
        "failures": [],
        "disagreements": [],
        "auto_log": log.to_json(),
        "accelerator_ready_s": None,
        "printed": "3-hand-over.out",
        **facts,
    }


def judged(facts=None, figures=USUAL, labels=(H, H, T, G, G), auto=AUTO, not_compared="", starts=None):
    """The hand-over's verdicts by claim, where both ways went alike."""
    result = planned(HAND_OVER, PLAN, auto=auto)
    names = {claim.name for claim in result.claims}
    samples = {}
    for condition in result.conditions:
        checks = hand_over_promises.checks_of(
            condition,
            facts or process(),
            figures,
            timeline_of(labels, starts),
            auto=auto,
            deadline_s=60.0,
            not_compared=not_compared,
        )
        samples[condition.name] = Sample(figures, checks={name: each for name, each in checks.items() if name in names})
    result.replicates.append(Replicate(0, tuple(samples), samples))
    return {verdict.claim.name: verdict for verdict in result.verdicts()}


def outcomes(verdicts):
    return {name: verdict.outcome for name, verdict in verdicts.items() if verdict.outcome is not Outcome.PASS}


def test_a_hand_over_as_it_should_be_keeps_every_promise():
    verdicts = judged()
    assert [*verdicts] == [
        "auto-hands-over-in-time",
        "auto-helper-first-accelerator-last",
        "auto-hands-over-once",
        "auto-fails-no-inference-synchronous",
        "auto-answers-like-the-cpu-synchronous",
        "auto-fails-no-inference-queue",
        "auto-answers-like-the-cpu-queue",
        "auto-log-agrees-with-devices",
        "auto-lets-go-of-the-model",
    ]
    assert not outcomes(verdicts)
    assert verdicts[IN_TIME].claim.sentence == "AUTO hands over to GPU.0 before the deadline"
    assert verdicts[IN_TIME].evidence() == "synchronous and queue of 4: it held in both samples (after 1.5 s)"


def test_a_hand_over_that_never_came_is_told_in_autos_words():
    figures = {name: value for name, value in USUAL.items() if name != "hand_over_s"}
    verdicts = judged(process(NEVER, ["(CPU)"]), figures, labels=[H, H])
    assert outcomes(verdicts) == {
        IN_TIME: Outcome.FAIL,
        FIRST_AND_LAST: Outcome.FAIL,
        ONCE: Outcome.INCONCLUSIVE,
    }
    said = verdicts[IN_TIME].evidence()
    assert "within 60 s: never handed over ((CPU)); AUTO's log says: Device: [GPU]: Compile model failure" in said
    assert "probes/3-hand-over.out" in said
    assert "(CPU) answered in the end" in verdicts[FIRST_AND_LAST].evidence()
    assert "never handed over" in verdicts[ONCE].evidence()


@pytest.mark.parametrize("outcome", [NO_HELPER, BROKEN])
def test_an_accelerator_that_answered_from_the_first_inference_leaves_no_hand_over_to_see_and_says_so(outcome):
    figures = {name: value for name, value in USUAL.items() if name != "hand_over_s"}
    verdicts = judged(process(outcome, ["GPU.0"]), figures, labels=[G, G])
    assert outcomes(verdicts) == dict.fromkeys((IN_TIME, FIRST_AND_LAST, ONCE), Outcome.INCONCLUSIVE)
    for name in (IN_TIME, FIRST_AND_LAST, ONCE):
        reason = "there was no hand-over to see: GPU.0 answered from the first inference on"
        assert reason in verdicts[name].evidence()


def test_where_auto_has_no_helper_by_its_rules_nothing_is_promised_of_a_change_from_it():
    auto = Auto("AUTO", GPU, no_helper="state")
    verdicts = judged(process(NO_HELPER, ["GPU.0"]), labels=[G], auto=auto)
    assert not outcomes(verdicts)
    assert {IN_TIME, FIRST_AND_LAST, ONCE}.isdisjoint(verdicts)
    assert len(verdicts) == 6


@each_of(
    ("facts", "labels", "broken"),
    [
        (process(NO_HELPER, ["CPU"]), [T, T], {IN_TIME: "no helper (CPU)", FIRST_AND_LAST: "CPU answered first"}),
        (process(BROKEN, ["(CPU)"]), [H], {IN_TIME: "inferences fail", FIRST_AND_LAST: "(CPU) answered in the end"}),
        (process(devices=["(CPU)", "NPU"]), [H, G], {FIRST_AND_LAST: "NPU answered in the end"}),
        (process(devices=["GPU.0", "(CPU)", "GPU.0"]), [H, G], {FIRST_AND_LAST: "GPU.0 answered first"}),
        (process(devices=[]), [], {FIRST_AND_LAST: "nothing answered first; nothing answered in the end"}),
        (process(), [G, G], {FIRST_AND_LAST: "the first inference was not the CPU helper's"}),
        (process(), [H, T], {FIRST_AND_LAST: "the last inference was not the accelerator's"}),
        (process(), [H, G, H, G], {ONCE: "it changed 3 times between the CPU helper and the accelerator"}),
        (
            process(),
            [G, G, T, H],
            {FIRST_AND_LAST: "the first inference was not the CPU helper's; the last inference was not", ONCE: "to the helper"},
        ),
        (process(disagreements=["the log counts 3"]), [H, G], {LOG_AGREES: "the log counts 3"}),
    ],
)  # fmt: skip
def test_each_promise_breaks_by_itself_and_says_how(facts, labels, broken):
    verdicts = judged(facts, labels=labels)
    failed = {name: each.evidence() for name, each in verdicts.items() if each.outcome is Outcome.FAIL}
    assert {*failed} == {*broken}
    for name, words in broken.items():
        assert words in failed[name]


def test_in_a_queue_the_order_is_by_when_inferences_began():
    """One that began at the hand-over may be the last of all to end."""
    assert not outcomes(judged(labels=[H, G, G, T, H], starts=[0, 3, 4, 2, 1]))


def test_a_model_that_was_still_being_destroyed_is_said():
    verdicts = judged(figures={name: value for name, value in USUAL.items() if name != "destroy_s"})
    assert outcomes(verdicts) == {LETS_GO: Outcome.FAIL}
    assert "it was still being destroyed at the deadline" in verdicts[LETS_GO].evidence()


def test_failed_inferences_and_wrong_answers_tell_what_is_known_of_them():
    failures = ["Exception from x.cpp:\n[GPU] CL_OUT_OF_RESOURCES", "[GPU] other", "third"]
    verdicts = judged(process(failures=failures), {**USUAL, "failed": 3.0, "wrong": 2.0, "relative_error": 0.25})
    assert {*outcomes(verdicts)} == {name for name, each in verdicts.items() if isinstance(each.claim, Bound)}
    failed = verdicts["auto-fails-no-inference-queue"].evidence()
    assert failed == (
        "failed inferences of queue of 4 = 3 at worst (1 sample), to be at most 0; beyond it in 1: "
        "replicate 0: 3 ([GPU] CL_OUT_OF_RESOURCES; [GPU] other)"
    )
    wrong = verdicts["auto-answers-like-the-cpu-synchronous"].evidence()
    assert "2 (largest error 0.25, in parts of the output's largest value)" in wrong


@pytest.mark.parametrize("reason", ["no answer is held against the CPU's: the model's state cannot be reset", ""])
def test_where_no_answer_was_compared_nothing_is_said_of_answers(reason):
    figures = {name: value for name, value in USUAL.items() if name != "wrong"}
    verdicts = judged(figures=figures, not_compared=reason)
    assert {*outcomes(verdicts).values()} == {Outcome.INCONCLUSIVE}
    assert {*outcomes(verdicts)} == {"auto-answers-like-the-cpu-synchronous", "auto-answers-like-the-cpu-queue"}
    for name in outcomes(verdicts):
        assert (reason or "no answer was held against the CPU's") in verdicts[name].evidence()


def test_the_names_of_claims_do_not_change_with_the_length_of_the_queue():
    names = [
        [claim.name for claim in planned(HAND_OVER, PLAN, auto=AUTO, infer_requests=requests).claims]
        for requests in (0, 2, 8)
    ]
    assert names[0] == names[1] == names[2]
    assert len({*names[0]}) == len(names[0])


def started(openvino="2026.4.1-1", auto=AUTO, condition=0, *, helper=True, lines=9, **reply):
    """What a cached start says of the promises: the checks of one turn."""
    study = planned(CACHED_START, PLAN, auto=auto)
    reply = {
        "openvino": openvino,
        "loaded_from_cache": True,
        "execution_devices_before": ["(CPU)"] if helper and condition == 0 else ["GPU.0"],
        "execution_devices": ["GPU.0"],
        "execution_devices_in_the_end": ["GPU.0"],
        **reply,
    }
    log = AutoLog(lines=lines, cpu_helper_started=helper)
    return cached_start.observing(auto, GPU)(study.conditions[condition], reply, log).checks


@each_of(
    ("openvino", "no_helper", "helper", "holds"),
    [
        ("2026.4.1-12", "", True, True),
        ("2026.4.1-12", "", False, False),
        ("2025.2.0", "", True, True),
        ("2025.1.9", "", True, False),
        ("2025.1.9", "", False, True),
        ("2024.6.0", "", False, True),
        ("2025.10.0", "", True, True),
        ("2026.4.1", "state", False, True),
        ("2026.4.1", "state", True, False),
    ],
)
def test_the_helper_beside_a_blob_is_as_the_release_documents(openvino, no_helper, helper, holds):
    checks = started(openvino, Auto("AUTO", GPU, no_helper=no_helper), helper=helper)
    assert checks[cached_start.HELPER].holds is holds
    release = ".".join(openvino.split(".")[:2])
    assert checks[cached_start.HELPER].why == f"openvino {release} {'started it' if helper else 'left it out'}"
    if holds:
        assert checks[cached_start.FIRST_ANSWER].holds


@each_of(
    ("openvino", "helper", "holds"), [("2026.4.1", False, True), ("2026.4.1", True, False), ("2024.6.0", False, True)]
)
def test_given_a_list_auto_starts_no_helper_beside_a_blob_on_any_release(openvino, helper, holds):
    listed = Auto("AUTO:GPU.1,CPU", GPU)
    assert started(openvino, listed, helper=helper)[cached_start.HELPER].holds is holds
    (claim,) = [each for each in cached_start.claims_for(listed, GPU) if each.name == cached_start.HELPER]
    assert claim.sentence == "AUTO starts no CPU helper beside a blob when it is given a list (AUTO:GPU.1,CPU)"


@each_of(
    ("reply", "name", "check"),
    [
        ({"loaded_from_cache": False}, cached_start.FROM_THE_BLOB, Check(False, "LOADED_FROM_CACHE is False")),
        ({"loaded_from_cache": None}, cached_start.FROM_THE_BLOB, Check(False, "LOADED_FROM_CACHE is not there")),
        ({"execution_devices_in_the_end": ["(CPU)"]}, cached_start.FROM_THE_BLOB, Check(False, "(CPU) answered in the end")),
        ({"execution_devices_in_the_end": None}, cached_start.FROM_THE_BLOB, Check(False, "nothing answered in the end")),
        ({"lines": 0}, cached_start.HELPER, Check(None, "AUTO's log is empty")),
        ({"execution_devices": ["CPU"]}, cached_start.FIRST_ANSWER, Check(False, "by (CPU) and CPU")),
        ({"execution_devices": None, "execution_devices_before": []}, cached_start.FIRST_ANSWER, Check(None, NO_DEVICE)),
        ({"condition": 1, "execution_devices_before": ["(CPU)"]}, cached_start.FIRST_ANSWER, Check(False, "by (CPU) and GPU.0")),
        ({"openvino": "2024.6.0"}, cached_start.FIRST_ANSWER, Check(False, "by (CPU) and GPU.0")),
    ],
)  # fmt: skip
def test_a_cached_start_breaks_its_promise_and_says_how(reply, name, check):
    assert started(**reply)[name] == check
    if name != cached_start.HELPER:
        assert all(each.holds for each in started(condition=reply.get("condition", 0)).values())


def test_the_accelerators_own_cached_start_says_nothing_of_autos_helper():
    assert {*started(condition=1)} == {cached_start.FROM_THE_BLOB, cached_start.FIRST_ANSWER}
    assert {*started()} == {claim.name for claim in planned(CACHED_START, PLAN, auto=AUTO).claims}


CPU = Device("CPU", capabilities=("FP32",))
PLAIN = Auto.on([CPU], [CPU])
NO_HELPER_HERE = Auto("AUTO", GPU, no_helper="state")
LISTED = Auto("AUTO:NPU,CPU", Device("NPU"))


def first(target="AUTO", auto=PLAIN, available=(CPU,), selected=("CPU",), properties=None, helper=False, **reply):
    """What a first inference says of the promises."""
    reply = {"loaded_from_cache": False, "execution_devices_before": ["CPU"], "execution_devices": ["CPU"], **reply}
    log = AutoLog(lines=3, selected=list(selected), cpu_helper_started=helper)
    condition = Condition("one", Target(target, properties or {}))
    return first_inference.observing(auto, list(available))(condition, reply, log).checks


def ran(before, after=None, **others):
    return {"execution_devices_before": before, "execution_devices": before if after is None else after, **others}


WITH_GPU = {"auto": AUTO, "available": (CPU, GPU), "selected": ("GPU.0", "CPU"), "helper": True}
OFF = {"properties": {"ENABLE_STARTUP_FALLBACK": "NO"}}


@each_of(
    ("turn", "name", "check"),
    [
        ({}, RAN, Check(True, "by CPU")),
        (ran(["(CPU)"]), RAN, Check(False, "by (CPU)")),
        (ran([], []), RAN, Check(None, NO_DEVICE)),
        (ran(None, None), RAN, Check(None, NO_DEVICE)),
        ({"target": "CPU"}, RAN, Check(True, "by CPU")),
        ({"target": "GPU", **ran(["GPU.0"])}, RAN, Check(True, "by GPU.0")),
        ({"target": "GPU", **ran(["CPU"])}, RAN, Check(False, "by CPU")),
        ({**WITH_GPU, **ran(["(CPU)"])}, RAN, Check(True, "by (CPU)")),
        ({**WITH_GPU, **ran(["(CPU)"], ["GPU.0"])}, RAN, Check(True, "by (CPU) and GPU.0")),
        ({**WITH_GPU, **ran(["(CPU)"], ["NPU"])}, RAN, Check(False, "by (CPU) and NPU")),
        ({**WITH_GPU, **ran(["GPU.0"])}, RAN, Check(False, "GPU.0 answered first, and not AUTO's CPU helper")),
        ({**WITH_GPU, "auto": LISTED, "target": LISTED.device, **ran(["(CPU)"], ["NPU"])}, RAN, Check(True, "by (CPU) and NPU")),
        ({**WITH_GPU, "auto": NO_HELPER_HERE, "helper": False, **ran(["GPU.0"])}, RAN, Check(True, "by GPU.0")),
        ({**WITH_GPU, "auto": NO_HELPER_HERE, "helper": False, **ran(["(CPU)"])}, RAN, Check(False, "by (CPU)")),
        ({**WITH_GPU, "auto": NO_HELPER_HERE, **ran(["GPU.0"])}, RAN, Check(False, "it started its CPU helper, and should not: state")),
        ({**WITH_GPU, **OFF, **ran(["GPU.0"])}, HELPER_OUT, Check(True, "by GPU.0")),
        ({**WITH_GPU, **OFF, **ran(["(CPU)"], ["GPU.0"])}, HELPER_OUT, Check(False, "by (CPU) and GPU.0")),
        ({"loaded_from_cache": True}, COLD, Check(False, "LOADED_FROM_CACHE is True")),
        ({"loaded_from_cache": None}, COLD, Check(None, "LOADED_FROM_CACHE is not there")),
        ({"loaded_from_cache": None, "target": "GPU.0"}, COLD, Check(None, "LOADED_FROM_CACHE is not there")),
        ({"loaded_from_cache": None, "target": "CPU"}, COLD, Check(True)),
        ({"loaded_from_cache": True, "target": "CPU"}, COLD, Check(False, "LOADED_FROM_CACHE is True")),
        ({"selected": ()}, LOG, Check(False, "its log names no device")),
        ({"selected": ("NPU",)}, LOG, Check(False, "it selected NPU")),
        (WITH_GPU, LOG, Check(True, "it selected GPU.0")),
    ],
)  # fmt: skip
def test_a_first_inference_says_whether_it_was_what_it_should_be(turn, name, check):
    assert first(**turn)[name] == check


def test_each_condition_says_all_that_is_claimed_of_it_and_nothing_else():
    conditions = [Condition("AUTO", Target("AUTO")), Condition("CPU", Target("CPU"))]
    conditions.append(Condition("AUTO-no-fallback", Target("AUTO", OFF["properties"])))
    claims = first_inference.claims_for(conditions)
    for condition in conditions:
        said = first(condition.target.device, properties=condition.target.properties)
        assert {*said} == {claim.name for claim in claims if condition.name in claim.conditions}
    assert [claim.conditions for claim in claims] == [
        ("AUTO", "CPU"),
        ("AUTO", "CPU"),
        ("AUTO",),
        ("AUTO-no-fallback",),
    ]


def test_a_twin_on_the_reference_says_nothing_of_promises():
    twin = Condition("AUTO@reference", Target("AUTO"), role="reference")
    assert not first_inference.observing(PLAIN, [CPU])(twin, ran(["CPU"], loaded_from_cache=False), AutoLog()).checks


def steady(target, devices, available=(CPU,), role="candidate"):
    """What a slice says of where it ran."""
    condition = Condition("one", Target(target, {"PERFORMANCE_HINT": "LATENCY"}), role=role)
    return hints.observing(list(available), "FP32")(condition, {"execution_devices": devices}, None).checks


@each_of(
    ("target", "devices", "available", "check"),
    [
        ("AUTO", ["CPU"], (CPU,), Check(True, "by CPU")),
        ("AUTO", ["GPU.0"], (CPU, GPU), Check(True, "by GPU.0")),
        ("AUTO", ["CPU"], (CPU, GPU), Check(False, "by CPU")),
        ("AUTO", ["(CPU)"], (CPU, GPU), Check(False, "the CPU helper still answered after the warm-up: by (CPU)")),
        ("GPU", ["GPU.0"], (CPU, GPU), Check(True, "by GPU.0")),
        ("GPU", ["CPU"], (CPU, GPU), Check(False, "by CPU")),
        ("CPU", [], (CPU,), Check(None, NO_DEVICE)),
        ("CPU", None, (CPU,), Check(None, NO_DEVICE)),
    ],
)
def test_a_slice_says_whether_it_ran_where_it_should(target, devices, available, check):
    assert steady(target, devices, available) == {hints.RAN: check}
    assert not steady(target, devices, available, role="reference")


def rig_of(devices, auto, state=None):
    rig = machine(devices, auto)
    rig.inspection.state = state
    return rig


def test_what_does_not_apply_is_known_before_measuring_and_has_a_reason():
    emulated = Device("GPU", "emulated GPU on a CPU")
    body = State(1, in_bodies=True)
    quantised = Auto.on([CPU, GPU], [CPU, GPU], "INT8")
    first, change = FIRST_INFERENCE.not_promised, HAND_OVER.not_promised
    assert first(rig_of([CPU], PLAIN)) == change(rig_of([CPU, GPU], AUTO)) == {}
    assert "own cores" in first(rig_of([CPU, emulated], Auto("AUTO", emulated, emulated=True)))["auto-fil-close-to-cpu"]
    assert first(rig_of([CPU, GPU], NO_HELPER_HERE)) == {
        "auto-fil-close-to-cpu": "state",
        "auto-fil-below-gpu.0": "state",
    }
    unfit = Device("GPU.1", capabilities=("FP32",))
    assert "leaves the GPU.1 out" in first(rig_of([CPU, unfit], quantised))["auto-fil-below-gpu.1"]
    assert change(rig_of([CPU, GPU], NO_HELPER_HERE)) == dict.fromkeys((IN_TIME, FIRST_AND_LAST, ONCE), "state")
    assert {*change(rig_of([CPU, GPU], AUTO, body))} == {
        "auto-answers-like-the-cpu-synchronous",
        "auto-answers-like-the-cpu-queue",
    }
    assert all("cannot be reset on AUTO" in why for why in change(rig_of([CPU, GPU], AUTO, body)).values())
    names = {claim.name for claim in HAND_OVER.planned(rig_of([CPU, GPU], AUTO, body), 1).claims}
    assert len(names) == 7, "what is not promised has no verdict"
