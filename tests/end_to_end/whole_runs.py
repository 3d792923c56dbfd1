"""The whole runs that tests of this folder read, and what is done to the first one's history."""

from __future__ import annotations

import functools
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.ahead import measure
from tests.support import ROOT

FAR = 20
"""So many times as fast or as slow is seen on whatever machine, however busy it is."""
QUICK = ("-m", "perf", "--profile=quick")
HINTS = (*QUICK, "-k", "seconds_per_frame or test_latency", "--machine=lab one")
FIL = (*QUICK, "--model=one-convolution", "--machine=lab", "-k", "as_early_as_the_cpu")
IMPOSSIBLE = """
from autogauge.studies.first_inference import study as first_inference
first_inference.CLOSE_TO_CPU = 0.01
"""
UNDECIDED = """
from autogauge.measuring.plan import Plan
from autogauge.rig.study import Amount
from autogauge.studies.first_inference.study import FirstInference
FirstInference.amounts = {"quick": Amount(Plan(looks=(3,), budget_s=8))}  # no interval is bounded with so few
"""


@dataclass
class Ground:
    """Where the runs are measured, with which cache of models, and an environment without any network."""

    folder: Path
    cache: Path
    offline: dict[str, str]


def with_history(reports, place, factor, runs=6):
    """A copy of the reports in which the first run's benchmarks took ``factor`` times as long, and several runs did."""
    shutil.copytree(reports, place)
    (path,) = (place / "history").glob("*/*.json")
    folder = path.parent
    document = json.loads(path.read_bytes())
    path.unlink()
    for number in range(1, runs + 1):
        for benchmark in document["benchmarks"]:
            data = benchmark["stats"]["data"]
            benchmark["stats"]["data"] = (
                [each * factor * (1 + number / 1000) for each in data]
                if number == 1
                else [each * (1 + number / 1000) for each in data]
            )
        document["datetime"] = f"2026-11-0{number}T10:00:00+00:00"
        (folder / f"000{number}_{path.name.partition('_')[2]}").write_text(json.dumps(document))
    return folder


def first_run(ground, _):
    """A machine's first `pytest -m perf`, where no host can be reached."""
    reports = ground.folder / "first"
    options = (*QUICK, "--machine=lab one", "--gate=fail", "--model-source=auto")
    return measure(reports, ground.cache, *options, GITHUB_STEP_SUMMARY=str(reports / "job.md"), **ground.offline)


def regressed(ground, measured):
    """A run of the gate against six runs that were far quicker."""
    with_history(measured("first_run").reports, ground.folder / "regressed", 1 / FAR)
    return measure(ground.folder / "regressed", ground.cache, *HINTS, "--gate=fail")


def broken_promise(ground, _):
    """A run in which AUTO cannot keep what is asked of it."""
    return changed(ground, IMPOSSIBLE)


def undecided(ground, _):
    """A run that measures too little for a verdict, where that is to fail."""
    return changed(ground, UNDECIDED, "--inconclusive=fail")


def changed(ground, plugin, *options):
    """Measure the study of FIL after a plugin changed something in the suite."""
    folder = Path(tempfile.mkdtemp(dir=ground.folder))
    (folder / "changed_suite.py").write_text(plugin)
    path = f"{folder}{os.pathsep}{ROOT}"
    return measure(folder / "reports", ground.cache, "-p", "changed_suite", *FIL, *options, PYTHONPATH=path)


RUNS = {each.__name__: each for each in (first_run, regressed, broken_promise, undecided)}


def on(ground):
    """The runs by name, as :func:`tests.ahead.begun` takes them."""
    return {name: functools.partial(run, ground) for name, run in RUNS.items()}
