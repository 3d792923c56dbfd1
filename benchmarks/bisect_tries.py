"""How often a bisection names the release in which something was planted, and how often one of identical releases.

Without ``--measure`` the decisions alone are tried, on made-up series: each answer has an interval of the confidence that it has in the
product, and an error that fits. How large that error is, is assumed there: real noise may not be normal, and its size is not known
beforehand. With ``--measure=PYTHON`` real probes are measured on that interpreter's OpenVINO, under as many names as there are releases;
from a random one on, each inference begins late, after work of a share of what an inference takes here. That time is measured first, and
the work is the same in all processes. What comes of it is measured before the tries, where it is set right too, and after them, and
printed: a share that is asked for is not what comes of it. All processes drive their requests in the usual way, which is printed.

Exit status 1 where something wrong was said: another release was named, or a range without the right one, or a difference of the ends the
wrong way; of identical releases any difference. Of made-up series: in more of them than the error allows.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import NormalDist

sys.path.insert(0, str(Path(__file__).parents[1]))

from autogauge.errors import UserError
from autogauge.lab.bisect import measuring
from autogauge.lab.bisect.search import (
    FASTER,
    SLOWER,
    Answer,
    Conclusion,
    Found,
    Step,
    answered,
    most_comparisons,
    search,
)
from autogauge.lab.releases.figures import FIGURES
from autogauge.rig import warm
from benchmarks import planted
from benchmarks.command import positive, run_command, whole

CHANGE = 0.05
SPREADS = (0.005, 0.01, 0.015, 0.02, 0.03)
"""Standard errors of a comparison's middle, the first time; the second one takes three times as long."""
RIGHT, WRONG, RANGE, LEFT_OPEN, UNMEASURED, NOTHING = (
    "named right",
    "WRONG",
    "a range with it",
    "left open",
    "not measured",
    "no difference",
)


def judged(found: Conclusion, place: int | None, count: int) -> str:
    """What a conclusion among so many releases is worth where the one at ``place`` and all after it are slower; ``None``: none is."""
    ends = found.series.get(count - 1)
    if found.found is Found.NOT_MEASURED:
        return UNMEASURED
    if place is None:
        says_so = found.found in (Found.NAMED, Found.RANGE, Found.IN_STEPS, Found.SWAPPED)
        if says_so or (ends is not None and ends.word in (SLOWER, FASTER)):
            return WRONG
        return NOTHING if found.found is Found.NO_DIFFERENCE else LEFT_OPEN
    if found.found is Found.NAMED:
        return RIGHT if found.first == place else WRONG
    if found.found is Found.RANGE:
        return RANGE if found.after < place <= found.first else WRONG
    return WRONG if found.found in (Found.SWAPPED, Found.NO_DIFFERENCE) else LEFT_OPEN


