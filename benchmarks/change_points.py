"""How often a method sees a change of level in noise, and how soon it sees a lasting one, ours beside others from ruptures.

    python benchmarks/change_points.py --series=500

Series of 100 runs whose figures vary by 2 %: normal noise, heavy tails (Student's t with 3 degrees of freedom), one bad run in ten
(5 to 30 % slower), and neighbours that resemble each other (correlation 0.3). A step of 5 % begins at a random run from the 20th on;
it counts as found when, within five runs, a change is said to be at it (give or take two runs). Exit status 1 when a target is
missed: at most 2 % of normal noise-only series flagged, and the step found in at least 85 %.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import ruptures
import typer
from rich import box
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from autogauge.stats.change_points import levels_of
from benchmarks.command import run_command

RUNS, VARIATION, STEP, WITHIN, NEAR = 100, 0.02, 1.05, 5, 2
MOST_FALSE, LEAST_FOUND = 0.02, 0.85
Series = np.ndarray[tuple[int], np.dtype[np.float64]]


def normal(rng: np.random.Generator) -> Series:
    """Normal noise."""
    return rng.normal(0, VARIATION, RUNS)


def heavy(rng: np.random.Generator) -> Series:
    """Heavy tails with the same standard deviation."""
    return rng.standard_t(3, RUNS) * VARIATION / math.sqrt(3)


def bad_runs(rng: np.random.Generator) -> Series:
    """Normal noise, and one run in ten slower by 5 to 30 %."""
    return normal(rng) + (rng.random(RUNS) < 0.1) * np.log(rng.uniform(1.05, 1.30, RUNS))


def alike(rng: np.random.Generator) -> Series:
    """Neighbours that resemble each other: an autoregression with correlation 0.3."""
    values = normal(rng)
    for place in range(1, RUNS):
        values[place] = 0.3 * values[place - 1] + math.sqrt(1 - 0.3**2) * values[place]
    return values


NOISES: dict[str, Callable[[np.random.Generator], Series]] = {
    "normal": normal,
    "heavy tails": heavy,
    "one bad run in ten": bad_runs,
    "neighbours alike": alike,
}


def ours(logs: Series) -> list[int]:
    """What the report uses."""
    return [change.first for change in levels_of(np.exp(logs).tolist()).changes]


def _sigma(logs: Series) -> float:
    return max(1e-9, float(np.std(np.diff(logs))) / math.sqrt(2))


def pelt(logs: Series) -> list[int]:
    """PELT with least squares and the penalty of Schwarz' criterion."""
    search = ruptures.KernelCPD(kernel="linear", min_size=2).fit((logs / _sigma(logs)).reshape(-1, 1))
    return search.predict(pen=2 * math.log(len(logs)))[:-1]


def kernel(logs: Series) -> list[int]:
    """PELT with a Gaussian kernel, which looks at the whole distribution."""
    search = ruptures.KernelCPD(kernel="rbf", min_size=2).fit(logs.reshape(-1, 1))
    return search.predict(pen=math.log(len(logs)))[:-1]


def segmentation(logs: Series) -> list[int]:
    """Binary segmentation with least squares, the same penalty as PELT."""
    search = ruptures.Binseg(model="l2", min_size=2, jump=1).fit((logs / _sigma(logs)).reshape(-1, 1))
    return search.predict(pen=2 * math.log(len(logs)))[:-1]


METHODS: dict[str, Callable[[Series], list[int]]] = {
    "ours": ours,
    "PELT, least squares": pelt,
    "PELT, Gaussian kernel": kernel,
    "binary segmentation": segmentation,
}


def flagged(method: Callable[[Series], list[int]], noise: Callable[..., Series], series: int, seed: int) -> float:
    """The share of noise-only series in which the method sees a change."""
    rng = np.random.default_rng(seed)
    return sum(bool(method(noise(rng))) for _ in range(series)) / series


def found(method: Callable[[Series], list[int]], noise: Callable[..., Series], series: int, seed: int) -> float:
    """The share of steps seen within five runs, looking after each run as a report does."""
    rng = np.random.default_rng(seed)
    hits = 0
    for _ in range(series):
        logs, at = noise(rng), int(rng.integers(20, RUNS - WITHIN))
        logs[at:] += math.log(STEP)
        hits += any(abs(change - at) <= NEAR for end in range(at + 1, at + WITHIN + 1) for change in method(logs[:end]))
    return hits / series


def main(
    series: Annotated[int, typer.Option(help="Series for each figure.", min=10)] = 500,
    seed: Annotated[int, typer.Option(help="Seed of the noise.")] = 1,
) -> None:
    """Print the table; exit status 1 when a target is missed."""
    table = Table(
        title="noise-only series flagged / steps of 5 % found within five runs, in percent", box=box.SIMPLE_HEAD
    )
    table.add_column("method")
    for noise in NOISES:
        table.add_column(noise, justify="right")
    missed = False
    for name, method in METHODS.items():
        cells = []
        for noise_name, noise in NOISES.items():
            false, true = flagged(method, noise, series, seed), found(method, noise, series, seed + 1)
            cells.append(f"{100 * false:.1f} / {100 * true:.1f}")
            if name == "ours" and noise_name == "normal":
                missed = false > MOST_FALSE or true < LEAST_FOUND
        table.add_row(name, *cells)
    console = Console(highlight=False, width=110)
    console.print(table)
    console.print(f"{series} series of {RUNS} runs each, run variation {100 * VARIATION:g} %, seed {seed}")
    console.print(
        f"{'MISSED' if missed else 'met'}  at most {100 * MOST_FALSE:g} % of normal noise flagged, at least "
        f"{100 * LEAST_FOUND:g} % of steps found"
    )
    if missed:
        raise typer.Exit(1)


if __name__ == "__main__":
    run_command(lambda: typer.run(main))
