"""How long a slice, and how long a pause before it? Prints how precisely two identical processes are compared, for each.

Every combination of slice length and pause gets the machine by turns, for a few seconds at a time. Its figure is the standard error that
a comparison of a given time would have, from the spread of its pairs' log ratios as the interval sees it: small is good, whatever the
number of pairs. Run on a machine that does nothing else: ``python benchmarks/slice_length.py --minutes=8``.
"""

from __future__ import annotations

import itertools
import math
import random
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import NormalDist
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from autogauge.cache import Cache, default_cache_dir
from autogauge.models import embedded
from autogauge.probe.launcher import Launcher
from autogauge.rig.pool import ProbePool, bystander
from autogauge.rig.workload import prepare_workload
from autogauge.stats.intervals import paired_ratio
from autogauge.targets import HINTS, Target
from benchmarks.command import run_command

SLICES_S = (0.02, 0.05, 0.1, 0.2)
PAUSES_S = (0.0, 0.01, 0.05)
TURN_S = 3.0
"""How long a combination has the machine before the next one does."""
SPAN_S = 60.0
CONFIDENCE = 0.95

Key = tuple[str, float, float]


def main(
    minutes: Annotated[float, typer.Option(help="How long to measure.", min=0.1)] = 8,
    seed: Annotated[int, typer.Option(help="Seed of the order.")] = 1,
) -> None:
    """Print the table."""
    chance = random.Random(seed)
    pairs: dict[Key, list[tuple[float, float]]] = defaultdict(list)
    seconds: dict[Key, float] = defaultdict(float)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        launcher = Launcher(folder / "probes")
        model = embedded.build("googlenet-v1", "FP16", Cache(default_cache_dir()))
        workload, _ = prepare_workload(model, launcher, folder)
        pools = [ProbePool(launcher, workload, warm_up_s=0.5) for _ in range(2)]
        combinations = list(itertools.product(HINTS, SLICES_S, PAUSES_S))
        with bystander(launcher, workload):
            try:
                stop_at = time.monotonic() + 60 * minutes
                while time.monotonic() < stop_at:
                    for key in chance.sample(combinations, len(combinations)):
                        _measure(pools, key, chance, pairs, seconds)
            finally:
                for pool in pools:
                    pool.close(at_once=True)
    _print(pairs, seconds)


def _measure(
    pools: list[ProbePool],
    key: Key,
    chance: random.Random,
    pairs: dict[Key, list[tuple[float, float]]],
    seconds: dict[Key, float],
) -> None:
    hint, slice_s, pause_s = key
    probes = [pool.warm(Target.with_hint("AUTO", hint)) for pool in pools]
    began = time.monotonic()
    while time.monotonic() - began < TURN_S:
        found = {}
        for index in chance.sample((0, 1), 2):
            time.sleep(pause_s)
            latencies = probes[index].slice(slice_s)["latencies_ms"]
            found[index] = sum(latencies) / len(latencies)
        pairs[key].append((found[0], found[1]))
    seconds[key] += time.monotonic() - began


def _print(pairs: dict[Key, list[tuple[float, float]]], seconds: dict[Key, float]) -> None:
    table = Table(
        title=f"two identical processes: standard error of their ratio within {SPAN_S:g} s, in percent (pairs measured)",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for title in ("hint", "slice s", *(f"pause {1e3 * pause:g} ms" for pause in PAUSES_S)):
        table.add_column(title, justify="left" if title == "hint" else "right")
    for hint, slice_s in itertools.product(HINTS, SLICES_S):
        table.add_row(
            hint,
            f"{slice_s:g}",
            *(_cell(pairs[hint, slice_s, pause], seconds[hint, slice_s, pause]) for pause in PAUSES_S),
        )
    Console(highlight=False).print(table)


def _cell(pairs: list[tuple[float, float]], seconds: float) -> str:
    if len(pairs) < 6:
        return "–"
    above, below = zip(*pairs, strict=True)
    interval = paired_ratio(above, below, CONFIDENCE, neighbours=True)
    error = math.log(interval.high / interval.low) / (2 * NormalDist().inv_cdf((1 + CONFIDENCE) / 2))
    return f"{100 * error * math.sqrt(seconds / SPAN_S):.3f} ({len(pairs)})"


if __name__ == "__main__":
    run_command(lambda: typer.run(main), measures=True)
