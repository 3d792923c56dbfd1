"""What an installed autogauge costs a project that does not use it: pytest's start-up with it and without it, by turns.

Name two environments' interpreters: one has autogauge (``pip install .``), the other pytest alone (``pip install pytest``). The first has
what autogauge needs, too: pytest-benchmark and pytest-xdist are loaded in every session. Without ``--without`` the plugin is left out in
the same environment (``-p no:autogauge``): these two, and its list of files, count on both sides then. It is to be at most 50 ms.
    python benchmarks/plugin_cost.py --python=ENV/bin/python [--without=OTHER/bin/python] [--pairs=30]

Exit status 1 when it costs more.
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from autogauge.errors import UserError
from autogauge.stats.intervals import paired_difference, paired_ratio
from benchmarks.command import positive, run_command

AT_MOST_MS = 50.0
CONFIDENCE = 0.95
LEFT_OUT = ("-p", "no:autogauge")
FILES, TESTS = 20, 5
TIMEOUT_S = 120.0


def main() -> int:
    """Print both and their difference; 1 where it is too much."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable, help="an environment's, in which autogauge is installed")
    parser.add_argument("--without", help="another environment's, which has pytest and no autogauge")
    parser.add_argument("--pairs", type=positive, default=30)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for index in range(FILES):
            tests = "".join(f"def test_{each}(): pass\n" for each in range(TESTS))
            (folder / f"test_{index}.py").write_text(tests, encoding="utf-8")
        (folder / "pyproject.toml").write_text("[tool.pytest.ini_options]\n", encoding="utf-8")
        if not _has_plugin(asked.python, folder):
            raise UserError(
                f"{asked.python} has no autogauge as a plugin: install it there (pip install .), or name another (--python)."
            )
        if asked.without and _has_plugin(asked.without, folder):
            raise UserError(f"{asked.without} has autogauge, too: name an environment that has not (--without).")
        sides = (asked.python,), ((asked.without,) if asked.without else (asked.python, *LEFT_OUT))
        pairs = _measured(sides, folder, asked.pairs)
    print(f"beside {'an environment without it' if asked.without else 'the same environment, with -p no:autogauge'}:")
    return _told(pairs, "autogauge, with what it needs," if asked.without else "the plugin")


def _has_plugin(python: str, folder: Path) -> bool:
    done = subprocess.run(
        [python, "-m", "pytest", "--help"], cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_S, check=True
    )
    return "--no-baseline" in done.stdout


class Spent(NamedTuple):
    """What a start of pytest took."""

    wall_s: float
    processor_s: float


Side = tuple[str, ...]
"""An interpreter, and what pytest is told there."""


def _measured(sides: tuple[Side, Side], folder: Path, count: int) -> list[tuple[Spent, Spent]]:
    """With the plugin and without it; the first pair fills the caches, and does not count."""
    pairs = []
    for index in range(count + 1):
        spent = {each: _spent(each, folder) for each in random.sample(sides, 2)}
        if index:
            pairs.append((spent[sides[0]], spent[sides[1]]))
    return pairs


def _spent(side: Side, folder: Path) -> Spent:
    python, *words = side
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, timeout=TIMEOUT_S, check=True)
    wall_s, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Spent(wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def _told(pairs: list[tuple[Spent, Spent]], what_costs: str) -> int:
    """Print both, the wall's and the processor's: other processes are in the first alone, so the second decides."""
    print(f"pytest on {FILES * TESTS} empty tests in {FILES} files, {len(pairs)} pairs by turns")
    for what, field in (("wall time", "wall_s"), ("processor time", "processor_s")):
        with_it, without = ([getattr(pair[side], field) for pair in pairs] for side in (0, 1))
        ratio = paired_ratio(with_it, without, CONFIDENCE)
        cost = paired_difference([1000 * each for each in with_it], [1000 * each for each in without], CONFIDENCE)
        print(
            f"{what}: medians {statistics.median(with_it):.3f} s with it, {statistics.median(without):.3f} s without; "
            f"ratio {ratio.ratio:.3f} (95 % interval {ratio.low:.3f}–{ratio.high:.3f}), "
            f"difference {cost.ratio:.1f} ms ({cost.low:.1f}–{cost.high:.1f})"
        )
    good = cost.high <= AT_MOST_MS
    print(f"{what_costs} costs at most {AT_MOST_MS:g} ms of a processor: {'yes' if good else 'NO'}")
    return int(not good)


if __name__ == "__main__":
    run_command(main)
