"""`pytest -m perf` as a lab engineer runs it, on the real model, with the quick profile; and once more."""

import html
import json
import math
import shutil
import subprocess
import sys

import numpy as np
import pytest

from tests.support import orphaned_probes, results_of, run_suite

MACHINE = "lab-one-6db4b877"
"""What "lab one" is called in history: two names are never one."""
KEPT = {
    *("assets", "history", "job.md", "junit.xml", "latest"),
    *("latest/index.html", "latest/latencies.npz", "latest/probes", "latest/summary.json"),
}


@pytest.fixture(scope="module")
def first(first_run):
    return first_run.done


@pytest.fixture(scope="module")
def reports(first_run):
    return first_run.reports


@pytest.fixture(scope="module")
def summary(first_run):
    assert first_run.done.returncode == 0, first_run.done.stdout + first_run.done.stderr
    return first_run.summary


@pytest.fixture(scope="module")
def saved_run(summary):
    with open(summary["history_file"], encoding="utf-8") as stream:  # noqa: PTH123
        return json.load(stream)


@pytest.fixture(scope="module")
def again(reports, tmp_path_factory):
    """A copy of the first run's reports, in which the second run is saved."""
    return shutil.copytree(reports, tmp_path_factory.mktemp("again") / "reports")


@pytest.fixture(scope="module")
def second(summary, again, model_cache):
    entries = sorted((model_cache / "entries").iterdir())
    written = [(path.name, path.stat().st_mtime_ns) for path in entries]
    done = run_suite(
        *("-m", "perf", "--profile=quick", "--machine=lab one", f"--cache={model_cache}", f"--reports={again}"),
        *("-k", "first_inference_latency"),  # that is enough of a second run
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert written == [(path.name, path.stat().st_mtime_ns) for path in entries], "the model cache is reused"
    return done


def test_each_promise_has_a_verdict_with_its_evidence(summary):
    verdicts = {verdict["name"]: verdict for verdict in summary["verdicts"]}
    assert set(verdicts) >= {"auto-fil-close-to-cpu", "auto-throughput-hint-fps", "auto-latency-hint-latency"}
    for verdict in verdicts.values():
        assert verdict["verdict"] in ("PASS", "INCONCLUSIVE")
        by_interval = verdict["kind"] in ("ratio", "difference") and verdict["verdict"] == "PASS"
        assert verdict["replicates"] >= (6 if by_interval else 2), "no interval of a median has 95 % by fewer"
        if verdict["kind"] == "ratio":
            low, high = verdict["ci"]
            assert low <= verdict["ratio"] <= (math.inf if high is None else high)


def test_facts_have_verdicts_with_evidence_wherever_ratios_have(first, summary, saved_run, reports):
    facts = {each["name"]: each for each in summary["verdicts"] if each["kind"] == "fact"}
    assert {*facts} == {
        "first-inferences-ran-where-they-should",
        "first-inferences-compiled-cold",
        "auto-log-says-what-it-selected",
        "steady-inferences-ran-where-they-should",
        "priced-inferences-ran-on-the-cpu",
        "auto-priced-has-the-devices-that-it-is-priced-with",
        "memory-is-of-the-device-that-it-should-be",
        "starts-are-cold-and-warm",
    }
    page = html.unescape((reports / "latest" / "index.html").read_text())
    junit = html.unescape((reports / "junit.xml").read_text())
    printed = " ".join(first.stdout.split())
    for each in facts.values():
        assert (each["verdict"], each["ci"]) == ("PASS", None)
        assert each["evidence"] in page
        assert each["evidence"] in junit
        if each["one_of_many"]:  # the terminal has one line for the kept promises of a study of cases
            assert each["name"] in printed
        else:
            assert each["evidence"] in printed
            assert f"{each['claim']} [{each['name']}]" in printed
    ran = facts["first-inferences-ran-where-they-should"]
    assert ran["evidence"] == f"AUTO and CPU: it held in all {ran['replicates']} samples (by CPU)"
    kept = [each["extra_info"]["verdicts"] for each in saved_run["benchmarks"] if "first_inference" in each["name"]]
    assert all(each[ran["name"]] == {"verdict": "PASS", "evidence": ran["evidence"]} for each in kept)
    assert kept


def test_the_summary_says_what_was_measured_on_what(summary):
    assert summary["model"]["name"] == "googlenet-v1"
    assert summary["model"]["source"] == "embedded"
    assert summary["model"]["weights"] == "random"
    assert len(summary["model"]["digest"]) == 64
    assert summary["fingerprint"]["machine"] == MACHINE
    assert summary["fingerprint"]["model"]["digest"] == summary["model"]["digest"]
    assert summary["inputs"] == ["data: picture"]
    assert not summary["interrupted"]


def test_warm_processes_give_way_to_fresh_ones(summary, reports):
    hints = results_of(summary)["hints"]
    started = [path.stem.partition("-")[2] for path in (reports / "latest" / "probes").glob("*.out")]
    for condition in ("AUTO-LATENCY", "AUTO-THROUGHPUT"):
        turns = len(hints.replicates) // hints.relay_rounds
        assert turns >= 2
        assert started.count(f"warm-{condition}") >= turns


def test_every_replicate_is_in_the_summary_in_the_order_measured(summary):
    orders = set()
    for study in results_of(summary).values():
        names = {condition.name for condition in study.conditions}
        for index, replicate in enumerate(study.replicates):
            assert replicate.index == index
            assert set(replicate.order) == set(replicate.samples) <= names
            assert index >= study.plan.looks[0] or set(replicate.order) == names
            orders.add(replicate.order)
            for sample in replicate.samples.values():
                assert {"steal_s", "others_cpu_s", "load_1min"} <= set(sample.surroundings)
    assert len(orders) > 2, "the order is random"


def test_every_requests_latency_is_kept(summary, reports):
    with np.load(reports / "latest" / summary["latencies_file"]) as latencies:
        row = next(row for row in summary["table"] if row["target"] == "AUTO" and row["hint"] == "LATENCY")
        kept = latencies["hints/AUTO-LATENCY"]
    assert len(kept) == row["latencies"] >= 14, "at least one a slice, however loaded the machine"
    assert float(np.percentile(kept, 50)) == pytest.approx(row["p50_ms"], rel=1e-4)


def test_the_terminal_shows_progress_figures_verdicts_and_reasons_for_skipping(first):
    text = first.stdout
    assert "first inference latency: 1 of 7" in text
    assert "AUTO-THROUGHPUT: throughput: " in text
    assert "FPS, latency: " in text
    assert "random weights" in text
    for title in ("FIL ms (n)", "FPS", "p50", "p90", "requests", "ran on"):
        assert title in text
    assert "AUTO's first inference comes about as early as the CPU's [auto-fil-close-to-cpu]" in text
    assert " skipped " in text
    assert "--hints-on=AUTO,CPU compares them on CPU too" in text


def test_samples_reach_pytest_benchmark_as_they_were_measured(summary, saved_run):
    studies = results_of(summary)
    benchmarks = {benchmark["name"]: benchmark for benchmark in saved_run["benchmarks"]}

    def figures(study, condition, metric):
        return studies[study].figures(condition, metric)

    fil = figures("first inference latency", "AUTO", "fil_s")
    assert benchmarks["test_first_inference_latency[AUTO]"]["stats"]["data"] == fil
    fps = figures("hints", "AUTO-LATENCY", "fps")
    per_frame = benchmarks["test_seconds_per_frame[AUTO-LATENCY]"]["stats"]
    assert per_frame["data"] == [1 / each for each in fps]
    harmonic = len(fps) / sum(1 / each for each in fps)  # however much the machine's noise spreads them
    assert per_frame["ops"] == pytest.approx(harmonic), "operations per second are frames per second"
    latency = figures("hints", "AUTO-LATENCY", "latency_ms")
    assert benchmarks["test_latency[AUTO-LATENCY]"]["stats"]["data"] == pytest.approx([each / 1e3 for each in latency])


def test_the_history_file_carries_its_context(saved_run, summary):
    assert saved_run["machine_info"]["node"] == MACHINE
    assert saved_run["machine_info"]["fingerprint"]["digest"] == summary["fingerprint"]["digest"]
    for benchmark in saved_run["benchmarks"]:
        extra = benchmark["extra_info"]
        assert bool(extra["driver"]) == (extra["metric"] in ("fps", "latency_ms", "inference_us")), "how it was driven"
        assert extra["model"]["digest"] == summary["model"]["digest"]
        assert extra["openvino"] == summary["openvino"]
        assert extra["execution_devices"]
        assert extra["labels"]["device"].partition(":")[0] in benchmark["name"]
        assert "network" in extra["labels"] or extra["labels"].get("hint", "") in benchmark["name"]
        assert extra["metric_title"]
        assert extra["verdicts"]


def test_the_junit_file_carries_the_evidence(first, reports):
    assert " warning" not in first.stdout
    text = (reports / "junit.xml").read_text()
    assert 'name="verdict" value="PASS"' in text
    assert 'name="evidence" value="FIL of AUTO ÷ CPU = ' in text


def test_a_jobs_page_gets_the_verdicts_in_markdown(first, reports):
    text = (reports / "job.md").read_text()
    assert text.startswith(f"## AUTO on {MACHINE}: ")
    assert "| target | hint | FIL ms | FPS | p50 ms | ran on |" in text
    assert "AUTO's first inference comes about as early as the CPU's" in text


def test_the_runs_page_lies_beside_its_summary_and_shares_its_script(first, reports):
    assert f"page: {reports / 'latest' / 'index.html'}" in first.stdout.replace("\n", "")
    page = (reports / "latest" / "index.html").read_text()
    (script,) = (reports / "assets").iterdir()
    assert f'<script src="../assets/{script.name}">' in page
    for title in (
        "FPS by hint",
        "Mean latency by hint",
        "First inference latency, by phase",
        "Latency distributions: hints",
    ):
        assert f">{title}</h2>" in page


@pytest.mark.slow
def test_a_second_run_adds_a_second_file_and_pytest_benchmark_compares_both(second, again):
    history = again / "history" / MACHINE
    assert [path.name[:5] for path in sorted(history.glob("*.json"))] == ["0001_", "0002_"]
    assert "run 2 of this machine" in second.stdout
    compare = subprocess.run(
        [sys.executable, "-m", "pytest_benchmark", "--storage", str(history), "compare"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    for name in ("test_seconds_per_frame[AUTO-THROUGHPUT]", "test_latency[AUTO-LATENCY]"):
        assert f"{name} (0001" in compare.stdout
    for number in ("0001", "0002"):  # what the second run measured, beside the first
        assert f"test_first_inference_latency[AUTO] ({number}" in compare.stdout


def test_nothing_is_left_running_or_lying_about(first, reports):
    assert not orphaned_probes()
    assert lying_in(reports) == KEPT


@pytest.mark.slow
def test_a_second_run_leaves_no_more_lying_about(second, again):
    assert lying_in(again) == KEPT


def lying_in(reports):
    return {path.relative_to(reports).as_posix() for each in (reports, reports / "latest") for path in each.iterdir()}
