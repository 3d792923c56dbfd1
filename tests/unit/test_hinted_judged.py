"""What was seen of hints, policy and priority is judged rightly: real observations of one release, and those observations changed.

``tests/data/seen_of_hints.json`` holds what openvino 2026.4.1 did with two emulated GPUs, by study and case. Nothing is measured here.
"""

import copy
import json
from types import SimpleNamespace

import pytest

from autogauge.measuring.claim import BEYOND
from autogauge.probe.log import AutoLog
from autogauge.probe.request import Failure
from autogauge.probe.seen import Seen, Step, name_of
from autogauge.rig.cases import Sees
from autogauge.rig.expecting import judge
from autogauge.studies.hinted import batching, reading
from autogauge.studies.hinted.study import HINTS_AND_DEVICES
from autogauge.studies.policy import POLICY
from autogauge.studies.priority import PRIORITY
from tests.cases import each_of
from tests.support import ROOT

RECORDED = json.loads((ROOT / "tests" / "data" / "seen_of_hints.json").read_text(encoding="utf-8"))
STUDIES = (HINTS_AND_DEVICES, POLICY, PRIORITY)


def rig(is_emulated):
    return SimpleNamespace(asked=SimpleNamespace(is_emulated=is_emulated))


CASES = {(study.name, case.name): case for study in STUDIES for case in study.cases(rig(True))}
REAL = {(study.name, case.name): case for study in STUDIES for case in study.cases(rig(False))}
DIFFERS = {
    "number-of-streams-on-the-accelerator",
    "refusal-by-the-accelerator-is-told",
    "bound-buffers-from-the-start",
    "streams-as-a-number-lose-no-device",
    "capable-devices-alone",
    "hint-reaches-the-gpu-by-name",
    "best-device-first-without-names",
    "counts-on-all-its-devices",
}
"""The claims that fail on that release."""
NEWER = {"given-affinity-wins"}
"""The claims of which that release knows no property: what they expect is not judged."""
each_case = each_of("key", list(CASES), ids=": ".join)


def records_of(key):
    """The recorded steps of a case, to be changed at will."""
    study, case = key
    return copy.deepcopy(RECORDED[study][case])


def seen_of(key, records, ending=None, surroundings=None):
    """The observations as a case sees them."""
    steps = [
        Step(asked, record["value"], record["error"], 0.1, AutoLog(**record["log"]))
        for asked, record in zip(CASES[key].steps, records, strict=False)
    ]
    return Seen(steps, ending, AutoLog(), surroundings)


def expects_of(key):
    return [each for each in CASES[key].expects if each.claim not in NEWER]


def outcomes(key, records, expects=None, surroundings=None):
    checks, _ = judge(expects_of(key) if expects is None else expects, seen_of(key, records, None, surroundings))
    return {name: check.holds for name, check in checks.items()}


def test_every_case_was_recorded_whole():
    for key, case in CASES.items():
        assert len(records_of(key)) == len(case.steps), key
    assert sum(map(len, RECORDED.values())) == len(CASES)


@each_case
def test_no_two_steps_of_a_case_have_one_name(key):
    names = [name_of(step) for step in CASES[key].steps]
    assert len(names) == len(set(names))


@each_case
def test_real_observations_are_judged_as_that_release_is_known(key):
    for claim, holds in outcomes(key, records_of(key)).items():
        assert holds is (claim not in DIFFERS), claim


@each_case
def test_each_expectation_turned_round_breaks_its_claim(key):
    records, expects = records_of(key), expects_of(key)
    for place, expect in enumerate(expects):
        if expect.claim not in DIFFERS:
            turned = [*expects[:place], expect.turned(), *expects[place + 1 :]]
            assert outcomes(key, records, turned)[expect.claim] is False, expect.what


@each_case
def test_what_was_not_reached_is_not_known_and_a_hang_is_what_became_of_it(key):
    for claim, holds in outcomes(key, []).items():
        assert holds is None, claim
    ending = Failure("deadline", "step 1", "no answer within 30 s")
    first = CASES[key].steps[0]
    hung = Seen([Step(first, {}, None, None, AutoLog(), ending)], ending, AutoLog())
    for claim, check in judge(expects_of(key), hung)[0].items():
        assert check.holds is False, claim
        assert "no answer within 30 s" in check.why


@each_case
def test_no_claim_holds_where_every_step_is_an_error(key):
    records = [{"value": {}, "error": "RuntimeError: broken", "log": {}} for _ in records_of(key)]
    for claim, holds in outcomes(key, records).items():
        assert holds is not True, claim


