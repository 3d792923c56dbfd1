"""Do two versions of this project measure alike? Both measure the same conditions by turns, each with its own code: new ÷ old is to hold 1.

``python benchmarks/two_trees.py OLD NEW`` takes two checkouts. Each has a process of its own that compiles, warms up, drives and relays as
that version does in ``pytest -m perf``; this one only says whose turn it is, in random order within each round. The same tree twice checks
the script. ``--suite`` compares instead how long a whole run takes. Run on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from autogauge.cache import default_cache_dir
from autogauge.errors import UserError
from autogauge.rig.lock import VARIABLE
from autogauge.stats.intervals import fewest_replicates, paired_ratio
from benchmarks.command import positive, run_command, whole

CONFIDENCE = 0.99
DEADLINE_S = 300.0
HINTS = ("AUTO-LATENCY", "AUTO-THROUGHPUT")
FIL = "AUTO"
SAID = {True: "holds 1", False: "MISSES 1", None: "too few pairs for an interval"}
DRIVER = '''
import contextlib, json, os, sys
from pathlib import Path

tree, cache, model, seed, folder = sys.argv[1:6]
sys.path.insert(0, tree)
out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what else is printed is no answer


@contextlib.contextmanager
def new():
    """Since the rig: a study opens what measures its turns."""
    from autogauge.cache import Cache
    from autogauge.measuring.progress import Silent
    from autogauge.models.resolve import Wanted
    from autogauge.rig.rig import Asked, Rig
    from autogauge import studies

    asked = Asked(Wanted.named(model, None, "embedded"), hints_on=("AUTO",))
    rig = Rig(asked, Cache(Path(cache)), Path(folder), lambda: contextlib.nullcontext(Silent()))
    hints, first = (study.planned(rig, int(seed)) for study in map(studies.by_name, ("hints", "first inference latency")))
    with rig.warm(hints, Silent()) as turns, contextlib.closing(rig):
        turns.prepare()
        fresh = rig.fresh(first, Silent())
        yield lambda name: (fresh.measure(first.condition(name)) if name == "AUTO" else turns.measure(hints.condition(name)))


@contextlib.contextmanager
def old():
    """Before: a runner measures a study."""
    from autogauge.cache import Cache
    from autogauge.models.resolve import Resolver, Wanted
    from autogauge.probe.launcher import Launcher
    from autogauge.studies import fil, steady
    from autogauge.studies.pool import ProbePool, bystander
    from autogauge.studies.progress import Silent
    from autogauge.studies.study import Plan
    from autogauge.studies.workload import prepare_workload
    from autogauge.targets import Device

    launcher = Launcher(Path(folder) / "probes")
    artefact = Resolver(Cache(Path(cache)), Silent()).fetch(Wanted.named(model, None, "embedded", 900.0, "FP16"))
    workload, _ = prepare_workload(artefact, launcher, Path(folder))
    hints = steady.planned(steady.conditions_for(["AUTO"]), Plan((40,), 38.0), int(seed))
    first = fil.planned([Device("CPU")], Plan((8,), 45.0), int(seed))
    pool = ProbePool(launcher, workload, warm_up_s=0.5)
    warm = steady.SteadyRunner(hints, pool, slice_s=0.05, interval_s=1.0)
    fresh = fil.FilRunner(first, launcher, workload)
    with bystander(launcher, workload):
        warm._progress = fresh._progress = Silent()
        warm._compile()
        try:
            yield lambda name: fresh._measure(first.condition(name)) if name == "AUTO" else warm._measure(hints.condition(name))
        finally:
            pool.close(at_once=True)


with (new if (Path(tree) / "autogauge" / "rig" / "rig.py").exists() else old)() as measure:
    print(json.dumps("ready"), file=out, flush=True)
    for line in sys.stdin:
        print(json.dumps(dict(measure(json.loads(line)).figures)), file=out, flush=True)
'''


class Tree:
    """One version at work. It dies with its group when it is closed, or does not answer in time."""

    def __init__(self, tree: Path, model: str, seed: int, folder: Path) -> None:
        self.folder = tree
        folder.mkdir()
        self._errors = (folder / "errors").open("w+")
        words = [sys.executable, "-c", DRIVER, str(tree), str(default_cache_dir()), model, str(seed), str(folder)]
        environment = {**os.environ, "PYTHONPATH": str(tree)}
        self._process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            bufsize=1,
            env=environment,
            start_new_session=True,
        )
        if self._answer() != "ready":
            raise SystemExit(f"{tree} did not get ready")

    def measure(self, name: str) -> dict[str, float]:
        """One turn of that condition."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(name) + "\n")
        found: dict[str, float] = self._answer()
        return found

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], DEADLINE_S)
        line = self._process.stdout.readline() if ready else ""
        if not line:
            self._errors.seek(0)
            last = self._errors.read().strip().splitlines()[-1:]
            self.close()
            raise SystemExit(f"{self.folder} gave no answer: {' '.join(last) or f'none within {DEADLINE_S:g} s'}")
        return json.loads(line)

    def close(self) -> None:
        """End it and all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._errors.close()


Pairs = dict[str, list[tuple[float, float]]]


def by_turns(old: Tree, new: Tree, rounds: int, blocks: int, chance: random.Random) -> Pairs:
    """Figures of new and old from each round, by what they are of."""
    pairs: Pairs = defaultdict(list)
    for number in range(max(rounds, blocks)):
        names = [*(HINTS if number < rounds else ()), *((FIL,) if number < blocks else ())]
        turns = [(tree, name) for tree in (old, new) for name in names]
        found = {(tree, name): tree.measure(name) for tree, name in chance.sample(turns, len(turns))}
        for name in names:
            for metric in ("fil_s",) if name == FIL else ("fps", "latency_ms"):
                pairs[f"{metric} of {name}"].append((found[new, name][metric], found[old, name][metric]))
    return pairs


def run_suite(tree: Path, reports: Path) -> float:
    """The wall time of a standard run of that tree, in seconds."""
    began = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-m", "perf", "--model-source=embedded"]
    done = subprocess.run(
        [*command, "--pinned=off", "--disturbed=accept", f"--reports={reports}"],
        cwd=tree,
        env={**os.environ, VARIABLE: str(reports.with_suffix(".lock"))},  # this process holds the machine's
        stdout=subprocess.DEVNULL,
        timeout=2 * DEADLINE_S,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise SystemExit(f"the run of {tree} did not work: run it by hand")
    return time.monotonic() - began


def told(pairs: Pairs) -> list[dict[str, Any]]:
    """Of each figure the ratio new ÷ old, its interval, the spread, the count, and whether it holds 1; ``None``: too few pairs."""
    rows = []
    for name, found in pairs.items():
        news, olds = zip(*found, strict=True)
        interval = paired_ratio(news, olds, CONFIDENCE, neighbours=True)
        ratios = sorted(new / old for new, old in found)
        rows.append(
            {
                "figure": name,
                "ratio": interval.ratio,
                "ci": [interval.low, interval.high],
                "spread": [ratios[0], statistics.median(ratios), ratios[-1]],
                "pairs": len(found),
                "holds_1": interval.holds(1.0) if len(found) >= fewest_replicates(CONFIDENCE) else None,
            }
        )
    return rows


def main() -> int:
    """Print a row for each figure; exit status 1 where one does not hold 1, or has too few pairs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path, help="a checkout")
    parser.add_argument("new", type=Path, help="another one, or the same")
    parser.add_argument("--rounds", type=positive, default=240, help="rounds of slices (default 240)")
    parser.add_argument("--blocks", type=whole, default=40, help="blocks of fresh processes (default 40)")
    parser.add_argument("--model", default="googlenet-v1", help="a model by name")
    parser.add_argument("--suite", type=whole, default=0, metavar="N", help="compare N standard runs of each instead")
    parser.add_argument("--seed", type=whole, default=random.randrange(2**31), help="of the order")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args()
    old_tree, new_tree = (path.resolve() for path in (asked.old, asked.new))
    for tree in (old_tree, new_tree):
        if not (tree / "autogauge" / "__init__.py").is_file():
            raise UserError(f"{tree} is no checkout of this project: name a folder that has autogauge/ in it.")
    chance = random.Random(asked.seed)
    with tempfile.TemporaryDirectory() as scratch:
        pairs: Pairs = defaultdict(list)
        if asked.suite:
            for number in range(asked.suite):
                took = {}
                for place in chance.sample((0, 1), 2):
                    took[place] = run_suite((old_tree, new_tree)[place], Path(scratch) / f"{number}-{place}")
                pairs["wall time of a standard run"].append((took[1], took[0]))
        else:
            trees: dict[int, Tree] = {}
            try:
                for place in chance.sample((0, 1), 2):
                    folder = Path(scratch) / str(place)
                    trees[place] = Tree((old_tree, new_tree)[place], asked.model, asked.seed, folder)
                pairs = by_turns(trees[0], trees[1], asked.rounds, asked.blocks, chance)
            finally:
                for tree in trees.values():
                    tree.close()
    rows = told(pairs)
    if asked.json:
        print(json.dumps(rows))
    for row in [] if asked.json else rows:
        low, high = row["ci"]
        lowest, middle, highest = row["spread"]
        print(
            f"{row['figure']}: new ÷ old {row['ratio']:.4f} (99 % {low:.4f}–{high:.4f}; single pairs {lowest:.3f}, {middle:.3f}, "
            f"{highest:.3f}; {row['pairs']} pairs): {SAID[row['holds_1']]}"
        )
    return 0 if all(row["holds_1"] for row in rows) else 1


if __name__ == "__main__":
    run_command(main, measures=True)
