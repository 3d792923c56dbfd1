"""Two sets of runs side by side: matched as far as they share machine and model, judged by runs."""

import contextlib
import datetime
import json

import pytest

from autogauge.errors import UserError
from autogauge.gate import saved
from autogauge.gate.compared import BY_RATIO, by_itself
from autogauge.gate.comparison import compare
from autogauge.history import store
from autogauge.history.select import Histories
from autogauge.history.standing_file import Standing
from autogauge.measuring.quantity import TIME
from autogauge.stats.two_levels import ratio_of_levels
from tests.histories import BEGAN, LATENCY, PER_FRAME, benchmark, document, save, year
from tests.properties import for_all

STEADY, PRICE = "steady memory in MiB: AUTO", "inference of one ReLU: AUTO (one device)"


@pytest.fixture
def histories(tmp_path):
    with contextlib.ExitStack() as stack:
        yield Histories(stack, tmp_path / "history", tmp_path / "cache")


def compared(histories, a, b, change=0.05):
    return compare(histories.select(a), histories.select(b), change)


def test_a_slower_release_is_found_by_the_ratio_to_the_pinned_workload(histories, tmp_path):
    year(tmp_path / "history", runs=10, openvino="2026.3.0")
    year(tmp_path / "history", runs=10, openvino="2026.4.1", slower=1.06, days=30)
    found = compared(histories, "openvino=2026.3", "openvino=2026.4")
    assert {each.benchmark for each in found.compared} == {LATENCY, PER_FRAME}
    for each in found.compared:
        assert (each.judgement.word, each.basis, each.runs) == ("FAIL", BY_RATIO, (10, 10))
        assert each.judgement.change.low > 1.02
        assert each.judgement.change.ratio == pytest.approx(1.06, abs=0.01)
    assert [each.judgement.word for each in compared(histories, "openvino=2026.4", "openvino=2026.3").compared] == [
        "IMPROVED"
    ] * 2


def test_the_same_release_twice_passes(histories, tmp_path):
    year(tmp_path / "history", runs=20)
    found = compared(histories, "until=2026-01-10", "since=2026-01-11")
    assert [each.judgement.word for each in found.compared] == ["PASS", "PASS"]


def test_two_machines_are_compared_by_seconds_and_it_is_said(histories, tmp_path):
    year(tmp_path / "history", machine="lab-01")
    year(tmp_path / "history", machine="lab-02", slower=2.0)
    found = compared(histories, "machine=lab-01", "machine=lab-02")
    assert {each.basis for each in found.compared} == {by_itself(TIME)}
    assert {each.judgement.word for each in found.compared} == {"FAIL"}
    assert any("A is of lab-01, B of lab-02: seconds are compared" in note for note in found.notes)


def test_two_releases_on_two_machines_are_compared_machine_by_machine(histories, tmp_path):
    for machine in ("lab-01", "lab-02"):
        year(tmp_path / "history", machine=machine, runs=5, openvino="2026.3.0")
        year(tmp_path / "history", machine=machine, runs=5, openvino="2026.4.1", slower=1.2)
    found = compared(histories, "openvino=2026.3", "openvino=2026.4")
    assert len(found.compared) == 4
    assert {each.where for each in found.compared} == {"lab-01 · googlenet-v1 FP16", "lab-02 · googlenet-v1 FP16"}


def test_two_runs_by_file_are_compared_with_a_wide_interval(histories, tmp_path):
    first = save(tmp_path / "a", {LATENCY: 0.010})
    second = save(tmp_path / "b", {LATENCY: 0.011})
    (each,) = compared(histories, str(first), str(second)).compared
    assert (each.runs, each.judgement.word) == ((1, 1), "INCONCLUSIVE")
    assert each.judgement.change.ratio == pytest.approx(1.1)


