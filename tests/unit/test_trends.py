"""What the trends say: levels over all runs whatever their standing, models told apart, what changed beside a level, and patterns."""

import contextlib
import math
import re

import numpy as np
import pytest

from autogauge.history.select import Histories
from autogauge.history.standing_file import Standing
from autogauge.history.where import Where
from autogauge.report.pages import trends_page
from tests.histories import LATENCY, PER_FRAME, save
from tests.unit.test_pages import data_of, text_of

SLOWER = 1.10


def turns(number):
    return 1.06 if number % 2 else 0.94


@pytest.fixture
def report(tmp_path):
    """``report()``: what the page of the history in ``tmp_path`` shows as text, and what it says of each trend."""
    with contextlib.ExitStack() as stack:

        def report():
            histories = Histories(stack, tmp_path / "history", tmp_path / "cache")
            page = trends_page.save(histories.all(Where()), tmp_path / "trends").read_text()
            return " ".join(re.sub(r"<[^>]+>", " ", text_of(page)).split()), data_of(page, "trends-data")

        yield report


def runs(tmp_path, count, slower=1.0, noise=0.01, seed=1, begin=0, figures=(LATENCY,), machine="lab-01", **others):
    """So many runs of independent benchmarks."""
    rng = np.random.default_rng([seed, begin])
    factor = slower if callable(slower) else lambda number: slower
    for number in range(count):
        ratios = {key: factor(number) * math.exp(rng.normal(0, noise)) for key in figures}
        seconds = {key: 0.010 * ratio for key, ratio in ratios.items()}
        save(tmp_path / "history" / machine, seconds, ratios=ratios, machine=machine, days=begin + number, **others)


def test_a_trend_whose_labels_grew_is_one_and_is_called_as_its_newest_run_calls_it(tmp_path, report):
    runs(tmp_path, 10, schema=1)
    runs(tmp_path, 10, SLOWER, begin=10, labels={"policy": "round_robin"})
    text, (trend,) = report()
    assert (trend["labels"], trend["words"]) == (
        {"device": "AUTO", "hint": "LATENCY", "policy": "round_robin"},
        "policy round_robin",
    )
    assert "since run 11 (" in text
    html = (tmp_path / "trends" / "index.html").read_text()
    assert "The newest run of each machine" not in html, "there is one"
    changes = html[html.index('id="changes-title"') : html.index('id="trends-title"')]
    assert re.findall(r'href="#([^"]+)"', changes) == [trend["id"]], "a change of level leads to its chart"
    assert "policy round_robin" in text, "the table of benchmarks has them"


def test_the_page_has_a_filter_for_each_label_that_there_is(tmp_path, report):
    labels = {LATENCY: {"requests": "16"}, PER_FRAME: {"requests": "2", "<b>": "x", "openvino": "2025.4.0-1-abc"}}
    runs(tmp_path, 2, figures=(LATENCY, PER_FRAME), labels=labels, openvino="2026.4.1")
    report()
    page = (tmp_path / "trends" / "index.html").read_text()
    assert re.findall(r'<select name="([^"]*)"', page) == [
        *("machine", "openvino", "model", "label:device", "label:hint", "label:&lt;b&gt;", "label:requests", "group"),
    ]
    assert re.search(r'name="label:requests".*?value="2".*?value="16"', page, re.DOTALL), "by size"
    assert re.search(r'name="openvino".*?value="2025.4.0".*?value="2026.4.1"', page, re.DOTALL)


def test_of_very_many_labels_the_page_has_filters_for_some_and_says_so(tmp_path, report):
    runs(tmp_path, 1, labels={f"key {each}": str(each) for each in range(20)})
    text, _ = report()
    page = (tmp_path / "trends" / "index.html").read_text()
    assert page.count('name="label:') == trends_page.MOST_FILTERS
    assert "10 more labels are no filter here" in text


