"""Which saved runs a run is judged against: the last accepted ones of the same fingerprint, from where each benchmark's level began.

A benchmark's level begins anew with a run whose standing says so: a change that somebody accepted, or an improvement that a second
run confirmed.
How a figure is judged against them is left to ``gate``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autogauge.errors import UserError
from autogauge.history import records, standing, store
from autogauge.history.records import SavedBenchmark, SavedRun
from autogauge.history.standing import Standing

LAST = 20
"""How many accepted runs a run is judged against at most."""
FEW = 5
"""Below this a baseline is called young."""
MOST_READ = 400
"""How many files are opened in search of them; a name that tells another fingerprint is not opened."""


@dataclass(frozen=True)
class History:
    """The runs found, newest first, with the benchmarks whose level begins at each.

    ``pending`` holds the runs newer than all of these that are better in some benchmarks, and in which; ``problems`` are sentences
    about what was left out.
    """

    folder: Path
    runs: tuple[SavedRun, ...] = ()
    levels: tuple[frozenset[str], ...] = ()
    pending: Mapping[Path, tuple[str, ...]] = field(default_factory=dict)
    quarantined: int = 0
    problems: tuple[str, ...] = field(default=())

    def of(self, key: str) -> tuple[list[SavedBenchmark], list[SavedBenchmark]]:
        """That benchmark in the runs of its present level, and in those before; both oldest first."""
        now: list[SavedBenchmark] = []
        before: list[SavedBenchmark] = []
        found = now
        for run, begins in zip(self.runs, self.levels, strict=True):
            if key in run.benchmarks:
                found.append(run.benchmarks[key])
            if key in begins:
                found = before
        return now[::-1], before[::-1]

    def names(self, key: str) -> str:
        """The runs that hold that benchmark at its present level, in words."""
        holding = []
        for run, begins in zip(self.runs, self.levels, strict=True):
            if key in run.benchmarks:
                holding.append(store.number_of(run.path))
            if key in begins:
                break
        if not holding:
            return "history"
        count = len(holding)
        young = ", still few" if count < FEW else ""
        span = f"{holding[0]:04d}" if count == 1 else f"{holding[-1]:04d} to {holding[0]:04d}"
        return f"{count} accepted {'run' if count == 1 else 'runs'} ({span}{young})"

    def lost(self, keys: Iterable[str]) -> list[str]:
        """The benchmarks of the newest run that are not among ``keys``: renamed, removed, or not measured."""
        newest = next(iter(self.runs), None)
        return sorted({*newest.benchmarks} - {*keys}) if newest else []


def find(folder: Path, fingerprint: str | None, *, before: Path | None = None, last: int = LAST) -> History:
    """The accepted runs of that fingerprint in a machine's folder, newest first; ``before`` leaves out that run and later ones.

    What cannot be read is named and left out.
    """
    runs: list[SavedRun] = []
    pending: dict[Path, tuple[str, ...]] = {}
    levels: list[frozenset[str]] = []
    problems: list[str] = []
    quarantined = opened = others = 0
    seen: dict[str, Path] = {}
    for path in reversed(store.runs(folder) if folder.is_dir() else []):
        if before is not None and store.number_of(path) >= store.number_of(before):
            continue
        if len(runs) >= last or opened >= MOST_READ:
            break
        named = store.fingerprint_in(path)
        if fingerprint and named and not fingerprint.startswith(named):
            others += 1
            continue
        opened += 1
        try:
            record = standing.read(path)
            run = records.read(path)
        except UserError as error:
            problems.append(str(error))
            continue
        if run.fingerprint != fingerprint:
            others += 1
            continue
        twin = f"{run.when} {sorted((key, each.median_s) for key, each in run.benchmarks.items())}"
        if twin in seen:
            problems.append(f"{path.name} is the same run as {seen[twin].name}: it is counted once")
            continue
        seen[twin] = path
        problems += [f"{path.name}: {problem}" for problem in run.problems]
        if record.standing is Standing.QUARANTINED:
            quarantined += 1
        elif record.standing is Standing.PENDING:
            if not runs:
                pending[path] = record.new_level
        else:
            runs.append(run)
            levels.append(frozenset(record.new_level))
    if others:
        problems.append(
            f"{others} other {'run' if others == 1 else 'runs'} of this machine measured something else (another fingerprint)"
        )
    return History(folder, tuple(runs), tuple(levels), pending, quarantined, tuple(problems))


def of_files(paths: Sequence[Path]) -> History:
    """The runs in these files, whatever their standing, newest first by when they were measured.

    Raises ``UserError`` for a file that is none.
    """
    found = [records.read(path) for path in paths]
    found.sort(key=lambda run: run.when.timestamp() if run.when else 0.0, reverse=True)
    problems = [f"{run.path.name}: {problem}" for run in found for problem in run.problems]
    folder = paths[0].parent if paths else Path()
    return History(folder, tuple(found), tuple(frozenset[str]() for _ in found), problems=tuple(problems))
