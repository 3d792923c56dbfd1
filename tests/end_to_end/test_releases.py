"""Matrix and bisect as a user runs them: real probes, a planted slowdown, releases that are broken, Ctrl-C, two at once."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys

import pytest

from autogauge.history import run_file
from autogauge.rig import lock
from autogauge.rig.lock import VARIABLE
from tests.support import ROOT, lock_of_its_own, misbehaving_python, probes_of, run_cli, sentence_of, wait_until

SLOWER = (
    "import openvino\n"
    "base = openvino._pyopenvino.InferRequest.latency\n"
    "openvino.InferRequest.latency = property(lambda request: {} * base.__get__(request))\n"
)
"""What OpenVINO says of its latency is so many times what it was: exactly, which no loop in Python is."""
BEGUN = re.compile(r": ([2-9]|\d\d+) of \d+, LATENCY")
"""Said while it measures, once a round is done."""
pytestmark = pytest.mark.slow


@pytest.fixture
def quick(tmp_path, model_cache):
    return (
        *("--model=small-cnn", "--model-source=embedded", "--metric=latency"),
        *(f"--cache={model_cache}", f"--reports={tmp_path / 'reports'}", "--machine=lab"),
    )


@pytest.fixture
def python(tmp_path):
    """``python(name, lines)``: an interpreter that does something before the worker."""

    def make(name, lines="pass"):
        folder = tmp_path / name
        folder.mkdir()
        return misbehaving_python(folder, lines)

    return make


def run(*words, timeout_s=240):
    """A pair is measured with ten processes of each side, before anything is said of it."""
    return run_cli(*words, timeout_s=timeout_s, **{VARIABLE: str(lock_of_its_own())})


def test_a_matrix_finds_what_was_planted_and_goes_on_without_what_is_broken(tmp_path, quick, python):
    slow, broken = python("slow", SLOWER.format(3.0)), python("broken", "os.kill(os.getpid(), signal.SIGKILL)")
    names = f"{slow},{broken},{sys.executable}"
    page, markdown = tmp_path / "page.html", tmp_path / "table.md"
    done = run(
        "matrix", f"--openvino={names}", "--pair-budget=20", f"--out={page}", f"--out={markdown}", "--json", *quick
    )
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    ((name, why),) = told["absent"].items()
    assert name.endswith("broken/python")
    assert "killed by signal 9" in why
    (change,) = told["changes"]
    assert change["verdict"] == "slower"
    assert 1.5 < change["time_ratio"] < 6
    (control,) = told["controls"]
    assert control["is_control"]
    assert len({each["openvino"] for each in told["releases"]}) == 1
    assert len({each["label"] for each in told["releases"]}) == 2, "one release by two names is told apart"
    assert "slower" in markdown.read_text()
    assert "releases-latency" in page.read_text()
    document = run_file.read_document(tmp_path / "reports" / "matrix" / "0001_matrix.json")
    assert not document["benchmarks"]
    facts = document["autogauge"]["results"][0]["facts"]
    assert {each["openvino"] for each in facts.values()} == {told["releases"][0]["openvino"]}
    drawn = run("report", told["file"])
    assert "NOT MEASURED" in drawn.stdout


def test_a_bisection_names_what_was_planted(tmp_path, quick, python):
    names = [python(f"release-{number}", SLOWER.format(3.0 if number >= 2 else 1.0)) for number in range(4)]
    done = run(
        "bisect",
        f"--good={names[0]}",
        f"--bad={names[3]}",
        f"--openvino={','.join(names)}",
        "--pair-budget=20",
        "--json",
        *quick,
        timeout_s=600,
    )
    told = json.loads(done.stdout)
    assert told["found"] in ("named", "range", "open"), "a range, or open, where the machine is very busy"
    if told["found"] == "named":
        assert done.returncode == 0
        assert told["first_slower"].startswith("release-2/python (")
        assert told["between"][1] == told["first_slower"]
        assert told["changed"] == []
    else:
        assert done.returncode == 1
    if told["found"] == "range":
        after, by = (int(each.partition("/")[0].removeprefix("release-")) for each in told["between"])
        assert after < 2 <= by, "what was planted lies in the range"


def test_a_matrix_that_is_interrupted_keeps_and_shows_what_was_measured(tmp_path, quick, python):
    slow = python("slow", SLOWER.format(1.0))
    command = [
        sys.executable,
        "-m",
        "autogauge",
        "matrix",
        f"--openvino={slow},{sys.executable}",
        "--pair-budget=600",
        "--smallest-change=0.1%",
        *quick,
    ]
    surroundings = {**os.environ, VARIABLE: str(lock_of_its_own())}
    with (tmp_path / "said").open("w+") as said:
        process = subprocess.Popen(command, cwd=ROOT, env=surroundings, stdout=subprocess.PIPE, stderr=said, text=True)
        assert wait_until(lambda: BEGUN.search((tmp_path / "said").read_text()), 90), (tmp_path / "said").read_text()
        probes = [each.pid for each in probes_of(process.pid)]
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "INTERRUPTED by SIGTERM" in out
    assert "autogauge: interrupted by SIGTERM" in (tmp_path / "said").read_text()
    assert probes
    drawn = run("report", str(tmp_path / "reports" / "matrix" / "0001_matrix.json"))
    assert drawn.returncode == 0
    assert "INTERRUPTED by SIGTERM" in drawn.stdout


def test_an_environment_that_is_removed_in_the_middle_ends_alone(tmp_path, quick, python):
    doomed, other, said = python("doomed"), python("other"), tmp_path / "said"
    command = [
        *(sys.executable, "-m", "autogauge", "matrix", f"--openvino={doomed},{other},{sys.executable}"),
        *("--pair-budget=15", "--smallest-change=0.1%", "--json", *quick),
    ]
    surroundings = {**os.environ, VARIABLE: str(lock_of_its_own())}
    with said.open("w") as stream:
        process = subprocess.Popen(
            command, cwd=ROOT, env=surroundings, stdout=subprocess.PIPE, stderr=stream, text=True
        )
        assert wait_until(lambda: list((tmp_path / "reports").rglob("*.json")), 90), said.read_text()
        shutil.rmtree(tmp_path / "doomed")
        out, _ = process.communicate(timeout=240)
    assert process.returncode == 1, said.read_text()
    told = json.loads(out)
    ((name, why),) = told["absent"].items()
    assert name.endswith("doomed/python")
    assert "was removed or spoilt while it was measured" in why
    assert "NOT MEASURED: " in said.read_text()
    (change,) = told["changes"]
    assert "other/python" in change["release"]
    assert change["time_ratio"] is not None
    document = run_file.read_document(tmp_path / "reports" / "matrix" / "0001_matrix.json")
    assert "LATENCY doomed" not in json.dumps(document["autogauge"]["results"])


def test_a_release_that_changes_while_it_is_measured_ends_it_and_nothing_is_kept(tmp_path, quick, python):
    starts = tmp_path / "starts"
    changing = python(
        "changing",
        f"open({str(starts)!r}, 'a').write('x')\n"
        f"if os.path.getsize({str(starts)!r}) > 2:\n"
        "    import openvino\n    openvino.get_version = openvino.runtime = lambda: '2023.9.9-1-another'\n",
    )
    done = run(
        "matrix", f"--openvino={changing},{sys.executable}", "--pair-budget=30", "--smallest-change=0.1%", *quick
    )
    sentence = sentence_of(done)
    assert "changed while it was measured" in sentence
    assert not list((tmp_path / "reports").rglob("*.json"))


def test_two_at_once_and_releases_that_are_not_there_are_sentences(tmp_path, quick, python, monkeypatch):
    broken = python("broken", "sys.exit(3)")
    assert "broken" in sentence_of(run("matrix", f"--openvino={sys.executable},{broken}", *quick)), "the base"
    sentence = sentence_of(run("matrix", f"--openvino={broken},{sys.executable}", *quick))
    assert "there is nothing to compare" in sentence
    assert "exit status 3" in sentence
    monkeypatch.setenv(VARIABLE, str(tmp_path / "lock"))
    with lock.measuring("another session"):
        second = run_cli(
            "matrix", f"--openvino={broken},{sys.executable}", "--wait=no", *quick, **{VARIABLE: str(tmp_path / "lock")}
        )
        assert "another session measures on this machine" in sentence_of(second)
