"""A study is one file, one line and its tests. With nothing else changed it is measured, judged, gated, saved, drawn and compared."""

import json
import re
import shutil
import subprocess
import sys

import pytest

from autogauge.rig.lock import VARIABLE
from tests.support import ROOT, bare_suite_command, lock_of_its_own

PAGE = ROOT / "docs" / "architecture.md"
RESULTS = "reports"
FRESH = '''
"""The study of early starts: is the Core made before the model is compiled?"""

import contextlib

from autogauge.measuring.claim import Bound, Fact, Ratio
from autogauge.measuring.condition import Condition
from autogauge.measuring.drawing import Block, Table
from autogauge.measuring.metric import Metric
from autogauge.measuring.plan import Plan
from autogauge.measuring.result import Check
from autogauge.rig.fresh import FIL, METRICS, Seen
from autogauge.rig.study import Amount, Study
from autogauge.targets import Target

OVERHEAD = Metric("overhead_s", "time before the compile", "s", per_process=True, seconds=1.0)
ELSEWHERE = {elsewhere!r}
OTHER = "there" if ELSEWHERE else "CPU"


class EarlyStart(Study):
    name = "early start"
    metrics = (*METRICS, OVERHEAD)
    recorded = {{"time before the compile": OVERHEAD}}
    amounts = {{"quick": Amount(Plan(looks=(7, 10), budget_s=30), at_least=7)}}

    def may_record(self, asked):
        return "AUTO", OTHER

    def conditions(self, rig):
        other = Condition(OTHER, Target("AUTO" if ELSEWHERE else "CPU"), runs_on=ELSEWHERE, own_labels={{"place": OTHER}})
        return Condition("AUTO", Target("AUTO"), own_labels={{"place": "here"}}), other

    def claims(self, rig, conditions):
        return (
            Ratio("auto-starts-early", "AUTO starts about as early", FIL, "AUTO", OTHER, "at most", 100.0),
            Bound("auto-wastes-no-time", "less than a minute is wasted", OVERHEAD, OTHER, "at most", 60.0),
            Fact("releases-are-named", "each process names its release", ("AUTO", OTHER)),
        )

    @contextlib.contextmanager
    def open(self, rig, result, progress):
        yield rig.fresh(result, progress, observe=self.seen)

    def seen(self, condition, reply, log):
        seconds = reply["seconds"]
        named = Check(bool(reply["openvino"]), reply["openvino"])
        return Seen({{OVERHEAD.name: seconds["import"] + seconds["core"] + seconds["read"]}}, {{"releases-are-named": named}})

    def blocks(self, result):
        yield Block("early", "Who starts early", "In seconds.", Table.of(("condition", "s"), [("AUTO", "1")]))


EARLY_START = EarlyStart()
'''
TESTS = """
import pytest
from autogauge.studies.early_start import EARLY_START

pytestmark = [pytest.mark.perf, pytest.mark.study(EARLY_START)]


@pytest.mark.parametrize("claim", ["auto-starts-early", "auto-wastes-no-time", "releases-are-named"])
def test_auto_starts_early(autogauge_result, autogauge_holds, claim):
    autogauge_holds(autogauge_result, claim)


def test_benchmarks(autogauge_benchmarked, autogauge_record):
    autogauge_record(*autogauge_benchmarked)
"""


def from_the_page():
    """The study that ``docs/architecture.md`` shows, and its tests."""
    study, tests, *_ = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return study, tests


