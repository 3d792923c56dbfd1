"""Device names, options, profiles and intervals."""

import pytest

from autogauge import studies
from autogauge.errors import UserError
from autogauge.files import slug
from autogauge.measuring.claim import Ratio
from autogauge.measuring.plan import Plan
from autogauge.measuring.running import PerformanceMetrics
from autogauge.parsing import parse_list, parse_wait
from autogauge.rig.profile import PROFILES
from autogauge.settings import machine_notes
from autogauge.stats.intervals import fewest_replicates
from autogauge.studies import hints
from autogauge.studies.first_inference import study as first_inference
from autogauge.studies.first_inference.study import FIRST_INFERENCE
from autogauge.studies.hints import HINTS
from autogauge.targets import (
    Auto,
    Device,
    Target,
    find_device,
    named_devices,
    require_device,
    selectable_by_default,
)
from tests.cases import each_of
from tests.studied import planned

CPU, GPU0, GPU1 = Device("CPU", "a CPU"), Device("GPU.0", "integrated"), Device("GPU.1", "discrete")
NPU = Device("NPU", "an NPU")


def settings_of(tmp_path, machine):
    from tests.unit.test_report import settings

    return settings(tmp_path, machine=slug(machine))


def test_a_name_that_history_cannot_take_is_told_with_the_folder_of_its_older_form(tmp_path):
    def notes(name):
        return machine_notes(name, settings_of(tmp_path, name))

    assert notes("lab-01") == []
    assert notes("机器一") == [f"the machine 机器一 is called {slug('机器一')} in history"]
    (tmp_path / "history" / "lab-01").mkdir(parents=True)
    (note,) = notes("lab 01")
    assert note.endswith(
        "history/lab-01 may hold its runs from before names were told apart: to go on with them, --machine=lab-01"
    )
    (tmp_path / "history" / slug("lab 01")).mkdir()
    assert "before names" not in notes("lab 01")[0], "it has begun a history of its own"
    (note,) = notes("x\x1b[31m" * 1000)
    assert note.isprintable()
    assert len(note) < 300


@pytest.mark.parametrize(("node", "said"), [("3f2a9c01b7de", True), ("lab-01", False), ("decade", False)])
def test_a_container_that_nobody_named_is_told_that_each_begins_a_new_history(tmp_path, monkeypatch, node, said):
    monkeypatch.setattr("platform.node", lambda: node)
    notes = machine_notes(None, settings_of(tmp_path, node))
    assert any("each begins a new history" in each and "--machine=NAME" in each for each in notes) == said
    assert machine_notes(node, settings_of(tmp_path, node)) == [], "who names it knows"


def test_gpu_0_counts_as_a_gpu():
    assert GPU0.kind == "GPU"
    assert GPU0.is_accelerator
    assert not CPU.is_accelerator
    assert find_device("GPU", [CPU, GPU0, GPU1]) is GPU0
    assert find_device("GPU.1", [CPU, GPU0, GPU1]) is GPU1
    assert find_device("NPU", [CPU, GPU0]) is None
    assert find_device("GPU.1", [CPU, GPU0]) is None


def test_an_absent_device_is_a_sentence_that_names_those_there_are():
    with pytest.raises(UserError, match=r"no device 'NPU' .* sees CPU, GPU\.0.*--devices"):
        require_device("NPU", [CPU, GPU0])


def test_auto_selects_a_gpu_where_there_is_one_and_never_an_npu_by_itself():
    assert selectable_by_default([CPU, NPU]) == ["CPU"]
    assert selectable_by_default([CPU, GPU0, GPU1, NPU]) == ["GPU.0", "GPU.1"]


WITHOUT_INT8 = Device("GPU.0", capabilities=("FP32", "FP16", "BIN"))
SINGLE_ONLY = Device("GPU.1", capabilities=("FP32", "EXPORT_IMPORT"))
ALL_BUT_SINGLE = Device("NPU", capabilities=("FP16", "INT8"))


@each_of(
    ("device", "fits"),
    [
        (WITHOUT_INT8, {"FP32", "FP16"}),
        (SINGLE_ONLY, {"FP32"}),
        (ALL_BUT_SINGLE, {"FP32", "FP16", "INT8"}),
        (GPU0, {"FP32", "FP16", "INT8"}),
    ],
)
def test_a_device_fits_a_model_by_its_capabilities_and_half_precision_will_do_for_single(device, fits):
    assert {each for each in ("FP32", "FP16", "INT8") if device.has(each)} == fits


