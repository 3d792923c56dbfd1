"""The lab that the tests of this folder use: machines on loopback, made once a session, and whole again for each test."""

from __future__ import annotations

import itertools
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.lab import bench

NUMBER = 4
_counted = itertools.count(1)


REQUIRED = "AUTOGAUGE_LAB_REQUIRED"
"""In the environment: that all servers must be there, so that a lab that cannot start is red, and not skipped."""
MAY_LACK = ("mounted here",)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that is skipped for want of a server fails where the lab is required."""
    report = yield
    if report.skipped and os.environ.get(REQUIRED) and not any(each in str(report.longrepr) for each in MAY_LACK):
        report.outcome = "failed"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a file that is skipped whole, when it is collected."""
    report = yield
    if report.skipped and os.environ.get(REQUIRED) and not any(each in str(report.longrepr) for each in MAY_LACK):
        report.outcome, report.longrepr = "failed", str(report.longrepr[2])
    return report


@pytest.fixture(scope="session")
def with_ansible():
    """Skips what needs Ansible where it is not installed: ``pytestmark`` of a file names it (``usefixtures``)."""
    pytest.importorskip("ansible")


@pytest.fixture(scope="session")
def benches():
    """The machines; skipped with the reason where they cannot be had."""
    try:
        with bench.loopback(NUMBER) as made:
            yield made
    except bench.NoBench as why:
        pytest.skip(str(why))


@pytest.fixture
def lab(benches):
    """Four machines that answer, with nothing of an earlier test on them: each test has a folder of its own in their homes."""
    folder = f"lab-{next(_counted)}"
    for each in benches.machines:
        each.up()
        each.variables["autogauge_folder"] = str(each.home / folder)
    yield benches
    for each in benches.machines:
        each.down()


@pytest.fixture
def inventory_of(lab, tmp_path):
    """``inventory_of(2, autogauge_…=…)``: the path of an inventory of the first machines, with these variables for all of them."""

    def made(number: int = NUMBER, **variables) -> Path:
        return lab.inventory(tmp_path / "lab.yml", lab.machines[:number], **variables)

    return made
