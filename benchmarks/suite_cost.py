"""What the suite itself costs: the time to collect its tests, and the peak memory of the pytest process while it measures."""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.command import positive, run_command

ROOT = Path(__file__).parents[1]
PYTEST = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
POLL_S = 0.02


def seconds_to_collect(count: int) -> list[float]:
    """Wall time of ``pytest --collect-only``, so many times."""
    found = []
    for _ in range(count):
        began = time.perf_counter()
        subprocess.run([*PYTEST, "--collect-only", "-q"], cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
        found.append(time.perf_counter() - began)
    return found


def peak_memory_mib(*options: str) -> float:
    """The most memory that the pytest process (not the probes it starts) ever had resident, from Linux's ``VmHWM``."""
    with tempfile.TemporaryDirectory() as reports:
        process = subprocess.Popen([*PYTEST, *options, f"--reports={reports}"], cwd=ROOT, stdout=subprocess.DEVNULL)
        peak_kib = 0
        while process.poll() is None:
            try:
                status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
            except OSError:
                break
            lines = [line for line in status.splitlines() if line.startswith("VmHWM")]
            peak_kib = max([peak_kib, *(int(line.split()[1]) for line in lines)])
            time.sleep(POLL_S)
        if process.wait() not in (0, 1):
            raise SystemExit("the perf run did not work: run it by hand")
    return peak_kib / 1024


def main() -> None:
    """Print both figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=positive, default=10, help="how often to collect (default 10)")
    count = parser.parse_args().count
    collected = sorted(seconds_to_collect(count))
    print(
        f"pytest --collect-only: median {statistics.median(collected):.2f} s ({collected[0]:.2f}-{collected[-1]:.2f}, {count} times)"
    )
    print(f"peak memory of pytest -m perf --profile=quick: {peak_memory_mib('-m', 'perf', '--profile=quick'):.0f} MiB")


if __name__ == "__main__":
    run_command(main)