def simulate(asked: argparse.Namespace) -> int:
    """Print a row for each noise: how often the right one, another one, or one of identical releases was named.

    Exit status 1 where of more series than the error allows something wrong was said.
    """
    count, chance = asked.releases, random.Random(asked.seed)
    reach = NormalDist().inv_cdf(1 - measuring.FAMILY_ERROR / most_comparisons(count) / 2)
    print("Made-up series; the same on any machine. Their spread is assumed, not measured.")
    print("Each comparison has a normal error of that size here, and knows its size.\n")
    print(f"| standard error | +{100 * asked.size:g} %: {RIGHT} | {WRONG} | {RANGE} | {LEFT_OPEN} | ", end="")
    print(f"identical: {NOTHING} | {WRONG} | {LEFT_OPEN} | comparisons |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    status = 0
    for spread in SPREADS:
        words: Counter[str] = Counter()
        same: Counter[str] = Counter()
        steps = []
        for _ in range(asked.tries):
            place = chance.randrange(1, count)
            found, took = _led([1.0] * place + [1 + asked.size] * (count - place), chance, spread, reach)
            steps.append(took)
            words[judged(found, place, count)] += 1
            same[judged(_led([1.0] * count, chance, spread, reach)[0], None, count)] += 1
        row = (
            f"{100 * spread:g} %",
            f"{words[RIGHT]} of {asked.tries}",
            *(str(words[word]) for word in (WRONG, RANGE, LEFT_OPEN)),
            *(str(same[word]) for word in (NOTHING, WRONG, LEFT_OPEN)),
            f"{statistics.median(steps):g}",
        )
        print(f"| {' | '.join(row)} |")
        if max(words[WRONG], same[WRONG]) > measuring.FAMILY_ERROR * asked.tries:
            status = 1
    return status


def _led(costs: list[float], chance: random.Random, spread: float, reach: float) -> tuple[Conclusion, int]:
    """The conclusion of a search among releases of these costs, and how many comparisons it took."""
    asking, took = search(len(costs), CHANGE), 0
    step: Step = next(asking)
    while True:
        took += 1
        error = spread / (measuring.LONGER**0.5 if step.attempt else 1.0)
        answer: Answer = answered(costs, step, reach * error, chance.gauss(0, error))
        try:
            step = asking.send(answer)
        except StopIteration as over:
            return over.value, took


def measure(asked: argparse.Namespace) -> int:
    """Measure so many bisections with something planted, and so many of identical releases; exit status 1 where one is wrong."""
    python = shutil.which(asked.measure)
    if python is None:
        raise UserError(f"there is no interpreter {asked.measure}: name one with openvino (--measure).")
    warm.agreed_driver = planted.usual_driver  # chosen anew in each comparison it would be another one now and then
    chance = random.Random(asked.seed)
    plan = planted.Wanted(python, asked.metric, asked.share, asked.calibrate, asked.model, asked.seed)
    slowed: Counter[str] = Counter()
    identical: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        took_s, driver = planted.inference_s(Path(folder), plan)
        print(f"an inference takes {1e3 * took_s:.2f} ms, driven by: {driver}", flush=True)
        pause_s = planted.calibrated(Path(folder), asked.share * took_s, plan)
        made = _made(Path(folder), python, pause_s, asked)
        for number in range(asked.tries):
            place = chance.randrange(1, asked.releases)
            word, words = _one(Path(folder, f"planted-{number}"), made, place, asked)
            slowed[word] += 1
            print(f"planted in release {place}: {words}", flush=True)
        for number in range(asked.identical):
            word, words = _one(Path(folder, f"identical-{number}"), made, None, asked)
            identical[word] += 1
            print(f"identical: {words}", flush=True)
        after = planted.came_of(Path(folder) / "after", made[0, False], made[0, True], plan)
        print(f"planted, after the tries: {after.evidence()}")
    print(f"{asked.tries} with something planted: {_counted(slowed, RIGHT, WRONG, RANGE, LEFT_OPEN, UNMEASURED)}")
    print(f"{asked.identical} of identical releases: {_counted(identical, NOTHING, WRONG, LEFT_OPEN, UNMEASURED)}")
    return int(bool(slowed[WRONG] or identical[WRONG]))


def _counted(those: Counter[str], *words: str) -> str:
    return ", ".join(f"{word} {those[word]}" for word in words)


def _made(folder: Path, python: str, pause_s: float, asked: argparse.Namespace) -> dict[tuple[int, bool], str]:
    """An interpreter for each release, by its place, as it is and with the slowdown."""
    return {
        (place, slow): planted.interpreter(
            folder / f"{place:02d}-{'b' if slow else 'a'}", python, pause_s if slow else 0.0
        )
        for place in range(asked.releases)
        for slow in (False, True)
    }


def _one(
    folder: Path, made: dict[tuple[int, bool], str], place: int | None, asked: argparse.Namespace
) -> tuple[str, str]:
    """One bisection, what it is worth, and in words; slower from that place on."""
    names = tuple(made[each, place is not None and each >= place] for each in range(asked.releases))
    began = time.monotonic()
    with planted.held(folder, asked.model) as held:
        wanted = measuring.Wanted(names, FIGURES[asked.metric], CHANGE, asked.pair_budget)
        work = measuring.Measuring(held, wanted, folder, "here", asked.seed)
        _, interruption = work.run()
    if interruption is not None:
        raise interruption
    found = work.conclusion
    assert found is not None
    word = judged(found, place, asked.releases)
    after = f" (after {found.after}, by {found.first})" if found.found in (Found.NAMED, Found.RANGE) else ""
    return word, f"{word}: {found.found}{after}, {len(work.steps)} comparisons, {time.monotonic() - began:.0f} s"


def main() -> int:
    """Try the decisions, or measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--releases", type=positive, default=20, help="how many (default 20)")
    parser.add_argument("--tries", type=whole, help="with something planted (default 1000; measured: 10)")
    parser.add_argument(
        "--size", type=float, default=0.1, help="what is planted in made-up series (default 0.1: +10 %%)"
    )
    parser.add_argument(
        "--measure", metavar="PYTHON", default="", help="an interpreter with openvino; instead of made-up series"
    )
    parser.add_argument(
        "--identical", type=whole, default=20, help="with --measure: of identical releases (default 20)"
    )
    parser.add_argument(
        "--metric", choices=("fps", "latency"), default="fps", help="with --measure: in what (default fps)"
    )
    parser.add_argument("--share", type=float, default=0.1, help="with --measure: of an inference's time (default 0.1)")
    parser.add_argument(
        "--calibrate", type=float, default=60.0, help="with --measure: seconds to measure what was planted"
    )
    parser.add_argument("--pair-budget", type=float, default=30.0, help="with --measure: seconds (default 30)")
    parser.add_argument("--model", default="googlenet-v1", help="with --measure: a model by name")
    parser.add_argument("--seed", type=positive, default=20261126, help="of what is drawn")
    asked = parser.parse_args()
    if asked.releases < 3:
        raise UserError("among fewer than three releases there is nothing to halve (--releases).")
    if asked.tries is None:
        asked.tries = 10 if asked.measure else 1000
    print(f"python benchmarks/bisect_tries.py {' '.join(sys.argv[1:])}".rstrip())
    if asked.measure:
        return measure(asked)
    return simulate(asked)


if __name__ == "__main__":
    run_command(main, measures=any(each.startswith("--measure") for each in sys.argv))