def test_auto_leaves_out_what_lacks_the_models_precision_and_says_why():
    there = [CPU, WITHOUT_INT8, SINGLE_ONLY, ALL_BUT_SINGLE]
    assert selectable_by_default(there) == ["GPU.0", "GPU.1"]
    assert selectable_by_default(there, "FP16") == ["GPU.0"]
    assert selectable_by_default(there, "INT8") == ["CPU"]
    quantised = Auto.on(there, there, "INT8")
    assert (quantised.device, quantised.handed_to) == ("AUTO:NPU,CPU", ALL_BUT_SINGLE)
    assert Auto.on(there, [CPU, WITHOUT_INT8], "INT8") == Auto(precision="INT8")
    assert Auto.on(there, there, "FP16") == Auto("AUTO", WITHOUT_INT8, precision="FP16")
    assert quantised.may_select(there) == ["NPU"]
    assert Auto.on(there, [CPU, WITHOUT_INT8], "INT8").may_select(there) == ["CPU"]
    assert quantised.why_not(ALL_BUT_SINGLE) is None
    assert "leaves the GPU.0 out for this model: it is quantised" in quantised.why_not(WITHOUT_INT8)
    assert "its convolutions are FP16" in Auto(precision="FP16").why_not(SINGLE_ONLY)
    names = {claim.name for claim in first_inference.claims_for(there, quantised)}
    assert "auto-fil-below-npu" in names
    assert not [each for each in names if "gpu" in each]


@each_of(
    ("device", "names"),
    [
        ("CPU", ["CPU"]),
        ("AUTO", []),
        ("AUTO:GPU,CPU", ["GPU", "CPU"]),
        ("AUTO:-CPU", []),
        ("MULTI:GPU.1(2), CPU", ["GPU.1", "CPU"]),
    ],
)
def test_a_device_string_names_its_devices(device, names):
    assert named_devices(device) == names


def test_a_device_survives_the_way_through_json():
    device = Device("NPU", "an NPU", "INTEGRATED", "7", ("INT8", "FP16"))
    assert Device.from_json(device.to_json()) == device


def test_targets_are_told_apart_by_device_and_properties():
    assert Target.with_hint("AUTO", "LATENCY").label == "AUTO-LATENCY"
    assert Target(None).label == "default"
    policies = [Target("AUTO", {"SCHEDULE_POLICY": policy}) for policy in ("ROUND_ROBIN", "DEVICE_PRIORITY")]
    assert len({target.label for target in policies}) == 2, "two that differ are called differently"
    assert policies[0].label == "AUTO-SCHEDULE_POLICY=ROUND_ROBIN"
    assert Target("CPU", {"A": "1", "B": "2"}).key == Target("CPU", {"B": "2", "A": "1"}).key
    assert Target("CPU").key != Target(None).key


def test_the_fil_claims_follow_from_the_devices():
    claims = {claim.name: claim for claim in first_inference.claims_for([CPU, GPU0])}
    assert set(claims) == {"auto-fil-close-to-cpu", "auto-fil-below-gpu.0"}
    assert claims["auto-fil-below-gpu.0"].bound == 1.0
    assert not first_inference.claims_for([])


def test_auto_is_given_a_list_where_it_would_not_choose_the_measured_accelerator_by_itself():
    emulated = Device("GPU", "emulated GPU on a CPU (iGPU)")
    assert Auto.on([CPU, GPU0], [CPU, GPU0]) == Auto("AUTO", GPU0)
    assert Auto.on([CPU, GPU0, GPU1], [CPU, GPU1]) == Auto("AUTO:GPU.1,CPU", GPU1)
    assert Auto.on([CPU, NPU], [CPU, NPU]) == Auto("AUTO:NPU,CPU", NPU)
    assert Auto.on([CPU], [CPU]) == Auto()
    assert Auto.on([CPU, emulated], [CPU]) == Auto("AUTO", None, emulated=True), "AUTO hands over to it all the same"


@each_of(
    ("available", "measured", "device"),
    [
        ([CPU], [CPU], "AUTO"),
        ([CPU, GPU0], [CPU, GPU0], "AUTO"),
        ([CPU, GPU0, GPU1], [CPU, GPU1], "AUTO:GPU.1,CPU"),
        ([CPU, NPU], [CPU, NPU], "AUTO:NPU,CPU"),
        ([CPU, GPU0], [CPU], "AUTO"),
    ],
)
def test_autos_first_inference_is_measured_on_an_auto_that_hands_over_to_the_measured_accelerator(
    available, measured, device
):
    auto = Auto.on(available, measured)
    study = planned(FIRST_INFERENCE, Plan((6,), 1.0), devices=measured, auto=auto)
    assert study.condition("AUTO").target == Target(device)
    assert study.condition("AUTO").title == device
    for claim in study.claims:
        if claim.name.startswith("auto-fil-below"):
            assert claim.numerator == "AUTO"
            assert claim.denominator in auto.may_select(available)


def test_auto_may_select_what_it_is_given_or_what_is_its_default():
    assert Auto.on([CPU, NPU], [CPU, NPU]).may_select([CPU, NPU]) == ["NPU"]
    assert Auto.on([CPU, GPU0, GPU1], [GPU1]).may_select([CPU, GPU0, GPU1]) == ["GPU.1"]
    assert Auto.on([CPU, GPU0], [GPU0]).may_select([CPU, GPU0]) == ["GPU.0"]
    assert Auto.on([CPU, GPU0], [CPU]).may_select([CPU, GPU0]) == ["GPU.0"], "by default, whatever is measured"
    assert Auto.on([CPU], [CPU]).may_select([CPU]) == ["CPU"]


