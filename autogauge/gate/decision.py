"""What a run may be used for, from its judgements: each benchmark for itself, and the run as a whole where that is what is wrong.

Judging is left to ``gate``.
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
from autogauge.history.standing_file import Standing, worst
from autogauge.plain import few
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


def seems_better(judgement: Judgement) -> bool:
    """Whether a benchmark became better as surely as it would have to be worse to fail: it is not to be judged against unconfirmed.

    It is called improved only when it is better by more than the floor beyond doubt, which of a change of 10 % is known in half of
    the runs; were the other half judged against, the old level would follow the new one, and nothing were ever confirmed. The same where
    the two measurements of a run do not both say so.
    """
    change, known = judgement.change, judgement.outcome in (Outcome.PASS, Outcome.INCONCLUSIVE)
    return (
        judgement.way is Way.HISTORY
        and known
        and change is not None
        and change.high < 1
        and change.ratio < 1 / judgement.floor
    )


def is_better(judgement: Judgement) -> bool:
    """Whether that is known, so that it confirms what became better before it."""
    return seems_better(judgement) and judgement.outcome is Outcome.PASS


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
    worse = {each.quantity.more: [one for one in failed if one.quantity is each.quantity] for each in failed}
    told = [line for more, those in worse.items() for line in _told(more, those)]
    reasons = [*told, *_told("not measured", unmeasured)]
    reasons += [f"failed: {few(list(map(_in_short, faults)) if len(faults) > 1 else faults)}"] if faults else []
    out = dict.fromkeys(_keys((*failed, *unmeasured)), Standing.QUARANTINED)
    better = [each for each in own if seems_better(each) and each.benchmark not in out]
    changed = _keys((*failed, *(each for each in unmeasured if each.change is not None), *better))
    if faults:
        return Decision(Standing.QUARANTINED, "; ".join(reasons), new_level=changed)
    if unfit:
        level = tuple(key for key in changed if key in out)
        return Decision(Standing.PENDING, "; ".join((*reasons, *unfit)), out, level)
    found = _Waits()
    for each in own:
        if each.benchmark not in out:
            found.take(each, history.pending.get(each.benchmark, ()) if history else (), ratio_of)
    reasons += [f"NOT JUDGED: {not_judged}"] if not_judged else []
    reasons += found.said()
    return Decision(
        Standing.ACCEPTED,
        "; ".join(reasons),
        {**out, **dict.fromkeys((*found.waiting, *found.undecided), Standing.PENDING)},
        tuple(key for key in changed if key in out or key in found.waiting),
        {path: tuple(keys) for path, keys in found.confirms.items()},
    )


@dataclass
class _Waits:
    """The benchmarks that wait to be confirmed since they are better, that wait with those of a run before, and that confirm one."""

    waiting: list[str] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)
    confirmed: list[str] = field(default_factory=list)
    confirms: dict[Path, list[str]] = field(default_factory=lambda: defaultdict(list))

    def take(self, judgement: Judgement, runs: Sequence[Waiting], ratio_of: Ratio) -> None:
        """Put a benchmark where it belongs; ``runs`` are those in which it waits."""
        key = judgement.benchmark
        if not any(run.better for run in runs):
            self.waiting += [key] if seems_better(judgement) else []
        elif is_better(judgement):
            self.confirmed.append(key)
            for run in runs:
                self.confirms[run.run.path].append(key)
        elif seems_better(judgement) or _is_nearer(judgement, runs, ratio_of):
            self.undecided.append(key)

    def said(self) -> list[str]:
        """What becomes of them, a clause each."""
        said = {
            "better than what was accepted, to be confirmed": self.waiting,
            "not clearly at the old level nor at the better one that is to be confirmed": self.undecided,
            "confirms what became better": self.confirmed,
        }
        return [f"{what}: {few(keys)}" for what, keys in said.items() if keys]


def _told(what: str, judgements: Sequence[Judgement]) -> list[str]:
    """One judgement in full, several by name: their evidence is in the gate's own table, and the line has to be read."""
    if len(judgements) == 1:
        return [f"{what}: {judgements[0].sentence()}"]
    return [f"{what}: {few(_keys(judgements))}"] if judgements else []


def _in_short(test: str) -> str:
    """A test without its file: three of them have to fit on a line, and the file of the run has them whole."""
    return test.partition("::")[2] or test


def _is_nearer(judgement: Judgement, runs: Sequence[Waiting], ratio_of: Ratio) -> bool:
    """Whether a figure lies nearer to the better one that waits than to the level: to be judged against, it would pull that along."""
    if judgement.change is None or judgement.outcome is Outcome.FAIL:
        return False
    first = [run for run in runs if run.better][-1]
    return judgement.change.ratio < math.sqrt(ratio_of(judgement.benchmark, first))


def _keys(judgements: Iterable[Judgement]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.benchmark for each in judgements))
