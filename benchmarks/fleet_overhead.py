"""What `fleet run` adds to what it starts, a machine: the same command beside it by plain ssh, subtracted. It is to be at most 3 s.

Needs sshd and ansible-core; the machines are ssh servers on loopback (tests/lab/bench.py). On a busy computer all figures are longer.
    python benchmarks/fleet_overhead.py [--machines=4] [--rounds=3]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.lab import bench

WORDS = ("--collect-only", "-q")
AT_MOST_S = 3.0


def by_fleet(lab: bench.Bench, path: Path, reports: Path) -> float:
    """Seconds of a fleet run whose pytest only collects."""
    command = [
        sys.executable,
        "-m",
        "autogauge",
        "fleet",
        "run",
        str(path),
        f"--reports={reports}",
        "--json",
        "--",
        *WORDS,
    ]
    began = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    took = time.monotonic() - began
    machines = json.loads(done.stdout)["machines"]
    if [each["exit_status"] for each in machines] != [0] * len(lab.machines):
        sys.exit(f"not every machine ran it: {done.stdout}")
    return took


def by_ssh(lab: bench.Bench) -> float:
    """Seconds of the same command on all machines at once, by plain ssh."""
    began = time.monotonic()
    started = []
    for each in lab.machines:
        project = next(Path(each.variables["autogauge_folder"]).glob("project-*"))
        asked = f"cd {project} && {lab.python} -m pytest -m perf --machine={each.name} --reports={project}/../reports {' '.join(WORDS)}"
        words = ["ssh", "-F", str(lab.ssh_config), each.name, asked]
        started.append(subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    if any(each.wait(900) for each in started):
        sys.exit("not every machine ran it by ssh")
    return time.monotonic() - began


def main() -> None:
    """Print both, and the difference a machine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--machines", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    try:
        with bench.loopback(asked.machines) as lab, tempfile.TemporaryDirectory() as scratch:
            for each in lab.machines:
                each.variables["autogauge_folder"] = str(each.home / "lab")
            path = lab.inventory(Path(scratch, "lab.yml"))
            first_s = by_fleet(lab, path, Path(scratch, "reports"))
            pairs = [(by_fleet(lab, path, Path(scratch, "reports")), by_ssh(lab)) for _ in range(asked.rounds)]
    except bench.NoBench as why:
        sys.exit(f"nothing was measured: {why}")
    fleet_s, ssh_s = (statistics.median(each) for each in zip(*pairs, strict=True))
    added_s = statistics.median(one - other for one, other in pairs) / asked.machines
    print(f"{asked.machines} machines, {asked.rounds} rounds; pytest {' '.join(WORDS)} on each")
    print(f"first fleet run, which copies the project: {first_s:.1f} s")
    print(f"fleet run: {fleet_s:.1f} s; by plain ssh: {ssh_s:.1f} s")
    print(f"fleet adds {added_s:.2f} s a machine (at most {AT_MOST_S:g} s): {'yes' if added_s <= AT_MOST_S else 'NO'}")
    sys.exit(added_s > AT_MOST_S)


if __name__ == "__main__":
    main()
