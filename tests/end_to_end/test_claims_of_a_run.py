"""Claims of tests' own, measured: two models in one session, each with a run, a history and a page of its own."""

import json
import re
import shutil
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from autogauge.cache import Cache
from autogauge.models import resolve
from tests.support import run_suite

TESTS = '''
"""What we promise of two models."""

import numpy as np
import pytest

from autogauge.claims import FIL, FPS, P99, PEAK_MEMORY, on


def grey():
    return {"data": np.full((1, 3, 8, 8), 0.5, np.float32)}


TINY = pytest.mark.model("one-convolution", inputs=grey)
LATENCY, THROUGHPUT = on("AUTO", "LATENCY"), on("AUTO", "THROUGHPUT")
both = pytest.mark.parametrize(
    "which",
    [
        pytest.param("own", marks=pytest.mark.model("own.xml", inputs="frames.npz")),
        pytest.param("tiny", marks=TINY),
    ],
)


@both
@pytest.mark.claim(P99(LATENCY) <= "10 s")
def test_in_time(which, autogauge_claimed):
    assert len(autogauge_claimed.figures(P99(LATENCY))) >= 6
    (verdict,) = autogauge_claimed.verdicts
    assert verdict.interval.high < 10_000


@both
@pytest.mark.claim(FPS(THROUGHPUT) >= 0.001 * FPS(LATENCY))
def test_throughput_pays(which):
    """THROUGHPUT pays a little."""


@both
@pytest.mark.claim(LATENCY.ran_on("CPU"))
def test_on_the_cpu(which): ...


@TINY
@pytest.mark.claim(FIL(LATENCY) <= "60 s", name="early", sentence="it answers within a minute")
@pytest.mark.claim(PEAK_MEMORY(LATENCY) <= "64 GB")
def test_starts(): ...


@TINY
@pytest.mark.claim(FIL(LATENCY) <= "1 us", name="too-early")
@pytest.mark.claim(P99(on("NPU")) <= "1 s")
def test_too_early():
    raise AssertionError("a test whose claim fails runs no code")


@TINY
@pytest.mark.claim(P99(on("NPU")) <= "1 s")
def test_npu(): ...
'''


@pytest.fixture(scope="module")
def project(tmp_path_factory, model_cache):
    """A folder with tests and a model of its own; ``project(…)`` runs pytest there."""
    folder = tmp_path_factory.mktemp("project")
    found = resolve.offline("one-convolution", "FP32", Cache(model_cache))
    for path in (found.path, found.path.with_suffix(".bin")):
        shutil.copy(path, folder / f"own{path.suffix}")
    np.savez(folder / "frames.npz", data=np.linspace(-1, 1, 3 * 8 * 8, dtype=np.float32).reshape(SHAPE))
    (folder / "test_own.py").write_text(TESTS)

    def run(*options, expect):
        done = run_suite(
            *("-p", "conftest", "-c", "pytest.ini", "--rootdir=.", "-m", "perf", str(folder / "test_own.py")),
            *("--profile=quick", f"--cache={model_cache}", f"--reports={folder / 'reports'}", "--machine=lab"),
            *options,
            timeout_s=300,
        )
        assert done.returncode == expect, f"{done.stdout[-6000:]}\n{done.stderr[-2000:]}"
        return done.stdout

    run.folder = folder
    run.saved = lambda: [
        json.loads(path.read_bytes()) for path in sorted((folder / "reports" / "history" / "lab").glob("*.json"))
    ]
    return run


SHAPE = (1, 3, 8, 8)


def keys(saved):
    return {each["extra_info"]["benchmark"] for each in saved["benchmarks"]}


@pytest.mark.slow
def test_each_model_has_a_run_of_its_own_and_no_figure_of_the_other(project):
    junit = project.folder / "junit.xml"
    shown = project(f"--junitxml={junit}", "-k", "not too_early", expect=0)
    assert re.search(r"7 passed, 1 skipped", shown)
    assert "no NPU on this machine" in shown
    assert f"claims of own ({project.folder}/own.xml, inputs {project.folder}/frames.npz): 3" in shown
    assert "claims of one-convolution (one-convolution FP16, inputs by grey()): 6" in shown
    own, tiny = project.saved()
    assert keys(own) == {
        "own: p99 latency by process: AUTO-LATENCY",
        "own: seconds per frame: AUTO-LATENCY",
        "own: seconds per frame: AUTO-THROUGHPUT",
    }
    assert keys(tiny) == {
        "one-convolution: p99 latency by process: AUTO-LATENCY",
        "one-convolution: seconds per frame: AUTO-LATENCY",
        "one-convolution: seconds per frame: AUTO-THROUGHPUT",
        "one-convolution: first inference latency: AUTO-LATENCY",
        "one-convolution: peak memory in MiB: AUTO-LATENCY",
    }
    marks = [each["machine_info"]["fingerprint"]["digest"] for each in (own, tiny)]
    assert marks[0] != marks[1]
    words = [each["autogauge"]["run"] for each in (own, tiny)]
    assert "frames.npz" in words[0]["inputs"][0]
    assert words[1]["inputs"][0] == "data: from grey()", "a function made them"
    claimed = [
        {claim["name"] for result in each["autogauge"]["results"] for claim in result["claims"]} for each in (own, tiny)
    ]
    assert claimed == [
        {"in-time-own", "throughput-pays-own", "on-the-cpu-own"},
        {"in-time-tiny", "throughput-pays-tiny", "on-the-cpu-tiny", "early", "starts-2"},
    ]
    reports = project.folder / "reports"
    pages = [(reports / name / "index.html").read_text() for name in ("latest-own", "latest-one-convolution")]
    assert ["in-time-own" in page for page in pages] == [True, False]
    assert ["in-time-tiny" in page for page in pages] == [False, True]
    told = {
        case.get("name"): {each.get("name"): each.get("value") for each in case.iter("property")}
        for case in ET.parse(junit).iter("testcase")
    }
    assert told["test_in_time[own]"]["verdict"] == "PASS"
    assert "6 processes of 662 inferences or more" in told["test_in_time[own]"]["evidence"]


@pytest.mark.slow
def test_the_next_run_of_each_is_judged_by_its_own_and_what_is_deselected_is_not_measured(project):
    before = len(project.saved())
    shown = project("-k", "in_time", expect=0)
    assert "2 passed" in shown
    saved = project.saved()[before:]
    assert [len(each["benchmarks"]) for each in saved] == [1, 1]
    for each, others in zip(saved, ("one-convolution: ", "own: "), strict=True):
        (benchmark,) = each["benchmarks"]
        assert others not in str(each["autogauge"]["gate"])
        (judgement,) = each["autogauge"]["gate"]["judgements"]
        assert judgement["benchmark"] == benchmark["extra_info"]["benchmark"]
        assert judgement["verdict"] in ("PASS", "IMPROVED", "INCONCLUSIVE", "FAIL"), (
            "there is a run of its own before it"
        )
        (result,) = each["autogauge"]["results"]
        assert [condition["name"] for condition in result["conditions"]] == ["AUTO-LATENCY"]


@pytest.mark.slow
def test_a_claim_that_fails_fails_its_test_whatever_the_others_are(project):
    shown = project("-k", "too_early", expect=1)
    assert "FAIL: FIL of AUTO-LATENCY is at most 1 us: median FIL of AUTO-LATENCY" in " ".join(shown.split())
    assert "a test whose claim fails runs no code" not in shown
    assert "quarantined" in shown
