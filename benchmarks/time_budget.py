"""Where the time of a run goes: a standard and a quick ``pytest -m perf``, by study and part, down to the phases of each process.

Each run is a process of its own with ``budget_plugin.py``, which counts each moment for the innermost of what is done then. What a probe
does it tells itself, phase by phase. Prints a table for each profile: seconds (means over the runs, so that they add up), how often, and
milliseconds each time. Words after ``--`` go to pytest.
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
from autogauge.probe.process import last_line
from benchmarks import budget_plugin as budget
from benchmarks.command import positive, run_command

ROOT = Path(__file__).parents[1]
DEADLINE_S = 900.0
SMALL_S = 0.05
"""Parts that take less altogether have no line; the whole of their study holds them."""


def run(profile: str, words: list[str]) -> dict[str, Any]:
    """One session; what ``budget_plugin`` kept of it, and the seconds that its whole process took. Raises ``UserError`` where it failed."""
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
            raise UserError(f"the {profile} run ended with status {done.returncode}: {last_line(done.stdout)}")
        return {**json.loads(kept.read_bytes()), "took_s": took_s}


def table_of(profile: str, kept: list[dict[str, Any]]) -> Table:
    """The parts of runs of a profile: mean seconds by study and part, so that they add up to the whole."""
    parts: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(lambda: [0.0, 0.0]))
    for each in kept:
        for study, part, seconds, count in each["rows"]:
            found = parts[study or "around the studies"][part]
            found[0] += seconds / len(kept)
            found[1] += count / len(kept)
    whole = sorted(each["took_s"] for each in kept)
    first = [each["firsts"]["verdict"] for each in kept if "verdict" in each["firsts"]]
    title = f"{profile}: {statistics.median(whole):.1f} s ({whole[0]:.1f}–{whole[-1]:.1f}, {len(whole)} runs)"
    if first:
        title += f"; the first verdict stands after {statistics.median(first):.1f} s"
    table = Table(title=title, title_justify="left")
    for name in ("study", "part", "s", "times", "ms each"):
        table.add_column(name, justify="left" if name in ("study", "part") else "right")
    for study, found_of in sorted(parts.items(), key=lambda item: -sum(each[0] for each in item[1].values())):
        table.add_section()
        table.add_row(study, "all", f"{sum(each[0] for each in found_of.values()):.1f}", "", "", style="bold")
        for part, (seconds, times) in sorted(found_of.items(), key=lambda item: -item[1][0]):
            if seconds >= SMALL_S:
                table.add_row(
                    "", part, f"{seconds:.2f}", *((f"{times:.0f}", f"{1e3 * seconds / times:.1f}") if times else ())
                )
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
