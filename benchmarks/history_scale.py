"""What a long history costs: indexing it, then listing, judging, comparing and reporting; beside ``pytest-benchmark compare``.

    python benchmarks/history_scale.py --runs=10000 --like=reports/history/lab-01/0001_….json

The history is made up from one real run's file: so many runs of one machine, each with 30 benchmarks of varied figures, in a temporary
folder (about 100 KB a run). Each command is a fresh process, as a user starts it. The targets, for 10,000 runs: first indexing under 60 s,
history, gate and compare under 2 s each after that, report under 10 s, pages below 5 MB of which the first trend is drawn within 2 s (where
there is chromium and playwright). Exit status 1 when one is missed.
"""

from __future__ import annotations

import datetime
import importlib.util
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

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.command import run_command

ROOT = Path(__file__).parents[1]
BENCHMARKS, PARTS, VARIANTS = 30, 5, 20
BEGAN = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
TARGETS_S = {
    "first indexing": 60.0,
    "history": 2.0,
    "gate": 2.0,
    "compare": 2.0,
    "report": 10.0,
    "first trend in a browser": 2.0,
}
LARGEST_PAGE_MB = 5.0


def make(folder: Path, runs: int, like: Path) -> None:
    """So many runs after the real one, with 30 benchmarks each; a new OpenVINO release every fifth of the way, slower from the fourth on.

    Each benchmark of a run is one of some variants that were written out before: making the files shall not take longer than reading them.
    """
    document = json.loads(like.read_bytes())
    templates = document["benchmarks"]
    rng = random.Random(1)
    variants = {
        (place, part): [
            json.dumps(_varied(templates[place % len(templates)], place, part, rng)) for _ in range(VARIANTS)
        ]
        for place in range(BENCHMARKS)
        for part in range(PARTS)
    }
    document["benchmarks"] = ["@"]
    folder.mkdir(parents=True)
    mark = document["machine_info"]["fingerprint"]["digest"][:8]
    for number in range(1, runs + 1):
        part = PARTS * (number - 1) // runs
        document["datetime"] = (BEGAN + datetime.timedelta(hours=4 * number)).isoformat()
        before, _, after = json.dumps(document).partition('"@"')
        chosen = ",".join(rng.choice(variants[place, part]) for place in range(BENCHMARKS))
        (folder / f"{number:04d}_run_{mark}.json").write_text(f"{before}{chosen}{after}")


def _varied(template: dict[str, Any], place: int, part: int, rng: random.Random) -> dict[str, Any]:
    factor = 1 + rng.gauss(0, 0.015) + (0.05 if part >= 3 else 0.0)
    stats = dict(template["stats"])
    stats["data"] = [each * factor for each in stats["data"]]
    extra = {
        **template["extra_info"],
        "benchmark": f"{template['extra_info']['benchmark']} {place}",
        "openvino": f"2026.{part}.0",
    }
    if extra.get("against_reference"):
        ratio = extra["against_reference"]["ratio"] * factor
        extra["against_reference"] = {**extra["against_reference"], "ratio": ratio}
    names = {name: f"{template[name]} {place}" for name in ("name", "fullname")}
    return {**template, **names, "stats": stats, "extra_info": extra}


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


def open_in_browser(page: Path) -> float | None:
    """Seconds from opening the page until its first trend is drawn, in headless Chromium; ``None`` without one."""
    program = shutil.which("chromium")
    if program is None or importlib.util.find_spec("playwright") is None:
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_context(offline=True, viewport={"width": 1440, "height": 2400}).new_page()
        began = time.monotonic()
        tab.goto(page.absolute().as_uri())
        tab.locator("[data-trend]").first.scroll_into_view_if_needed()
        tab.locator("[data-trend] .main-svg").first.wait_for()
        seconds = time.monotonic() - began
        browser.close()
    return seconds


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
    opened = open_in_browser(out / "index.html")
    if opened is not None:
        found["first trend in a browser"] = opened
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
        if count == 10_000 and figures.get(what, 0.0) > most
    ]
    console.print(f"MISSED: {', '.join(missed)}" if missed else "targets met")
    if missed:
        raise typer.Exit(1)


if __name__ == "__main__":
    run_command(lambda: typer.run(main))
