"""What `--reference` may name, and what it makes of the candidate's target."""

import contextlib
import sys
from pathlib import Path

import numpy as np
import pytest

from autogauge.errors import UserError
from autogauge.gate import side_by_side
from autogauge.gate.companions import Companions, pinned_conditions
from autogauge.gate.gate import Gate
from autogauge.history.baseline import History
from autogauge.measuring.condition import Condition
from autogauge.measuring.plan import Plan
from autogauge.models.artefact import ModelArtefact
from autogauge.rig.profile import RELAY_ROUNDS
from autogauge.rig.warm import FPS
from autogauge.runtimes.environment import numpy_of
from autogauge.runtimes.named import Named
from autogauge.runtimes.pinned import Pinned
from autogauge.runtimes.reference import parse
from autogauge.studies import hints
from autogauge.targets import Target
from tests.cases import each_of
from tests.properties import for_all
from tests.studied import planned_hints


@each_of("text", ["2026.3.0", "2024.6", "2026.1.0rc1", "2026.4.1.dev20261001"])
def test_a_release(text):
    assert parse(text).named == Named(text, "release", text)


def test_an_environment_a_python_and_a_model(tmp_path):
    python = tmp_path / "env" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    model = tmp_path / "model.xml"
    model.touch()
    for place in (tmp_path / "env", python):
        assert parse(str(place)).named == Named(str(place), "environment", place=python)
    assert parse(str(model)).model == model


