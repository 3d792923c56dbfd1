"""Which benchmark is at a worse level, confirmed; and whether one that was is back. By what the gate said of its runs, and by its trend.

No statistic of its own: the gate's FAIL is "slower beyond doubt, measured twice", and two runs that it failed in a row confirm one another;
a change of level of the trend (``stats.change_points``) has four runs at least, and counts from the gate's floor on, of seconds without a
pinned workload from what the gate calls gross. Both are told as one alert. What somebody accepted as the normal level is none, and neither
is what the last 20 accepted runs are all at.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from autogauge.gate.beside import beside
from autogauge.gate.judgement import percent
from autogauge.gate.past import Rule
from autogauge.gate.trends import Trend, present_stretch, without_rejected
from autogauge.history.baseline import LAST
from autogauge.history.index_rows import ACCEPTED
from autogauge.history.indexed import IndexedRun, run_and_day
from autogauge.history.standing_file import Record, Standing
from autogauge.lab.alerts.alert import Alert, End
from autogauge.lab.alerts.finding import GATE, LEVEL, TREND, Finding, Since, Subject
from autogauge.measuring.quantity import TIME
from autogauge.stats.change_points import NEAR, SHORTEST

CONFIRM = 2
"""Runs in a row that have to say the same: that it is worse, and that it is back."""
FAILED, PASSED, JUDGED_LATER = ("FAIL",), ("PASS", "IMPROVED"), ("", "NO BASELINE")


class Said(Enum):
    """What one run says of one benchmark's level."""

    WORSE = "worse"
    AS_BEFORE = "as before"
    NORMAL = "this is the normal level now"
    NOTHING = "nothing"


