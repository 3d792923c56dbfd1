"""The gate as CI meets it: a red job for a regression and for a gate that cannot measure, and nothing else."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from autogauge.history import standing
from autogauge.history.fingerprint import Fingerprint
from autogauge.history.standing_file import Standing
from tests.end_to_end.whole_runs import FAR, HINTS, with_history
from tests.histories import year
from tests.support import ROOT, run_cli, run_suite, sentence_of

BUILD = """
import sys
sys.modules["openvino_telemetry"] = None
import numpy as np
import openvino as ov
try:
    from openvino import opset13 as ops
except ImportError:
    from openvino.runtime import opset13 as ops
for name, layers in (("base", 6), ("same", 6), ("slower", 9)):
    random = np.random.default_rng(1)
    data = ops.parameter([1, 32, 56, 56], np.float32)
    data.output(0).set_names({"data"})
    node = data
    for _ in range(layers):
        weights = ops.constant((random.standard_normal((32, 32, 3, 3)) * 0.05).astype(np.float32))
        node = ops.relu(ops.convolution(node, weights, [1, 1], [1, 1], [1, 1], [1, 1]))
    ov.save_model(ov.Model([ops.result(node)], [data], "chain"), sys.argv[1] + "/" + name + ".xml")
"""
FIL_OF_AUTO = ("-m", "perf", "--profile=quick", "--model=one-convolution", "--machine=lab", "--devices=AUTO")
STEADY = ("-m", "perf", "--profile=quick", "-k", "seconds_per_frame or test_latency", "--machine=lab")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A model, the same once more, and one that does half as much again."""
    folder = tmp_path_factory.mktemp("models")
    subprocess.run([sys.executable, "-c", BUILD, str(folder)], check=True, timeout=120)
    return folder


def failed_tests(junit):
    """The failed tests by name, each with its message."""
    cases = ElementTree.parse(junit).getroot().iter("testcase")
    return {case.get("name"): failure.get("message") for case in cases for failure in case.iter("failure")}


def measure(models, tmp_path, *options, name="base"):
    done = run_suite(
        *STEADY,
        f"--model={models}/{name}.xml",
        f"--reports={tmp_path}",
        f"--cache={tmp_path}/cache",
        f"--junitxml={tmp_path}/junit.xml",
        *options,
    )
    gate = json.loads((tmp_path / "latest" / "summary.json").read_bytes())["gate"]
    return done, {each["benchmark"]: each for each in gate["judgements"] if each["way"] == "side by side"}


# Against history.


@pytest.fixture(scope="module")
def measure_again(model_cache):
    """A function that measures the first run's hints once more; it is given a folder of reports."""

    def measure_again(reports, *options):
        return run_suite(*HINTS, f"--reports={reports}", f"--cache={model_cache}", *options)

    return measure_again


def test_the_first_run_says_that_there_is_no_baseline_and_becomes_it(first_run):
    done, reports = first_run.done, first_run.reports
    assert done.returncode == 0, done.stdout
    assert "NO BASELINE" in done.stdout
    assert "this run becomes the first accepted one" in " ".join(done.stdout.split())
    (path,) = (reports / "history").glob("*/*.json")
    document = json.loads(path.read_bytes())
    gate = document["autogauge"]["gate"]
    shares = [each["extra_info"].get("gate_share", 1.0) for each in document["benchmarks"]]
    assert len(shares) == len(gate["judgements"])
    assert shares.count(1.0) == 6, "memory and the price take a tenth of what the others do"
    assert gate["error"] == pytest.approx(0.01 / sum(shares)), "shared by what is measured, not by what is skipped"
    assert json.loads(path.read_bytes())["autogauge"]["gate"]["judgements"][0]["verdict"] == "NO BASELINE"
    assert not list(path.parent.glob("*.standing"))


def test_a_regression_fails_its_own_tests_and_says_how_to_accept_it(regressed):
    done, reports = regressed.done, regressed.reports
    assert done.returncode == 1, done.stdout
    failed = failed_tests(reports / "junit.xml")
    assert {name.partition("[")[0] for name in failed} == {"test_seconds_per_frame", "test_latency"}
    assert len(failed) == 4
    for message in failed.values():
        for part in (
            "FAIL: ",
            "AUTO-",
            "interval",
            "6 runs",
            "6 accepted runs (0001 to 0006)",
            "measured again",
            "6 runs, this one with",
            f"autogauge accept {reports}/history/lab-one-",
        ):
            assert part in message


