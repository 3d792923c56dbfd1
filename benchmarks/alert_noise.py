"""How often `alert` tells of nothing, and how soon of a change that no run fails for: a lab that is asked after every few of its runs.

    python benchmarks/alert_noise.py --machines=8

Each machine has ten benchmarks and a hundred runs whose figures vary by normal noise, as ratios to the pinned workload (1.5 %), as memory
(0.5 %), and as seconds without a pinned workload (8 %); every run passes, so what is told is the trends' and the creeps' word. Then a step
of 7 % of all benchmarks at run 51: after how many runs half of the benchmarks, and nine in ten, were told of. One that is never told of
counts as such in both, and what is told before the step is no detection of it, but false.

Exit status 1 when more than one series in a hundred of ratios or memory is ever told of, or the step is not told within ten runs in half.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import math
import random
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

sys.path.insert(0, str(Path(__file__).parents[1]))

from autogauge.history.select import Histories
from autogauge.history.where import Where
from autogauge.lab.alerts import judging, telling
from autogauge.lab.alerts.book import Book
from benchmarks.command import run_command

BENCHMARKS, RUNS, FIRST, EVERY = 10, 100, 10, 3
STEP, STEP_AT = 1.07, 51
MOST_FALSE, WITHIN = 0.01, 10
KINDS = {"ratios": ("latency_ms", 0.015), "memory": ("steady_bytes", 0.005), "seconds": ("latency_ms", 0.08)}


def saved(machine: str, number: int, kind: str, step: bool, rng: random.Random) -> dict[str, Any]:
    """One run of a machine, as pytest-benchmark's file."""
    metric, noise = KINDS[kind]
    level = STEP if step and number >= STEP_AT else 1.0
    benchmarks = []
    for place in range(BENCHMARKS):
        figure = level * math.exp(rng.gauss(0, noise))
        key = f"figure: AUTO {place}"
        beside = {"reference": "pinned", "ratio": figure, "error": 0.004, "rounds": 80} if kind == "ratios" else None
        extra = {"benchmark": key, "metric": metric, "against_reference": beside, "gate": [{"verdict": "PASS"}]}
        benchmarks.append(
            {
                "name": key,
                "fullname": key,
                "stats": {"median": 100 * figure, "rounds": 9, "data": []},
                "extra_info": extra,
            }
        )
    when = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=RUNS - number)
    info = {"node": machine, "fingerprint": {"digest": "f" * 16}}
    own = {"schema": 1, "version": "0"}
    return {
        "machine_info": info,
        "benchmarks": benchmarks,
        "datetime": when.isoformat(),
        "version": "5",
        "autogauge": own,
    }


Told = list[tuple[tuple[str, ...], int]]


def told(folder: Path, machines: int, kind: str, *, step: bool) -> Told:
    """Each alert: of which benchmark (or machine), and how many runs there were at that time."""
    book, rng, found = Book(), random.Random(kind), Told()
    history = folder / kind / str(step)
    for number in range(1, RUNS + 1):
        for machine in (f"lab-{place:02d}" for place in range(machines)):
            (history / machine).mkdir(parents=True, exist_ok=True)
            path = history / machine / f"{number:04d}_run_ffffffff.json"
            path.write_text(json.dumps(saved(machine, number, kind, step, rng)))
        if number < FIRST or (number - FIRST) % EVERY:
            continue
        now = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=RUNS - number)
        with contextlib.ExitStack() as stack:
            runs = Histories(stack, history, folder / "cache").all(Where())
            call = telling.take(book, judging.situation(runs, now, 0.05, None), now)
        found += [(alert.found.subject.identity, number) for alert in call.new]
    return found


def after_the_step(alerts: Told, benchmarks: int) -> list[float]:
    """After how many runs each of so many benchmarks was told of, sorted; infinity for those that never were."""
    first: dict[tuple[str, ...], int] = {}
    for who, number in alerts:
        if number >= STEP_AT:
            first.setdefault(who, number - STEP_AT + 1)
    return sorted([*first.values(), *[math.inf] * (benchmarks - len(first))])


def main(machines: Annotated[int, typer.Option(help="Machines of each lab.", min=1)] = 8) -> None:
    """Print both; exit status 1 when a target is missed."""
    missed, benchmarks = False, machines * BENCHMARKS
    print(
        f"{machines} machines of {BENCHMARKS} benchmarks and {RUNS} runs, asked after every {EVERY} runs from the {FIRST}th on"
    )
    with tempfile.TemporaryDirectory() as folder:
        for kind, (_, noise) in KINDS.items():
            alerts = told(Path(folder), machines, kind, step=False)
            false = len({who for who, _ in alerts}) / benchmarks
            print(
                f"noise alone, {kind}, {100 * noise:g} % from run to run: {100 * false:.1f} % of the benchmarks ever told of, "
                f"{len(alerts)} alerts in {benchmarks * RUNS} figures"
            )
            missed |= kind != "seconds" and false > MOST_FALSE
        alerts = told(Path(folder), machines, "ratios", step=True)
    after = after_the_step(alerts, benchmarks)
    half, most = statistics.median(after), after[math.ceil(0.9 * len(after)) - 1]
    print(
        f"a step of {100 * (STEP - 1):.0f} % of ratios: {100 * sum(map(math.isfinite, after)) / benchmarks:.0f} % told of, "
        f"half after {_runs(half)}, nine in ten after {_runs(most)}; {sum(number < STEP_AT for _, number in alerts)} alerts before it"
    )
    missed |= not half <= WITHIN
    print(
        "MISSED" if missed else "met",
        f"at most {100 * MOST_FALSE:g} % of ratios and memory, half of the steps within {WITHIN} runs",
    )
    if missed:
        raise typer.Exit(1)


def _runs(number: float) -> str:
    return f"{number:g} runs" if math.isfinite(number) else "more than there were"


if __name__ == "__main__":
    run_command(lambda: typer.run(main))
