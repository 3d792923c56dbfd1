"""How soon a matrix of five releases says of one that is 5 % slower that it is, and how often it says so of one that is not.

All five are one interpreter under five names, measured with both hints. Of two of them each inference begins late, after work that makes
latency of the one and frames per second of the other so much worse. What it came to is measured before the tries, where it is set right
too, and printed: a share that is asked for is not what comes of it. The clock counts from nothing to the last verdict, process
starts included.

Exit status 1 where something wrong was said (an identical release called different, a slowed one faster), or where a planted slowdown was
not named in time.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from autogauge.errors import UserError
from autogauge.lab.matrix import measuring, outcome
from autogauge.lab.matrix.plan import Wanted
from autogauge.lab.releases import figures
from autogauge.lab.releases.figures import FASTER, OPEN, SLOWER
from autogauge.rig import warm
from benchmarks import planted
from benchmarks.command import positive, run_command

LONGEST_S = 300.0
BASE, SAME = "base", ("same-1", "same-2")
NAMED, OPEN_YET, WRONG, ALIKE = "named slower", "INCONCLUSIVE", "WRONG", "no difference"


def judged(word: str, *, is_slowed: bool) -> str:
    """What a release's word is worth, of which it is known whether it was slowed."""
    if word == OPEN:
        return OPEN_YET
    if is_slowed:
        return NAMED if word == SLOWER else WRONG
    return WRONG if word in (SLOWER, FASTER) else ALIKE


def one(folder: Path, pythons: dict[str, str], asked: argparse.Namespace, seed: int) -> tuple[float, outcome.Matrix]:
    """One matrix of these interpreters: seconds to the last verdict, and what it says."""
    began = time.monotonic()
    with planted.held(folder, asked.model) as held:
        work = measuring.Measuring(held, Wanted(figures.parse("hints", None)), folder / "kept", "here", seed)
        names = [python for name, python in pythons.items() if name != BASE]
        work.set_up([*names, pythons[BASE]], pythons[BASE])
        work.measure()
        took_s = time.monotonic() - began
        path = work.keeper.save(held.rig, is_over=True) if work.keeper else None
    if path is None:
        raise UserError(f"nothing was measured on {asked.measure}: see whether it works (autogauge runtimes).")
    return took_s, outcome.of_file(path)


def measure(asked: argparse.Namespace) -> int:
    """Measure so many matrices, print a line for each and what they come to; exit status 1 as the head of this file says."""
    python = shutil.which(asked.measure)
    if python is None:
        raise UserError(f"there is no interpreter {asked.measure}: name one with openvino (--measure).")
    warm.agreed_driver = planted.usual_driver  # chosen anew in each matrix it would be another one now and then
    chance, counted, slowest = random.Random(asked.seed), {"slowed": Counter[str](), "identical": Counter[str]()}, 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pythons = {each: planted.interpreter(folder / each, python, 0.0) for each in (BASE, *SAME)}
        slowed = {}
        for metric in ("latency", "fps"):
            place = folder / metric
            place.mkdir()
            plan = planted.Wanted(python, metric, asked.share, asked.calibrate, asked.model, asked.seed)
            took_s, driver = planted.inference_s(place, plan)
            print(f"an inference takes {1e3 * took_s:.2f} ms, driven by: {driver}", flush=True)
            pause_s = planted.calibrated(place, asked.share * took_s, plan)
            slowed[metric] = f"slowed-{metric}"
            pythons[slowed[metric]] = planted.interpreter(folder / slowed[metric], python, pause_s)
        for number in range(asked.tries):
            took_s, found = one(folder / f"try-{number}", pythons, asked, chance.randrange(1, 2**31))
            slowest = max(slowest, took_s)
            said = []
            texts = {each.label: Path(each.text).parent.name for each in found.others}
            for each in found.changes:
                whose = texts[each.release]
                is_slowed = slowed[each.figure.name] == whose
                if whose in slowed.values() and not is_slowed:
                    said.append(f"{whose}, {each.figure.title}: {each.in_words()} (slowed by a share that nobody set)")
                    continue
                word = judged(each.word, is_slowed=is_slowed)
                counted["slowed" if is_slowed else "identical"][word] += 1
                said.append(f"{whose}, {each.figure.title}: {word} ({each.bounds()})")
            trust = "DIFFERS" if found.distrusted else "not known" if found.unknown else "holds"
            print(f"matrix {number + 1}: {took_s:.0f} s; A/A {trust}; {'; '.join(said)}", flush=True)
    for whose, words in counted.items():
        print(f"{whose}: " + ", ".join(f"{word} {words[word]}" for word in (NAMED, ALIKE, OPEN_YET, WRONG)))
    print(f"the slowest of {asked.tries} matrices: {slowest:.0f} s, where {LONGEST_S:g} are allowed")
    wrong = sum(words[WRONG] for words in counted.values())
    return int(bool(wrong) or slowest > LONGEST_S or counted["slowed"][NAMED] < 2 * asked.tries)


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", metavar="PYTHON", required=True, help="an interpreter with openvino and numpy")
    parser.add_argument("--tries", type=positive, default=5, help="matrices (default 5)")
    parser.add_argument("--share", type=float, default=0.05, help="what is planted (default 0.05: +5 %%)")
    parser.add_argument("--calibrate", type=float, default=60.0, help="seconds to measure what was planted")
    parser.add_argument("--model", default="googlenet-v1", help="a model by name")
    parser.add_argument("--seed", type=positive, default=20261126, help="of orders")
    asked = parser.parse_args()
    print(f"python benchmarks/matrix_tries.py {' '.join(sys.argv[1:])}".rstrip())
    return measure(asked)


if __name__ == "__main__":
    run_command(main, measures=True)