def test_a_benchmarks_own_release_counts_in_its_trend(tmp_path, report):
    for begin, older in ((0, "2025.3.0"), (10, "2025.4.0-1-abc")):
        labels = {LATENCY: {"openvino": older}}
        slower = SLOWER if begin else 1.0
        runs(tmp_path, 10, slower, begin=begin, figures=(LATENCY, PER_FRAME), labels=labels, openvino="2026.4.1")
    _, (latency, per_frame) = report()
    assert [row[:2] for row in latency["releases"]] == [["2025.3.0", "10"], ["2025.4.0", "10"]]
    assert [row[:2] for row in per_frame["releases"]] == [["2026.4.1", "20"]]
    assert "openvino changed from 2025.3.0 to 2025.4.0" in latency["says"][-1]
    assert "openvino changed" not in per_frame["says"][-1]


def test_a_regression_that_the_gate_caught_is_a_change_of_level_drawn_and_said(tmp_path, report):
    runs(tmp_path, 19, openvino="2026.3.0")
    runs(tmp_path, 21, SLOWER, begin=19, openvino="2026.4.1", standing=Standing.QUARANTINED)
    text, (trend,) = report()
    assert f"{LATENCY} became slower on lab-01 (+" in text
    assert re.search(r"since run 20 \(20 Jan 2026\), openvino 2026.4.1, [^:]*: 21 runs, quarantined", text), text
    assert re.match(r"slower by (9|10)\.\d % since run 20 \(20 Jan 2026\), 21 runs, quarantined", trend["says"][0])
    assert trend["says"][-1].endswith("quarantined; with run 0020: openvino changed from 2026.3.0 to 2026.4.1")
    assert re.fullmatch(r"slower by (9|10)\.\d % since run 20, 21 runs, quarantined", trend["last"])
    (first, last, level, standing), (begin, end, slow, stands) = trend["levels"]
    assert (first, last, standing, begin, end, stands) == (0, 18, 0, 19, 39, 1)
    assert slow / level == pytest.approx(SLOWER, abs=0.01)
    assert [row[:3] for row in trend["releases"]] == [["2026.3.0", "19", "19"], ["2026.4.1", "21", "0"]]
    assert float(trend["releases"][1][3]) == pytest.approx(11.0, abs=0.2)


def test_a_run_that_was_red_in_one_benchmark_is_accepted_in_the_others(tmp_path, report):
    runs(tmp_path, 15, figures=(LATENCY, PER_FRAME))
    rng = np.random.default_rng(3)
    for number in range(10):
        ratios = {LATENCY: SLOWER * math.exp(rng.normal(0, 0.01)), PER_FRAME: math.exp(rng.normal(0, 0.01))}
        save(
            tmp_path / "history" / "lab-01",
            {key: 0.01 * ratio for key, ratio in ratios.items()},
            ratios=ratios,
            benchmarks={LATENCY: Standing.QUARANTINED},
            days=20 + number,
        )
    text, (latency, per_frame) = report()
    assert "10 runs, quarantined" in latency["says"][0]
    assert per_frame["says"] == []
    assert per_frame["releases"][0][1:3] == ["25", "25"]
    assert "quarantined 1/2" in text, "the table of runs says in how many"


def test_the_newest_red_runs_are_said_before_they_make_a_level(tmp_path, report):
    runs(tmp_path, 20)
    runs(tmp_path, 2, SLOWER, begin=20, standing=Standing.QUARANTINED)
    text, (trend,) = report()
    assert trend["says"] == []
    assert re.search(
        r"the newest 2 runs are quarantined, the newest one \+\d+\.\d % of time against its own baseline \(its accepted runs\), too few",
        text,
    )


def test_an_accepted_change_says_how_many_runs_and_nothing_of_quarantine(tmp_path, report):
    runs(tmp_path, 12)
    runs(tmp_path, 12, 0.9, begin=12)
    _, (trend,) = report()
    assert re.fullmatch(r"faster by \d+\.\d % since run 13 \(\d+ Jan 2026\), 12 runs", trend["says"][0])


