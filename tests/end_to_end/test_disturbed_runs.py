"""A run that others disturbed, or whose circumstances changed under it: kept, told, and judged against by nobody."""

import json
import os
import subprocess
import sys

import pytest

from tests.support import run_cli, run_suite

BUSY = "import os, sys; os.sched_setaffinity(0, {int(sys.argv[1])})\nwhile True: pass"
TAKES_A_PROCESSOR = """
import os

def pytest_runtest_logreport(report):
    if report.when == "call" and report.passed:  # the study is measured: what follows is only recorded
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
"""


@pytest.fixture
def busy_processors():
    """Two processors that are busy, and only these for whoever is measured."""
    usable = sorted(os.sched_getaffinity(0))[:2]
    if len(usable) < 2:
        pytest.skip("there is one processor only")
    loops = [subprocess.Popen([sys.executable, "-c", BUSY, str(number)]) for number in usable]
    yield usable
    for each in loops:
        each.kill()
        each.wait()


@pytest.mark.slow
def test_a_run_beside_busy_processors_whose_own_change_is_pending_and_says_why(busy_processors, tmp_path):
    (tmp_path / "takes_a_processor.py").write_text(TAKES_A_PROCESSOR)
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, busy_processors)
    try:
        done = run_suite(
            *("-m", "perf", "--profile=quick", "--model=one-convolution", "--machine=lab", "--accelerator=none"),
            *("-k", "first_inference_latency", "--disturbed=pending", "-p", "takes_a_processor"),
            f"--reports={tmp_path}/reports",
            PYTHONPATH=str(tmp_path),
        )
    finally:
        os.sched_setaffinity(0, before)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = (tmp_path / "reports" / "history" / "lab").glob("*.json")
    document = json.loads(path.read_bytes())

    digests = {each["extra_info"]["fingerprint"] for each in document["benchmarks"]}
    assert digests == {document["machine_info"]["fingerprint"]["digest"]}, "one run, one fingerprint"
    assert len(document["benchmarks"]) > 1
    assert document["machine_info"]["fingerprint"]["logical_cpus"] == 2
    changes = document["autogauge"]["changed_while_measuring"]
    assert changes[0] == "the number of processors changed from 2 to 1"
    assert document["autogauge"]["disturbance"]["others"] > 0.5

    record = json.loads(path.with_suffix(".standing").read_bytes())
    assert record["standing"] == "pending"
    for part in ("while it measured, the number of processors changed from 2 to 1", "other processes took "):
        assert part in record["why"]
    said = " ".join(done.stdout.split())
    assert "becomes the first accepted one" not in said
    assert f"standing: pending ({record['why']}), no later run is judged against it" in said
    assert run_cli("accept", str(path), "--why=it is always so here").stdout.startswith(f"{path}: accepted")