def test_a_device_properties_or_both_change_the_target():
    candidate = Target("AUTO", {"PERFORMANCE_HINT": "LATENCY"})
    assert parse("CPU").target(candidate) == Target("CPU", {"PERFORMANCE_HINT": "LATENCY"})
    assert parse("NUM_STREAMS=2").target(candidate) == Target(
        "AUTO", {"PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "2"}
    )
    both = parse("AUTO:GPU,CPU+NUM_STREAMS=2,PERFORMANCE_HINT=THROUGHPUT").target(candidate)
    assert both == Target("AUTO:GPU,CPU", {"PERFORMANCE_HINT": "THROUGHPUT", "NUM_STREAMS": "2"})
    assert parse("2026.3.0").target(candidate) == candidate


def test_another_device_than_auto_has_none_of_autos_properties():
    candidate = Target("AUTO:GPU,CPU", {"ENABLE_STARTUP_FALLBACK": "NO", "PERFORMANCE_HINT": "LATENCY"})
    assert parse("CPU").target(candidate) == Target("CPU", {"PERFORMANCE_HINT": "LATENCY"})
    assert parse("AUTO:CPU").target(candidate).properties == candidate.properties
    assert parse("NUM_STREAMS=2").target(candidate).properties == {**candidate.properties, "NUM_STREAMS": "2"}


def test_which_references_are_an_openvino(tmp_path):
    python = tmp_path / "python3"
    python.touch()
    assert parse("2026.3.0").is_openvino
    assert parse(str(python)).is_openvino
    assert not parse("CPU").is_openvino
    assert not parse("NUM_STREAMS=2").is_openvino


def test_what_the_pinned_workload_is_says_everything_that_it_runs_on():
    model = ModelArtefact("googlenet-v1", "embedded", "IR", Path("m.xml"), "d" * 64, "FP16")
    identity = Pinned(Path("python"), model, numpy_of(Path(sys.executable))).identity
    assert f"numpy {np.__version__}" in identity
    assert f"python {sys.version_info.major}.{sys.version_info.minor}" in identity
    with pytest.raises(UserError, match="does not say which numpy it has"):
        numpy_of(Path("no-python"))


def test_blanks_around_names_values_and_devices_are_nobodys_meaning():
    assert parse(" NUM_STREAMS = 2 , PERF_COUNT= YES ").properties == {"NUM_STREAMS": "2", "PERF_COUNT": "YES"}
    assert parse("AUTO:GPU, CPU + NUM_STREAMS=2").device == "AUTO:GPU,CPU", "AUTO would drop the CPU"
    braces = "{CPU:{NUM_STREAMS:2,INFERENCE_NUM_THREADS:1}}"
    assert parse(f"DEVICE_PROPERTIES={braces},PERF_COUNT=YES").properties == {
        "DEVICE_PROPERTIES": braces,
        "PERF_COUNT": "YES",
    }


def test_a_property_in_small_letters_is_said():
    with pytest.raises(UserError, match=r"in small letters.*: write NUM_STREAMS=2 \(--reference\)\."):
        parse("CPU+PERF_COUNT=YES,num_streams=2")


@each_of("text", ["", "nowhere", "/no/such/place", "FPGA", "num_streams=2", "CPU+", "CPU+NUM_STREAMS", "=2", "26.3"])
def test_what_is_no_reference_is_one_sentence(text):
    with pytest.raises(UserError, match=r"\(--reference\)") as error:
        parse(text)
    assert "\n" not in str(error.value)


def test_a_folder_or_file_that_is_no_reference_is_one_sentence(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(UserError, match="no virtual environment"):
        parse(str(tmp_path))
    with pytest.raises(UserError, match="neither a virtual environment, a wheel nor a model"):
        parse(str(tmp_path / "notes.txt"))


@for_all(lambda st: (st.text(max_size=30),))
def test_whatever_is_given_is_parsed_or_refused(text):
    with contextlib.suppress(UserError):
        parse(text)


def joined(**companions):
    gate = Gate("fail", 0.05, 8, History, "CPU" if "reference" in companions else "")
    study = planned_hints(Plan((16,), 60.0))
    return Companions(gate, **companions).join(study, 80)


def test_each_condition_gets_a_twin_on_the_reference_and_a_comparison_for_each_metric():
    study = joined(reference=parse("CPU"))
    assert [each.name for each in study.conditions[2:]] == ["AUTO-LATENCY@reference", "AUTO-THROUGHPUT@reference"]
    assert {each.target.device for each in study.conditions[2:]} == {"CPU"}
    assert len(study.changes) == 4
    assert {(each.metric.name, each.relation) for each in study.changes} == {
        ("fps", "at least"),
        ("latency_ms", "at most"),
    }
    assert study.at_least == 80
    assert study.change_plan.budget_s == 2 * 60.0 * side_by_side.FIRST_SHARE
    assert study.change_plan.looks[0] == side_by_side.FIRST_WARM_LOOK
    assert study.relay_rounds == study.anew(2).relay_rounds == RELAY_ROUNDS
    assert study.claims == planned_hints(Plan((16,), 60.0)).claims


def test_a_twin_is_called_by_the_device_that_it_runs_on():
    conditions = (Condition("AUTO", Target("AUTO"), "AUTO (emulated)"), Condition("CPU", Target("CPU")))
    titles = {
        text: [each.title for each in side_by_side.twins(conditions, parse(text))] for text in ("GPU", "2026.3.0")
    }
    assert titles["GPU"] == ["GPU (reference)"] * 2
    assert titles["2026.3.0"] == ["AUTO (emulated) (reference)", "CPU (reference)"]


@each_of(
    ("text", "names"),
    [
        ("CPU", True),
        ("AUTO:GPU,CPU", True),
        ("GPU+NUM_STREAMS=2", True),
        ("MULTI_DEVICE_PRIORITIES=CPU", True),
        ("NUM_STREAMS=2", False),
        ("2026.3.0", False),
    ],
)
def test_a_reference_says_whether_it_names_a_device(text, names):
    assert parse(text).names_device == names


def test_without_a_reference_or_a_pinned_workload_nothing_is_added():
    assert len(joined().conditions) == 2


def test_there_is_one_pinned_condition_for_each_hint():
    conditions = hints.conditions_for(["AUTO", "CPU"])
    assert {hint: each.name for hint, each in pinned_conditions(conditions).items()} == {
        "LATENCY": "pinned-LATENCY",
        "THROUGHPUT": "pinned-THROUGHPUT",
    }


def test_the_floor_is_half_of_what_is_to_be_found():
    gate = Gate("fail", 0.05, 8, History)
    assert gate.floor == 1.025
    assert side_by_side.claim("A", FPS, 1.025).bound == pytest.approx(1 / 1.025)
