"""A comparison of two sides over many machines in one line a benchmark: machines are the sample.

Each machine that both sides have gives one ratio, that of its own comparison (``gate.comparison``); every machine counts once, however many
runs it has. The line is the trimmed mean of the ratios' logarithms over machines, its interval Student's with the moderated variance
between machines: so it tells what a machine like these may expect, not what every machine saw. A single machine that differs hardly moves
it; that is why the machines' verdicts are counted beside it, and the furthest is named.

Sources: R. DerSimonian and N. Laird, "Meta-analysis in clinical trials" (1986), for the units of a sample as a random effect; the
unweighted mean with Student's interval is that of J. Hartung and G. Knapp (2001) for units of equal weight; the trimmed mean
and the moderated variance are ``stats.prediction``'s.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autogauge.gate.gate import FAMILY_ERROR
from autogauge.gate.judgement import Judgement, Way
from autogauge.gate.past import RATIO_SPREAD, Rule, outcome
from autogauge.measuring.quantity import Quantity, quantity_of
from autogauge.plain import few_plain
from autogauge.stats.intervals import Interval
from autogauge.stats.prediction import level_of

if TYPE_CHECKING:
    from autogauge.gate.compared import Compared
    from autogauge.gate.comparison import Comparison

FEWEST = 2
"""Machines below which there is nothing to pool."""
ORDER = ("FAIL", "INCONCLUSIVE", "NO BASELINE", "IMPROVED", "PASS")
CHANGED = ("FAIL", "IMPROVED")
NOTHING, NAMED = "nothing", 5


@dataclass(frozen=True)
class Pooled:
    """One benchmark over all machines that both sides have. ``beside`` says of which model, where there are several.

    ``judgement`` has the interval over machines; ``verdicts`` counts the machines' own; ``furthest`` is the machine that changed most
    in the worse direction.
    """

    benchmark: str
    metric: str
    beside: str
    judgement: Judgement
    basis: str
    machines: int
    verdicts: dict[str, int]
    furthest: Compared
    judged: str = ""
    """By what, in short, where the benchmark has a line for each of several ways: ``by ratio``; else empty."""

    def to_json(self) -> dict[str, Any]:
        """The fields as a dictionary."""
        change = self.furthest.judgement.change
        return {
            **self.judgement.to_json(),
            "metric": self.metric,
            "beside": self.beside,
            "basis": self.basis,
            "machines": self.machines,
            "verdicts": self.verdicts,
            "furthest": {"machine": self.furthest.machine, "ratio": change.ratio if change else None},
        }


def pooled(found: Comparison, smallest_change: float) -> Comparison:
    """The comparison with a line a benchmark over its machines, and its own lines the worst first.

    Where no benchmark is of two machines it is as it was. Machines that are not judged by the same are never one line: that, and which
    machines are in none, is said in its notes.
    """
    groups: dict[tuple[str, str, str, str], list[Compared]] = defaultdict(list)
    for each in found.compared:
        if each.machine and each.judgement.change:
            groups[each.benchmark, each.metric, each.beside, each.basis].append(each)
    several = {key: own for key, own in groups.items() if len({each.machine for each in own}) >= FEWEST}
    found = dataclasses.replace(found, notes=(*_left_and_split(found.compared, several), *found.notes))
    if not several:
        return found
    varied = len({beside for _, _, beside, _ in several}) > 1
    ways = Counter(key[:3] for key in several)
    error = FAMILY_ERROR / len(several)
    lines = [
        dataclasses.replace(
            _line(
                key, own, Rule(error, 1 + smallest_change / 2, 1 + smallest_change, quantity_of(key[1])), varied=varied
            ),
            judged=_in_short(key[3], quantity_of(key[1])) if ways[key[:3]] > 1 else "",
        )
        for key, own in several.items()
    ]
    return dataclasses.replace(
        found,
        compared=tuple(
            sorted(found.compared, key=lambda each: (*_badness(each.judgement), each.benchmark, each.where))
        ),
        pooled=tuple(sorted(lines, key=_badness_of_all)),
    )


def _in_short(basis: str, quantity: Quantity) -> str:
    return basis if basis == f"by {quantity.basis}" else "by ratio"


def _left_and_split(compared: Sequence[Compared], lines: Collection[tuple[str, str, str, str]]) -> list[str]:
    """Sentences on benchmarks with a line over machines for each of several ways of judging, and on machines that are in no line."""
    groups: dict[tuple[str, str, str], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for each in compared:
        if each.machine:
            way = each.basis if each.judgement.change else NOTHING
            groups[each.benchmark, each.metric, each.beside][way].append(each.machine)
    said: dict[str, list[str]] = defaultdict(list)
    for key, ways in groups.items():
        if len({machine for machines in ways.values() for machine in machines}) < FEWEST:
            continue
        own = [way for way in sorted(ways) if (*key, way) in lines]
        if len(own) > 1:
            parts = " and ".join(f"one {way} ({few_plain(ways[way], NAMED)})" for way in own)
            said[f"there is {parts}, since not all have a ratio to one pinned workload"].append(key[0])
        for way in sorted(ways.keys() - {*own}):
            verb = "is" if len({*ways[way]}) == 1 else "are"
            why = "there is nothing to compare" if way == NOTHING else f"no other machine is judged {way}"
            said[f"{few_plain(ways[way], NAMED)} {verb} left out, since {why}"].append(key[0])
    return [f"in the lines over all machines {what}: {few_plain(each, NAMED)}" for what, each in said.items()]


def _line(key: tuple[str, str, str, str], own: Sequence[Compared], rule: Rule, *, varied: bool) -> Pooled:
    benchmark, metric, beside, basis = key
    rule = rule.beside(each.seconds[0] for each in own)
    ratios = [each.judgement.change.ratio for each in own if each.judgement.change]
    level = level_of(ratios, prior_spread=rule.spread if basis == f"by {rule.quantity.basis}" else RATIO_SPREAD)
    reach = level.of_centre(1 - rule.error)
    interval = Interval(
        math.exp(level.centre),
        math.exp(level.centre - reach),
        math.exp(min(level.centre + reach, 700.0)),
        1 - 2 * rule.error,
        len(ratios),
    )
    title = f"{benchmark} · {beside}" if varied and beside else benchmark
    against = f"A on {len(own)} machines, {basis}"
    judgement = Judgement(
        title, Way.HISTORY, against, outcome(interval, rule), interval, rule.floor, quantity=rule.quantity
    )
    counts = Counter(each.judgement.word for each in own)
    verdicts = {word: counts[word] for word in ORDER if counts[word]}
    furthest = max(own, key=lambda each: each.judgement.change.ratio if each.judgement.change else 0.0)
    return Pooled(benchmark, metric, beside, judgement, basis, len(own), verdicts, furthest)


def _badness_of_all(line: Pooled) -> tuple[int, int, float, str, str]:
    """The same of a line over machines: one with a machine that fails comes before one without."""
    word, size = _badness(line.judgement)
    return word, -line.verdicts.get("FAIL", 0), size, line.benchmark, line.beside


def _badness(judgement: Judgement) -> tuple[int, float]:
    return ORDER.index(judgement.word), -(judgement.change.ratio if judgement.change else 0.0)
