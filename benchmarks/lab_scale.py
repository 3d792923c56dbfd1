"""What a lab of many machines costs: indexing it, then its morning's page and a comparison of two releases, and the index after a night.

    python benchmarks/lab_scale.py --machines=100 --runs=100 --like=reports/history/lab-01/0001_….json

The lab is made up from one real run's file: so many machines with so many runs each, of that file's benchmarks (10 in the one that the
tests have), with varied figures, in a temporary folder (431 MB for 100 times 100). Every twentieth machine became slower in one benchmark.
Each command is a fresh process, as a user starts it. The targets, for 100 machines times 100 runs: first indexing 30 s, page and
comparison 5 s each once that is done, the index brought up to date after one new run of each machine 2 s, no file of the pages above 5 MB.
Exit status 1 when one is missed.

Beside the time that passed stands the processor's (user and system): on a machine that others use too, that one tells more. With --tree=DIR
each command runs from another checkout, to be held against this one's by turns.
"""

from __future__ import annotations

import datetime
import json
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Optional

import typer
from rich import box
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.command import run_command

ROOT = Path(__file__).parents[1]
VARIANTS, SLOWER, EVERY = 40, 1.06, 20
RELEASES = ("2026.3.1", "2026.4.1")
FIRST, AGAIN, COMPARE, REPORT, PAGE_AGAIN, NIGHT = (
    "first indexing",
    "listed again",
    "compare of two releases",
    "the pages",
    "the pages again",
    "listed after one new run each",
)
TARGETS_S = {FIRST: 30.0, COMPARE: 5.0, REPORT: 5.0, NIGHT: 2.0}
LARGEST_FILE_MB = 5.0
FULL = (100, 100)
"""Machines and runs that the targets are for."""


class Took(NamedTuple):
    """What a command took, in seconds: the time that passed, and the processor's, its children's included."""

    wall_s: float
    processor_s: float


class Lab:
    """A lab that is made up after a real run; ``began`` is when its first night was."""

    def __init__(self, root: Path, machines: int, runs: int, like: Path) -> None:
        self.root, self.machines, self.runs = root, machines, runs
        self._document = json.loads(like.read_bytes())
        self._mark = self._document["machine_info"]["fingerprint"]["digest"][:8]
        self._began = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=runs + 1)
        self._rng = random.Random(1)
        templates = self._document["benchmarks"]
        self._variants = {
            (release, slower, place): [
                json.dumps(_varied(each, slower * math.exp(self._rng.gauss(0, 0.015)), release))
                for _ in range(VARIANTS)
            ]
            for release in RELEASES
            for slower in (1.0, SLOWER)
            for place, each in enumerate(templates)
        }
        self._count = len(templates)

    def make(self) -> None:
        """Write all of it."""
        for machine in range(self.machines):
            (self.root / self._name(machine)).mkdir(parents=True)
            for night in range(1, self.runs + 1):
                self._write(machine, night)

    def one_more_night(self) -> None:
        """A new run of each machine."""
        self.runs += 1
        for machine in range(self.machines):
            self._write(machine, self.runs)

    def _name(self, machine: int) -> str:
        return f"lab-{machine + 1:03d}"

    def _write(self, machine: int, night: int) -> None:
        """A night's run of a machine. Benchmarks were written out before: making files shall not take longer than reading them."""
        release = RELEASES[int(night > self.runs // 2)]
        became = machine % EVERY == 3 and night > 0.7 * self.runs
        chosen = [
            self._rng.choice(self._variants[release, SLOWER if became and place == 0 else 1.0, place])
            for place in range(self._count)
        ]
        whole = {
            **self._document,
            "machine_info": {**self._document["machine_info"], "node": self._name(machine)},
            "datetime": (self._began + datetime.timedelta(days=night, minutes=machine)).isoformat(),
            "benchmarks": ["@"],
        }
        before, _, after = json.dumps(whole).partition('"@"')
        path = self.root / self._name(machine) / f"{night:04d}_run_{self._mark}.json"
        path.write_text(f"{before}{','.join(chosen)}{after}")


def _varied(template: dict[str, Any], factor: float, release: str) -> dict[str, Any]:
    stats = {**template["stats"], "data": [each * factor for each in template["stats"]["data"]]}
    extra = {**template["extra_info"], "openvino": release}
    if beside := extra.get("against_reference"):
        extra["against_reference"] = {**beside, "ratio": beside["ratio"] * factor}
    return {**template, "stats": stats, "extra_info": extra}


def timed(tree: Path, *words: str) -> Took:
    """How long a command takes in a fresh process."""
    before, began = os.times(), time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "autogauge", *words], cwd=tree, capture_output=True, text=True, timeout=1800, check=False
    )
    wall_s, after = time.monotonic() - began, os.times()
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {done.returncode}: {done.stdout}{done.stderr}")
    processor_s = after.children_user + after.children_system - before.children_user - before.children_system
    return Took(wall_s, processor_s)


