"""A saved run with all its copies, and the standing that counts for each of its benchmarks. Finding runs is left to ``baseline``."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from autogauge.history.records import SavedRun
from autogauge.history.standing_file import WORST_FIRST, Record, Standing, worst


@dataclass
class Found:
    """A run in a folder, with every copy of it: the worst standing of each benchmark counts, and where the worst stands."""

    path: Path
    run: SavedRun
    record: Record

    def take(self, path: Path, record: Record) -> bool:
        """Take a copy of it; whether that has another standing."""
        mine, other = self.record, record
        keys = (*mine.benchmarks, *other.benchmarks)
        differs = any(mine.of(key) is not other.of(key) for key in keys) or mine.others is not other.others
        if WORST_FIRST.index(other.standing) < WORST_FIRST.index(mine.standing):
            self.path = path
        self.record = dataclasses.replace(
            mine,
            others=worst((mine.others, other.others)),
            benchmarks={key: worst((mine.of(key), other.of(key))) for key in keys},
            new_level=tuple(dict.fromkeys((*mine.new_level, *other.new_level))),
            began=tuple(dict.fromkeys((*mine.began, *other.began))),
        )
        return differs

    @property
    def out(self) -> frozenset[str]:
        """Its benchmarks that are not accepted."""
        return frozenset(key for key in self.run.benchmarks if self.record.of(key) is not Standing.ACCEPTED)

    @property
    def counts(self) -> bool:
        """Whether anything of it is accepted."""
        return len(self.out) < len(self.run.benchmarks) or self.record.standing is Standing.ACCEPTED

    def waits(self, key: str) -> bool:
        """Whether that benchmark waits for a better run to confirm it, and not for another reason, which is one of the whole run."""
        record = self.record
        return record.of(key) is Standing.PENDING and (key in record.benchmarks or key in record.new_level)


def begins_with(record: Record) -> set[str]:
    """The benchmarks whose level begins with a run; one that began with a run rejected since begins with the next accepted one."""
    return {key for key in record.new_level if record.of(key) is Standing.ACCEPTED} | {
        key for key in record.began if record.of(key) is not Standing.ACCEPTED
    }


def identity(run: SavedRun) -> str:
    """Equal for copies of a run."""
    return f"{run.fingerprint} {run.when} {sorted((key, each.median_s) for key, each in run.benchmarks.items())}"
