"""What a lab of many machines costs: indexing it, then its morning's page and a comparison of two releases, and the index after a night.

    python benchmarks/lab_scale.py --machines=100 --runs=100 --like=reports/history/lab-01/0001_….json

The lab is made up from one real run's file: so many machines with so many runs each, of that file's benchmarks (10 in the one that the
tests have), with varied figures, in a temporary folder (431 MB for 100 times 100). Every twentieth machine became slower in one benchmark.
Each command is a fresh process, as a user starts it. The targets, for 100 machines times 100 runs: first indexing 30 s, page and
comparison 5 s each once that is done, the index brought up to date after one new run of each machine 2 s, no file of the pages above 5 MB.
For a smaller or larger lab they grow and shrink with the number of runs; a smaller one has twice that, and four seconds to start, and its
processor's time counts, which does not depend on what else the machine does.

What is fast and wrong is worth nothing: the page must name exactly the machines that became slower, and the comparison's line over all
machines must name one of them as the furthest. Exit status 1 when a target is missed, or one of these is not so.

Beside the time that passed stands the processor's (user and system): on a machine that others use too, that one tells more. With --tree=DIR
each command runs from another checkout, to be held against this one's by turns.
"""

from __future__ import annotations

import datetime
import json
import math
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Optional

import typer
from rich import box
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.command import run_command

ROOT = Path(__file__).parents[1]
VARIANTS, SLOWER, EVERY, PLACE, NEWS = 40, 1.06, 20, 3, 25
"""How often a benchmark is varied, by what a machine becomes slower, which ones do, and how many nights ago at most: news is of 30."""
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
STARTING_S, GENEROUS = 4.0, 2.0
"""For a smaller lab: what a process may take before it has read a run, and how many times its share of the target is allowed."""
FURTHEST_LEAST = 1.0
"""Percent by which the furthest machine of the slower benchmark is to be slower in the comparison: its slow runs are some of one side's."""


