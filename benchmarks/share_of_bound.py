"""Our harness beside OpenVINO's benchmark_app: fresh processes in interleaved pairs, device AUTO, both hints, two models.

With n infer requests in flight and a mean request latency L, no harness can give more than n / L frames a second. The share of
that bound, FPS x L / n, is what is left after the harness's own cost; it hardly feels the machine's noise. Both programs take a request's
latency from OpenVINO (``InferRequest.latency``).

The windows differ: our probe warms up for half a second and counts whole inferences with every request in flight; benchmark_app's
figures hold its first inferences and the moment in which its last ones end, about half an inference in the measuring time.

Targets (exit status 1 when one is missed): our share above benchmark_app's on every row and at least 0.99 with one request on GoogLeNet-v1;
the lower end of the FPS ratio's interval at least 0.97; and on the tiny model the ratio at least 1.15.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from rich.console import Console
from rich.table import Table

from autogauge.cache import Cache, default_cache_dir
from autogauge.models import resolve
from autogauge.probe.launcher import Launcher
from autogauge.rig.pool import ProbePool
from autogauge.rig.workload import Workload, prepare_workload
from autogauge.stats.intervals import paired_ratio
from autogauge.targets import HINTS, Target
from benchmarks.command import positive, run_command

MODELS = ("googlenet-v1", "one-convolution")
WARM_UP_S = 0.5
NO_TELEMETRY = {**os.environ, "CI": "true"}  # importing openvino would else fork a process that sends some
RUNNER = Path(__file__).with_name("benchmark_app_runner.py")


def share(figures: dict) -> float:
    """The share of the bound that was reached."""
    return figures["fps"] * figures["latency_ms"] / 1e3 / figures["infer_requests"]


def measure_ours(launcher: Launcher, workload: Workload, hint: str, seconds: int) -> dict:
    """One fresh probe, one slice."""
    pool = ProbePool(launcher, workload, warm_up_s=WARM_UP_S)
    try:
        probe = pool.warm(Target.with_hint("AUTO", hint))
        reply = probe.slice(seconds)
    finally:
        pool.close()
    return {
        "fps": reply["fps"],
        "latency_ms": statistics.fmean(reply["latencies_ms"]),
        "infer_requests": probe.infer_requests,
    }


def measure_benchmark_app(model: Path, hint: str, seconds: int) -> dict:
    """One fresh process of benchmark_app."""
    command = [sys.executable, str(RUNNER), "-m", str(model), "-d", "AUTO", "-hint", hint.lower(), "-t", str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120 + seconds, check=True, env=NO_TELEMETRY)
    return json.loads(next(line for line in done.stderr.splitlines() if line.startswith("figures ")).partition(" ")[2])


DRIVER = """
import json, statistics, sys, threading, time
import numpy as np, openvino as ov
way, path, hint, seconds = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])
compiled = ov.Core().compile_model(path, "AUTO", {"PERFORMANCE_HINT": hint})
number = compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
tensor = ov.Tensor(np.zeros(tuple(compiled.input(0).shape), np.float32))
latencies, clock = [], time.perf_counter
if way == "queue":
    queue = ov.AsyncInferQueue(compiled, number)
    for request in queue:
        request.set_input_tensor(tensor)
    for _ in range(20):
        queue.start_async()
    queue.wait_all()
    queue.set_callback(lambda request, _: latencies.append(request.latency))
    began = clock()
    while clock() < began + seconds:
        queue.start_async()
    queue.wait_all()
else:
    requests = [compiled.create_infer_request() for _ in range(number)]
    for request in requests:
        request.set_input_tensor(tensor)
        for _ in range(20):
            request.infer()
    began, turn = clock(), 0
    for request in requests:
        request.start_async()
    while clock() < began + seconds:
        request = requests[turn]
        request.wait()
        latencies.append(request.latency)
        request.start_async()
        turn = (turn + 1) % number
    for request in requests:
        request.wait()
