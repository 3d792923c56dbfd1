"""What an empty CACHE_DIR adds to a cold first inference: the compile then also writes its blob.

Interleaved blocks of fresh processes; the reason why the FIL study leaves OpenVINO's cache off instead of giving it an empty folder.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from autogauge.cache import Cache, default_cache_dir
from autogauge.models import resolve
from autogauge.probe.launcher import Launcher
from autogauge.rig.workload import prepare_workload
from autogauge.stats.intervals import paired_ratio
from autogauge.targets import Target
from benchmarks.command import positive, run_command


def main() -> None:
    """Measure and print a line for each device."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=positive, default=15, help="blocks of two fresh processes (default 15)")
    blocks = parser.parse_args().blocks
    with tempfile.TemporaryDirectory() as scratch:
        launcher = Launcher(Path(scratch) / "probes")
        workload, _ = prepare_workload(
            resolve.offline("googlenet-v1", "FP16", Cache(default_cache_dir())), launcher, Path(scratch)
        )
        for device in ("CPU", "AUTO"):
            fil: dict[str, list[float]] = {"off": [], "cold": []}
            for _ in range(blocks):
                for cache in random.sample(list(fil), 2):
                    request = workload.request("once", Target(device), cache=cache)
                    fil[cache].append(launcher.run_once(request, cache)[0]["seconds"]["fil"])
            ratio = paired_ratio(fil["cold"], fil["off"], 0.95)
            print(
                f"{device}: FIL with an empty CACHE_DIR ÷ FIL with the cache off = {ratio.ratio:.3f} "
                f"(95 % interval {ratio.low:.3f}-{ratio.high:.3f}, {ratio.replicates} blocks)"
            )


if __name__ == "__main__":
    run_command(main, measures=True)
