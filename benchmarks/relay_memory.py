"""Does a process inherit its speed from the one before it? Prints how alike successive processes of a side are, by how they give way.

Some identical warm processes by turns, each of which gives way to a fresh one after some rounds: either the old one is ended and then the
fresh one started, which the kernel gives the memory just let go of, or the fresh one is started first, as ``ProbePool.renew`` has it. Sides
are identical, so that what is apart is the machine's doing. Both ways by turns, a few minutes each; run on a machine that does nothing
else: ``python benchmarks/relay_memory.py --repeats=2``.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
import typer
from rich import box
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from autogauge.cache import Cache, default_cache_dir
from autogauge.models import embedded
from autogauge.probe.launcher import Launcher
from autogauge.rig.pool import ProbePool, bystander
from autogauge.rig.workload import Workload, prepare_workload
from autogauge.targets import LATENCY, Target
from benchmarks.command import run_command

ENDED_FIRST, STARTED_FIRST = "the old one is ended first", "the fresh one is started first"
SLICE_S = 0.05
TARGET = Target.with_hint("AUTO", LATENCY)

Floats = npt.NDArray[np.float64]


def main(
    repeats: Annotated[int, typer.Option(help="How often each way is measured.", min=1)] = 2,
    sides: Annotated[int, typer.Option(help="Identical processes at a time.", min=2)] = 6,
    processes: Annotated[int, typer.Option(help="Processes of a side, one after another.", min=2)] = 9,
    rounds: Annotated[int, typer.Option(help="Rounds that each of them serves.", min=1)] = 16,
    seed: Annotated[int, typer.Option(help="Seed of all that is random.")] = 1,
) -> None:
    """Print the table."""
    chance = random.Random(seed)
    found: dict[str, list[Floats]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        launcher = Launcher(folder / "probes")
        model = embedded.build("googlenet-v1", "FP16", Cache(default_cache_dir()))
        workload, _ = prepare_workload(model, launcher, folder)
        for _ in range(repeats):
            for way in chance.sample((ENDED_FIRST, STARTED_FIRST), 2):
                found[way].append(_measured(way, launcher, workload, chance, sides, processes, rounds))
    _print(found)


def _measured(
    way: str, launcher: Launcher, workload: Workload, chance: random.Random, sides: int, processes: int, rounds: int
) -> Floats:
    """How far each process is from the median of its rounds, logarithm; shape ``(sides, processes)``."""
    pools = [ProbePool(launcher, workload, warm_up_s=0.1) for _ in range(sides)]
    logs = np.empty((sides, processes * rounds))
    try:
        with bystander(launcher, workload):
            for index in range(processes * rounds):
                for side in chance.sample(range(sides), sides):
                    if index and (index + side * rounds // sides) % rounds == 0:  # not all in the same round
                        if way == ENDED_FIRST:
                            pools[side].close(at_once=True)
                        else:
                            pools[side].renew(TARGET)
                    latencies = pools[side].warm(TARGET).slice(SLICE_S)["latencies_ms"]
                    logs[side, index] = np.log(sum(latencies) / len(latencies))
    finally:
        for pool in pools:
            pool.close(at_once=True)
    logs -= np.median(logs, axis=0)
    for side in range(sides):
        logs[side] = np.roll(logs[side], side * rounds // sides)  # so that a process's rounds are together
    return np.asarray(np.median(logs.reshape(sides, processes, rounds)[:, 1:], axis=2))


def _print(found: dict[str, list[Floats]]) -> None:
    table = Table(
        title="identical processes of AUTO, LATENCY, %", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False
    )
    table.add_column("how one gives way to the next")
    for title in (
        "sides differ by (s. d.)",
        "were processes independent",
        "successive processes correlate",
        "processes",
    ):
        table.add_column(title, justify="right")
    for way, repeats in found.items():
        sides = statistics.mean(float(np.std(each.mean(axis=1), ddof=1)) for each in repeats)
        by_chance = statistics.mean(
            float(np.sqrt(np.mean(np.var(each, axis=1, ddof=1)) / each.shape[1])) for each in repeats
        )
        pairs = np.concatenate([np.stack([each[:, :-1].ravel(), each[:, 1:].ravel()]) for each in repeats], axis=1)
        table.add_row(
            way,
            f"{100 * sides:.2f}",
            f"{100 * by_chance:.2f}",
            f"{float(np.corrcoef(pairs)[0, 1]):+.2f}",
            str(sum(each.size for each in repeats)),
        )
    Console(highlight=False, width=150).print(table)


if __name__ == "__main__":
    run_command(lambda: typer.run(main), measures=True)