def test_a_file_without_a_number_is_read_too(histories, tmp_path):
    first = save(tmp_path / "a", {LATENCY: 0.010})
    named = tmp_path / "a" / "mine.json"
    named.write_bytes(first.read_bytes())
    assert compared(histories, str(first), str(named)).compared[0].judgement.change.ratio == 1.0


def test_patterns_and_folders_name_runs(histories, tmp_path):
    year(tmp_path / "history", machine="lab-01", runs=3)
    year(tmp_path / "history", machine="lab-02", runs=4)
    history = tmp_path / "history"
    assert len(histories.select(str(history)).runs) == 7
    assert len(histories.select(str(history / "lab-02")).runs) == 4
    assert len(histories.select(f"{history}/*/0001_*.json").runs) == 2
    assert len(histories.select(f"{history}/lab-02 last=2").runs) == 2
    assert [run.number for run in histories.select(f"{history}/lab-02 last=2").runs] == [3, 4]


def test_what_is_not_accepted_is_left_out_said_and_taken_in_on_request(histories, tmp_path):
    year(tmp_path / "history", runs=3)
    bad = save(tmp_path / "history" / "lab-01", {LATENCY: 9.0}, standing=Standing.QUARANTINED, days=9)
    found = histories.select("machine=lab-01")
    assert len(found.runs) == 3
    assert any("1 run is quarantined or pending and left out" in note for note in found.notes())
    assert len(histories.select("machine=lab-01 standing=*").runs) == 4
    assert [run.path for run in histories.select(str(bad)).runs] == [bad], "a file that is named is taken as it is"


def test_what_only_one_side_has_is_listed(histories, tmp_path):
    a = save(tmp_path / "a", {LATENCY: 0.01, "latency: GPU-LATENCY": 0.02})
    b = save(tmp_path / "b", {LATENCY: 0.01, PER_FRAME: 0.02})
    found = compared(histories, str(a), str(b))
    assert found.only_a == ("latency: GPU-LATENCY · lab-01 · googlenet-v1 FP16",)
    assert found.only_b == (f"{PER_FRAME} · lab-01 · googlenet-v1 FP16",)


@pytest.mark.parametrize(
    ("one", "other"),
    [("auto", "emulated"), ("auto", "emulated:2"), ("emulated", "emulated:2"), ("emulated:2", "emulated:2,discrete")],
)
def test_an_emulated_run_is_never_compared_with_a_real_one_nor_with_other_gpus(histories, tmp_path, one, other):
    a = save(tmp_path / "a", {LATENCY: 0.01}, accelerator=one)
    b = save(tmp_path / "b", {LATENCY: 0.01}, accelerator=other)
    with pytest.raises(UserError, match="no benchmark in common"):
        compared(histories, str(a), str(b))


@pytest.mark.parametrize(
    ("side", "says"),
    [
        ("nowhere.json", "there is no 'nowhere.json'"),
        ("nowhere/*.json", "no saved run matches"),
        ("machine=other", "names no run"),
        ("machine=lab-01 device=NPU", "names no run"),
        ("one two", "names several places"),
    ],
)
def test_a_side_that_is_none_is_one_sentence(histories, tmp_path, side, says):
    year(tmp_path / "history", runs=2)
    with pytest.raises(UserError, match=says) as error:
        compared(histories, "machine=lab-01", side)
    assert "\n" not in str(error.value)


def test_runs_that_are_on_both_sides_are_named(histories, tmp_path):
    year(tmp_path / "history", runs=6)
    assert not any("both sides" in note for note in compared(histories, "run=1-3", "run=4-6").notes)
    overlapping = compared(histories, "run=1-4", "run=3-6").notes
    assert any(note.startswith("2 runs are on both sides, and hide what changed") for note in overlapping)
    (note,) = (note for note in compared(histories, "6", "machine=lab-01").notes if "both sides" in note)
    assert note.startswith("one run is on both sides, and hides what changed: name other runs")


def test_an_empty_history_is_one_sentence(histories, tmp_path):
    (tmp_path / "history").mkdir()
    with pytest.raises(UserError, match="there is no saved run in"):
        histories.select("machine=lab-01")


