"""Whole runs of the suite that are measured while other tests run: each once, one after the other, for the tests that read it.

Most tests start one short process after another, which leaves a processor idle; whole runs take a minute together.
A folder's ``conftest`` says which runs there are, and has a fixture of each run's name.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.support import run_suite

DEADLINE_S = 300
BEFORE_ANY_TEST = dict(os.environ)
"""What the runs inherit: a test that runs beside them may change a variable for itself."""


@dataclass
class Measured:
    """How a run ended, and the folder of its reports; whoever goes on from it takes a copy of the folder."""

    done: CompletedProcess[str]
    reports: Path

    @property
    def summary(self):
        return json.loads((self.reports / "latest" / "summary.json").read_bytes())


def measure(reports: Path, cache: Path, *options: str, timeout_s: float = DEADLINE_S, **environment: str) -> Measured:
    """Run the suite with its reports in that folder, and its temporary folders beside it.

    Among those of the tests a run would take their permissions away while a test is using them.
    """
    temporary = Path(tempfile.mkdtemp(dir=reports.parent))
    places = (f"--reports={reports}", f"--cache={cache}", f"--junitxml={reports}/junit.xml")
    inherited = {**BEFORE_ANY_TEST, "PYTEST_DEBUG_TEMPROOT": str(temporary)}
    return Measured(run_suite(*options, *places, timeout_s=timeout_s, inherited=inherited, **environment), reports)


@contextmanager
def begun(
    session: pytest.Session, runs: Mapping[str, Callable[[Callable[[str], Measured]], Measured]]
) -> Iterator[Callable[[str], Measured]]:
    """Begin those runs that tests of the session read; gives a function from a run's name to what it measured.

    Each run is given that function too, for the runs before it.
    """
    read = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    futures: dict[str, Future[Measured]] = {}

    def measured(name: str) -> Measured:
        return futures[name].result()

    with ThreadPoolExecutor(1) as pool:
        for name, run in runs.items():
            if name in read:
                futures[name] = pool.submit(run, measured)
        yield measured
        pool.shutdown(cancel_futures=True)


def readers_last(items: list[pytest.Item], folder: Path, runs: Mapping[str, object]) -> None:
    """Let the tests of the folder that read a run come last, in the order of the runs: the others run meanwhile."""
    names = list(runs)

    def last_read(item: pytest.Item) -> int:
        return max((names.index(each) for each in getattr(item, "fixturenames", ()) if each in runs), default=-1)

    below = f"{folder}{os.sep}"
    places = [index for index, item in enumerate(items) if str(item.path).startswith(below)]
    for index, item in zip(places, sorted((items[each] for each in places), key=last_read), strict=True):
        items[index] = item