@dataclass
class Levels:
    """One benchmark's levels. ``runs`` are those that its trend was made of; ``standing_of`` reads a run's standing."""

    trend: Trend
    runs: Sequence[IndexedRun]
    rule: Rule
    standing_of: Callable[[IndexedRun], Record]

    def __post_init__(self) -> None:
        self.trend = without_rejected(self.trend, self._is_rejected)
        self._said = [self._say(place) for place in range(len(self.trend.runs))]

    def run(self, place: int) -> IndexedRun:
        """The run at that place of the trend."""
        return self.runs[self.trend.runs[place]]

    @property
    def subject(self) -> Subject:
        """What the alert is about."""
        return subject_of(self.trend)

    @property
    def fails_now(self) -> bool:
        """Whether its newest run is slower by the gate's word, which nobody took back."""
        return bool(self._said) and self._said[-1] is Said.WORSE

    def finding(self) -> list[Finding]:
        """The worse levels that there are to tell: none, one, or a further one beside that which the gate still fails."""
        failed, step = self._failed(), self._step()
        if failed and step is not None and abs(step - failed[0]) <= SHORTEST:
            return [self._found(failed[0], self._ratio_of_step(), (GATE, TREND))]
        found = [self._found(failed[0], self._ratio_of(failed), (GATE,))] if failed else []
        return found + ([self._found(step, self._ratio_of_step(), (TREND,))] if step is not None else [])

    def end_of(self, alert: Alert) -> End | None:
        """How that alert of this benchmark ended; ``None`` where it is open, or nobody knows."""
        since = self.place_of(alert.found.since)
        if since is None:
            return None
        if (place := self._normal_since(since, is_exact=GATE in alert.found.by)) is not None:
            run = self.run(place)
            why = self.standing_of(run).why_about(self.trend.identity.benchmark)
            said = f"accepted as the normal level with run {run.number}" + (f" ({why})" if why else "")
            return End(said, run.path.name)
        if GATE in alert.found.by and (first := self._back_by_gate(since)) is not None:
            return self._back(first, "the gate passed it twice")
        if (first := self._back_by_trend(since)) is not None:
            return self._back(first, "by its trend")
        if not self._failed() and self._accepted_since(since) >= LAST:
            return End(f"the normal level by now: the last {LAST} accepted runs are at it", self.run(-1).path.name)
        return None

    def untold(self, found: Finding, alert: Alert) -> Finding | None:
        """What of a finding that alert of this benchmark has not told or dealt with; ``None`` where there is nothing.

        A level that an alert told, and that was called back too early, is told once more as it is since then, once it has runs for a level.
        """
        here, there = self.place_of(found.since), self.place_of(alert.found.since)
        if here is None or there is None:
            return None
        if alert.is_open:
            # The gate still fails what it failed, or it became better, and not good again.
            is_same = here <= there + SHORTEST or TREND not in found.by or (self.trend.stretches[-1].ratio or 1.0) <= 1
            return None if is_same else found
        ended = next((place for place in range(len(self._said)) if self.run(place).path.name == alert.ended), there)
        is_further = here > there + SHORTEST and here + SHORTEST > ended
        if here > ended or (is_further and Said.NORMAL not in self._said[there : ended + 1]):
            return found
        if len(failed := [place for place in self._failed() if place > ended]) >= CONFIRM:
            return self._found(failed[0], self._ratio_of(failed), (GATE,))
        since, before = range(ended + 1, len(self._said)), self._level(self._before(there))
        is_normal = Said.NORMAL in self._said[there : ended + 1]
        now = self._level(since) if len(since) >= SHORTEST and not is_normal else None
        if now is None or before is None or now <= before * self._told_from(there):
            return None
        return self._found(since[0], now / before, found.by)

    def newest_normal(self) -> int:
        """The newest run that somebody accepted as the normal level; -1 for none."""
        return max((place for place, said in enumerate(self._said) if said is Said.NORMAL), default=-1)

    def place_of(self, since: Since) -> int | None:
        """Where the run of that name is in the trend; else the first that was measured after it; ``None`` for none."""
        for place in range(len(self.trend.runs)):
            if self.run(place).path.name == since.file:
                return place
        later = (place for place in range(len(self.trend.runs)) if self._when(place) > since.when)
        return next(later, None) if since.when else None

    def _when(self, place: int) -> str:
        when = self.run(place).when
        return when.isoformat() if when else ""

    def _say(self, place: int) -> Said:
        run, key = self.run(place), self.trend.identity.benchmark
        verdict = self.trend.verdicts[place]
        is_out = self.trend.standings[place] == str(Standing.QUARANTINED)
        record = self.standing_of(run)
        if record.by_a_person(key) is Standing.ACCEPTED and key in record.new_level:
            return Said.NORMAL
        if self._is_rejected(place):
            return Said.NOTHING  # the machine was at fault, somebody says
        if is_out and verdict in JUDGED_LATER and key in record.new_level:
            return Said.WORSE  # the gate failed it once its baseline was carried over
        if verdict in FAILED:
            return Said.WORSE if is_out else Said.NOTHING  # slower than another device, say: that is no level
        return Said.AS_BEFORE if verdict in PASSED else Said.NOTHING

    def _is_rejected(self, place: int) -> bool:
        record = self.standing_of(self.run(place))
        return record.by_a_person(self.trend.identity.benchmark) is Standing.QUARANTINED

    def _failed(self) -> list[int]:
        """The newest runs that the gate failed in a row, oldest first, where they confirm one another; else none."""
        found: list[int] = []
        for place in reversed(range(len(self._said))):
            if self._said[place] is Said.WORSE:
                found.append(place)
            elif self._said[place] is not Said.NOTHING:
                break
        return found[::-1] if len(found) >= CONFIRM else []

    def _normal_since(self, since: int, *, is_exact: bool) -> int | None:
        """The first run that somebody accepted as the normal level, of those of the level that begins there; ``None`` for none.

        Where the beginning is not exact, the runs just before it count as well, if they lie nearer to that level than to the one before.
        """
        if (
            found := next((place for place in range(since, len(self._said)) if self._said[place] is Said.NORMAL), None)
        ) is not None:
            return found
        near = [place for place in range(max(0, since - NEAR), since) if self._said[place] is Said.NORMAL]
        before, now = self._level(range(since - NEAR)), self._level(range(since, len(self._said)))
        if is_exact or not near or before is None or now is None:
            return None
        own = self._level(near[-1:])
        return near[-1] if own is not None and abs(own - now) < abs(own - before) else None

    def _step(self) -> int | None:
        """The first run of the level that the trend is at now, where that is worse, and nobody's normal one."""
        stretch = present_stretch(self.trend)
        if stretch is None or self._ratio_of_step() <= self._told_from(stretch.first):
            return None
        is_normal = self._normal_since(stretch.first, is_exact=False) is not None
        return None if is_normal or self._accepted_since(stretch.first) >= LAST else stretch.first

    def _ratio_of_step(self) -> float:
        """The trend's present level over the one before."""
        stretch = present_stretch(self.trend)
        return (stretch.ratio if stretch else None) or 1.0

    def _accepted_since(self, first: int) -> int:
        return sum(standing == ACCEPTED for standing in self.trend.standings[first:])

    def _before(self, place: int) -> list[int]:
        """The accepted runs before that one, as many as a run is judged against at most."""
        return [each for each in self.trend.accepted() if each < place][-LAST:]

    def _floor(self, place: int) -> float:
        """The ratio to the runs before that one from which on something is a change."""
        return self.rule.beside(self.trend.seconds[each] for each in self._before(place)).floor

    def _told_from(self, place: int) -> float:
        """The same for what a trend alone says: time moves seconds that have no pinned workload beside them, so these take a gross one."""
        is_moved = not self.trend.by_ratio and self.trend.quantity is TIME
        return self.rule.gross if is_moved else self._floor(place)

    def _level(self, places: Sequence[int]) -> float | None:
        """The median of the figures that make levels, in these runs."""
        values = dict(zip(self.trend.used, self.trend.values, strict=True))
        found = [values[place] for place in places if place in values]
        return statistics.median(found) if found else None

    def _ratio_of(self, failed: Sequence[int]) -> float:
        now, before = self._level(failed), self._level(self._before(failed[0]))
        if now is None or before is None:
            now = statistics.median(self.trend.seconds[place] for place in failed)
            before = statistics.median([self.trend.seconds[place] for place in self._before(failed[0])] or [now])
        return now / before

    def _back_by_gate(self, since: int) -> int | None:
        """The first of the newest runs that the gate passed in a row, where their figures are what they were; ``None`` for none."""
        newest = [place for place, said in enumerate(self._said) if said is not Said.NOTHING and place > since][
            -CONFIRM:
        ]
        if len(newest) < CONFIRM or any(self._said[place] is not Said.AS_BEFORE for place in newest):
            return None
        now, before = self._level(newest), self._level(self._before(since))
        return newest[0] if now is None or before is None or now <= before * self._floor(since) else None

    def _back_by_trend(self, since: int) -> int | None:
        """The first run of a later level that is no worse than that before the alert; ``None`` where there is none."""
        last = self.trend.stretches[-1] if self.trend.stretches else None
        if last is None or last.first <= since + NEAR:
            return None
        at = [place for place, each in enumerate(self.trend.stretches) if place and abs(each.first - since) <= SHORTEST]
        before = self.trend.stretches[at[0] - 1].level if at else self._level(self._before(since))
        return last.first if before is not None and last.level <= before * self._floor(since) else None

    def _back(self, place: int, how: str) -> End:
        run = self.run(place)
        return End(f"back since {run_and_day(run)} ({how})", self.run(-1).path.name)

    def _found(self, place: int, ratio: float, by: tuple[str, ...]) -> Finding:
        run, quantity, release = self.run(place), self.trend.quantity, self.trend.releases[place]
        changed = beside([self.runs[each] for each in self.trend.runs], self.trend.releases, place)
        said = f", openvino {release}" if release and "openvino changed" not in changed else ""
        way = quantity.more if ratio > 1 else quantity.less
        says = f"{way} by {percent(ratio).lstrip('+-')} since {run_and_day(run)}{said}"
        return Finding(LEVEL, self.subject, Since.of(run), ratio, says, changed, by)


def subject_of(trend: Trend) -> Subject:
    """What an alert of that trend is about."""
    each = trend.identity
    return Subject(each.machine, each.benchmark, each.model, each.digest, each.emulated)