@for_all(
    lambda st: (
        st.lists(st.floats(1e-6, 1e3), min_size=1, max_size=12),
        st.lists(st.floats(1e-6, 1e3), min_size=1, max_size=12),
    )
)
def test_the_ratio_turned_over_is_the_interval_turned_over(one, other):
    there, back = (ratio_of_levels(*each, 0.001, prior_spread=0.02) for each in ((one, other), (other, one)))
    assert there.ratio == pytest.approx(1 / back.ratio, rel=1e-9)
    assert there.low <= there.ratio <= there.high
    if there.high < 1e200:
        assert there.low == pytest.approx(1 / back.high, rel=1e-6)


def test_two_groups_of_the_same_runs_hold_1_as_often_as_said():
    import numpy as np

    rng = np.random.default_rng(1)
    wrong = 0
    for _ in range(2000):
        values = np.exp(rng.normal(0, 0.02, 12))
        wrong += ratio_of_levels(values[:6].tolist(), values[6:].tolist(), 0.05, prior_spread=0.02).low > 1
    assert 0.02 < wrong / 2000 < 0.065


@pytest.mark.parametrize("error", [0.001, 0.03, 0.08])
@pytest.mark.parametrize("ratio", [0.85, 1.0, 1.12, 1.25])
@pytest.mark.parametrize("runs", [1, 12])
def test_one_run_against_others_is_answered_as_the_gate_answers_it(histories, tmp_path, error, ratio, runs):
    """The gate and ``compare`` are asked the same; also of a run that is less certain than those before it."""
    figures = (LATENCY, PER_FRAME)
    paths = [
        save(tmp_path / "a", dict.fromkeys(figures, 0.01 * wobble), ratios=dict.fromkeys(figures, wobble), days=number)
        for number, wobble in enumerate([1.0, 1.01, 0.99] * 4)
    ][:runs]
    last = save(
        tmp_path / "b", dict.fromkeys(figures, 0.01 * ratio), ratios=dict.fromkeys(figures, ratio), error=error, days=30
    )
    run = saved.read(last)
    judged = saved.judge(run, saved.history_for(run, paths), 0.05)
    gate = {each.benchmark: each for each in judged.judgements}
    (tmp_path / "only").mkdir()
    for path in paths:
        (tmp_path / "only" / path.name).write_bytes(path.read_bytes())
    for each in compared(histories, f"{tmp_path}/only/*.json", str(last)).compared:
        theirs = gate[each.benchmark]
        assert each.judgement.word == theirs.word
        assert each.judgement.change == theirs.change


@pytest.mark.parametrize("ratio", [1.0, 1.1, 1.2, 1.4, 2.0])
def test_memory_and_price_take_as_little_of_the_error_as_with_the_gate(histories, tmp_path, ratio):
    """They have a tenth of a time's share, of a family that they make a tenth larger each."""

    def saved_in(folder, slower, day):
        made = document({LATENCY: 0.01 * slower, PER_FRAME: 0.01}, when=BEGAN + datetime.timedelta(days=day))
        made["benchmarks"] += [
            benchmark(STEADY, 140.0 * slower, gate_share=0.1),
            benchmark(PRICE, 8e-6 * slower, gate_share=0.1),
        ]
        return store.save(folder, made, "run", "f" * 16, lambda path: None)

    paths = [saved_in(tmp_path / "a", wobble, day) for day, wobble in enumerate([1.0, 1.01, 0.99, 1.0])]
    last = saved_in(tmp_path / "b", ratio, 30)
    run = saved.read(last)
    gate = {each.benchmark: each for each in saved.judge(run, saved.history_for(run, paths), 0.05).judgements}
    found = {each.benchmark: each.judgement for each in compared(histories, f"{tmp_path}/a/*.json", str(last)).compared}
    assert {*found} == {*gate} == {LATENCY, PER_FRAME, STEADY, PRICE}
    for key, each in found.items():
        assert (each.word, each.change) == (gate[key].word, gate[key].change), key