def measure(folder: Path, lab: Lab, tree: Path) -> tuple[dict[str, Took], float]:
    """Every command's time, and the largest file of the pages in MB."""
    out = folder / "pages"
    where = (f"--history={lab.root}", f"--cache={folder / 'cache'}")
    releases = [f"openvino={each}" for each in RELEASES]
    found = {FIRST: timed(tree, "history", *where), AGAIN: timed(tree, "history", *where)}
    found[REPORT] = timed(tree, "report", *where, f"--out={out}")
    found[PAGE_AGAIN] = timed(tree, "report", *where, f"--out={out}")
    found[COMPARE] = timed(tree, "compare", *releases, *where)
    lab.one_more_night()
    found[NIGHT] = timed(tree, "history", *where)
    return found, max(path.stat().st_size for path in out.rglob("*") if path.is_file()) / 1e6


def main(
    machines: Annotated[int, typer.Option(min=2, max=10_000, help="How many machines.")] = FULL[0],
    runs: Annotated[int, typer.Option(min=10, max=100_000, help="How many runs each.")] = FULL[1],
    like: Annotated[Optional[Path], typer.Option(help="A real run's file to make the others from.")] = None,  # noqa: UP045
    tree: Annotated[Optional[Path], typer.Option(help="Another checkout whose commands are timed.")] = None,  # noqa: UP045
) -> None:
    """Print the table; exit status 1 when a target for 100 machines times 100 runs is missed."""
    with tempfile.TemporaryDirectory(prefix="autogauge-lab-") as name:
        lab = Lab(Path(name) / "history", machines, runs, like or ROOT / "tests" / "data" / "run.json")
        lab.make()
        found, largest_mb = measure(Path(name), lab, tree or ROOT)
        shutil.rmtree(lab.root)
    table = Table(title=f"{machines} machines, {runs} runs each; every command a fresh process", box=box.SIMPLE_HEAD)
    for title in ("", "s", "processor s", "target s"):
        table.add_column(title, justify="right" if title else "left")
    for what, took in found.items():
        target = f"{TARGETS_S[what]:g}" if what in TARGETS_S else ""
        table.add_row(what, f"{took.wall_s:.1f}", f"{took.processor_s:.1f}", target)
    console = Console(highlight=False, width=100)
    console.print(table)
    console.print(f"largest file of the pages: {largest_mb:.2f} MB (target {LARGEST_FILE_MB:g})")
    missed = [what for what, most in TARGETS_S.items() if found[what].wall_s > most]
    missed += ["largest file"] if largest_mb > LARGEST_FILE_MB else []
    if (machines, runs) != FULL:
        console.print("the targets are for 100 machines times 100 runs")
        return
    console.print(f"MISSED: {', '.join(missed)}" if missed else "targets met")
    if missed:
        raise typer.Exit(1)


if __name__ == "__main__":
    run_command(lambda: typer.run(main))