def test_a_run_that_failed_is_kept_and_quarantined(regressed):
    done, reports = regressed.done, regressed.reports
    (path,) = (reports / "history").glob("*/0007_*.json")
    record = json.loads(path.with_suffix(".standing").read_bytes())
    assert (record["standing"], record["by"]) == ("quarantined", "gate")
    assert "standing: quarantined" in done.stdout
    assert f"python -m autogauge accept {path}" in " ".join(done.stdout.split())


@pytest.mark.slow
def test_saved_runs_are_judged_accepted_and_rejected_without_measuring(regressed, tmp_path):
    shutil.copytree(next((regressed.reports / "history").glob("lab-one-*")), tmp_path / "lab")
    folder = tmp_path / "lab"
    (slow,) = folder.glob("0007_*.json")
    judged = run_cli("gate", str(slow))
    assert judged.returncode == 1, judged.stdout + judged.stderr
    assert judged.stdout.count("FAIL  ") >= 4
    as_json = json.loads(run_cli("gate", str(folder), "--json").stdout)
    assert [each["verdict"] for each in as_json["judgements"]] == ["FAIL"] * 4

    accepted = run_cli("accept", str(slow), "--why=a new model")
    assert accepted.returncode == 0
    assert "accepted (was quarantined (4 benchmarks)); a new level begins with it for" in accepted.stdout
    shutil.copy(slow, folder / "0008_again.json")
    document = json.loads(slow.read_bytes())
    for benchmark in document["benchmarks"]:
        benchmark["stats"]["data"] = [each * 1.001 for each in benchmark["stats"]["data"]]
    (folder / "0008_again.json").write_text(json.dumps(document))
    assert run_cli("gate", str(folder)).returncode == 0, "judged against the new level"

    assert run_cli("reject", str(slow), "--why=fan broken").returncode == 0
    assert run_cli("gate", str(folder)).returncode == 1, "judged against the old level again"
    against = run_cli("gate", str(folder), f"--against={slow}")
    assert against.returncode == 0, "a file that is named is judged against whatever its standing"


@pytest.mark.slow
def test_a_regression_only_warns_unless_it_is_to_fail(first_run, measure_again, tmp_path):
    with_history(first_run.reports, tmp_path / "reports", 1 / FAR)
    done = measure_again(tmp_path / "reports")
    assert done.returncode == 0, done.stdout
    assert "4 FAIL" in done.stdout


@pytest.mark.slow
def test_a_better_level_becomes_the_baseline_when_a_second_run_confirms_it(first_run, measure_again, tmp_path):
    folder = with_history(first_run.reports, tmp_path / "reports", FAR)
    for number, word in ((7, "pending"), (8, "accepted")):
        done = measure_again(tmp_path / "reports", "--gate=fail")
        assert done.returncode == 0, done.stdout
        assert f"standing: {word}" in done.stdout
        assert len(list(folder.glob("*.json"))) == number
    (confirmed,) = folder.glob("0007_*.standing")
    record = json.loads(confirmed.read_bytes())
    assert (record["standing"], len(record["new_level"])) == ("accepted", 4)
    done = measure_again(tmp_path / "reports", "--gate=fail")
    assert "2 accepted runs (0007 to 0008" in " ".join(done.stdout.split())


# The pinned workload.

NO_INDEX = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}


@pytest.mark.slow
def test_where_the_pinned_release_cannot_be_installed_history_has_seconds_only(models, tmp_path):
    done = run_suite(
        *STEADY,
        f"--model={models}/base.xml",
        f"--reports={tmp_path}",
        f"--cache={tmp_path}/cache",
        "--devices=CPU",
        "--pinned=on",
        **NO_INDEX,
    )
    assert done.returncode == 0, done.stdout
    assert "history will have seconds only" in " ".join(done.stdout.split())
    assert not any("openvino" in path.name for path in (tmp_path / "cache" / "entries").glob("*"))
    assert not list((tmp_path / "cache" / "staging").glob("*"))