def test_where_the_gate_took_two_measurements_it_is_said_which_counts_here(histories, tmp_path):
    year(tmp_path / "a", "lab-01", runs=4)
    made = document({LATENCY: 0.013, PER_FRAME: 0.01}, when=BEGAN + datetime.timedelta(days=30))
    made["benchmarks"][0]["extra_info"]["gate"] = [{"verdict": "FAIL", "measured_again": True}]
    last = store.save(tmp_path / "b", made, "run", "f" * 16, lambda path: None)
    notes = compared(histories, f"{tmp_path}/a/lab-01/*.json", str(last)).notes
    (note,) = (each for each in notes if "measured again" in each)
    assert note.startswith(
        f"B was measured again in {LATENCY}: here its first measurement counts, and `gate` judges by both"
    )
    assert f"python -m autogauge gate {last}" in note
    notes = compared(histories, str(last), f"{tmp_path}/a/lab-01/*.json").notes
    says = f"A was measured again in {LATENCY}: its first measurement counts here, as in the gate's baselines"
    assert says in notes


@pytest.mark.parametrize(("side", "indent"), [("A", None), ("B", 2)])
def test_of_several_runs_it_is_said_too_and_of_which_side(histories, tmp_path, side, indent):
    """Also of files that somebody has put into lines; of a benchmark that is not compared nothing is said."""
    for name in "AB":
        year(tmp_path / name, "lab-01", runs=4, days=0 if name == "A" else 30)
    paths = store.runs(tmp_path / side / "lab-01")
    for path, again in zip(paths[1:3], [{LATENCY}, {LATENCY, "other: AUTO"}], strict=True):
        made = json.loads(path.read_text())
        made["benchmarks"].append({**made["benchmarks"][0], **benchmark("other: AUTO", 0.01)})
        for each in made["benchmarks"]:
            if each["extra_info"]["benchmark"] in again:
                each["extra_info"]["gate"] = [{"verdict": "FAIL", "measured_again": True}]
        path.write_text(json.dumps(made, indent=indent))
    notes = compared(histories, f"{tmp_path}/A/lab-01/*.json", f"{tmp_path}/B/lab-01/*.json").notes
    (note,) = (each for each in notes if "measured again" in each)
    assert note == (
        f"{side}: 2 of 4 runs were measured again in {LATENCY}: of each run its first measurement counts here"
    )


def test_the_gate_and_compare_say_the_same_word_on_the_command_line(tmp_path):
    """The pair of the report: a ratio that is not certain was FAIL for one and INCONCLUSIVE for the other."""
    import json

    from tests.support import run_cli

    key = {LATENCY: 1.0}
    first = [save(tmp_path / "a", {LATENCY: 0.01}, ratios=key, days=day, error=0.002) for day in range(10)]
    second = save(tmp_path / "b", {LATENCY: 0.0112}, ratios={LATENCY: 1.12}, error=0.1, days=20)
    gate = run_cli("gate", str(second), "--json", *(f"--against={each}" for each in first))
    found = run_cli("compare", f"{tmp_path}/a/*.json", str(second), "--json", f"--cache={tmp_path / 'cache'}")
    words = [json.loads(gate.stdout)["judgements"][0]["verdict"], json.loads(found.stdout)["benchmarks"][0]["verdict"]]
    assert words == ["INCONCLUSIVE", "INCONCLUSIVE"]


def test_figures_that_are_less_certain_than_usual_widen_the_interval_of_groups(histories, tmp_path):
    def width(error):
        name = f"b{error}"
        for day in range(3):
            save(tmp_path / name, {LATENCY: 0.0103}, ratios={LATENCY: 1.03}, error=error, days=day)
        (each,) = compared(histories, str(tmp_path / "a"), str(tmp_path / name)).compared
        assert each.basis == BY_RATIO
        return each.judgement.change.high / each.judgement.change.low

    for day in range(6):
        save(tmp_path / "a", {LATENCY: 0.01}, ratios={LATENCY: 1.0 + 0.001 * (day % 3)}, days=day)
    assert width(0.06) - 1 > 2 * (width(0.004) - 1)


