"""How often a bisection names the release in which something was planted, and how often one of identical releases.

Without ``--measure`` the decisions alone are tried, on made-up series: each answer has an interval of the confidence that it has in the
product, and an error that fits. With ``--measure=PYTHON`` real probes are measured on that interpreter's OpenVINO, under as many names as
there are releases; from a random one on, each inference is followed by a sleep of a share of its own time. What was planted so is measured
first, and printed: a share that is asked for is not what comes of it.
"""

from __future__ import annotations

import argparse
import contextlib
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

from autogauge.cache import default_cache_dir
from autogauge.errors import UserError
from autogauge.lab.bisect import measuring
from autogauge.lab.bisect.search import Answer, Conclusion, Found, Step, answered, most_comparisons, search
from autogauge.lab.releases import beside, named, session
from autogauge.lab.releases.beside import Block, changes_of
from autogauge.lab.releases.figures import FIGURES, Change
from autogauge.measuring.progress import Silent
from autogauge.models.resolve import Wanted as Model
from autogauge.rig.profile import RELAY_ROUNDS
from autogauge.rig.rig import Asked
from benchmarks.command import positive, run_command, whole

CHANGE = 0.05
SPREADS = (0.005, 0.01, 0.015, 0.02, 0.03)
"""Standard errors of a comparison's middle, the first time; the second one takes three times as long."""
PLANT = """#!{python}
import runpy, sys, time
del sys.argv[0]
share = {share}
if share:
    import openvino
    base = openvino._pyopenvino.InferRequest
    def slowed(real):
        def call(*words, **more):
            began = time.perf_counter()
            found = real(*words, **more)
            time.sleep(share * (time.perf_counter() - began))
            return found
        return call
    for name in ("infer", "wait"):
        setattr(base, name, slowed(getattr(base, name)))
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def simulate(asked: argparse.Namespace) -> int:
    """Print a row for each noise: how often the right one, another one, or one of identical releases was named.

    Exit status 1 where more series than the error allows had a false name.
    """
    count, chance = asked.releases, random.Random(asked.seed)
    reach = NormalDist().inv_cdf(1 - measuring.FAMILY_ERROR / most_comparisons(count) / 2)
    print("Made-up series; the same on any machine.\n")
    print(
        f"| standard error | named, of +{100 * asked.size:g} % | another named | left open | of identical ones named | comparisons |"
    )
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    status = 0
    for spread in SPREADS:
        words: Counter[str] = Counter()
        steps, false = [], 0
        for _ in range(asked.tries):
            place = chance.randrange(1, count)
            found, took = _led([1.0] * place + [1 + asked.size] * (count - place), chance, spread, reach)
            steps.append(took)
            words["right" if (found.found, found.first) == (Found.NAMED, place) else str(found.found)] += 1
            same, _ = _led([1.0] * count, chance, spread, reach)
            false += same.found in (Found.NAMED, Found.RANGE)
        row = (
            f"{100 * spread:g} %",
            f"{words['right']} of {asked.tries}",
            str(words[str(Found.NAMED)]),
            str(asked.tries - words["right"] - words[str(Found.NAMED)]),
            str(false),
            f"{statistics.median(steps):g}",
        )
        print(f"| {' | '.join(row)} |")
        if max(words[str(Found.NAMED)], false) > measuring.FAMILY_ERROR * asked.tries:
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
    chance, missed, false = random.Random(asked.seed), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        made = _made(Path(folder), python, asked)
        planted = _planted(Path(folder), made, asked)
        print(f"planted: {planted.evidence()}", flush=True)
        for number in range(asked.tries):
            place = chance.randrange(1, asked.releases)
            words, is_right = _one(Path(folder, f"planted-{number}"), made, place, asked)
            missed += not is_right
            print(f"planted in release {place}: {words}", flush=True)
        for number in range(asked.identical):
            words, is_right = _one(Path(folder, f"identical-{number}"), made, asked.releases, asked)
            false += not is_right
            print(f"identical: {words}", flush=True)
    print(f"named: {asked.tries - missed} of {asked.tries}; named among identical ones: {false} of {asked.identical}")
    return int(bool(missed or false))


def _made(folder: Path, python: str, asked: argparse.Namespace) -> dict[tuple[int, bool], str]:
    """An interpreter for each release, by its place, as it is and with the slowdown."""
    made = {}
    for place in range(asked.releases):
        for slow in (False, True):
            path = folder / f"{place:02d}-{'b' if slow else 'a'}" / "python"
            path.parent.mkdir()
            path.write_text(PLANT.format(python=python, share=asked.share if slow else 0.0))
            path.chmod(0o755)
            made[place, slow] = str(path)
    return made


def _held(folder: Path, asked: argparse.Namespace) -> contextlib.closing[session.Session]:
    """A rig; this process holds the machine's lock already."""
    folder.mkdir(exist_ok=True)
    model = Asked(Model.named(asked.model, None, "embedded"))
    return contextlib.closing(session.Session(model, default_cache_dir(), folder / "scratch", Silent()))


def _planted(folder: Path, made: dict[tuple[int, bool], str], asked: argparse.Namespace) -> Change:
    """What the slowdown comes to, measured for as long as it takes to know it within a percent or so."""
    figure = FIGURES[asked.metric]
    with _held(folder / "calibrating", asked) as held:
        base, slow = (named.set_up(held.rig, made[0, each], "--measure", held.progress) for each in (False, True))
        base, slow = (
            named.Named(each.text, each.openvino, label) for each, label in ((base, "as it is"), (slow, "slowed"))
        )
        block = Block(
            "calibrating", base, (slow,), (figure,), 0.01, 0.05, asked.calibrate, RELAY_ROUNDS, with_control=False
        )
        result = beside.measure(held.rig, block, block.result(held.rig, asked.seed))
        return changes_of(result, [figure], base.label, [slow.label])[0]


def _one(folder: Path, made: dict[tuple[int, bool], str], place: int, asked: argparse.Namespace) -> tuple[str, bool]:
    """One bisection, in words, and whether it is right; slower from that place on."""
    names = tuple(made[each, each >= place] for each in range(asked.releases))
    began = time.monotonic()
    with _held(folder, asked) as held:
        wanted = measuring.Wanted(names, FIGURES[asked.metric], CHANGE, asked.pair_budget)
        work = measuring.Measuring(held, wanted, folder, "here", asked.seed)
        work.run()
    found = work.conclusion
    assert found is not None
    is_named = found.found in (Found.NAMED, Found.RANGE)
    is_right = (found.found, found.first) == (Found.NAMED, place) if place < asked.releases else not is_named
    after = f"after {found.after}, by {found.first}, " if is_named else ""
    words = f"{found.found}, {after}{len(work.steps)} comparisons, {time.monotonic() - began:.0f} s{'' if is_right else '  WRONG'}"
    return words, is_right


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