class Took(NamedTuple):
    """What a command took, in seconds: the time that passed, and the processor's, its children's included; and what it printed."""

    wall_s: float
    processor_s: float
    printed: str = ""


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

    @property
    def slower(self) -> set[str]:
        """The machines that became slower in the first benchmark."""
        return {self._name(machine) for machine in range(self.machines) if machine % EVERY == PLACE}

    @property
    def benchmark(self) -> str:
        """The first benchmark, by its key."""
        return str(self._document["benchmarks"][0]["extra_info"]["benchmark"])

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
        became = machine % EVERY == PLACE and night > max(0.7 * self.runs, self.runs - NEWS)
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
    """How long a command takes in a fresh process, whose modules are compiled already: as a user has it, whatever this environment says."""
    around = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before, began = os.times(), time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "autogauge", *words],
        cwd=tree,
        env={**around, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    wall_s, after = time.monotonic() - began, os.times()
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {done.returncode}: {done.stdout}{done.stderr}")
    processor_s = after.children_user + after.children_system - before.children_user - before.children_system
    return Took(wall_s, processor_s, done.stdout)


def measure(folder: Path, lab: Lab, tree: Path) -> tuple[dict[str, Took], float, str]:
    """Every command's time, the largest file of the pages in MB, and the morning's page."""
    out = folder / "pages"
    where = (f"--history={lab.root}", f"--cache={folder / 'cache'}")
    releases = [f"openvino={each}" for each in RELEASES]
    timed(tree, "report", "--help"), timed(tree, "compare", "--help")  # modules are compiled once
    found = {FIRST: timed(tree, "history", *where), AGAIN: timed(tree, "history", *where)}
    found[REPORT] = timed(tree, "report", *where, f"--out={out}")
    found[PAGE_AGAIN] = timed(tree, "report", *where, f"--out={out}")
    found[COMPARE] = timed(tree, "compare", *releases, *where)
    lab.one_more_night()
    found[NIGHT] = timed(tree, "history", *where)
    largest_mb = max(path.stat().st_size for path in out.rglob("*") if path.is_file()) / 1e6
    return found, largest_mb, (out / "index.html").read_text()


def most_s(what: str, machines: int, runs: int) -> float:
    """The target for a lab of so many machines and runs."""
    share = machines * runs / (FULL[0] * FULL[1])
    return TARGETS_S[what] * share if share >= 1 else STARTING_S + GENEROUS * TARGETS_S[what] * share


def missed(found: Mapping[str, Took], largest_mb: float, machines: int, runs: int) -> list[str]:
    """The targets that were not reached."""
    is_small = machines * runs < FULL[0] * FULL[1]
    late = [
        what
        for what in TARGETS_S
        if (found[what].processor_s if is_small else found[what].wall_s) > most_s(what, machines, runs)
    ]
    return [*late, *(["largest file"] if largest_mb > LARGEST_FILE_MB else [])]


def wrong_in_page(page: str, lab: Lab) -> list[str]:
    """What the morning's page does not say as it is."""
    named = {
        machine
        for tags, machine in re.findall(r'<tr data-tags="([^"]*)" data-machine="([^"]*)"', page)
        if {"slower", "fails"} & {*tags.split()}
    }
    found = [f"the page names {_some(named)} as slower, and it is {_some(lab.slower)}"] if named != lab.slower else []
    heading = f"{len(lab.slower)} of {lab.machines} machines became slower or larger"
    if not page.partition("<h1>")[2].startswith(heading):
        found.append(f"the page's heading does not begin with {heading!r}")
    return found


def wrong_in_comparison(printed: str, lab: Lab) -> list[str]:
    """What the comparison's line of the slower benchmark over all machines does not say as it is: how many, and which is the furthest."""
    lines = printed.partition("over all machines")[2].splitlines()
    line = next((each for each in lines if f" {lab.benchmark} " in each), "")
    furthest = re.search(r" (\S+) +\+(\d+\.\d) %\s*$", line)
    if f" {lab.machines}: " not in line or furthest is None:
        return [f"the comparison has no line of {lab.benchmark} over {lab.machines} machines"]
    if furthest[1] not in lab.slower or float(furthest[2]) < FURTHEST_LEAST:
        return [
            f"the comparison's furthest machine is {furthest[1]} (+{furthest[2]} %), and it is one of {_some(lab.slower)}"
        ]
    return []


def _some(names: Collection[str]) -> str:
    return ", ".join(sorted(names)[:6]) or "none"


def main(
    machines: Annotated[int, typer.Option(min=PLACE + 1, max=10_000, help="How many machines.")] = FULL[0],
    runs: Annotated[int, typer.Option(min=10, max=100_000, help="How many runs each.")] = FULL[1],
    like: Annotated[Optional[Path], typer.Option(help="A real run's file to make the others from.")] = None,  # noqa: UP045
    tree: Annotated[Optional[Path], typer.Option(help="Another checkout whose commands are timed.")] = None,  # noqa: UP045
) -> None:
    """Print the table; exit status 1 when a target is missed, or page or comparison do not name what became slower."""
    with tempfile.TemporaryDirectory(prefix="autogauge-lab-") as name:
        lab = Lab(Path(name) / "history", machines, runs, like or ROOT / "tests" / "data" / "run.json")
        lab.make()
        found, largest_mb, page = measure(Path(name), lab, tree or ROOT)
        shutil.rmtree(lab.root)
    table = Table(title=f"{machines} machines, {runs} runs each; every command a fresh process", box=box.SIMPLE_HEAD)
    is_small = machines * runs < FULL[0] * FULL[1]
    for title in ("", "s", "processor s", "target processor s" if is_small else "target s"):
        table.add_column(title, justify="right" if title else "left")
    for what, took in found.items():
        target = f"{most_s(what, machines, runs):.1f}" if what in TARGETS_S else ""
        table.add_row(what, f"{took.wall_s:.1f}", f"{took.processor_s:.1f}", target)
    console = Console(highlight=False, width=100)
    console.print(table)
    console.print(f"largest file of the pages: {largest_mb:.2f} MB (target {LARGEST_FILE_MB:g})")
    late = missed(found, largest_mb, machines, runs)
    wrong = [*wrong_in_page(page, lab), *wrong_in_comparison(found[COMPARE].printed, lab)]
    console.print(f"MISSED: {', '.join(late)}" if late else "targets met")
    for each in wrong or [f"page and comparison name what became slower: {_some(lab.slower)}"]:
        console.print(f"WRONG: {each}" if wrong else each)
    if late or wrong:
        raise typer.Exit(1)


if __name__ == "__main__":
    run_command(lambda: typer.run(main))
