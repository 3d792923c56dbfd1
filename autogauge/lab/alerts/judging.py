"""What is wrong in a history now: levels, creeps, machines that are silent; and which alerts of the book are over by that.

Everything is read from saved runs through their indexes. What is done about it is left to ``telling``.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from autogauge.gate.past import Rule
from autogauge.gate.trends import Trend, in_order_of_time, trends_of, until
from autogauge.gate.unjudged import Coverage, Looked, coverage, look
from autogauge.history import reporting, standing
from autogauge.history.indexed import IndexedRun, run_and_day
from autogauge.history.reporting import Reporting
from autogauge.history.select import Selection
from autogauge.history.standing_file import Record
from autogauge.lab.alerts import creeps
from autogauge.lab.alerts.alert import Alert, End
from autogauge.lab.alerts.creeps import Crept
from autogauge.lab.alerts.finding import CREEP, LEVEL, SILENT, Finding, Since, Subject
from autogauge.lab.alerts.levels import Levels, subject_of
from autogauge.measuring.quantity import Quantity

ERROR = 0.01
"""Of a rule whose intervals nobody asks for: only what counts as a change does."""
Identity = tuple[str, ...]


@dataclass
class Situation:
    """The history as it is: each benchmark's levels and creep, and how the machines report. ``findings`` is all that is wrong now."""

    levels: dict[Identity, Levels]
    crept: dict[Identity, Crept]
    machines: dict[str, Reporting]
    coverage: Coverage = field(default_factory=Coverage)
    """Of how many machines anything was judged: where nothing was, that no alert is open is no good news."""
    gone: frozenset[Identity] = frozenset()
    """What is measured no more: it has no run for long, while others of its machine have, or as its machine, whose silence is told."""

    def __post_init__(self) -> None:
        self.findings = list(self._found())
        self._by_subject: dict[tuple[str, Identity], list[Finding]] = defaultdict(list)
        for each in self.findings:
            self._by_subject[each.kind, each.subject.identity].append(each)

    def _found(self) -> Iterator[Finding]:
        stepped = set()
        for identity, each in self.levels.items():
            found = each.finding()
            stepped |= {identity} if found else set()
            yield from found
        # A step is no drift: it is told as what it is.
        yield from (each.finding for identity, each in self.crept.items() if each.finding and identity not in stepped)
        yield from (
            _silent(each) for each in self.machines.values() if each.state == reporting.SILENT and each.last is not None
        )

    @property
    def unclear(self) -> list[Reporting]:
        """The machines of which nobody can tell by their clocks whether they still report: their silence may be told late, or never."""
        return [each for each in self.machines.values() if each.is_unclear]

    def unconfirmed(self, alerts: Iterable[Alert]) -> dict[Identity, IndexedRun]:
        """What the gate failed in its newest run, and nobody rejected it, where none of these open alerts tells of that; with that run.

        What is measured no more says nothing of now. Only an alert of a level tells of a FAIL: a creep is another matter.
        """
        left = self.gone | {alert.found.subject.identity for alert in alerts if alert.found.kind == LEVEL}
        return {
            identity: each.run(-1) for identity, each in self.levels.items() if identity not in left and each.fails_now
        }

    def untold(self, alerts: Iterable[Alert]) -> list[Finding]:
        """The findings that none of these alerts has told or dealt with."""
        known: dict[tuple[str, Identity], list[Alert]] = defaultdict(list)
        for alert in alerts:
            known[alert.found.kind, alert.found.subject.identity].append(alert)
        found = []
        for each in self.findings:
            new: Finding | None = each
            if each.kind == CREEP and any(alert.is_open for alert in known[LEVEL, each.subject.identity]):
                continue
            for alert in known[each.kind, each.subject.identity]:
                new = self._untold(new, alert) if new else None
            if new and all(new.key != alert.key for alert in known[each.kind, each.subject.identity]):
                found.append(new)
        return found

    def of(self, alert: Alert) -> list[Finding]:
        """What is wrong now with that alert's benchmark or machine, of its kind."""
        return self._by_subject[alert.found.kind, alert.found.subject.identity]

    def _untold(self, found: Finding, alert: Alert) -> Finding | None:
        if found.kind == LEVEL:
            return self.levels[found.subject.identity].untold(found, alert)
        return None if alert.is_open else found  # that it is another one, its key says

    def end_of(self, alert: Alert) -> End | None:
        """How that open alert ended; ``None`` where it did not, or where nothing of it is in this history now."""
        identity = alert.found.subject.identity
        if alert.found.kind == LEVEL:
            levels = self.levels.get(identity)
            return levels.end_of(alert) if levels else None
        if alert.found.kind == CREEP:
            crept = self.crept.get(identity)
            return (
                End("it no longer differs from the oldest runs of its level", crept.newest)
                if crept and crept.is_over
                else None
            )
        machine = self.machines.get(alert.found.subject.machine)
        if machine is None or machine.last is None or machine.state == reporting.SILENT:
            return None
        # Only a newer run ends it. What counts as silent changes with the rule (--stale-after) and with what is pruned: would that end an
        # alert, the same silence would be known by then, and never be told again.
        last = Since.of(machine.last)
        if last.file == alert.found.since.file or last.when <= alert.found.since.when:
            return None
        return End(f"it reports again: {run_and_day(machine.last)}", last.file)


def situation(
    history: Selection, now: datetime.datetime, smallest_change: float, stale_after_days: float | None
) -> Situation:
    """What is so in these runs. ``smallest_change`` as of the gate, a fraction: levels count from it on, creeps from twice that."""
    runs = in_order_of_time(history.runs)
    standing_of, judged = _read_standings(), creeps.read_once()
    levels: dict[Identity, Levels] = {}
    crept: dict[Identity, Crept] = {}
    trends = trends_of(history.figures(), runs, history.remembered)
    trends = until(trends, runs, now + datetime.timedelta(seconds=reporting.AHEAD_S), history.remembered)
    for trend in trends:
        rule = _rule(trend.quantity, smallest_change)
        identity = subject_of(trend).identity
        levels[identity] = Levels(trend, runs, rule, standing_of)
        crept[identity] = creeps.of_trend(trend, runs, rule, judged, levels[identity].newest_normal())
    machines = reporting.machines(history.heard_of, now, stale_after_days)
    looked = look(trends, runs, machines, now, stale_after_days)
    return Situation(levels, crept, machines, coverage(machines, looked), _gone(trends, looked, machines))


def _gone(trends: Sequence[Trend], looked: Sequence[Looked], machines: Mapping[str, Reporting]) -> frozenset[Identity]:
    """Those of these trends that are measured no more."""
    alive = {each.machine for each in looked if each.reports}
    alive |= {name for name, machine in machines.items() if machine.state == reporting.SILENT}
    found = zip(trends, looked, strict=True)
    return frozenset(subject_of(trend).identity for trend, each in found if not each.reports and each.machine in alive)


def _rule(quantity: Quantity, smallest_change: float) -> Rule:
    return Rule.of_one_run(ERROR, smallest_change, quantity)


def _read_standings() -> Callable[[IndexedRun], Record]:
    known: dict[int, Record] = {}

    def standing_of(run: IndexedRun) -> Record:
        if id(run) not in known:
            known[id(run)] = standing.read_or_default(run.path)
        return known[id(run)]

    return standing_of


def _silent(machine: Reporting) -> Finding:
    assert machine.last is not None
    says = "; ".join(filter(None, (machine.words(), machine.clock_words())))
    return Finding(SILENT, Subject(machine.machine), Since.of(machine.last), 1.0, says)