def test_a_release_whose_runs_are_all_quarantined_is_compared_and_it_is_said(histories, tmp_path):
    year(tmp_path / "history", runs=10, openvino="2026.3.0")
    year(tmp_path / "history", runs=10, openvino="2026.4.1", slower=1.1, days=30, standing=Standing.QUARANTINED)
    found = compared(histories, "openvino=2026.3", "openvino=2026.4")
    assert [each.judgement.word for each in found.compared] == ["FAIL", "FAIL"]
    assert any(
        "B: all 10 runs are quarantined in all 2 benchmarks; compared all the same" in note for note in found.notes
    )


def test_a_benchmark_that_is_quarantined_in_all_runs_of_a_side_is_compared_and_the_others_use_accepted_runs(
    histories, tmp_path
):
    year(tmp_path / "history", runs=8, openvino="2026.3.0")
    year(
        tmp_path / "history",
        runs=8,
        openvino="2026.4.1",
        slower=1.1,
        days=30,
        benchmarks={LATENCY: Standing.QUARANTINED},
    )
    year(
        tmp_path / "history",
        runs=2,
        openvino="2026.4.1",
        slower=3.0,
        days=60,
        benchmarks={PER_FRAME: Standing.QUARANTINED, LATENCY: Standing.QUARANTINED},
    )
    found = compared(histories, "openvino=2026.3", "openvino=2026.4")
    latency, per_frame = found.compared
    assert (latency.runs, per_frame.runs) == ((8, 8), (8, 8)), "runs without an accepted benchmark are left out"
    assert any(f"B: all 8 runs are quarantined in {LATENCY}; compared all the same" in note for note in found.notes)
    assert any("2 runs are quarantined or pending and left out" in note for note in found.notes)


def test_two_files_of_one_name_are_never_one_comparison(histories, tmp_path):
    for digest, folder, slower in (("1" * 64, "ocr", 1.0), ("2" * 64, "faces", 0.55)):
        for release, days in (("2026.3.0", 0), ("2026.4.1", 20)):
            year(
                tmp_path / "history",
                runs=5,
                openvino=release,
                slower=slower,
                days=days,
                model="inference",
                digest=digest,
                path=f"{folder}/inference.onnx",
            )
    found = compared(histories, "openvino=2026.3", "openvino=2026.4")
    assert {each.where for each in found.compared} == {
        "lab-01 · inference FP16 (in faces)",
        "lab-01 · inference FP16 (in ocr)",
    }
    assert {each.judgement.word for each in found.compared} == {"PASS"}


def test_two_models_of_one_name_that_are_compared_on_purpose_are_named(histories, tmp_path):
    first = save(tmp_path / "a", {LATENCY: 0.01}, digest="1" * 64, path="ocr/model.onnx", model="model")
    second = save(tmp_path / "b", {LATENCY: 0.0055}, digest="2" * 64, path="faces/model.onnx", model="model")
    found = compared(histories, str(first), str(second))
    assert found.notes[0] == (
        "A measured model FP16 (in ocr), B model FP16 (in faces): a difference may be the model's, not AUTO's"
    )


