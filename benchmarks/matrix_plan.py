"""Which plan of a matrix of releases is fastest to its verdicts? Five releases, both hints, +5 % and −5 % among them; 300 s at most.

Without ``--measure`` recorded rounds of identical processes (``benchmarks/calibration/data``) are resampled. All pairs of a block share the
base, and one of them is the base beside itself, as in the product. A pair's ratio is what the processes of both sides have of their own,
drawn anew at each relay, and what differs from round to round, in the order recorded, at the distance that the plan's rounds have. The
verdicts are the product's (``stats.changes``, ``measuring.plan``), and those of a figure whose A/A differs do not count. What a process
costs to start is an option, since the recordings hold only what one costs to renew.

With ``--process-sd=LIST`` it is asked how many processes of each side a verdict needs: of identical releases, whose processes differ by so
much (a standard deviation, in percent), how many pairs are called different, by how many processes there are before the first look.

With ``--measure=LIST`` each plan is measured here, once: name runtimes of one release (an environment, its ``bin/python``, links to it);
every verdict but *no difference* is wrong then. The time to the last verdict counts, process starts included.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import random
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from autogauge.cache import default_cache_dir
from autogauge.lab.matrix import measuring, outcome
from autogauge.lab.matrix.plan import FAMILY_ERROR, Wanted
from autogauge.lab.releases import beside, figures, session
from autogauge.measuring.claim import WITHIN, Ratio
from autogauge.measuring.plan import Plan
from autogauge.measuring.progress import Silent
from autogauge.models.resolve import Wanted as Model
from autogauge.rig.rig import Asked
from autogauge.rig.warm import LATENCY_MS
from autogauge.stats.changes import judge_likeness
from autogauge.stats.intervals import Interval
from autogauge.stats.sequential import geometric_looks
from autogauge.stats.verdicts import Outcome
from benchmarks.calibration.resampled import HINTS, Floats, Recording, recordings
from benchmarks.command import positive, run_command

TRUTH = (1.0, 1.05, 1.0, 1 / 1.05)
"""What the releases beside the base cost, by turns."""
MOST_ROUNDS = 200
"""So many a pair has within its budget, in a block of five releases."""
CHANGE, LONGEST_S, PAIR_BUDGET_S = 0.05, 300.0, 30.0
LAGS = (0, 1, 2, 4, 8, 16, 32)


@dataclass(frozen=True)
class Done:
    """What a plan came to: seconds to the last verdict, whether all pairs were decided in time, how many verdicts were wrong.

    ``alarms`` are the figures whose A/A differs.
    """

    seconds: float
    decided: bool
    wrong: int
    alarms: int


def tried(found: list[Recording], chance: random.Random, relay: int, largest: int, asked: argparse.Namespace) -> Done:
    """One matrix by that plan."""
    truth = tuple(TRUTH[place % len(TRUTH)] for place in range(asked.releases - 1))
    groups = [truth[begin : begin + largest] for begin in range(0, len(truth), largest)]
    pairs = len(HINTS) * (len(truth) + len(groups))
    spent, decided, wrong, alarms = 0.0, True, 0, 0
    for group in groups:
        budget_s = PAIR_BUDGET_S * len(HINTS) * len(group)
        one = _block(found, chance, group, relay, FAMILY_ERROR / pairs, budget_s, asked.start_s, asked.slice_s)
        spent, decided = spent + one.seconds, decided and one.decided
        wrong, alarms = wrong + one.wrong, alarms + one.alarms
    return Done(spent, decided and spent <= asked.longest and not alarms, wrong, alarms)


def _block(
    found: list[Recording],
    chance: random.Random,
    group: tuple[float, ...],
    relay: int,
    error: float,
    budget_s: float,
    start_s: float,
    slice_s: float,
) -> Done:
    """One block: base, base again and the group, with both hints, until every pair but the control is decided; then that is looked at."""
    looks = geometric_looks(beside.first_look(relay), beside.LAST_LOOK, beside.LOOKS_APART)
    plan = Plan(looks, budget_s, 1 - error, by_time=True)
    sides = len(group) + 2
    renewal_s = statistics.mean(each.renewal_s for each in found)
    longest = looks[0] + int(budget_s / (3 * slice_s))
    series, looked, wrong = {}, {}, dict.fromkeys(HINTS, 0)
    round_s = sides * len(HINTS) * slice_s
    for hint in HINTS:
        own = [each for each in found if each.hint == hint]
        recording = own[chance.randrange(len(own))]
        distances_s = [chance.uniform(-1, 1) * round_s for _ in range(sides - 1)]  # two random places of a round
        above, below = recording.rounds(chance, longest, distances_s)
        base = below + recording.luck(chance, longest, relay)
        for place, (side, cost) in enumerate(zip(above, (*group, 1.0), strict=True)):
            other = side + recording.luck(chance, longest, relay) + math.log(cost)
            series[hint, place] = np.exp(other), np.exp(base)
            looked[hint, place] = 0.0
    controls = {hint: series.pop((hint, len(group))) for hint in HINTS}
    for hint in HINTS:
        del looked[hint, len(group)]
    elapsed, rounds = 0.0, 0
    while looked and rounds < longest and (elapsed <= budget_s or rounds < looks[0]):
        live = len(looked) + 2 * len(HINTS)
        rounds += 1
        elapsed += live * slice_s + live / relay * renewal_s
        is_over = elapsed > budget_s and rounds >= looks[0]
        if rounds not in looks and not is_over:
            continue
        for key in [*looked]:
            confidence = plan.confidence_at(elapsed, looked[key])
            verdict, interval = _judged(series[key], rounds, confidence)
            looked[key] = min(1.0, elapsed / budget_s)
            if verdict is not Outcome.INCONCLUSIVE:
                del looked[key]
                wrong[key[0]] += _is_wrong(verdict, interval, group[key[1]])
    confidence = plan.confidence_at(elapsed, 0.0)
    alarms = [hint for hint in HINTS if not _judged(controls[hint], rounds, confidence)[1].holds(1.0)]
    counted = sum(wrong[hint] for hint in HINTS if hint not in alarms)
    return Done(elapsed + sides * len(HINTS) * start_s, not looked, counted, len(alarms))


def _judged(sides: tuple[Floats, Floats], rounds: int, confidence: float) -> tuple[Outcome, Interval]:
    claim = Ratio("pair", "", LATENCY_MS, "A", "B", WITHIN, 1 + CHANGE)
    above, below = ([float(each) for each in side[:rounds]] for side in sides)
    return judge_likeness(above, below, claim, confidence, higher_is_better=False)


def _is_wrong(verdict: Outcome, interval: Interval, truth: float) -> bool:
    """Whether it calls different what is the same, or slower what is faster; or excludes the truth with its no difference."""
    if verdict is Outcome.FAIL:
        return truth == 1 or (interval.ratio > 1) != (truth > 1)
    return truth != 1 and not interval.holds(truth)


def resample(asked: argparse.Namespace) -> None:
    """Print how precise a pair is by its distance, and a row for each plan."""
    found, chance = recordings(asked.noise), random.Random(asked.seed)
    print(f"python benchmarks/matrix_plan.py {' '.join(sys.argv[1:])}".rstrip())
    rounds = sum(len(each.first) for each in found)
    print(
        f"Recorded on two cores of an Intel Xeon, November 2026: {rounds} rounds of identical processes, noise: {asked.noise}.\n"
    )
    print("| distance of a pair | " + " | ".join(f"{hint}, spread of a ratio" for hint in HINTS) + " |")
    print("| ---: | " + " | ".join("---:" for _ in HINTS) + " |")
    for lag in LAGS:
        cells = []
        for hint in HINTS:
            own = [each for each in found if each.hint == hint]
            cells.append(f"{100 * statistics.mean(each.spread(lag) for each in own):.2f} %")
        seconds = lag * statistics.mean(each.round_s for each in found)
        print(f"| {seconds:.1f} s | {' | '.join(cells)} |")
    in_time = f"all decided in {asked.longest:g} s"
    print(
        f"\n| a process serves | in a block | to the last verdict (median) | 9 of 10 within | {in_time} | something wrong | A/A differs |"
    )
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for relay in asked.relays:
        for largest in asked.blocks:
            done = [tried(found, chance, relay, largest, asked) for _ in range(asked.trials)]
            seconds = sorted(each.seconds for each in done)
            decided = sum(each.decided for each in done) / len(done)
            row = (
                f"{relay} rounds",
                f"{largest}",
                f"{statistics.median(seconds):.0f} s",
                f"{seconds[math.ceil(0.9 * len(seconds)) - 1]:.0f} s",
                f"{100 * decided:.0f} %",
                f"{sum(each.wrong > 0 for each in done)} of {len(done)}",
                f"{sum(each.alarms > 0 for each in done)} of {len(done)}",
            )
            print(f"| {' | '.join(row)} |", flush=True)


def by_processes(asked: argparse.Namespace) -> None:
    """Print how many pairs of identical releases are called different, by what their processes differ by and how many there are first."""
    found, chance = recordings(asked.noise), random.Random(asked.seed)
    error = FAMILY_ERROR / (len(HINTS) * asked.releases)
    print(f"python benchmarks/matrix_plan.py {' '.join(sys.argv[1:])}".rstrip())
    print("Recorded rounds of two cores of an Intel Xeon, November 2026, and made-up processes.\n")
    print(f"Allowed are {100 * error:.2g} % of the pairs.\n")
    print("| processes differ by | processes first | called different | left open | rounds (median) |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    for sd in asked.process_sd:
        for processes in asked.processes:
            done = [_pair(found, chance, sd / 100, processes, error) for _ in range(asked.trials)]
            different, open_ = (
                sum(word is wanted for word, _ in done) for wanted in (Outcome.FAIL, Outcome.INCONCLUSIVE)
            )
            row = (
                f"{sd:g} %",
                str(processes),
                f"{100 * different / len(done):.2f} %",
                f"{100 * open_ / len(done):.1f} %",
                f"{statistics.median(rounds for _, rounds in done):g}",
            )
            print(f"| {' | '.join(row)} |", flush=True)


def _pair(
    found: list[Recording], chance: random.Random, sd: float, processes: int, error: float
) -> tuple[Outcome, int]:
    """What is said of two identical releases, and after how many rounds; each side's processes differ by that standard deviation."""
    recording = found[chance.randrange(len(found))]
    looks = geometric_looks(processes * beside.RELAY_ROUNDS, beside.LAST_LOOK, beside.LOOKS_APART)
    rounds = max(MOST_ROUNDS, looks[0])
    looks = (*(each for each in looks if each < rounds), rounds)
    plan = Plan(looks, float(rounds), 1 - error, by_time=True)
    (above,), below = recording.rounds(chance, rounds, [chance.uniform(-1, 1)])
    sides = [np.exp(side + recording.luck(chance, rounds, beside.RELAY_ROUNDS, sd)) for side in (above, below)]
    looked = 0.0
    for look in looks:
        verdict, _ = _judged((sides[0], sides[1]), look, plan.confidence_at(look, looked))
        looked = look / rounds
        if verdict is not Outcome.INCONCLUSIVE:
            return verdict, look
    return Outcome.INCONCLUSIVE, rounds


