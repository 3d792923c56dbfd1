"""Others' tools read our history files as they are: each reader's required fields, as its own source asks for them.

- pytest-benchmark: asked itself, in ``tests/end_to_end/test_history_commands.py``.
- github-action-benchmark (``src/extract.ts``, ``extractPytestResult``): ``benchmarks[].fullname`` and ``stats.ops``, ``stats.stddev``,
  ``stats.mean``, ``stats.rounds``.
- bencher (``python/pytest.rs``): objects ``machine_info`` and ``commit_info``; ``benchmarks[].fullname`` and ``stats`` with ``mean``,
  ``stddev``, ``median``, ``iqr``.
"""

import json
import subprocess
import sys

import pytest

from tests.support import ROOT

RECORD = """
import pytest
from autogauge.history.replay import REPLAY

@pytest.mark.benchmark(group="latency", timer=REPLAY.now)
@pytest.mark.parametrize("condition", ["AUTO-LATENCY"])
def test_latency(benchmark, condition):
    REPLAY.load([0.010, 0.011, 0.012])
    benchmark.pedantic(REPLAY.step, rounds=3, iterations=1)
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A file that pytest-benchmark wrote from replayed samples, as the suite's history is made."""
    folder = tmp_path_factory.mktemp("record")
    (folder / "test_it.py").write_text(RECORD)
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        str(folder / "pytest.ini"),
        str(folder),
    ]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    subprocess.run(
        [*command, f"--benchmark-json={folder / 'out.json'}"],
        check=True,
        cwd=folder,
        env=environment,
        capture_output=True,
    )
    return json.loads((folder / "out.json").read_bytes())


def test_github_action_benchmark_finds_what_it_asks_for(saved):
    (benchmark,) = saved["benchmarks"]
    assert isinstance(benchmark["fullname"], str)
    stats = benchmark["stats"]
    assert all(isinstance(stats[name], (int, float)) for name in ("ops", "stddev", "mean", "rounds"))
    assert stats["ops"] == pytest.approx(1 / 0.011)


def test_bencher_finds_what_it_asks_for(saved):
    assert isinstance(saved["machine_info"], dict)
    assert isinstance(saved["commit_info"], dict)
    (benchmark,) = saved["benchmarks"]
    assert isinstance(benchmark["fullname"], str)
    assert all(isinstance(benchmark["stats"][name], float) for name in ("mean", "stddev", "median", "iqr"))
