"""Ways to drive infer requests, side by side: models of 0.05 to 5 ms, one to several streams on the CPU.

Each row is some fresh processes of one model with so many streams and as many requests. In each process the drivers take turns of a tenth
of a second, in random order within a round. Printed for each driver: its FPS over the usual one's, the median of the rounds with their
middle half, its share of the bound (FPS x mean latency / requests), and its slowest of a hundred latencies (p99, ms). ``chosen`` is
what the product would take, and in how many of the processes: each process tries the drivers during its warm-up.

Polling reaches a high share and still may be slow: its thread keeps a processor from the streams.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.modules.setdefault("openvino_telemetry", None)  # importing openvino would fork a process that sends some

import numpy as np
from rich.console import Console
from rich.table import Table

from autogauge.models import path as model_path
from autogauge.probe.launcher import Launcher
from autogauge.rig.pool import ProbePool
from autogauge.rig.workload import Workload, prepare_workload
from autogauge.targets import Target
from benchmarks.command import positive, positives, run_command

LENGTHS = (1, 6, 40, 160, 500)
"""Convolutions in a row: from about 0.05 to about 5 ms on one core of a server."""
WARM_UP_S, TURN_S = 0.5, 0.1


def save_model(path: Path, convolutions: int, byte_input: bool) -> None:
    """A chain of 3x3 convolutions over 16 channels of 32x32 pixels; with ``byte_input`` it takes uint8 in NHWC, as cameras give it."""
    import openvino
    from openvino import opset13 as ops

    random_numbers = np.random.default_rng(1)
    if byte_input:
        data = ops.parameter([1, 32, 32, 16], np.uint8, name="data")
        node = ops.transpose(ops.convert(data, np.float32), np.array([0, 3, 1, 2]))
    else:
        data = node = ops.parameter([1, 16, 32, 32], np.float32, name="data")
    for _ in range(convolutions):
        weights = random_numbers.normal(0, 0.08, (16, 16, 3, 3)).astype(np.float32)
        node = ops.relu(ops.convolution(node, weights, [1, 1], [1, 1], [1, 1], [1, 1]))
    openvino.save_model(openvino.Model([node], [data], path.stem), path)


def measure(launcher: Launcher, workload: Workload, streams: int, rounds: int) -> tuple[str, dict[str, list[dict]]]:
    """One fresh process: the driver that its trial chose, and the turns of every driver."""
    target = Target("CPU", {"NUM_STREAMS": str(streams)})
    pool = ProbePool(launcher, workload, warm_up_s=WARM_UP_S, infer_requests=streams)
    try:
        probe = pool.warm(target)
        chosen, found = probe.driver, {driver: [] for driver in probe.drivers}
        for _ in range(rounds):
            for driver in random.sample(probe.drivers, len(probe.drivers)):
                pool.drive_by(target, driver)
                reply = probe.slice(TURN_S)
                latencies = sorted(reply["latencies_ms"])
                found[driver].append(
                    {
                        "fps": reply["fps"],
                        "share": reply["fps"] * statistics.fmean(latencies) / 1e3 / streams,
                        "median_ms": statistics.median(latencies),
                        "p99_ms": latencies[int(0.99 * (len(latencies) - 1))],
                    }
                )
    finally:
        pool.close(at_once=True)
    return chosen, found


def main() -> None:
    """Measure every row and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=positive, default=4, help="fresh processes a row (default 4)")
    parser.add_argument("--rounds", type=positive, default=10, help="turns of each driver in each process (default 10)")
    parser.add_argument(
        "--streams", type=positives, default=[1, 2, 4], help="comma-separated numbers of streams (default 1,2,4)"
    )
    options = parser.parse_args()
    table = Table("model", "ms", "streams", "driver", "FPS ÷ usual", "middle half", "share", "p99 ms", "chosen")
    with tempfile.TemporaryDirectory() as scratch:
        launcher = Launcher(Path(scratch) / "probes")
        for length in LENGTHS:
            for byte_input in (False, True) if length < max(LENGTHS) else (False,):
                path = Path(scratch) / f"{'uint8-' if byte_input else ''}{length}-convolutions.xml"
                save_model(path, length, byte_input)
                workload, _ = prepare_workload(model_path.artefact_at(path), launcher, Path(scratch))
                for streams in options.streams:
                    processes = [measure(launcher, workload, streams, options.rounds) for _ in range(options.processes)]
                    add_rows(table, path.stem, streams, processes)
                    print(f"{path.stem}, {streams} streams: done", file=sys.stderr)
    Console(width=130).print(table)


def add_rows(table: Table, name: str, streams: int, processes: list[tuple[str, dict[str, list[dict]]]]) -> None:
    """A row for each driver."""
    chosen = Counter(each for each, _ in processes)
    usual, *others = processes[0][1]
    for driver in (usual, *others):
        turns = [turn for _, found in processes for turn in found[driver]]
        ratios = sorted(
            ours["fps"] / theirs["fps"]
            for _, found in processes
            for ours, theirs in zip(found[driver], found[usual], strict=True)
        )
        low, middle, high = statistics.quantiles(ratios, n=4)
        table.add_row(
            name if driver == usual else "",
            f"{statistics.median(turn['median_ms'] for turn in turns):.3f}",
            str(streams) if driver == usual else "",
            driver,
            f"{middle:.2f}",
            f"{low:.2f}-{high:.2f}",
            f"{statistics.median(turn['share'] for turn in turns):.2f}",
            f"{statistics.median(turn['p99_ms'] for turn in turns):.3f}",
            f"{chosen[driver]} of {len(processes)}" if chosen[driver] else "",
        )


if __name__ == "__main__":
    run_command(main, measures=True)
