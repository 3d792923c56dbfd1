"""Is the emulated GPU sound? Fresh processes compile and infer on it; each answer is held against the CPU's in f32.

Some of them keep four requests in flight for half a second before their answer is taken, some share a model cache.
Prints a line for each model and
runtime: how many of the processes were good, the largest error, the range of compile times. Exit status 1 when one was not.
``--python`` takes other interpreters with openvino instead of this one (numpy is all that they need beside it), ``--openvino`` releases
that are installed into the cache when they are first needed. ``--class`` compiles for that class of processors
instead of the one that fits this processor best; ``auto`` is the runtime's own choice, which is what it does when none is named. Each of
them may be given several times.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from rich.console import Console
from rich.table import Table

from autogauge.cache import Cache, default_cache_dir
from autogauge.emulation import parts
from autogauge.errors import UserError
from autogauge.measuring.progress import Silent
from autogauge.models import resolve
from autogauge.probe.launcher import Launcher, Runtime
from autogauge.probe.request import Failure, ProbeFailed
from autogauge.probe.worker.emulation import BY_HAND, VARIABLE
from autogauge.rig.pool import ProbePool
from autogauge.rig.workload import Workload, prepare_workload
from autogauge.runtimes import named, prepared
from autogauge.targets import Target
from benchmarks.command import run_command, whole

TOLERANCE = 1e-4
REQUESTS = 4
DEADLINE_S, LOADED_DEADLINE_S = 400.0, 60.0
"""What counts as a hang: GoogLeNet-v1 compiles for 20 s on two cores of its own, and for nearly 120 s beside three other jobs. With
AVX-512; other processors are given as many times more as they are slower."""
F32 = {"INFERENCE_PRECISION_HINT": "f32"}
MANY = {**F32, "PERFORMANCE_HINT": "THROUGHPUT", "ALLOW_AUTO_BATCHING": False}
"""Automatic batching hangs by itself on 2024.6 and 2025.4 (batched-requests-hang, docs/findings.md): that is not asked here."""


def answer(
    launcher: Launcher, workload: Workload, device: str, path: Path, slowness: float
) -> tuple[np.ndarray, float]:
    """The first output of a fresh process on that device, and the seconds that its compile took."""
    request = workload.request("once", Target(device, F32), save_outputs=str(path), deadline_s=DEADLINE_S * slowness)
    reply, _ = launcher.run_once(request, device)
    with np.load(path) as saved:
        return saved["0"], reply["seconds"]["compile"]


def answer_from_a_cache(
    launcher: Launcher, workload: Workload, device: str, path: Path, slowness: float
) -> tuple[np.ndarray, float]:
    """Like ``answer``, with a ``CACHE_DIR`` beside ``path``: the first process fills it, the others load from it."""
    folder = path.parent / "openvino-cache"
    filled = any(folder.glob("*.blob"))
    request = workload.request(
        "once", Target(device, F32), save_outputs=str(path), cache=folder, deadline_s=DEADLINE_S * slowness
    )
    reply, _ = launcher.run_once(request, device)
    if reply["loaded_from_cache"] is not filled:
        raise ProbeFailed(Failure("error", "compile", f"LOADED_FROM_CACHE is {reply['loaded_from_cache']}"))
    with np.load(path) as saved:
        return saved["0"], reply["seconds"]["compile"]


def answer_under_load(
    launcher: Launcher, workload: Workload, device: str, path: Path, slowness: float
) -> tuple[np.ndarray, float]:
    """Like ``answer``, after half a second with several requests in flight."""
    pool = ProbePool(
        launcher, workload, warm_up_s=0.5, infer_requests=REQUESTS, deadline_s=LOADED_DEADLINE_S * slowness
    )
    try:
        probe = pool.warm(Target(device, MANY))
        probe.infer(path)
    finally:
        trouble = pool.close()
    if trouble:
        raise ProbeFailed(Failure("exit", "stop", trouble[0]))
    with np.load(path) as saved:
        return saved["0"], probe.facts["seconds"]["compile"]


def run(
    console: Console,
    launcher: Launcher,
    workload: Workload,
    count: int,
    folder: Path,
    slowness: float,
    way: Callable = answer,
) -> dict:
    """So many fresh processes of one model."""
    expected, _ = answer(launcher, workload, "CPU", folder / "cpu.npz", slowness)
    errors, compiles, failures = [], [], []
    for number in range(count):
        try:
            found, compile_s = way(launcher, workload, "GPU", folder / "gpu.npz", slowness)
            errors.append(float(np.abs(found - expected).max()))
            compiles.append(compile_s)
            if not errors[-1] <= TOLERANCE:
                failures.append(f"process {number + 1}: off by {errors[-1]:.3g}")
        except ProbeFailed as error:
            failures.append(f"process {number + 1}: {error.failure.sentence()}")
    for failure in failures:
        console.print(f"{workload.model.name}: {failure}")
    return {"good": count - len(failures), "count": count, "errors": errors, "compiles": compiles}


HOW = {answer_under_load: f", {REQUESTS} requests", answer_from_a_cache: ", CACHE_DIR"}


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", type=whole, default=100, help="processes with the small CNN")
    parser.add_argument(
        "--loaded", type=whole, default=40, help="processes with the small CNN and four requests in flight"
    )
    parser.add_argument("--cached", type=whole, default=10, help="processes with the small CNN and one model cache")
    parser.add_argument("--googlenet", type=whole, default=20, help="processes with GoogLeNet-v1")
    parser.add_argument(
        "--python", action="append", default=[], help="an interpreter with openvino, instead of this one; repeatable"
    )
    parser.add_argument(
        "--openvino", action="append", default=[], help="a release such as 2024.6.0, instead of this one's; repeatable"
    )
    parser.add_argument(
        "--class",
        dest="classes",
        action="append",
        default=[],
        help=f"a class of processors to compile for: {', '.join(BY_HAND)}; repeatable",
    )
    return check(parser.parse_args())


def python_with(release: str, cache: Cache) -> str:
    """The interpreter with that release, installed if need be. Raises ``UserError``."""
    found = named.parse(release, "--openvino")
    if found.kind != "release":
        raise UserError(f"{release!r} is no release: give one such as 2024.6.0 (--openvino).")
    return prepared.prepare(found, cache, Silent(), "--openvino").python


def check(options: argparse.Namespace) -> int:
    """Start the processes and print the table; 1 when one was not good. Raises ``UserError``."""
    console = Console(highlight=False, width=120)
    cache = Cache(default_cache_dir())
    emulation = parts.prepare(cache)
    installed = [python_with(each, cache) for each in options.openvino]
    table = Table(title="fresh processes on the emulated GPU", title_justify="left")
    for title in ("model", "openvino", "python", "class", "good", "largest error", "compile s"):
        table.add_column(title)
    all_good = True
    pythons = [*options.python, *installed] or [sys.executable]
    for python, chosen in itertools.product(pythons, options.classes or [None]):
        if chosen is not None:
            os.environ[VARIABLE] = chosen  # the probes inherit it
        for model, count, way in (
            ("small-cnn", options.small, answer),
            ("small-cnn", options.loaded, answer_under_load),
            ("small-cnn", options.cached, answer_from_a_cache),
            ("googlenet-v1", options.googlenet, answer),
        ):
            if not count:
                continue
            with tempfile.TemporaryDirectory(prefix="autogauge-") as scratch:
                folder = Path(scratch)
                launcher = Launcher(folder / "probes", Runtime(python, python), emulation)
                workload, inspection = prepare_workload(resolve.offline(model, "FP32", cache), launcher, folder)
                assert inspection.emulated is not None, "it is switched on"
                found = run(console, launcher, workload, count, folder, inspection.emulated.slowness, way)
                version = launcher.describe()["python"]
            all_good = all_good and found["good"] == count
            compiles = found["compiles"] or [float("nan")]
            title = model + HOW.get(way, "")
            table.add_row(
                title,
                inspection.openvino.partition("-")[0],
                version,
                inspection.emulated.name,
                f"{found['good']} of {count}",
                f"{max(found['errors'], default=float('nan')):.1e}",
                f"{min(compiles):.1f}–{max(compiles):.1f}",
            )
            console.print(
                f"{title} on openvino {inspection.openvino}, class {inspection.emulated.name}: {found['good']} of {count} good"
            )
    console.print(table)
    return 0 if all_good else 1


if __name__ == "__main__":
    run_command(main, measures=True)
