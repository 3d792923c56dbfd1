"""Whole runs of the suite that are measured while other tests run: each once, one after the other, for the tests that read it.

Most tests of this folder start one short process after another, which leaves a processor idle; these runs take half a minute together.
Which tests read which run is said by the fixtures of their names in ``conftest``.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess

from tests.support import ROOT, run_suite

DEADLINE_S = 300
FAR = 20
"""So many times as fast or as slow is seen on whatever machine, however busy it is."""
QUICK = ("-m", "perf", "--profile=quick")
HINTS = (*QUICK, "-k", "seconds_per_frame or test_latency", "--machine=lab one")
FIL = (*QUICK, "--model=one-convolution", "--machine=lab", "-k", "as_early_as_the_cpu")
IMPOSSIBLE = """
from autogauge.studies import fil
fil.CLOSE_TO_CPU = 0.01
"""
UNDECIDED = """
import dataclasses
from autogauge import profiles
quick = profiles.PROFILES["quick"]
few = dataclasses.replace(quick.fil, looks=(3,))  # no interval is bounded with so few
profiles.PROFILES["quick"] = dataclasses.replace(quick, fil=few)
"""


@dataclass
class Measured:
    """How a run ended, and the folder of its reports; whoever goes on from it takes a copy of the folder."""

    done: CompletedProcess[str]
    reports: Path

    @property
    def summary(self):
        return json.loads((self.reports / "latest" / "summary.json").read_bytes())


@dataclass
class Ground:
    """Where runs are measured."""

    folder: Path
    cache: Path
    offline: dict[str, str]
    runs: dict[str, Future[Measured]] = field(default_factory=dict)

    def measure(self, name, *options, **environment):
        """Run the suite with its reports in a folder of that name."""
        reports = self.folder / name
        places = (f"--reports={reports}", f"--cache={self.cache}", f"--junitxml={reports}/junit.xml")
        return Measured(run_suite(*options, *places, timeout_s=DEADLINE_S, **environment), reports)

    def changed(self, plugin, *options):
        """Run the study of FIL after a plugin changed something in the suite."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        (folder / "changed_suite.py").write_text(plugin)
        path = f"{folder}{os.pathsep}{ROOT}"
        return self.measure(f"{folder.name}/reports", "-p", "changed_suite", *FIL, *options, PYTHONPATH=path)


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


def first_run(ground):
    """A machine's first `pytest -m perf`, where no host can be reached."""
    reports = ground.folder / "first"
    options = (*QUICK, "--machine=lab one", "--gate=fail", "--model-source=auto")
    return ground.measure(reports.name, *options, GITHUB_STEP_SUMMARY=str(reports / "job.md"), **ground.offline)


def regressed(ground):
    """A run of the gate against six runs that were far quicker."""
    with_history(ground.runs["first_run"].result().reports, ground.folder / "regressed", 1 / FAR)
    return ground.measure("regressed", *HINTS, "--gate=fail")


def broken_promise(ground):
    """A run in which AUTO cannot keep what is asked of it."""
    return ground.changed(IMPOSSIBLE)


def undecided(ground):
    """A run that measures too little for a verdict, where that is to fail."""
    return ground.changed(UNDECIDED, "--inconclusive=fail")


RUNS = {each.__name__: each for each in (first_run, regressed, broken_promise, undecided)}


def begin(pool: ThreadPoolExecutor, ground: Ground, wanted: set[str]) -> None:
    """Let those runs that are wanted be measured in this order."""
    ground.runs |= {name: pool.submit(run, ground) for name, run in RUNS.items() if name in wanted}