@pytest.fixture
def tree(tmp_path, model_cache):
    """A copy of the project with a new study: ``tree(file, line, study, tests)``; returns a runner of commands in it."""
    for folder in ("autogauge", "fixtures"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("conftest.py", "pytest.ini", "pyproject.toml"):
        shutil.copy(ROOT / file, tmp_path / file)
    lock = str(lock_of_its_own())

    def tree(name, line, study, tests):
        (tmp_path / "autogauge" / "studies" / f"{name}.py").write_text(study)
        listed = tmp_path / "autogauge" / "studies" / "__init__.py"
        before = listed.read_text()
        listed.write_text(before.replace("LISTED = (", f'LISTED = (\n    "{name}.{line}",', 1))
        assert listed.read_text() != before
        (tmp_path / "tests" / "perf").mkdir(parents=True)
        (tmp_path / "tests" / "perf" / f"test_{name}.py").write_text(tests)

        def run(*command, expect=0):
            done = subprocess.run(
                ["env", f"{VARIABLE}={lock}", *command],
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            assert done.returncode == expect, f"{done.stdout[-4000:]}\n{done.stderr[-2000:]}"
            return done.stdout

        run.folder = tmp_path
        run.perf = lambda *options, **kwargs: run(
            *bare_suite_command("-m", "perf", "--profile=quick", "--model=one-convolution", f"--cache={model_cache}"),
            *options,
            **kwargs,
        )
        run.autogauge = lambda *words, **kwargs: run(sys.executable, "-m", "autogauge", *words, **kwargs)
        return run

    return tree


def new_study_lives_in(run, benchmark, claims, labels, drawn):
    """Twice measured: what a user sees of it, everywhere. ``labels`` are two of its own, one for each condition."""
    shown = run.perf("--machine=lab")
    for claim in claims:
        assert f"[{claim}]" in shown, "judged, and shown with its evidence"
    assert "5 passed" in shown
    assert "5 passed" in run.perf("--machine=lab")
    summary = json.loads((run.folder / RESULTS / "latest" / "summary.json").read_bytes())
    assert {each["name"] for each in summary["verdicts"]} == {*claims}
    judged = summary["gate"]["judgements"]
    assert len(judged) == 2, "gated, against the first run"
    assert {each["verdict"] for each in judged} <= {"PASS", "IMPROVED", "INCONCLUSIVE", "FAIL"}
    assert all(each["benchmark"].startswith(f"{benchmark}: ") for each in judged)
    assert summary["gate"]["error"] == pytest.approx(0.01 / 2), "its benchmarks are counted"
    page = (run.folder / RESULTS / "latest" / "index.html").read_text()
    assert claims[0] in page
    assert drawn in page, "the study's own block"
    run.autogauge("report", "1", f"--out={run.folder / 'again'}")
    assert drawn in (run.folder / "again" / "index.html").read_text(), "and again, from the run's file alone"
    saved = json.loads(next((run.folder / RESULTS / "history" / "lab").glob("0001_*.json")).read_bytes())
    found = {each["extra_info"]["benchmark"]: each["extra_info"]["labels"] for each in saved["benchmarks"]}
    assert len(found) == 2
    for key, value in labels:
        assert sum(each.get(key) == value for each in found.values()) == 1
    assert "2 runs" in run.autogauge("history")
    (key, value), _ = labels
    exported = run.folder / "rows.csv"
    run.autogauge("history", "export", str(exported), f"--where={key}={value}")
    assert len(exported.read_text().splitlines()) == 1 + 2, "one benchmark of two runs has that label"
    run.autogauge("report", f"--out={run.folder / 'trends'}")
    assert benchmark in (run.folder / "trends" / "index.html").read_text()
    assert benchmark in run.autogauge("compare", "1", "2", "--json")


@pytest.mark.slow
def test_a_study_in_warm_processes(tree):
    study, tests = from_the_page()
    run = tree("queue_depth", "QUEUE_DEPTH", study, tests)
    claims = ("second-request-costs-no-fps", "frames-arrive", "devices-answer")
    new_study_lives_in(run, "slowest request", claims, (("requests", "1"), ("requests", "2")), "The worst wait")


EARLY = ("auto-starts-early", "auto-wastes-no-time", "releases-are-named")


@pytest.mark.slow
def test_a_study_in_fresh_processes(tree):
    run = tree("early_start", "EARLY_START", FRESH.format(elsewhere=""), TESTS)
    new_study_lives_in(run, "time before the compile", EARLY, (("place", "here"), ("place", "CPU")), "Who starts early")


@pytest.mark.slow
def test_a_study_whose_conditions_differ_by_runtime(tree, tmp_path):
    other = tmp_path / "elsewhere"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(other)], check=True)
    (site,) = other.glob("lib/python*/site-packages")
    (site / "its.pth").write_text("\n".join(each for each in sys.path if each.endswith("site-packages")) + "\n")
    run = tree("early_start", "EARLY_START", FRESH.format(elsewhere=str(other)), TESTS)
    new_study_lives_in(
        run, "time before the compile", EARLY, (("place", "here"), ("place", "there")), "Who starts early"
    )
    saved = json.loads(next((run.folder / RESULTS / "history" / "lab").glob("0001_*.json")).read_bytes())
    there = next(each for each in saved["benchmarks"] if each["extra_info"]["labels"]["place"] == "there")
    assert "openvino" not in there["extra_info"]["labels"], "elsewhere, and the same release as the run's"
    summary = json.loads((run.folder / RESULTS / "latest" / "summary.json").read_bytes())
    study = next(each for each in summary["studies"] if "there" in each["facts"])
    assert study["facts"]["there"]["openvino"], "what runs elsewhere says on what"


