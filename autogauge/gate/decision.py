"""What a run may be used for, from its judgements: each benchmark for itself, and the run as a whole where that is what is wrong.

Judging is left to ``session``.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autogauge.gate.judgement import Judgement, Way
from autogauge.history import standing
from autogauge.history.baseline import History, Waiting
from autogauge.history.standing import Standing, worst
from autogauge.stats.verdicts import Outcome

Ratio = Callable[[str, Waiting], float]
"""The cost of a benchmark in a run that waits, over the level that it was better than."""


@dataclass(frozen=True)
class Decision:
    """What a run may be used for and why: its ``benchmarks`` that are named, and all ``others``.

    ``new_level`` names those whose level begins with it, once they are accepted. ``confirms`` are the runs before it that were waiting for
    this one, and in which benchmarks: their level begins with the first of them.
    """

    others: Standing = Standing.ACCEPTED
    why: str = ""
    benchmarks: Mapping[str, Standing] = field(default_factory=dict)
    new_level: tuple[str, ...] = ()
    confirms: Mapping[Path, tuple[str, ...]] = field(default_factory=dict)

    @property
    def standing(self) -> Standing:
        """That of the run as a whole: the worst of its benchmarks'."""
        return worst((self.others, *self.benchmarks.values()))

    def of(self, key: str) -> Standing:
        """That of the benchmark with that key."""
        return self.benchmarks.get(key, self.others)

    def named(self, wanted: Standing) -> tuple[str, ...]:
        """The benchmarks that stand so and not as all others do."""
        return tuple(key for key, each in self.benchmarks.items() if each is wanted)

    def write(self, path: Path) -> None:
        """Write down the standing of the run that is at ``path`` or is about to be; a run that nothing is to be said of is accepted."""
        if self.why:
            standing.write(path, self.others, self.why, "gate", self.new_level, benchmarks=self.benchmarks)

    def confirm(self, path: Path) -> None:
        """Accept what waited for this run, once it is saved at ``path``."""
        for waiting, keys in self.confirms.items():
            standing.confirm(waiting, keys, path)


def is_better(judgement: Judgement) -> bool:
    """Whether a benchmark became better as surely as it would have to be worse to fail: what has to be confirmed.

    It is called improved only when it is better by more than the floor beyond doubt, which of a change of 10 % is known in half of
    the runs; were the other half judged against, the old level would follow the new one, and nothing were ever confirmed.
    """
    change = judgement.change
    return judgement.way is Way.HISTORY and (
        judgement.improved
        or (
            judgement.outcome is Outcome.PASS
            and change is not None
            and change.high < 1
            and change.ratio < 1 / judgement.floor
        )
    )


def decide(
    judgements: Sequence[Judgement],
    failed: Sequence[Judgement],
    faults: Sequence[str],
    unfit: Sequence[str],
    history: History | None,
    ratio_of: Ratio,
    not_judged: str | None = None,
) -> Decision:
    """What this run may be used for.

    A benchmark that became slower (``failed``) or was not measured is quarantined; one that became better waits for a next run that is
    better in it too. ``faults`` (a promise that failed, a test that broke) quarantine the run as a whole, since nobody knows what else they
    spoilt; ``unfit`` says why the whole run is pending, until somebody accepts it. Without a ``history`` nothing is confirmed.
    ``not_judged`` is what to say of benchmarks that nothing was found for to be judged against, though there might be.
    """
    own = [each for each in judgements if each.way is Way.HISTORY]
    unmeasured = [each for each in own if each.cannot_measure]
    reasons = [
        *(f"slower: {each.sentence()}" for each in failed),
        *(f"not measured: {each.sentence()}" for each in unmeasured),
        *(f"failed: {each}" for each in faults),
    ]
    out = dict.fromkeys(_keys((*failed, *unmeasured)), Standing.QUARANTINED)
    better = [each for each in own if is_better(each) and each.benchmark not in out]
    changed = _keys((*failed, *(each for each in unmeasured if each.change is not None), *better))
    if faults:
        return Decision(Standing.QUARANTINED, "; ".join(reasons), new_level=changed)
    if unfit:
        level = tuple(key for key in changed if key in out)
        return Decision(Standing.PENDING, "; ".join((*reasons, *unfit)), out, level)
    confirms: dict[Path, list[str]] = defaultdict(list)
    waiting: list[str] = []
    undecided: list[str] = []
    confirmed: list[str] = []
    for each in own:
        key = each.benchmark
        runs = history.pending.get(key, ()) if history else ()
        is_waited_for = any(run.better for run in runs)
        if key in out:
            continue
        if each not in better:
            if is_waited_for and _is_nearer(each, runs, ratio_of):
                undecided.append(key)
        elif is_waited_for:
            confirmed.append(key)
            for run in runs:
                confirms[run.run.path].append(key)
        else:
            waiting.append(key)
    reasons += [f"NOT JUDGED: {not_judged}"] if not_judged else []
    reasons += _said("better than what was accepted, to be confirmed", waiting)
    reasons += _said("not clearly at the old level nor at the better one that is to be confirmed", undecided)
    reasons += _said("confirms what became better", confirmed)
    return Decision(
        Standing.ACCEPTED,
        "; ".join(reasons),
        {**out, **dict.fromkeys((*waiting, *undecided), Standing.PENDING)},
        tuple(key for key in changed if key not in confirmed),
        {path: tuple(keys) for path, keys in confirms.items()},
    )


def _is_nearer(judgement: Judgement, runs: Sequence[Waiting], ratio_of: Ratio) -> bool:
    """Whether a figure lies nearer to the better one that waits than to the level: to be judged against, it would pull that along."""
    if judgement.change is None or judgement.outcome is Outcome.FAIL:
        return False
    first = [run for run in runs if run.better][-1]
    return judgement.change.ratio < math.sqrt(ratio_of(judgement.benchmark, first))


def _said(what: str, keys: Sequence[str]) -> list[str]:
    return [f"{what}: {', '.join(keys)}"] if keys else []


def _keys(judgements: Iterable[Judgement]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.benchmark for each in judgements))