def measure(asked: argparse.Namespace) -> None:
    """Measure each plan once, in random order, and print a row for each."""
    names = [each for each in asked.measure.split(",") if each]
    plans = [(relay, largest) for relay in asked.relays for largest in asked.blocks]
    random.Random(asked.seed).shuffle(plans)
    print(f"python benchmarks/matrix_plan.py {' '.join(sys.argv[1:])}".rstrip())
    print("| a process serves | releases in a block | set up | measured | rounds | decided | differing | A/A | words |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- |")
    for relay, largest in plans:
        wanted = Wanted(
            figures.parse("hints", None), relay_rounds=relay, largest_block=largest, pair_budget_s=asked.pair_budget
        )
        model = Asked(Model.named(asked.model, None, "embedded"))
        with (
            tempfile.TemporaryDirectory() as reports,
            # This process holds the machine's lock already.
            contextlib.closing(session.Session(model, default_cache_dir(), Path(reports, "scratch"), Silent())) as held,
        ):
            work = measuring.Measuring(held, wanted, Path(reports, "kept"), "here", asked.seed)
            began = time.monotonic()
            work.set_up(names, names[-1])
            ready = time.monotonic()
            work.measure()
            over = time.monotonic()
            path = work.keeper.save(held.rig, is_over=True) if work.keeper else None
            assert path is not None
            found = outcome.of_file(path)
        row = (
            f"{relay} rounds",
            str(largest),
            f"{ready - began:.0f} s",
            f"{over - ready:.0f} s",
            ", ".join(str(len(each.replicates)) for each in work.results),
            f"{sum(each.word != figures.OPEN for each in found.changes)} of {len(found.changes)}",
            str(sum(each.differs for each in found.changes)),
            "DIFFERS" if found.distrusted else "not known" if found.unknown else "holds",
            found.in_words(),
        )
        print(f"| {' | '.join(row)} |", flush=True)


