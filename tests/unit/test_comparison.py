"""Two sets of runs side by side: matched as far as they share machine and model, judged by runs."""

import contextlib

import pytest

from autogauge.errors import UserError
from autogauge.gate.comparison import BY_RATIO, BY_SECONDS, compare
from autogauge.history.select import Histories
from autogauge.history.standing import Standing
from autogauge.stats.two_levels import ratio_of_levels
from tests.histories import LATENCY, PER_FRAME, save, year
from tests.properties import for_all


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
    assert {each.basis for each in found.compared} == {BY_SECONDS}
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


def test_an_emulated_run_is_never_compared_with_a_real_one(histories, tmp_path):
    a = save(tmp_path / "a", {LATENCY: 0.01})
    b = save(tmp_path / "b", {LATENCY: 0.01}, accelerator="emulated")
    with pytest.raises(UserError, match="no benchmark in common"):
        compared(histories, str(a), str(b))


@pytest.mark.parametrize(
    ("side", "says"),
    [
        ("nowhere.json", "there is no 'nowhere.json'"),
        ("nowhere/*.json", "no saved run matches"),
        ("machine=other", "names no run"),
        ("machine=lab-01 device=NPU", "no benchmark in common"),
        ("one two", "names several places"),
    ],
)
def test_a_side_that_is_none_is_one_sentence(histories, tmp_path, side, says):
    year(tmp_path / "history", runs=2)
    with pytest.raises(UserError, match=says) as error:
        compared(histories, "machine=lab-01", side)
    assert "\n" not in str(error.value)


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
