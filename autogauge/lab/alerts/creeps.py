"""Which benchmark has crept: slower than the oldest runs of its level, each run being like those before. The rule is ``gate.past.creep``.

That opens some forty files for each run that is asked about. So the figures of the index are asked first: where the newest three runs are
not slower than the best one by what counts as a creep, nothing has crept, and no file is opened.
"""

from __future__ import annotations

import contextlib
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from autogauge.errors import UserError
from autogauge.gate import past, saved
from autogauge.gate.gate import past_of
from autogauge.gate.past import ENDS, Creep, Figure, Rule
from autogauge.gate.trends import Trend
from autogauge.history import records
from autogauge.history.baseline import History
from autogauge.history.indexed import IndexedRun, run_and_day
from autogauge.history.records import SavedRun
from autogauge.lab.alerts.finding import CREEP, GATE, Finding, Since
from autogauge.lab.alerts.levels import CONFIRM, subject_of

Judged = Callable[[Path], "tuple[SavedRun, History] | None"]
"""A saved run and what it is judged against; ``None`` where it cannot be read."""


@dataclass(frozen=True)
class Crept:
    """What the newest two accepted runs say; ``finding`` where both say that it crept."""

    finding: Finding | None
    is_over: bool
    """Whether both say that it has not."""
    newest: str = ""
    """The file of the newest of them."""


def read_once() -> Judged:
    """Reads each run and its history once, however many benchmarks ask."""
    known: dict[Path, tuple[SavedRun, History] | None] = {}

    def judged(path: Path) -> tuple[SavedRun, History] | None:
        if path not in known:
            known[path] = None
            with contextlib.suppress(UserError):
                run = records.read(path)
                known[path] = run, saved.history_for(run, [])
        return known[path]

    return judged


def of_trend(trend: Trend, runs: Sequence[IndexedRun], rule: Rule, judged: Judged, normal: int = -1) -> Crept:
    """Whether that benchmark has crept, by its newest two accepted runs; with that in place ``normal`` its level began."""
    accepted = trend.accepted()
    newest = accepted[-CONFIRM:]
    if len(newest) < CONFIRM:
        return Crept(None, is_over=False)
    last = runs[trend.runs[newest[-1]]]
    if newest[0] <= normal:
        return Crept(None, is_over=True, newest=last.path.name)
    said = [
        _creep(trend, runs[trend.runs[place]], rule, judged)
        if _may_have(trend, accepted[: at + 1], runs, rule)
        else None
        for place, at in ((place, accepted.index(place)) for place in newest)
    ]
    if not all(said):
        return Crept(None, not any(said), last.path.name)
    first, crept = runs[trend.runs[newest[0]]], said[-1]
    assert crept is not None
    says = f"{crept.sentence().removeprefix('it has ')}, seen since {run_and_day(first)}"
    return Crept(
        Finding(CREEP, subject_of(trend), Since.of(first), crept.ratio, says, by=(GATE,)),
        is_over=False,
        newest=last.path.name,
    )


def _creep(trend: Trend, run: IndexedRun, rule: Rule, judged: Judged) -> Creep | None:
    found = judged(run.path)
    if found is None or trend.identity.benchmark not in found[0].benchmarks:
        return None
    key = trend.identity.benchmark
    return past.creep(Figure.of(found[0].benchmarks[key]), past_of(found[1], key), rule)


def _may_have(trend: Trend, accepted: Sequence[int], runs: Sequence[IndexedRun], rule: Rule) -> bool:
    """Whether it is possible, by the index alone, that the last of these accepted runs has crept."""
    fingerprint = runs[trend.runs[accepted[-1]]].fingerprint
    own = [place for place in accepted if runs[trend.runs[place]].fingerprint == fingerprint]
    least = (rule.smallest, rule.gross)
    for values, smallest in zip((trend.ratios, trend.seconds), least, strict=True):
        known = [values[place] for place in accepted if not math.isnan(values[place])]
        newest = max(
            (
                statistics.median(found)
                for places in (own, accepted)
                if (found := [values[place] for place in places[-ENDS:] if not math.isnan(values[place])])
            ),
            default=0.0,
        )
        if len(known) > ENDS and newest > smallest * min(known):
            return True
    return False