@pytest.mark.slow
def test_a_release_that_cannot_be_installed_is_one_sentence(models, tmp_path):
    done = run_suite(
        *STEADY,
        f"--model={models}/base.xml",
        f"--reports={tmp_path}",
        f"--cache={tmp_path}/cache",
        "--reference=2024.6.0",
        **NO_INDEX,
    )
    sentence = sentence_of(done)
    assert "has no openvino 2024.6.0 for this machine" in sentence
    assert "(--reference)" in sentence


@pytest.mark.slow
def test_history_is_judged_by_the_ratio_to_the_pinned_workload(models, tmp_path):
    options = ("--gate=warn", "--pinned=on")  # how it is judged matters here, not what two noisy runs say of a third
    for number in range(2):
        done, _ = measure(models, tmp_path, *options)
        assert done.returncode == 0, done.stdout
        assert ("installed openvino" in done.stdout) == (number == 0)
        if number == 0:
            (path,) = (tmp_path / "history" / "lab").glob("*.json")
            document = json.loads(path.read_bytes())
            document["datetime"] = "2026-11-02T10:00:00+00:00"  # a second accepted run, like the first
            (path.parent / f"0002_{path.name.partition('_')[2]}").write_text(json.dumps(document))
    newest = max((tmp_path / "history" / "lab").glob("*.json"))
    saved = json.loads(newest.read_bytes())["benchmarks"]
    assert len({each["extra_info"]["against_reference"]["reference"] for each in saved}) == 1
    assert all(each["extra_info"]["against_reference"]["rounds"] >= 24 for each in saved)
    assert "2 accepted runs (0001 to 0002, still few), by the ratio to the pinned workload" in " ".join(
        done.stdout.split()
    )
    table = json.loads((tmp_path / "latest" / "summary.json").read_bytes())["table"]
    assert "pinned CPU" in {row["target"] for row in table}


# Side by side.


@pytest.mark.slow
def test_beside_a_faster_reference_the_slower_candidate_fails(models, tmp_path):
    done, judged = measure(
        models, tmp_path, "--gate=fail", "--devices=CPU", f"--reference={models}/base.xml", name="slower"
    )
    assert done.returncode == 1, done.stdout
    assert {each["verdict"] for each in judged.values()} == {"FAIL"}
    for each in judged.values():
        low, _ = each["ci"]
        assert low > 1
        assert each["ratio"] > each["floor"] == 1.025
        assert each["measured_again"]
    message = next(iter(failed_tests(tmp_path / "junit.xml").values()))
    assert "base.xml in the same rounds" in message
    assert "compare with what you accept from now on (--reference)" in message
    gate = json.loads((tmp_path / "latest" / "summary.json").read_bytes())["gate"]
    benchmarks = len({each["benchmark"] for each in gate["judgements"]})
    assert gate["error"] == pytest.approx(0.01 / (benchmarks + len(judged))), "both ways share the error of the run"


@pytest.mark.slow
def test_beside_itself_nothing_fails_and_beside_a_slower_one_it_has_improved(models, tmp_path):
    done, judged = measure(models, tmp_path / "a", "--gate=fail", f"--reference={models}/same.xml", "--pair-budget=10")
    assert done.returncode == 0, done.stdout
    assert {each["verdict"] for each in judged.values()} <= {"PASS", "INCONCLUSIVE"}
    done, judged = measure(
        models, tmp_path / "b", "--gate=fail", f"--reference={models}/slower.xml", "--pair-budget=10"
    )
    assert done.returncode == 0, done.stdout
    words = [each["verdict"] for each in judged.values()]
    assert "IMPROVED" in words
    assert "FAIL" not in words