def test_two_files_of_one_name_are_two_trends_told_apart_by_folder_or_digest(tmp_path, report):
    for number in range(12):
        for digest, folder, slower in (("1" * 64, "ocr", 1.0), ("2" * 64, "faces", 0.55)):
            runs(
                tmp_path,
                1,
                slower,
                begin=2 * number,
                model="inference",
                digest=digest,
                path=f"models/{folder}/inference.onnx",
            )
    text, trends = report()
    assert [each["model"] for each in trends] == ["inference FP16 (in faces)", "inference FP16 (in ocr)"]
    assert all(each["changes"] == [] for each in trends)
    assert "became" not in text
    assert "inference FP16 names 2 different models, kept apart" in text


def test_a_model_whose_file_was_replaced_is_another_trend_and_nothing_became_slower(tmp_path, report):
    runs(tmp_path, 12, digest="a" * 64, path="m/model.onnx", model="model")
    runs(tmp_path, 12, 1.3, begin=12, digest="b" * 64, path="m/model.onnx", model="model")
    text, trends = report()
    assert [each["model"] for each in trends] == ["model FP16 (sha256 aaaaaaaa)", "model FP16 (sha256 bbbbbbbb)"]
    assert "became" not in text
    assert "12 runs, 0001 to 0012" in text
    assert "12 runs, 0013 to 0024" in text


def test_one_model_that_moved_to_another_folder_stays_one_trend(tmp_path, report):
    runs(tmp_path, 6, digest="a" * 64, path="here/model.onnx", model="model")
    runs(tmp_path, 6, begin=6, digest="a" * 64, path="there/model.onnx", model="model")
    _, (trend,) = report()
    assert trend["model"] == "model FP16"


def facts(driver):
    return {"machine": "lab-01", "devices": [{"name": "GPU", "full_name": "a GPU", "driver": driver}]}


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ({"kernel": "6.1"}, {"kernel": "6.5"}, "with run 0016: the kernel changed from 6.1 to 6.5"),
        (
            {"facts": facts("1.0"), "fingerprint": "a" * 16},
            {"facts": facts("1.1"), "fingerprint": "b" * 16},
            "the fingerprint changed with run 0016: the driver of GPU changed from 1.0 to 1.1",
        ),
        ({"fingerprint": "a" * 16}, {"fingerprint": "b" * 16}, "the fingerprint changed with run 0016"),
        ({"openvino": "2026.3.0"}, {"openvino": "2026.4.1"}, "openvino changed from 2026.3.0 to 2026.4.1"),
    ],
)
def test_what_changed_with_a_level_is_said_beside_it(tmp_path, report, before, after, says):
    runs(tmp_path, 15, **before)
    runs(tmp_path, 15, SLOWER, begin=15, **after)
    text, (trend,) = report()
    assert says in text
    assert says in trend["says"][0]


def test_what_changed_elsewhere_is_not_said_beside_a_level(tmp_path, report):
    runs(tmp_path, 8, kernel="6.1")
    runs(tmp_path, 12, begin=8, kernel="6.5")
    runs(tmp_path, 15, SLOWER, begin=20, kernel="6.5")
    text, _ = report()
    assert "became slower" in text
    assert "kernel" not in text


@pytest.mark.parametrize("count", [24, 25, 41])
def test_runs_that_alternate_are_said_to(tmp_path, report, count):
    runs(tmp_path, count, turns)
    text, (trend,) = report()
    assert trend["changes"] == []
    assert re.search(r"alternates from run to run between two levels 1\d\.\d % apart \(±6\.\d %\)", text), text


def test_runs_that_became_twice_as_variable_are_said_to(tmp_path, report):
    figures = ("latency: A", "latency: B", "latency: C")
    runs(tmp_path, 30, figures=figures)
    runs(tmp_path, 30, noise=0.02, begin=30, figures=figures)
    text, _ = report()
    assert len(re.findall(r"about twice as variable since run (?:2[89]|3[0-3]) \(", text)) >= 3, text


def test_noise_is_said_to_be_nothing(tmp_path, report):
    runs(tmp_path, 60, figures=("latency: A", "latency: B", "latency: C"))
    text, trends = report()
    assert [each["says"] + each["seen"] for each in trends] == [[], [], []]
    assert "Also seen" not in text
