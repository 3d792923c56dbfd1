"""What a long history costs: indexing it, then listing, judging, comparing and reporting; beside ``pytest-benchmark compare``.

    python benchmarks/history_scale.py --runs=10000 --like=reports/history/lab-01/0001_….json

The history is made up from one real run's file: so many runs of one machine, each with 30 benchmarks of varied figures, in a temporary
folder (about 100 KB a run). Each command is a fresh process, as a user starts it. The targets, for 10,000 runs: first indexing under 60 s,
history, gate and compare under 2 s each after that, report under 10 s with pages below 5 MB. Exit status 1 when one is missed.
"""

from __future__ import annotations

import datetime
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any, Optional

import typer
from rich import box
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
BENCHMARKS = 30
BEGAN = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
TARGETS_S = {"first indexing": 60.0, "history": 2.0, "gate": 2.0, "compare": 2.0, "report": 10.0}
LARGEST_PAGE_MB = 5.0


def make(folder: Path, runs: int, like: Path) -> None:
    """So many runs after the real one, with 30 benchmarks each; a new OpenVINO release every fifth of the way, one of them slower."""
    document = json.loads(like.read_bytes())
    templates = document["benchmarks"]
    rng = random.Random(1)
    folder.mkdir(parents=True)
    for number in range(1, runs + 1):
        part = 5 * (number - 1) // runs
        drift = rng.gauss(0, 0.01) + (0.05 if part >= 3 else 0.0)
        document["benchmarks"] = [
            _varied(templates[place % len(templates)], place, part, drift, rng) for place in range(BENCHMARKS)
        ]
        document["datetime"] = (BEGAN + datetime.timedelta(hours=4 * number)).isoformat()
        (folder / f"{number:04d}_run_{document['machine_info']['fingerprint']['digest'][:8]}.json").write_text(
            json.dumps(document)
        )


def _varied(template: dict[str, Any], place: int, part: int, drift: float, rng: random.Random) -> dict[str, Any]:
    factor = 1 + drift + rng.gauss(0, 0.01)
    stats = dict(template["stats"])
    stats["data"] = [each * factor for each in stats["data"]]
    extra = {
        **template["extra_info"],
        "benchmark": f"{template['extra_info']['benchmark']} {place}",
        "openvino": f"2026.{part}.0",
    }
    if extra.get("against_reference"):
        extra["against_reference"] = {
            **extra["against_reference"],
            "ratio": extra["against_reference"]["ratio"] * factor,
        }
    return {
        **template,
        "name": f"{template['name']} {place}",
        "fullname": f"{template['fullname']} {place}",
        "stats": stats,
        "extra_info": extra,
    }


def timed(*words: str) -> tuple[float, str]:
    """How long a command takes in a fresh process, seconds, and what it prints."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, timeout=1800, check=False
    )
    seconds = time.monotonic() - began
    if done.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(words)} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return seconds, done.stdout


def measure(folder: Path, runs: int, like: Path, beside: bool) -> dict[str, float]:
    """Every figure for so many runs: seconds, and the largest page in MB."""
    history, lab, cache, out = folder / "history", folder / "history" / "lab", folder / "cache", folder / "trends"
    make(lab, runs, like)
    where = (f"--history={history}", f"--cache={cache}")
    found = {"files MB": sum(path.stat().st_size for path in lab.iterdir()) / 1e6}
    found["first indexing"], _ = timed("autogauge", "history", *where)
    found["history"], _ = timed("autogauge", "history", *where)
    found["gate"], _ = timed("autogauge", "gate", str(lab))
    found["compare"], _ = timed("autogauge", "compare", "openvino=2026.2", "openvino=2026.3", *where)
    found["report"], _ = timed("autogauge", "report", *where, f"--out={out}")
    found["largest page MB"] = max(path.stat().st_size for path in out.rglob("*") if path.is_file()) / 1e6
    if beside:
        found["pytest-benchmark compare"], _ = timed(
            "pytest_benchmark", "--storage", str(lab), "compare", "--columns=median"
        )
    shutil.rmtree(folder)
    return found


def main(
    runs: Annotated[list[int] | None, typer.Option(help="How many runs; may be repeated, to see the growth.")] = None,
    like: Annotated[Optional[Path], typer.Option(help="A real run's file to make the others from.")] = None,  # noqa: UP045
    beside: Annotated[bool, typer.Option(help="pytest-benchmark's own compare too, which reads every file.")] = True,
) -> None:
    """Print the table; exit status 1 when a target for 10,000 runs is missed."""
    source = like or ROOT / "tests" / "data" / "run.json"
    columns = {}
    for count in runs or [1000, 10_000]:
        with tempfile.TemporaryDirectory(prefix="autogauge-scale-") as name:
            columns[count] = measure(Path(name) / "it", count, source, beside)
    table = Table(title=f"{BENCHMARKS} benchmarks a run; seconds, each command a fresh process", box=box.SIMPLE_HEAD)
    table.add_column("")
    for count in columns:
        table.add_column(f"{count:,} runs", justify="right")
    for what in next(iter(columns.values())):
        table.add_row(what, *(f"{figures[what]:.2f}" for figures in columns.values()))
    console = Console(highlight=False, width=100)
    console.print(table)
    missed = [
        what
        for what, most in {**TARGETS_S, "largest page MB": LARGEST_PAGE_MB}.items()
        for count, figures in columns.items()
        if count == 10_000 and figures[what] > most
    ]
    console.print(f"MISSED: {', '.join(missed)}" if missed else "targets met")
    if missed:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