def main() -> None:
    """Resample, or measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--noise", default="quiet", help="of the recordings: quiet, hog, drift (default quiet)")
    parser.add_argument("--trials", type=positive, default=40, help="matrices for each plan (default 40)")
    parser.add_argument("--releases", type=positive, default=5, help="how many, the base among them (default 5)")
    parser.add_argument(
        "--longest", type=float, default=LONGEST_S, help="seconds in which all are to be decided (default 300)"
    )
    parser.add_argument(
        "--start-s", type=float, default=1.5, help="seconds that the first start of a process takes (default 1.5)"
    )
    parser.add_argument("--slice-s", type=float, default=0.07, help="seconds that a turn takes (default 0.07)")
    numbers = {"type": lambda text: [float(each) for each in text.split(",")], "metavar": "LIST"}
    parser.add_argument(
        "--process-sd",
        default=[],
        help="percent: how many processes does a verdict need where they differ so?",
        **numbers,
    )
    parser.add_argument(
        "--processes",
        type=lambda text: [positive(each) for each in text.split(",")],
        default=[2, 6, 10, 16],
        help="with --process-sd: processes of each side before the first look",
    )
    parser.add_argument("--measure", metavar="LIST", default="", help="runtimes to measure, instead of resampling")
    parser.add_argument(
        "--relays", type=lambda text: [positive(each) for each in text.split(",")], default=[4, 6, 12, 24]
    )
    parser.add_argument("--blocks", type=lambda text: [positive(each) for each in text.split(",")], default=[1, 2, 4])
    parser.add_argument("--pair-budget", type=float, default=PAIR_BUDGET_S, help="seconds (default 30)")
    parser.add_argument("--model", default="googlenet-v1", help="with --measure: a model by name")
    parser.add_argument("--seed", type=positive, default=20261126, help="of what is drawn")
    asked = parser.parse_args()
    (measure if asked.measure else by_processes if asked.process_sd else resample)(asked)


if __name__ == "__main__":
    run_command(main, measures=any(each.startswith("--measure") for each in sys.argv))
