"""What `fleet run` adds to what it starts on each machine: the same command beside it by plain ssh, subtracted. It is to be at most 3 s.

Nothing is measured on the machines: their pytest only collects. On a busy computer all figures are longer.
    python benchmarks/fleet_overhead.py LAB [--rounds=3]
"""

from __future__ import annotations

import argparse
import json
import resource
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from autogauge.errors import UserError
from autogauge.lab.fleet.inventory import Machine, read
from benchmarks.command import run_command

WORDS = ("--collect-only", "-q")
AT_MOST_S = 3.0
DEADLINE_S = 900


def by_fleet(lab: Path, reports: Path) -> float:
    """Seconds of a fleet run whose pytest only collects."""
    command = [
        sys.executable,
        "-m",
        "autogauge",
        "fleet",
        "run",
        str(lab),
        f"--reports={reports}",
        "--json",
        "--",
        *WORDS,
    ]
    began = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    took = time.monotonic() - began
    if not done.stdout or any(each["exit_status"] != 0 for each in json.loads(done.stdout)["machines"]):
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise UserError(f"not every machine ran it ({' '.join(said)}): run fleet check first.")
    return took


def computed_s() -> float:
    """Seconds that processors worked for children of this process that have ended: hardly longer on a busy computer."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def ssh(machine: Machine, command: str) -> list[str]:
    """The words that run a command on a machine, as its inventory says that it is reached."""
    own = machine.variables
    key, more = own.get("ansible_ssh_private_key_file"), str(own.get("ansible_ssh_common_args", ""))
    user = f"{own['ansible_user']}@" if own.get("ansible_user") else ""
    words = ["ssh", "-p", str(machine.port), *shlex.split(more), *(["-i", str(key)] if key else [])]
    return [*words, f"{user}{machine.address}", command]


def by_ssh(machines: tuple[Machine, ...]) -> float:
    """Seconds of the same command on all machines at once, by plain ssh."""
    began = time.monotonic()
    started = []
    for each in machines:
        folder = str(each.variables.get("autogauge_folder") or f"autogauge-lab/{each.name}").removeprefix("~/")
        python = each.variables.get("autogauge_python") or "../venv/bin/python"
        command = f"cd {folder}/project-* && {python} -m pytest -m perf --machine={each.name} --reports=../reports {' '.join(WORDS)}"
        started.append(subprocess.Popen(ssh(each, command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    if any(each.wait(DEADLINE_S) for each in started):
        raise UserError("not every machine ran it by plain ssh: try ssh by hand.")
    return time.monotonic() - began


def main() -> int:
    """Print both, and the difference a machine; the exit status is 1 where it is too much."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lab", type=Path, help="an inventory")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    machines = read(asked.lab).machines
    with tempfile.TemporaryDirectory() as scratch:
        reports = Path(scratch, "reports")
        first_s = by_fleet(asked.lab, reports)
        before_s = computed_s()
        pairs = [(by_fleet(asked.lab, reports), by_ssh(machines)) for _ in range(asked.rounds)]
        worked_s = (computed_s() - before_s) / asked.rounds / len(machines)
    fleet_s, ssh_s = (statistics.median(each) for each in zip(*pairs, strict=True))
    added_s = statistics.median(
        one - other for one, other in pairs
    )  # machines work at the same time: each waits for all of it
    print(f"{len(machines)} machines, {asked.rounds} rounds; pytest {' '.join(WORDS)} on each")
    print(f"first fleet run, which copies the project: {first_s:.1f} s")
    print(f"fleet run: {fleet_s:.1f} s; by plain ssh: {ssh_s:.1f} s")
    print(f"processors of this computer work {worked_s:.2f} s for a machine, Ansible's start included")
    print(f"fleet adds {added_s:.2f} s a machine (at most {AT_MOST_S:g} s): {'yes' if added_s <= AT_MOST_S else 'NO'}")
    return int(added_s > AT_MOST_S)


if __name__ == "__main__":
    run_command(main)