def changed(key, step, surroundings=None, records=None, **changes):
    """The outcomes when that step told something else."""
    records = records_of(key) if records is None else records
    (place,) = [number for number, asked in enumerate(CASES[key].steps) if name_of(asked) == step]
    for name, value in changes.items():
        records[place][name] = {**records[place][name], **value} if isinstance(value, dict) else value
    return outcomes(key, records, surroundings=surroundings)


HINTS, POLICIES, PRIORITIES = HINTS_AND_DEVICES.name, POLICY.name, PRIORITY.name
GPU_0 = {"PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1}


@each_of(
    ("key", "step", "changes", "claim"),
    [
        (
            (HINTS, "cpu-hints"),
            "default",
            {"value": {"PERFORMANCE_HINT": "THROUGHPUT"}},
            "default-hint-reaches-the-device",
        ),
        ((HINTS, "cpu-hints"), "high", {"value": {reading.OPTIMAL: 17}}, "requests-are-the-devices"),
        (
            (HINTS, "cpu-hints"),
            "behind default",
            {"value": {"devices": {"CPU": {"NUM_STREAMS": 2}}}},
            "one-stream-by-default",
        ),
        ((HINTS, "cpu-hints"), "behind high", {"value": {"devices": {"CPU": GPU_0}}}, "hint-reaches-the-device"),
        ((HINTS, "cpu-hints"), "infer accurate", {"value": {"largest_error": 2.9e-4}}, "accuracy-is-exact"),
        ((HINTS, "cpu-hints"), "infer accurate", {"value": {"compared": 0}}, "accuracy-is-exact"),
        ((HINTS, "gpu-hints"), "behind low", {"value": {"devices": {"CPU": GPU_0}}}, "hint-reaches-the-device"),
        ((HINTS, "gpu-hints"), "release low", {"log": {"inferences": {"GPU.0": 19, "CPU": 1}}}, "one-device-infers"),
        ((HINTS, "gpu-hints"), "profiling", {"value": {"operations": 0}}, "counters-are-the-accelerators"),
        ((HINTS, "gpu-hints"), "counted", {"value": {"devices": ["CPU"]}}, "counters-are-the-accelerators"),
        (
            (HINTS, "gpu-numbers"),
            "two requests",
            {"value": {reading.OPTIMAL: 4}},
            "number-of-requests-limits-the-batch",
        ),
        ((HINTS, "gpu-numbers"), "two as a number", {"value": {"devices": ["CPU"]}}, "number-of-requests-is-a-number"),
        ((HINTS, "thresholds"), "300 percent", {"error": None}, "thresholds-are-checked"),
        ((HINTS, "thresholds"), "80 percent", {"error": "RuntimeError: no"}, "thresholds-are-checked"),
        ((HINTS, "cumulative"), "release unbatched", {"log": {"inferences": {"CPU": 180}}}, "all-devices-infer"),
        ((HINTS, "cumulative"), "unbatched", {"value": {"devices": ["CPU"]}}, "all-devices-infer"),
        ((HINTS, "cumulative"), "6 of unbatched", {"value": {"never": 1}}, "cumulative-answers-all"),
        ((HINTS, "cumulative"), "6 of unbatched", {"value": {"failed": 1}}, "cumulative-answers-all"),
        ((HINTS, "cumulative"), "6 of unbatched", {"value": {"done": 0}}, "cumulative-answers-all"),
        ((HINTS, "cumulative"), "6 of unbatched", {"value": {"wrong": 1}}, "cumulative-answers-all"),
        ((HINTS, "cumulative"), "sum", {"value": {reading.OPTIMAL: 4}}, "requests-are-the-sum"),
        ((HINTS, "cumulative-two-gpus"), "unnamed", {"value": {"devices": ["CPU", "GPU.0"]}}, "all-gpus-without-names"),
        ((HINTS, "cumulative-two-gpus"), "named", {"value": {"devices": ["GPU.0", "GPU.1"]}}, "named-gpus-alone"),
        ((HINTS, "batching"), "behind high", {"value": {"devices": {"GPU.0": GPU_0}}}, "throughput-batches"),
        (
            (HINTS, "batching"),
            "behind path",
            {"value": {"devices": {"GPU.0": {"AUTO_BATCH_TIMEOUT": 1000}}}},
            "paths-are-not-batched",
        ),
        (
            (HINTS, "batching"),
            "behind timeout",
            {"value": {"devices": {"GPU.0": {"AUTO_BATCH_TIMEOUT": 1000}}}},
            "timeout-reaches-the-batch",
        ),
        ((HINTS, "batching"), "3 of timeout", {"value": {"never": 2}}, "part-of-a-batch-is-answered"),
        ((HINTS, "batching"), "3 of batch", {"value": {"rounds_s": [0.002] * 4}}, "a-batch-waits-its-timeout"),
        (
            (HINTS, "gpu-apart"),
            "behind by name",
            {"value": {"devices": {"GPU.0": GPU_0}}},
            "properties-reach-the-gpu-by-name",
        ),
        (
            (HINTS, "gpu-apart"),
            "behind each",
            {"value": {"devices": {"CPU": {"NUM_STREAMS": 1}}}},
            "properties-reach-each",
        ),
        (
            (POLICIES, "device-priority"),
            "release gpu first",
            {"log": {"inferences": {"CPU": 1, "GPU.0": 29}}},
            "first-device-first",
        ),
        (
            (POLICIES, "device-priority"),
            "release busy",
            {"log": {"inferences": {"GPU.0": 180}}},
            "busy-device-is-passed-over",
        ),
        (
            (POLICIES, "round-robin"),
            "release turns",
            {"log": {"inferences": {"CPU": 16, "GPU.0": 14}}},
            "devices-by-turns",
        ),
        ((POLICIES, "round-robin"), "release later", {"log": {"inferences": {"GPU.0": 30}}}, "policy-of-auto-holds"),
        (
            (POLICIES, "another-hint"),
            "release LATENCY",
            {"log": {"inferences": {"CPU": 15, "GPU.0": 15}}},
            "policy-changes-nothing-else",
        ),
        ((PRIORITIES, "discrete-gpu"), "high", {"log": {"selected": ["GPU.0"]}}, "high-medium-low"),
        ((PRIORITIES, "two-gpus"), "low", {"log": {"selected": ["GPU.0"]}}, "lower-goes-elsewhere"),
        ((PRIORITIES, "rising"), "high", {"log": {"selected": ["GPU.1"]}}, "higher-is-not-kept-away"),
        ((PRIORITIES, "released"), "beside one", {"log": {"selected": ["GPU.0"]}}, "released-with-the-last"),
        ((PRIORITIES, "released"), "beside none", {"log": {"selected": ["CPU"]}}, "released-with-the-last"),
        ((PRIORITIES, "compiling"), "high", {"value": {"devices": ["GPU.0"]}}, "counts-while-compiling"),
        ((PRIORITIES, "another-core"), "medium", {"log": {"selected": ["GPU.0"]}}, "counts-for-every-core"),
        ((PRIORITIES, "no-such-priority"), "high", {"error": None}, "wrong-priority-is-an-error"),
    ],
)
def test_an_observation_that_breaks_a_promise_fails_its_claim(key, step, changes, claim):
    assert outcomes(key, records_of(key))[claim] is True
    assert changed(key, step, **changes)[claim] is False


def test_a_log_that_counts_nothing_says_nothing():
    assert (
        changed((POLICIES, "device-priority"), "release gpu first", log={"inferences": {}})["first-device-first"]
        is None
    )
    assert changed((PRIORITIES, "two-gpus"), "high", log={"selected": []})["lower-goes-elsewhere"] is None


@each_of(
    ("told", "read"),
    [
        ("YES", True),
        ("NO", False),
        ("true", "true"),
        ("12", 12),
        ("-1", "-1"),
        (7, 7),
        (False, False),
        ("f32", "f32"),
        ("", ""),
    ],
)
def test_what_releases_write_in_their_own_way_is_one_value(told, read):
    assert reading.as_word(told) == read
    assert type(reading.as_word(told)) is type(read)


@pytest.mark.parametrize("pair", [(1, 2), ("an error: x", "an error: x"), (1, "1"), ("not told", "not told")])
def test_two_that_are_not_the_same_number_are_not_alike(pair):
    assert not reading.ALIKE.holds(pair)


@each_case
def test_two_streams_infer_on_no_emulated_gpu(key):
    """They hang by themselves now and then, without AUTO too."""
    by_model = {step["as"]: step for step in CASES[key].steps if step["do"] == "compile"}
    for step in CASES[key].steps:
        if step["do"] in ("infer", "together"):
            given = by_model[step["of"]]
            hint = given["properties"].get("PERFORMANCE_HINT", "LATENCY")
            is_cpu = given["device"] in ("CPU", reading.CPU)
            of_gpu = given["properties"].get("DEVICE_PROPERTIES", {}).get("GPU", given["properties"])
            assert hint == "LATENCY" or is_cpu or of_gpu.get("NUM_STREAMS") == "1", given
    real = [step for step in REAL[key].steps if step["do"] == "compile"]
    assert {step["as"] for step in real if step["properties"].get("NUM_STREAMS") == "1"} <= {"high, one stream"}
    assert key[0] != POLICIES or not any("DEVICE_PROPERTIES" in step["properties"] for step in real)


@each_of(
    "key",
    [
        *((HINTS, name) for name in ("cumulative", "gpu-hints", "gpu-apart")),
        *((POLICIES, name) for name in ("device-priority", "round-robin")),
        *((PRIORITIES, name) for name in ("one-gpu", "no-priority", "released", "compiling", "another-core")),
    ],
    ids=": ".join,
)
def test_what_is_said_of_one_gpu_is_seen_with_one(key):
    assert CASES[key].sees is Sees.ONE_GPU


QUIET = {"wall_s": 10.0, "others_cpu_s": 0.5, "steal_s": 0.0}
PART = ((HINTS, "batching"), "3 of batch")


@each_of(
    ("rounds_s", "surroundings", "holds"),
    [
        ([0.1, 0.3, 0.301, 0.3], {}, True),
        ([0.1, 0.2, 0.2, 0.2], {}, False),
        ([1.0, 1.0, 1.001, 1.0], QUIET, False),
        ([1.0, 1.0, 1.001, 1.0], {**QUIET, "others_cpu_s": 9.0}, None),
        ([1.0, 1.0, 1.001, 1.0], {**QUIET, "steal_s": 3.0}, None),
        ([1.0, 1.0, 1.001, 1.0], {}, None),
        ([0.3], QUIET, None),
        ([], QUIET, None),
    ],
)
def test_the_wait_for_a_batch_is_the_timeout_that_was_given(rounds_s, surroundings, holds):
    told = changed(*PART, surroundings=surroundings, value={"rounds_s": rounds_s})
    assert told["a-batch-waits-its-timeout"] is holds


def test_a_part_of_a_batch_that_is_lost_is_excused_by_nothing():
    assert "part-of-a-batch-is-answered" not in HINTS_AND_DEVICES.may_differ()
    assert batching.LEAST_MS < batching.GIVEN_MS < batching.MOST_MS < batching.DEFAULT_MS


@each_of(
    ("key", "step", "claim"),
    [
        ((HINTS, "cumulative"), "6 of unbatched", "cumulative-answers-all"),
    ],
)
def test_wrong_answers_of_none_that_were_compared_are_not_known(key, step, claim):
    assert changed(key, step, value={"compared": 0})[claim] is None


def test_wrong_answers_with_bound_buffers_are_not_known_where_none_was_compared():
    read = reading.wrong_of("infer bound")
    key = (HINTS, "bound-buffers")
    records = records_of(key)
    (place,) = [number for number, asked in enumerate(CASES[key].steps) if name_of(asked) == "infer bound"]
    for told, value in (({"compared": 0, "wrong": 0}, None), ({"compared": 1, "wrong": 0}, 0), ({}, None)):
        records[place] = {"value": told, "error": None, "log": {}}
        assert read(seen_of(key, records)) == value


ONE_CORE = {"CPU": {"PERFORMANCE_HINT": "THROUGHPUT", "NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": 1}}


def test_what_one_core_does_by_itself_is_no_answer_to_what_it_was_given():
    key = (HINTS, "cpu-hints")
    told = changed(key, "behind high", value={"devices": ONE_CORE})
    assert told["given-threads-win"] is None
    assert told["given-streams-win"] is None


def test_streams_that_a_core_does_not_make_alone_are_asked_of_nobody():
    key = (HINTS, "cpu-hints")
    records = records_of(key)
    for number, asked in enumerate(CASES[key].steps):
        if name_of(asked) == "ask two streams alone":
            records[number]["value"] = {"told": {"NUM_STREAMS": 1}, "refused": {}}
        if name_of(asked) in ("behind low, two streams", "behind two as a number"):
            records[number]["value"] = {"devices": ONE_CORE}
    told = outcomes(key, records)
    assert told["given-streams-win"] is None
    assert told["number-of-streams-on-the-cpu"] is None
    key = (HINTS, "cpu-apart")
    told = changed(key, "ask two alone", value={"told": {"NUM_STREAMS": 1}})
    assert told["properties-reach-the-cpu"] is None


def test_properties_that_the_devices_have_by_themselves_reached_nobody():
    alike = {"CPU": {"NUM_STREAMS": 1}, "GPU.0": {"NUM_STREAMS": 2}}
    told = changed((HINTS, "gpu-apart"), "behind nothing apart", value={"devices": alike})
    assert told["properties-reach-each"] is None


@each_of(
    ("error", "holds"),
    [
        ("RuntimeError: Invalid value for property MODEL_PRIORITY: high", True),
        ("RuntimeError: something else is broken", False),
        ("", False),
        ("MemoryError: ", None),
        ("RuntimeError: std::bad_alloc, MODEL_PRIORITY", None),
        ("RuntimeError: [Errno 24] Too many open files", None),
        ("RuntimeError: No space left on device", None),
    ],
)
def test_only_an_error_that_names_the_property_refuses_it(error, holds):
    assert reading.refused("MODEL_PRIORITY").holds(error) is holds
    key = (PRIORITIES, "no-such-priority")
    assert changed(key, "high", error=error or None)["wrong-priority-is-an-error"] is holds


def test_a_part_of_a_batch_that_is_answered_later_than_after_its_timeout_was_not_answered_in_time():
    late = changed((HINTS, "batching"), "3 of timeout", surroundings=QUIET, value={"rounds_s": [1.0] * 4})
    assert late["part-of-a-batch-is-answered"] is False


def test_a_log_that_has_lines_and_not_the_one_that_is_read_breaks_and_one_that_is_empty_leaves_open():
    cases = (
        ((PRIORITIES, "one-gpu"), "lower-goes-elsewhere", "selected"),
        ((POLICIES, "device-priority"), "first-device-first", "inferences"),
    )
    for key, claim, read in cases:
        records = records_of(key)
        for record in records:
            record["log"] = {**record["log"], read: type(record["log"].get(read, []))()}
        for lines, holds in ((9, False), (0, None)):
            for record in records:
                record["log"]["lines"] = lines
            seen = seen_of(key, records)
            seen.log.lines = lines
            assert judge(expects_of(key), seen)[0][claim].holds is holds, (claim, lines)


def test_where_auto_tells_no_device_behind_it_the_promise_is_broken():
    for claim in ("hint-reaches-the-device", "one-stream-by-default", "given-streams-win"):
        for step in ("behind low", "behind default", "behind low, two streams"):
            found = changed((HINTS, "cpu-hints"), step, value={"devices": {}})
            if found[claim] is False:
                break
        else:
            raise AssertionError(claim)


def test_an_error_is_no_device_that_is_left_out_for_its_precision():
    key, claim = (HINTS, "cumulative-half-precision"), "capable-devices-alone"
    for capable, holds in ((["FP32", "FP16"], False), (["FP32"], True)):
        records = records_of(key)
        for record in records[:2]:
            record["value"] = {"told": {"OPTIMIZATION_CAPABILITIES": capable}}
        records[2] = {**records[2], "value": {}, "error": "RuntimeError: no"}
        check = judge(expects_of(key), seen_of(key, records))[0][claim]
        assert check.holds is holds
        assert holds or BEYOND in check.why


@each_of(
    ("key", "claim", "step", "error"),
    [
        ((PRIORITIES, "on-all-gpus"), "counts-on-all-its-devices", "high", "a wholly new error"),
        ((HINTS, "bound-buffers"), "bound-buffers-from-the-start", "infer bound", "a wholly new error"),
        ((HINTS, "gpu-numbers"), "refusal-by-the-accelerator-is-told", "a timeout below zero", "a wholly new error"),
        ((HINTS, "cumulative"), "streams-as-a-number-lose-no-device", "two streams", "a wholly new error"),
    ],
)
def test_another_error_is_no_known_difference(key, claim, step, error):
    records = records_of(key)
    (place,) = [number for number, asked in enumerate(CASES[key].steps) if name_of(asked) == step]
    assert BEYOND not in judge(expects_of(key), seen_of(key, records))[0][claim].why
    records[place] = {**records[place], "value": {}, "error": error}
    check = judge(expects_of(key), seen_of(key, records))[0][claim]
    assert check.holds is False
    assert BEYOND in check.why


@each_case
def test_a_crash_or_a_hang_is_no_known_difference_in_any_case(key):
    for kind in ("signal", "deadline"):
        ending = Failure(kind, "step 3", "it ended")
        for claim, check in judge(expects_of(key), seen_of(key, records_of(key), ending))[0].items():
            assert check.holds is False
            assert claim not in DIFFERS or BEYOND in check.why, claim


def test_a_device_that_cannot_be_asked_by_itself_has_no_other_value_by_that():
    key, step = (HINTS, "gpu-apart"), "behind nothing apart"
    assert changed(key, step)["properties-reach-each"] is True
    assert changed(key, step, value={}, error="RuntimeError: no")["properties-reach-each"] is False