def test_what_differs_between_the_fingerprints_is_named(histories, tmp_path):
    def facts(driver):
        return {"devices": [{"name": "GPU", "full_name": "a GPU", "driver": driver}]}

    a = save(tmp_path / "a", {LATENCY: 0.01}, facts=facts("1.0"), fingerprint="a" * 16)
    b = save(tmp_path / "b", {LATENCY: 0.01}, facts=facts("1.1"), fingerprint="b" * 16, days=3)
    notes = compared(histories, str(a), str(b)).notes
    assert "the fingerprints of A and B differ on lab-01: the driver of GPU changed from 1.0 to 1.1" in notes
    c = save(tmp_path / "c", {LATENCY: 0.01}, kernel="6.5", fingerprint="a" * 16, days=4)
    d = save(tmp_path / "d", {LATENCY: 0.01}, kernel="6.1", fingerprint="a" * 16)
    assert "between A and B on lab-01: the kernel changed from 6.1 to 6.5" in compared(histories, str(d), str(c)).notes


def test_a_release_that_mixes_levels_or_fingerprints_is_said_to(histories, tmp_path):
    year(tmp_path / "history", runs=10, openvino="2026.3.0")
    year(tmp_path / "history", runs=10, openvino="2026.4.1", days=30)
    year(tmp_path / "history", runs=10, openvino="2026.4.1", slower=1.2, days=50, fingerprint="e" * 16)
    notes = compared(histories, "openvino=2026.3", "openvino=2026.4").notes
    assert any(note.startswith("B mixes levels in all 2 benchmarks, the last change being +") for note in notes), notes
    assert any("with run 21 (20 Feb 2026): narrow it (since=" in note for note in notes)
    assert any(note.startswith("B mixes 2 fingerprints on lab-01, the last change with run 21 (") for note in notes)
    assert not any(note.startswith("A mixes") for note in notes)


def test_a_side_that_alternates_is_said_to_and_is_no_level(histories, tmp_path):
    for number in range(40):
        ratio = (1.06 if number % 2 else 0.94) * (1 + 0.01 * ((number * 7) % 5 - 2) / 2)
        figures = {LATENCY: 0.01 * ratio, PER_FRAME: 0.01}
        save(tmp_path / "history" / "lab-01", figures, ratios={LATENCY: ratio, PER_FRAME: 1.0}, days=number)
    notes = compared(histories, "run=1-20", "run=21-40").notes
    (said,) = (note for note in notes if note.startswith("B alternates"))
    assert said.startswith(f"B alternates in {LATENCY} between two levels, 1")
    assert said.endswith(f"% apart in {LATENCY}: its figure stands for neither")
    assert not any("mixes levels" in note for note in notes), notes


def test_a_run_is_named_by_its_number_with_its_machine_where_there_are_several(histories, tmp_path):
    year(tmp_path / "history", machine="lab-01", runs=14)
    history = tmp_path / "history"
    assert [run.number for run in histories.select("13").runs] == [13]
    assert [run.number for run in histories.select("0013").runs] == [13]
    found = compared(histories, "13", "14")
    assert [(each.runs) for each in found.compared] == [(1, 1), (1, 1)]
    year(history, machine="lab-02", runs=14)
    with contextlib.ExitStack() as stack:
        both = Histories(stack, history, tmp_path / "cache")
        with pytest.raises(UserError, match="several machines have a run 0013: write lab-01/13 or lab-02/13"):
            both.select("13")
        assert both.select("lab-02/13").runs[0].path.parent.name == "lab-02"
        with pytest.raises(UserError, match="there is no run 0099 in"):
            both.select("lab-02/99")
        assert [run.number for run in both.select("machine=lab-02 run=3-5").runs] == [3, 4, 5]
        assert [run.number for run in both.select("machine=lab-01 run=0007").runs] == [7]


def test_that_no_run_of_a_side_is_accepted_is_said_once(histories, tmp_path):
    for machine in ("lab-01", "lab-02"):
        save(
            tmp_path / "history" / machine,
            {LATENCY: 0.01, PER_FRAME: 0.02},
            machine=machine,
            standing=Standing.PENDING,
        )
    notes = compared(histories, "lab-01", "lab-02").notes
    for side in ("A", "B"):
        assert [note for note in notes if note.startswith(f"{side}: ")] == [
            f"{side}: its one run is pending (slow) in all 2 benchmarks; compared all the same"
        ]