def test_without_the_start_up_fallback_autos_fil_is_bounded_on_both_sides():
    study = planned(FIRST_INFERENCE, Plan((6,), 1.0), devices=[CPU, GPU0], auto=Auto.on([CPU, GPU0], [CPU, GPU0]))
    without = study.condition(first_inference.NO_FALLBACK)
    assert without.target.properties == {"ENABLE_STARTUP_FALLBACK": "NO"}
    names = first_inference.no_fallback(GPU0)
    ratios = [claim for claim in study.claims if claim.name in names]
    assert {claim.relation: claim.bound for claim in ratios} == {"at most": 1.25, "at least": 0.8}
    assert {claim.conditions for claim in ratios} == {(first_inference.NO_FALLBACK, "GPU.0")}


def test_the_emulated_gpu_is_called_so_wherever_it_is_named():
    emulated = Device("GPU", "emulated GPU on a CPU (iGPU)")
    assert (emulated.label, emulated.slug, emulated.is_emulated) == ("GPU (emulated)", "gpu-emulated", True)
    assert (GPU0.label, GPU0.slug, GPU0.is_emulated) == ("GPU.0", "gpu.0", False)
    study = planned(
        FIRST_INFERENCE, Plan((6,), 1.0), devices=[CPU, emulated], auto=Auto.on([CPU, emulated], [CPU, emulated])
    )
    assert [condition.title for condition in study.conditions] == [
        "AUTO (emulated)",
        "CPU",
        "GPU (emulated)",
        "AUTO (emulated), no fallback",
    ]
    ratios = [claim for claim in study.claims if isinstance(claim, Ratio)]
    assert len(ratios) == 3
    for claim in ratios:
        assert claim.name.endswith("-gpu-emulated"), "how close AUTO comes to the CPU is not judged on it"
        assert "GPU (emulated)" in claim.sentence
    assert emulated.to_json()["emulated"]


def test_the_hint_claims_follow_from_the_devices():
    claims = hints.claims_for(hints.conditions_for(["AUTO", "CPU"]))
    assert [claim.name for claim in claims] == [
        "auto-throughput-hint-fps",
        "auto-latency-hint-latency",
        "cpu-throughput-hint-fps",
        "cpu-latency-hint-latency",
    ]
    assert {(claim.relation, claim.bound) for claim in claims} == {("at least", 0.98), ("at most", 1.02)}


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_can_reach_a_verdict_at_its_first_look(name):
    plans = [study.amounts[name].plan for study in (FIRST_INFERENCE, HINTS)]
    for plan in (*plans, FIRST_INFERENCE.with_accelerator[name]):
        assert plan.looks[0] >= fewest_replicates(plan.confidence_at())
    for plan in (study.amounts[name].plan for study in studies.every()):
        assert plan.looks == tuple(sorted(plan.looks))


def test_lab_is_the_notebooks_six_intervals_of_ten_seconds():
    lab = PROFILES["lab"]
    assert (HINTS.amounts["lab"].plan.looks, lab.slice_s, lab.interval_s) == ((6,), 10.0, 10.0)


@each_of(("text", "seconds"), [("no", 0.0), ("0", 0.0), ("1800", 1800.0), ("2.5", 2.5)])
def test_how_long_to_wait_for_another_session(text, seconds):
    assert parse_wait("--wait", text) == seconds


@each_of("text", ["-1", "soon", "1e9", "nan", "", "yes"])
def test_a_wait_that_is_none_is_one_sentence(text):
    with pytest.raises(UserError, match=r"\(--wait\)"):
        parse_wait("--wait", text)


@each_of("text", ["soon", "", "yes", "No"])
def test_who_gave_no_number_to_wait_is_told_of_both_choices(text):
    with pytest.raises(UserError, match=r"give a number of seconds, or no \(--wait\)"):
        parse_wait("--wait", text)


@pytest.mark.parametrize(("text", "words"), [("", ()), ("CPU", ("CPU",)), (" CPU, GPU.1,,CPU ", ("CPU", "GPU.1"))])
def test_lists_are_read_without_blanks_and_repetitions(text, words):
    assert parse_list(text) == words


def test_an_interval_is_complete_after_its_seconds_and_every_one_is_kept():
    metrics = PerformanceMetrics(interval_s=1.0)
    assert not metrics.update(100, 0.5, [10.0] * 50)
    assert metrics.update(200, 0.5, [5.0] * 100)
    assert metrics.fps == pytest.approx(150)
    assert metrics.latency_ms == pytest.approx((50 * 10 + 100 * 5) / 150)
    assert metrics.line() == "throughput: 150.00 FPS, latency: 6.67 ms, time interval: 1.00 s"
    assert metrics.update(100, 1.0, [10.0])
    assert len(metrics.intervals) == 2