print(json.dumps({"fps": len(latencies) / (clock() - began), "latency_ms": statistics.fmean(latencies), "infer_requests": number}))
"""


def measure_driver(way: str, model: Path, hint: str, seconds: int) -> dict:
    """A plain loop: ``queue`` over AsyncInferQueue, ``in turn`` over requests in the order of their starting."""
    command = [sys.executable, "-c", DRIVER, way, str(model), hint, f"{seconds:g}"]
    return json.loads(
        subprocess.run(
            command, capture_output=True, text=True, timeout=120 + seconds, check=True, env=NO_TELEMETRY
        ).stdout
    )


def main() -> None:
    """Measure every row and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=positive, default=15, help="pairs a row (default 15)")
    parser.add_argument("--seconds", type=positive, default=3, help="measuring time of each process (default 3)")
    parser.add_argument(
        "--drivers", action="store_true", help="compare ways to drive requests instead of benchmark_app"
    )
    parser.add_argument("--models", default=",".join(MODELS), help="comma-separated names")
    options = parser.parse_args()
    others = ("queue", "in turn") if options.drivers else ("benchmark_app",)
    missed: list[str] = []
    table = Table("model", "hint", "n", "other", "share ours", "share other", "FPS ratio", "95 % interval", "pairs")
    with tempfile.TemporaryDirectory() as scratch:
        launcher = Launcher(Path(scratch) / "probes")
        for name in options.models.split(","):
            workload, _ = prepare_workload(
                resolve.offline(name, "FP16", Cache(default_cache_dir())), launcher, Path(scratch)
            )
            for hint in HINTS:
                results = measure_row(launcher, workload, hint, others, options)
                for other in others:
                    missed += add_row(table, name, hint, other, results)
    Console(width=130).print(table)
    if not options.drivers:
        print("missed: " + "; ".join(missed) if missed else "every target is met")
        sys.exit(bool(missed))


def measure_row(launcher, workload, hint, others, options) -> dict[str, list[dict]]:
    """So many blocks of every program, each in a fresh process, in random order."""
    ways = {
        "ours": lambda: measure_ours(launcher, workload, hint, options.seconds),
        "benchmark_app": lambda: measure_benchmark_app(workload.model.path, hint, options.seconds),
        **{
            way: lambda way=way: measure_driver(way, workload.model.path, hint, options.seconds)
            for way in ("queue", "in turn")
        },
    }
    programs = ["ours", *others]
    results: dict[str, list[dict]] = {program: [] for program in programs}
    for number in range(options.pairs):
        for program in random.sample(programs, len(programs)):
            results[program].append(ways[program]())
        print(f"{workload.model.name} {hint}: {number + 1} of {options.pairs}", file=sys.stderr)
    return results


def add_row(table: Table, name: str, hint: str, other: str, results: dict[str, list[dict]]) -> list[str]:
    """Median shares with their range, and the FPS ratio with its interval; returns the targets that were missed."""

    def spread(figures: list[dict]) -> str:
        shares = sorted(map(share, figures))
        return f"{statistics.median(shares):.3f} ({shares[0]:.3f}-{shares[-1]:.3f})"

    ours, theirs = results["ours"], results[other]
    ratio = paired_ratio([each["fps"] for each in ours], [each["fps"] for each in theirs], 0.95)
    table.add_row(
        name,
        hint,
        str(ours[0]["infer_requests"]),
        other,
        spread(ours),
        spread(theirs),
        f"{ratio.ratio:.3f}",
        f"{ratio.low:.3f}-{ratio.high:.3f}",
        str(ratio.replicates),
    )
    our_share, their_share = (statistics.median(map(share, figures)) for figures in (ours, theirs))
    tiny, alone = name == "one-convolution", ours[0]["infer_requests"] == 1
    targets = {
        f"share {our_share:.3f} above {their_share:.3f}": our_share > their_share,
        f"share {our_share:.3f} at least 0.99": tiny or not alone or our_share >= 0.99,
        f"FPS ratio's lower end {ratio.low:.3f} at least 0.97": ratio.low >= 0.97,
        f"FPS ratio {ratio.ratio:.3f} at least 1.15": not tiny or ratio.ratio >= 1.15,
    }
    return [f"{name} {hint}: {target}" for target, met in targets.items() if not met]


if __name__ == "__main__":
    run_command(main, measures=True)