@pytest.mark.slow
def test_a_reference_that_dies_in_the_middle_is_a_red_job(models, tmp_path):
    python = tmp_path / "dying" / "bin" / "python"
    python.parent.mkdir(parents=True)
    # Each process of this runtime is killed after three seconds, and none starts six seconds after the first.
    python.write_text(
        "#!/bin/sh\n"
        f'[ -e "{tmp_path}/first" ] || date +%s > "{tmp_path}/first"\n'
        f'[ $(( $(date +%s) - $(cat "{tmp_path}/first") )) -lt 6 ] || exit 1\n'
        "( sleep 3; kill -KILL $$ ) </dev/null >/dev/null 2>&1 &\n"
        f'exec "{sys.executable}" "$@"\n'
    )
    python.chmod(0o755)
    done, judged = measure(
        models,
        tmp_path / "reports",
        "--gate=fail",
        f"--reference={python}",
        "--pair-budget=60",
        "--smallest-change=0.2%",
    )
    assert done.returncode == 1, done.stdout
    assert {(each["verdict"], each["cannot_measure"]) for each in judged.values()} == {("INCONCLUSIVE", True)}
    assert not list((tmp_path / "reports" / "history" / "lab").glob("*.standing")), "what was measured is not worse"


def test_the_gate_does_not_pass_under_xdist(tmp_path):
    done = run_suite("-m", "perf", "--gate=fail", "-n2", f"--reports={tmp_path}")
    assert done.returncode == 2
    assert "one test at a time" in done.stdout + done.stderr


@pytest.mark.slow
def test_the_gate_does_not_pass_under_xdist_when_perf_is_selected_by_its_folder(tmp_path):
    done = run_suite(
        "tests/perf", "-n2", "-m", "not slow", "--gate=fail", "-k", "seconds_per_frame", f"--reports={tmp_path}"
    )
    assert done.returncode != 0, done.stdout


@pytest.mark.slow
def test_with_the_gate_off_nothing_is_judged(models, tmp_path):
    done, judged = measure(models, tmp_path, "--gate=off")
    assert done.returncode == 0
    assert judged == {}
    assert "gate (" not in done.stdout


# Another machine's history, as docs/ci.md has it for pull requests.


def documented(page, begins):
    """The command line of a page in docs/ that begins so, with the lab's folder to be put in."""
    lines = (ROOT / "docs" / page).read_text().splitlines()
    (line,) = (each.strip() for each in lines if begins in each)
    return line[line.index(begins) :]


@pytest.mark.slow
def test_a_pull_request_is_judged_against_the_history_of_main_which_is_only_read(first_run, measure_again, tmp_path):
    lab = tmp_path / "srv"
    main = with_history(first_run.reports, lab / "reports", 1 / FAR).rename(lab / "reports" / "history" / "lab-01")
    for path in main.glob("*.json"):
        path.write_text(path.read_text().replace('"machine": "lab-one-6db4b877"', '"machine": "lab-01"'))
        document = json.loads(path.read_bytes())
        facts = document["machine_info"]["fingerprint"]
        digest = Fingerprint({name: value for name, value in facts.items() if name != "digest"}).digest
        path.with_name(f"{path.name.rpartition('_')[0]}_{digest[:8]}.json").write_text(
            path.read_text().replace(facts["digest"], digest)
        )
        path.unlink()
    before = {path.name: path.read_bytes() for path in main.iterdir()}
    line = documented("ci.md", "pytest -m perf --gate=fail --machine=lab-01-pr")
    options = shlex.split(line.replace("/srv/autogauge", str(lab)))[1:]
    assert options[:2] == list(STEADY[:2])
    options = [each for each in options if not each.startswith("--junitxml")]
    done = measure_again(lab / "reports", *options[2:], "--machine=lab-01-pr")
    assert done.returncode == 1, done.stdout
    assert "6 accepted runs (0001 to 0006" in " ".join(done.stdout.split())
    assert "measured again" in done.stdout
    assert f"and the baseline {main} stays as it is" in done.stdout
    assert f"what runs with this --baseline are judged against is {main}, which is as it was" in done.stdout
    assert "autogauge accept" not in done.stdout, "that would change nothing"
    assert {path.name: path.read_bytes() for path in main.iterdir()} == before
    own = list((lab / "reports" / "history" / "lab-01-pr").glob("*.json"))
    assert [standing.read(path).standing for path in own] == [Standing.QUARANTINED]


def test_a_baseline_that_is_not_there_is_one_sentence_before_anything_is_measured(tmp_path):
    sentence = sentence_of(run_suite(*FIL_OF_AUTO, "--baseline=lab-02", f"--reports={tmp_path}"))
    assert f"there is no saved run in {tmp_path}/history/lab-02 to judge against" in sentence


