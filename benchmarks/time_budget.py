"""Where the time of a run goes: a standard and a quick ``pytest -m perf``, a fresh process and a relay, in parts.

Each run is a process of its own with ``budget_plugin.py``, which counts each moment for the innermost of what is done then. What a probe
does it tells itself, phase by phase. Prints a table for each profile: seconds by study and part, and how often; then the parts of one
process in milliseconds, by what it is started for. Words after ``--`` go to pytest.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from rich.console import Console
from rich.table import Table

from autogauge.errors import UserError
from benchmarks import budget_plugin as budget
from benchmarks.command import positive, run_command

ROOT = Path(__file__).parents[1]
DEADLINE_S = 900.0
SMALL_S = 0.05
"""Parts that take less altogether are one line."""


def run(profile: str, words: list[str]) -> dict[str, Any]:
    """One session; what ``budget_plugin`` kept of it, and the seconds that its whole process took."""
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "budget.json"
        began = time.time()
        variables = {**os.environ, budget.FILE: str(kept), budget.BEGAN: repr(began)}
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "benchmarks.budget_plugin",
            "-p",
            "no:cacheprovider",
            "-m",
            "perf",
        ]
        done = subprocess.run(
            [*command, f"--profile={profile}", f"--reports={folder}/reports", "--wait=no", *words],
            cwd=ROOT, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=DEADLINE_S, check=False,
        )  # fmt: skip
        took_s = time.time() - began
        if done.returncode not in (0, 1) or not kept.exists():
            raise UserError(
                f"the {profile} run ended with status {done.returncode}: {done.stdout.strip().splitlines()[-1]}"
            )
        return {**json.loads(kept.read_bytes()), "took_s": took_s}


def table_of(profile: str, kept: list[dict[str, Any]]) -> Table:
    """The parts of runs of a profile: median seconds by study and part."""
    cells: dict[tuple[str, str], list[float]] = defaultdict(list)
    counts: dict[tuple[str, str], list[int]] = defaultdict(list)
    for each in kept:
        of_this: dict[tuple[str, str], float] = defaultdict(float)
        how_often: dict[tuple[str, str], int] = defaultdict(int)
        for study, part, seconds, count in each["rows"]:
            of_this[study or "around the studies", part] += seconds
            how_often[study or "around the studies", part] += count
        for key, seconds in of_this.items():
            cells[key].append(seconds)
            counts[key].append(how_often[key])
    whole = sorted(each["took_s"] for each in kept)
    first = [each["firsts"]["verdict"] for each in kept if "verdict" in each["firsts"]]
    title = f"{profile}: {statistics.median(whole):.1f} s ({whole[0]:.1f}–{whole[-1]:.1f}, {len(whole)} runs)"
    if first:
        title += f"; the first verdict stands after {statistics.median(first):.1f} s"
    table = Table(title=title, title_justify="left")
    for name in ("study", "part", "s", "times", "ms each"):
        table.add_column(name, justify="left" if name in ("study", "part") else "right")
    studies: dict[str, list[tuple[str, float, int]]] = defaultdict(list)
    for (study, part), seconds in cells.items():
        studies[study].append((part, sum(seconds) / len(kept), round(sum(counts[study, part]) / len(kept))))
    for study, parts in sorted(studies.items(), key=lambda item: -sum(each[1] for each in item[1])):
        table.add_section()
        table.add_row(study, "all", f"{sum(each[1] for each in parts):.1f}", "", "", style="bold")
        for part, seconds, count in sorted(parts, key=lambda each: -each[1]):
            if seconds >= SMALL_S:
                each_ms = f"{1e3 * seconds / count:.1f}" if count else ""
                table.add_row("", part, f"{seconds:.2f}", str(count or ""), each_ms)
    return table


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=positive, default=3, help="runs of each profile, by turns (default 3)")
    parser.add_argument("--profile", action="append", choices=("quick", "standard"), help="only this one; repeatable")
    parser.add_argument("words", nargs="*", help="for pytest, after --")
    asked = parser.parse_args()
    profiles = asked.profile or ["standard", "quick"]
    kept: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for _ in range(asked.runs):
        for profile in profiles:
            kept[profile].append(run(profile, asked.words))
    console = Console(highlight=False, width=110)
    for profile in profiles:
        console.print(table_of(profile, kept[profile]))
    return 0


if __name__ == "__main__":
    run_command(main)