MISTAKEN = """

class Raising(EarlyStart):
    name = "raising"
    recorded = {}

    def conditions(self, rig):
        raise KeyError("XPU")


class Contradicting(Raising):
    name = "contradicting"

    def conditions(self, rig):
        return (Condition("AUTO", Target("AUTO")),)


class Nothing(EarlyStart):
    name = "nothing"
    recorded = {"nothing": OVERHEAD}

    def seen(self, condition, reply, log):
        return Seen({OVERHEAD.name: float("nan")})

    def blocks(self, result):
        raise ZeroDivisionError("nothing to draw")


RAISING, CONTRADICTING, NOTHING = Raising(), Contradicting(), Nothing()
"""
MISTAKEN_TESTS = """
import pytest
from autogauge.studies.early_start import {study} as STUDY

pytestmark = [pytest.mark.perf, pytest.mark.study(STUDY)]


def test_it(autogauge_result, autogauge_all_measured):
    autogauge_all_measured(autogauge_result)
"""


@pytest.mark.slow
def test_mistakes_of_a_study_are_told_and_spoil_no_other(tree):
    run = tree("early_start", "EARLY_START", FRESH.format(elsewhere="") + MISTAKEN, TESTS)
    listed = run.folder / "autogauge" / "studies" / "__init__.py"
    lines = "".join(f'\n    "early_start.{study}",' for study in ("RAISING", "CONTRADICTING", "NOTHING"))
    listed.write_text(listed.read_text().replace("LISTED = (", f"LISTED = ({lines}", 1))
    for study in ("RAISING", "CONTRADICTING", "NOTHING"):
        tests = MISTAKEN_TESTS.format(study=study)
        if study == "NOTHING":
            tests += "\n\ndef test_benchmarks(autogauge_benchmarked, autogauge_record):\n    autogauge_record(*autogauge_benchmarked)\n"
        (run.folder / "tests" / "perf" / f"test_a_{study.lower()}.py").write_text(tests)
    shown = run.perf("--machine=lab", expect=1)
    assert "6 passed" in shown
    assert "KeyError: 'XPU'" in shown
    assert "the study 'contradicting' cannot be measured: 'auto-starts-early': it is about 'CPU'" in shown
    assert "gave nan s as its time before the compile, of which no time can be made" in shown
    summary = json.loads((run.folder / RESULTS / "latest" / "summary.json").read_bytes())
    assert [each["name"] for each in summary["studies"]] == ["nothing", "early start"]
    assert "nothing to draw" in (run.folder / RESULTS / "latest" / "index.html").read_text()
    saved = json.loads(next((run.folder / RESULTS / "history" / "lab").glob("0001_*.json")).read_bytes())
    assert {each["group"] for each in saved["benchmarks"]} == {"time before the compile"}