@pytest.mark.slow
def test_a_baseline_that_measured_something_else_says_where_to_measure_first(tmp_path, model_cache):
    year(tmp_path / "history", "lab-01", 3)
    options = ("-k", "test_first_inference_latency", "--baseline=lab-01", "--gate=fail")
    for strict in ("--no-baseline=fail", "--inconclusive=fail"):
        done = run_suite(*FIL_OF_AUTO, *options, strict, f"--reports={tmp_path}", f"--cache={model_cache}")
        assert done.returncode == 1, done.stdout
        assert f"measure without --baseline for {tmp_path}/history/lab-01 first" in done.stdout
        for promise in ("accepted as its first", "becomes the first accepted one", "the next run has"):
            assert promise not in done.stdout


# Recorded twice, kept by nobody, judged by nobody.

TWICE = """
def pytest_generate_tests(metafunc):
    metafunc.fixturenames.append("__repeated")
    metafunc.parametrize("__repeated", (1, 2))
"""


@pytest.mark.slow
def test_a_benchmark_that_is_recorded_twice_counts_once(tmp_path, model_cache):
    (tmp_path / "twice.py").write_text(TWICE)
    done = run_suite(
        "-p",
        "twice",
        *FIL_OF_AUTO,
        "-k",
        "test_first_inference_latency",
        f"--reports={tmp_path}/reports",
        f"--cache={model_cache}",
        f"--benchmark-json={tmp_path}/theirs.json",
        PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}",
    )
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout
    (path,) = (tmp_path / "reports" / "history" / "lab").glob("*.json")
    document = json.loads(path.read_bytes())
    assert len(document["benchmarks"]) == len(json.loads((tmp_path / "theirs.json").read_bytes())["benchmarks"]) == 1
    assert len(document["autogauge"]["gate"]["judgements"]) == 1
    assert document["autogauge"]["gate"]["error"] == 0.01, "one benchmark has all of it"


def test_a_session_in_which_nothing_was_judged_is_not_green(tmp_path):
    done = run_suite(*FIL_OF_AUTO, "--gate=fail", "--benchmark-skip", "-k", "test_latency", f"--reports={tmp_path}")
    assert done.returncode == 1, done.stdout
    assert "ERROR: the gate judged nothing, and is not green: --benchmark-skip skips them all" in done.stdout
    done = run_suite(*FIL_OF_AUTO, "--benchmark-skip", "-k", "test_latency", f"--reports={tmp_path}")
    assert done.returncode == 0, done.stdout


def test_what_would_profile_the_replay_is_one_sentence(tmp_path):
    sentence = sentence_of(run_suite(*FIL_OF_AUTO, "--benchmark-cprofile=tottime", f"--reports={tmp_path}"))
    assert "a profile would be of the stopwatch" in sentence


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "status", "said", "saved"),
    [
        (("--benchmark-disable",), 0, "history: nothing is saved, since --benchmark-disable keeps no figures", 0),
        (("--benchmark-only",), 0, "this run becomes the first accepted one", 1),
        (("--gate=fail", "--no-baseline=fail"), 1, "NO BASELINE: first inference latency: AUTO: not judged", 1),
        (("--gate=fail", "--inconclusive=fail"), 1, "none of its benchmarks has an accepted run", 1),
    ],
)
def test_what_becomes_of_a_first_run(tmp_path, model_cache, options, status, said, saved):
    done = run_suite(
        *FIL_OF_AUTO,
        "-k",
        "test_first_inference_latency",
        f"--reports={tmp_path}",
        f"--cache={model_cache}",
        *options,
    )
    assert done.returncode == status, done.stdout
    assert said in done.stdout
    assert ("becomes the first accepted one" in done.stdout) == bool(saved)
    assert len(list((tmp_path / "history").glob("lab/*.json"))) == saved


@pytest.mark.slow
def test_a_regression_that_no_run_is_kept_of_names_no_run_to_accept(first_run, measure_again, tmp_path):
    with_history(first_run.reports, tmp_path / "reports", 1 / FAR)
    done = measure_again(tmp_path / "reports", "--gate=fail", "--benchmark-disable")
    assert done.returncode == 1, done.stdout
    assert "no run is kept that could be accepted (--benchmark-disable)" in done.stdout
    assert "autogauge accept" not in done.stdout
