"""How far a benchmark's newest figure is from its own baseline: the saved runs that it was judged against, as the index has them.

Which runs these are is ``history.baseline``'s rule, kept here for figures of trends: the accepted ones of the newest run's fingerprint, or
of those that it continues, from where the benchmark's level begins, as they stand now. What a gate makes of them is left to the gate.
"""

from __future__ import annotations

import datetime
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path

from autogauge.gate.trends import PresentLevel, Trend, news_level, without_rejected
from autogauge.history import continuation, standing
from autogauge.history.baseline import LAST
from autogauge.history.found import begins_with
from autogauge.history.index_rows import ACCEPTED
from autogauge.history.indexed import IndexedRun
from autogauge.history.records import moment
from autogauge.history.standing_file import Record, Standing


class OwnBaselines:
    """Reads the standings of these runs as they are asked for, each once. ``runs`` are those that the trends were made of."""

    def __init__(self, runs: Sequence[IndexedRun]) -> None:
        self._runs = runs
        self._records: dict[Path, Record] = {}
        self._sources: dict[tuple[Path, str], set[tuple[Path, str]]] = {}

    def change_of(self, trend: Trend) -> float | None:
        """The newest figure over the median of its baseline (above 1: slower, or larger), by ratios where levels are of ratios.

        ``None`` where there is no baseline, and where the newest figure makes no level. What the gate said when it was measured does not
        count: who accepts a run later makes it a baseline, for ``gate`` and here.
        """
        used = trend.used
        if not used or used[-1] != len(trend.runs) - 1:
            return None
        values = dict(zip(used, trend.values, strict=True))
        found = [values[place] for place in self._accepted(trend, used[:-1])]
        return values[used[-1]] / statistics.median(found) if found else None

    def has_one(self, trend: Trend) -> bool:
        """Whether there is an accepted run that the newest one is judged against, in whatever way."""
        return any(True for _ in self._accepted(trend, range(len(trend.runs) - 1)))

    def rejected(self, trend: Trend) -> str | None:
        """When a person rejected the benchmark in its newest run, and why: ``26 Nov 2026: fan broken``; ``None`` where nobody did."""
        if trend.standings[-1] != Standing.QUARANTINED:
            return None
        record = self._record(self._runs[trend.runs[-1]])
        key = trend.identity.benchmark
        if not self._is_rejected(trend, -1):
            return None
        when = moment(record.word_about(key)[1])
        return ": ".join(filter(None, (f"{when.day} {when:%b %Y}" if when else "", record.why_about(key))))

    def news_level(self, trend: Trend, now: datetime.datetime) -> PresentLevel | None:
        """The trend's present level where it is news (``gate.trends``); one of runs that a person rejected, all of them, is none."""
        return news_level(without_rejected(trend, lambda place: self._is_rejected(trend, place)), self._runs, now)

    def _is_rejected(self, trend: Trend, place: int) -> bool:
        record = self._record(self._runs[trend.runs[place]])
        return record.by_a_person(trend.identity.benchmark) is Standing.QUARANTINED

    def against(self, trend: Trend) -> str:
        """What was said against the benchmark's newest run, where that was said of this benchmark; empty for nothing."""
        run = self._runs[trend.runs[-1]]
        record = self._record(run)
        return run.why if record.why_about(trend.identity.benchmark) == record.why else ""

    def _accepted(self, trend: Trend, places: Sequence[int]) -> Iterator[int]:
        """Those of these places in the trend, the newest first, whose runs are the newest run's baseline."""
        counting = self._counting(self._runs[trend.runs[-1]])
        found = 0
        for place in reversed(places):
            run = self._runs[trend.runs[place]]
            if (run.path.parent, run.fingerprint) not in counting:
                continue
            if trend.standings[place] == ACCEPTED:
                found += 1
                yield place
            if found == LAST or (found and trend.identity.benchmark in begins_with(self._record(run))):
                return

    def _counting(self, newest: IndexedRun) -> set[tuple[Path, str]]:
        """The folders and fingerprints whose runs count for that run."""
        key = newest.path.parent, newest.fingerprint
        if key not in self._sources:
            older = continuation.sources(*key) if newest.fingerprint else []
            self._sources[key] = {key, *((each.folder, each.fingerprint) for each in older)}
        return self._sources[key]

    def _record(self, run: IndexedRun) -> Record:
        if run.path not in self._records:
            self._records[run.path] = standing.read_or_default(run.path)
        return self._records[run.path]
