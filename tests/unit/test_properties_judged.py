"""A device string or a property that somebody gives wrongly is a sentence, and never a comparison of AUTO with itself."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from autogauge.measuring.checking import StudyMistake
from autogauge.measuring.condition import REFERENCE, Condition
from autogauge.measuring.plan import Plan
from autogauge.probe.identity import Runtime
from autogauge.probe.launcher import Launcher
from autogauge.probe.request import ProbeFailed
from autogauge.probe.worker.properties import brief, cut_short, fitting_devices
from autogauge.rig import properties
from autogauge.rig.setups import targets_of
from autogauge.rig.workload import Setup
from autogauge.runtimes.reference import parse
from autogauge.targets import Target
from tests.cases import each_of
from tests.studied import planned_hints
from tests.support import misbehaving_python

WRONG = {
    "NUMSTREAMS=1": ("knows no property NUMSTREAMS (asked: AUTO, CPU", "did you mean NUM_STREAMS?"),
    "CPU+NUMSTREAMS=1": ("knows no property NUMSTREAMS (asked: CPU)", "did you mean NUM_STREAMS?"),
    "ALLOW_AUTO_BACHING=NO": ("did you mean ALLOW_AUTO_BATCHING?",),
    "SCHEDULEPOLICY=ROUND_ROBIN": ("did you mean SCHEDULE_POLICY?",),
    "XYZZY=1": ("knows no property XYZZY", "SUPPORTED_PROPERTIES"),
    "CPU+SCHEDULE_POLICY=ROUND_ROBIN": ("knows no property SCHEDULE_POLICY (asked: CPU)",),
    "LOADED_FROM_CACHE=YES": ("knows no property LOADED_FROM_CACHE",),
    "EXECUTION_DEVICES=CPU": ("EXECUTION_DEVICES can be read and not set",),
    "NUM_STREAMS=x": ("CPU of openvino", "refuses NUM_STREAMS=x: ", "give another"),
    "NUM_STREAMS=2x": ("refuses NUM_STREAMS=2x: it would be taken for 2",),
    "PERFORMANCE_HINT=FAST": ("refuses PERFORMANCE_HINT=FAST: ",),
    "SCHEDULE_POLICY=x": ("AUTO of openvino", "refuses SCHEDULE_POLICY=x: Invalid value"),
    "ALLOW_AUTO_BATCHING=foo": ("refuses ALLOW_AUTO_BATCHING=foo: ",),
    "CACHE_DIR=/dev/null/x": ("refuses CACHE_DIR=/dev/null/x: ",),
    "DEVICE_PROPERTIES={CPU:{NUMSTREAMS:2}}": (
        "knows no property NUMSTREAMS (asked: CPU)",
        "did you mean NUM_STREAMS?",
    ),
    "DEVICE_PROPERTIES={CPU:{NUM_STREAMS:y}}": ("CPU of openvino", "refuses NUM_STREAMS=y: "),
    "DEVICE_PROPERTIES={XPU:{NUM_STREAMS:2}}": ("there is no device 'XPU'",),
    "DEVICE_PROPERTIES=foo": ("refuses DEVICE_PROPERTIES=foo: ",),
    "AUTO:GPU.7,CPU": ("there is no device 'GPU.7' on this machine: OpenVINO sees ", "name one of these"),
    "AUTO:-FPU": ("there is no kind of device 'FPU' to leave out",),
    "MULTI_DEVICE_PRIORITIES=NPU.7": ("there is no device 'NPU.7'",),
    "NPU.7": ("there is no device 'NPU.7'",),
}
RIGHT = (
    *(
        "NUM_STREAMS=2",
        "ALLOW_AUTO_BATCHING=NO",
        "AUTO_BATCH_TIMEOUT=7",
        "SCHEDULE_POLICY=ROUND_ROBIN",
        "PERF_COUNT=YES",
    ),
    *("AUTO:CPU+INFERENCE_NUM_THREADS=1", "AUTO:-NPU", "CPU+NUM_STREAMS=2", "MULTI_DEVICE_PRIORITIES=CPU", "AUTO"),
    *(
        "DEVICE_PROPERTIES={CPU:{NUM_STREAMS:2,INFERENCE_NUM_THREADS:1}}",
        "INFERENCE_PRECISION_HINT=f32",
        "CACHE_DIR=kept",
    ),
    *("MODEL_PRIORITY=HIGH,PERFORMANCE_HINT=CUMULATIVE_THROUGHPUT", "MULTI:CPU+NUM_STREAMS=1", "BATCH:CPU(2)"),
)


@pytest.fixture(scope="module")
def clauses(tmp_path_factory):
    """What a probe has to say of each reference, all asked at once."""
    launcher = Launcher(tmp_path_factory.mktemp("asked") / "probes")
    rig = SimpleNamespace(auto=SimpleNamespace(device="AUTO"))
    texts = [*WRONG, *RIGHT]
    targets = [target for text in texts for target in targets_of(rig, parse(text))]
    reply = launcher.describe(targets=targets)
    told = zip(targets, reply["targets"], strict=True)
    return dict(
        zip(
            texts,
            (
                properties.wrong_device(said) or properties.wrong_property(said, reply["openvino"], each)
                for each, said in told
            ),
            strict=True,
        )
    )


@each_of(("text", "words"), WRONG.items(), ids=WRONG)
def test_what_is_wrong_with_a_reference_is_one_clause_that_says_what_to_do(clauses, text, words):
    clause = clauses[text]
    assert clause is not None, "AUTO would be compared with itself"
    assert "\n" not in clause
    for each in words:
        assert each in clause, clause


@each_of("text", RIGHT)
def test_what_somebody_knows_is_let_through(clauses, text):
    assert clauses[text] is None, clauses[text]


def test_a_release_an_environment_or_a_model_is_asked_nothing():
    assert targets_of(SimpleNamespace(auto=SimpleNamespace(device="AUTO")), parse("2026.3.0")) == []


@pytest.fixture
def asked(tmp_path):
    """A study of AUTO with a property, and which launchers were asked what."""
    calls = []

    def launcher(name, known):
        class Asked:
            def describe(self, *, targets, deadline_s):
                calls.append((name, [dict(each.properties) for each in targets]))
                unknown = [[each, ""] for target in targets for each in target.properties if each not in known]
                empty = {
                    "absent": [],
                    "only_read": [],
                    "refused": [],
                    "asked": ["AUTO"],
                    "known": known,
                    "available": [],
                }
                return {"openvino": name, "targets": [{**empty, "unknown": unknown}]}

        return Setup(Asked(), None)

    setups = {"": launcher("2026.4.1", ["NEW_ONE"]), "2024.6.0": launcher("2024.6.0-17404", ["THE_NEW_ONE"])}

    def check(*conditions, looked_at=None):
        result = replace(planned_hints(Plan((8,), 1.0)), conditions=conditions)
        properties.check(result, lambda each: setups[each.runs_on], set() if looked_at is None else looked_at)

    return check, calls


def test_a_property_is_looked_for_in_the_release_that_it_is_for(asked):
    check, calls = asked
    check(
        Condition("new", Target("AUTO", {"NEW_ONE": "1"})),
        Condition("old", Target("AUTO", {"THE_NEW_ONE": "1"}), runs_on="2024.6.0"),
    )
    assert calls == [("2026.4.1", [{"NEW_ONE": "1"}]), ("2024.6.0-17404", [{"THE_NEW_ONE": "1"}])]
    with pytest.raises(
        StudyMistake, match=r"of 'old', openvino 2024\.6\.0 knows no property NEW_ONE .*; did you mean THE_NEW_ONE\?"
    ):
        check(Condition("old", Target("AUTO", {"NEW_ONE": "1"}), runs_on="2024.6.0"))


def test_hints_and_what_was_looked_at_cost_no_probe(asked):
    check, calls = asked
    looked_at = set()
    check(
        Condition("a", Target.with_hint("AUTO", "LATENCY")),
        Condition("b", Target.with_hint("AUTO", "CUMULATIVE_THROUGHPUT")),
        looked_at=looked_at,
    )
    assert calls == []
    for _ in range(2):
        check(Condition("c", Target("AUTO", {"NEW_ONE": "1"})), looked_at=looked_at)
    check(Condition("c@reference", Target("AUTO", {"ANOTHER": "1"}), role=REFERENCE), looked_at=looked_at)
    assert len(calls) == 1


def test_a_study_whose_property_its_own_probe_does_not_know_is_a_mistake_of_its_author(tmp_path):
    result = replace(
        planned_hints(Plan((8,), 1.0)), conditions=(Condition("A", Target("AUTO", {"SCHEDULEPOLICY": "x"})),)
    )
    setup = Setup(Launcher(tmp_path / "probes"), None)
    with pytest.raises(StudyMistake, match=r"'hints' cannot be measured: of 'A', openvino .* mean SCHEDULE_POLICY\?"):
        properties.check(result, lambda _: setup, set())


def test_a_probe_that_answers_of_other_targets_than_it_was_asked_is_garbage(tmp_path):
    forgetful = misbehaving_python(
        tmp_path,
        "import json\nloads = json.loads\njson.loads = lambda text: {**loads(text), 'targets': []}\n",
    )
    launcher = Launcher(tmp_path / "probes", Runtime(forgetful))
    with pytest.raises(ProbeFailed, match="it was asked of 1 targets and answered of 0"):
        launcher.describe(targets=[Target("AUTO", {"A": "1"})])


@each_of(
    ("name", "fitting"),
    [
        ("GPU", ["GPU.0", "GPU.1"]),
        ("GPU.1", ["GPU.1"]),
        ("GPU.2", []),
        ("CPU", ["CPU"]),
        ("CPU.0", ["CPU"]),
        ("CPU.1", []),
        ("gpu", []),
        ("", []),
    ],
)
def test_a_kind_is_all_devices_of_it_and_a_number_is_one(name, fitting):
    assert fitting_devices(name, ["CPU", "GPU.0", "GPU.1"]) == fitting


@each_of(
    ("value", "taken", "is_cut"),
    [
        *[("2x", 2, True), ("1.5", 1, True), ("2", 2, False), ("4", 1, False), (" 2", 2, False)],
        *[("YES", True, False), ("AUTO", 3, False), ("2x", None, False), ("2x", "2x", False)],
    ],
)
def test_a_number_that_is_read_up_to_a_letter_is_told(value, taken, is_cut):
    assert (cut_short(value, taken) is not None) == is_cut


def test_of_an_error_of_openvino_the_line_about_the_value_is_told():
    text = (
        "Exception from src/core.cpp:1:\nCheck 'a' failed at src/x.cpp:2:\n"
        "Invalid value: x for property: GPU_QUEUE_PRIORITY\nProperty description: what it does\n\n"
    )
    assert brief(text, ["GPU_QUEUE_PRIORITY", "x"]) == "Invalid value: x for property: GPU_QUEUE_PRIORITY"
    assert brief("Exception from src/core.cpp:1:\nno such thing ; ", ["x"]) == "no such thing"
    assert brief("", ["x"]) == ""
