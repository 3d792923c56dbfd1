"""What `fleet run` adds to what it starts on each machine. It is to be at most 3 s.

What it adds is how long the command takes, from its start to its end, less what pytest itself takes on the machines: started there by
plain ssh, on all of them at once, and timed on each by its own clock (the longest counts). Connections, Ansible's start, and reading the
inventory are thus all fleet's. It is not divided by the number of machines: each waits for all of it. Nothing is measured: pytest only
collects.

Without LAB four machines are made on this computer, as users and ssh servers of their own (as root; else all are this user). They share its
processors with Ansible, so that figures are longer than in a lab; on a busy computer all are.
    python benchmarks/fleet_overhead.py [LAB] [--rounds=3] [--machines=4]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import resource
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from autogauge.errors import UserError
from autogauge.lab.fleet.inventory import Machine, read
from benchmarks.command import positive, run_command

WORDS = ("--collect-only", "-q")
AT_MOST_S = 3.0
DEADLINE_S = 900


def by_fleet(lab: Path, reports: Path) -> tuple[float, float]:
    """Seconds of a fleet run whose pytest only collects, and those that processors worked here for it and all that it started."""
    words = ["-m", "autogauge", "fleet", "run", str(lab), f"--reports={reports}", "--json", "--", *WORDS]
    began, worked = time.monotonic(), computed_s()
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )
    took = time.monotonic() - began
    if not done.stdout or any(each["exit_status"] != 0 for each in json.loads(done.stdout)["machines"]):
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise UserError(f"not every machine ran it ({' '.join(said)}): run fleet check first.")
    return took, computed_s() - worked


def computed_s() -> float:
    """Seconds that processors worked for children of this process that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def ssh(machine: Machine, command: str) -> list[str]:
    """The words that run a command on a machine, as its inventory says that it is reached."""
    own = machine.variables
    key, more = own.get("ansible_ssh_private_key_file"), str(own.get("ansible_ssh_common_args", ""))
    user = f"{own['ansible_user']}@" if own.get("ansible_user") else ""
    words = ["ssh", "-p", str(machine.port), *shlex.split(more), *(["-i", str(key)] if key else [])]
    return [*words, f"{user}{machine.address}", command]


def collecting(machine: Machine) -> str:
    """A shell's command: what fleet starts on that machine, where an earlier fleet run put it. It prints when pytest began and ended."""
    own = machine.variables
    folder = str(own.get("autogauge_folder") or f"autogauge-lab/{machine.name}").removeprefix("~/")
    given = own.get("autogauge_pytest_args") or []
    words = [*(shlex.split(given) if isinstance(given, str) else map(str, given)), *WORDS]
    python = own.get("autogauge_python") or "../venv/bin/python"
    project = own.get("autogauge_project") or "project-*"
    return (
        f"cd {folder} && export AUTOGAUGE_CACHE=$PWD/cache && reports=$PWD/reports && cd {project} && date +%s.%N && "
        f"{python} -m pytest -m perf --machine={machine.folder} --reports=$reports {shlex.join(words)} >/dev/null && date +%s.%N"
    )


def by_ssh(machines: tuple[Machine, ...]) -> float:
    """Seconds of the same pytest on the machine where it takes longest, on all at once."""
    started = [subprocess.Popen(ssh(each, collecting(each)), stdout=subprocess.PIPE, text=True) for each in machines]
    times = [each.communicate(timeout=DEADLINE_S)[0].split() for each in started]
    if any(each.returncode for each in started) or not all(len(each) == 2 for each in times):
        raise UserError("not every machine ran it by plain ssh: try ssh by hand.")
    return max(float(end) - float(begin) for begin, end in times)


@contextlib.contextmanager
def lab_here(number: int, folder: Path) -> Iterator[Path]:
    """An inventory of so many machines, which are on this computer and gone with the body: those that the tests use."""
    words = [sys.executable, "-m", "tests.lab.bench", str(number), str(folder / "lab.yml")]
    with subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as bench:
        assert bench.stdin
        assert bench.stdout
        try:
            said = bench.stdout.readline().strip()
            if said != str(folder / "lab.yml"):
                raise UserError(f"no machines can be made here ({said or 'it says nothing'}): name an inventory (LAB).")
            yield Path(said)
        finally:
            bench.stdin.close()  # which it waits for


def compare(lab: Path, rounds: int, folder: Path) -> int:
    """Print both, and what fleet adds; 1 where it is too much."""
    machines = read(lab).machines
    reports = folder / "reports"
    first_s, _ = by_fleet(lab, reports)
    pairs = [(by_fleet(lab, reports), by_ssh(machines)) for _ in range(rounds)]
    added = [took - alone for (took, _), alone in pairs]
    added_s = statistics.median(added)
    print(f"{len(machines)} machines, {rounds} rounds; pytest {' '.join(WORDS)} on each")
    print(f"first fleet run, which copies the project: {first_s:.1f} s")
    print(f"fleet run: {statistics.median(took for (took, _), _ in pairs):.1f} s")
    print(f"pytest alone, all at once, the longest: {statistics.median(alone for _, alone in pairs):.1f} s")
    print(
        f"processors of this computer work {statistics.median(worked for (_, worked), _ in pairs):.1f} s for a fleet run"
    )
    print(f"added in each round: {', '.join(f'{each:.2f}' for each in added)} s")
    print(f"fleet adds {added_s:.2f} s (at most {AT_MOST_S:g} s): {'yes' if added_s <= AT_MOST_S else 'NO'}")
    return int(added_s > AT_MOST_S)


def main() -> int:
    """The exit status is 1 where it is too much."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lab", type=Path, nargs="?", help="an inventory; without it a lab is made on this computer")
    parser.add_argument("--rounds", type=positive, default=3)
    parser.add_argument("--machines", type=positive, default=4, help="of the lab that is made")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as stack:
        lab = asked.lab or stack.enter_context(lab_here(asked.machines, Path(scratch)))
        return compare(lab, asked.rounds, Path(scratch))


if __name__ == "__main__":
    run_command(main)
