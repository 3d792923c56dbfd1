"""Which saved runs a run is judged against: the last accepted ones of the same fingerprint, from where each benchmark's level began.

A benchmark's level begins anew with a run whose standing says so: a change that somebody accepted, or an improvement that a second
run confirmed.
How a figure is judged against them is left to ``gate``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autogauge.errors import UserError
from autogauge.history import circumstances, records, standing, store
from autogauge.history.records import SavedBenchmark, SavedRun
from autogauge.history.standing import Record, Standing

LAST = 20
"""How many accepted runs a run is judged against at most."""
FEW = 5
"""Below this a baseline is called young."""
MOST_READ = 400
"""How many files are opened in search of them; a name that tells another fingerprint is not opened."""
FIRST = 3
"""How many of the oldest runs of a level are found too, for what creeps for longer than ``LAST`` runs."""
MOST_READ_FIRST = 20
"""How many files are opened in search of these."""
_WORST_FIRST = (Standing.QUARANTINED, Standing.PENDING, Standing.ACCEPTED)


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
    first: Mapping[str, Sequence[SavedBenchmark]] = field(default_factory=dict)
    """Each benchmark in the oldest accepted runs since its level began, where that was before ``runs``; oldest first."""

    def first_of(self, key: str) -> Sequence[SavedBenchmark]:
        """That benchmark in the oldest runs of its present level; empty where these are among ``runs``."""
        return () if any(key in begins for begins in self.levels) else self.first.get(key, ())

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
                holding.append(_called(run.path))
            if key in begins:
                break
        if not holding:
            return "history"
        count = len(holding)
        young = ", still few" if count < FEW else ""
        span = holding[0] if count == 1 else f"{holding[-1]} to {holding[0]}"
        return f"{count} accepted {'run' if count == 1 else 'runs'} ({span}{young})"

    def lost(self, keys: Iterable[str]) -> list[str]:
        """The benchmarks of the newest ``FEW`` runs that are not among ``keys``: renamed, removed, or not measured.

        One run will not do: the newest may have measured a part only.
        """
        return sorted({key for run in self.runs[:FEW] for key in run.benchmarks} - {*keys})


@dataclass
class _Found:
    """A run in a folder, with every copy of it: the worst standing counts, and where it stands."""

    path: Path
    run: SavedRun
    record: Record

    def take(self, path: Path, record: Record) -> bool:
        """Take a copy of it; whether that has another standing."""
        mine, other = (_WORST_FIRST.index(each.standing) for each in (self.record, record))
        levels = tuple(dict.fromkeys((*self.record.new_level, *record.new_level)))
        began = tuple(dict.fromkeys((*self.record.began, *record.began)))
        if other < mine:
            self.path, self.record = path, record
        self.record = dataclasses.replace(self.record, new_level=levels, began=began)
        return mine != other


def find(
    folder: Path,
    fingerprint: str | None,
    *,
    before: Path | None = None,
    last: int = LAST,
    judged: SavedRun | None = None,
    facts: Mapping[str, Any] | None = None,
    noted: Mapping[str, Any] | None = None,
) -> History:
    """The accepted runs of that fingerprint in a machine's folder, newest first; ``before`` leaves out that run and later ones.

    What cannot be read is named and left out, as is every copy of the run that is ``judged``. A ``before`` that is no numbered run of a
    history leaves out nothing. With ``facts``, the fingerprint's own, it is said in which of them the newest other run differs;
    with what is ``noted`` beside them, in what of that the newest accepted run does: it is judged against all the same.
    """
    search = _Search(fingerprint, judged, facts)
    paths = store.runs(folder) if folder.is_dir() else []
    if before is not None and _number(before) is not None:
        number = store.number_of(before)
        paths = [path for path in paths if store.number_of(path) < number]
    left = list(reversed(paths))
    while left and search.accepted < last and search.opened < MOST_READ:
        search.open(left.pop(0))
    if left and search.accepted < last:
        search.problems.append(
            f"only the newest {MOST_READ} files of {folder} were opened: {len(left)} older ones were not looked at, "
            "so accepted runs among them are not judged against"
        )
    left = [path for path in left if search.may_be_ours(path)]
    marked = [path for path in left if standing.path_of(path).exists()]
    # A copy of an older run counts as that one does: of those left, who is quarantined has a standing beside it.
    for path in marked:
        if search.opened < MOST_READ:
            search.open(path, copies_only=True)
    search.look_back(left, marked)
    history = search.history(folder)
    if history.runs and (differing := circumstances.differences(history.runs[0].noted, _as_read(noted))):
        since = f"since {_called(history.runs[0].path)}, the newest accepted run, {', '.join(differing)}"
        return dataclasses.replace(history, problems=(*history.problems, since))
    return history


class _Search:
    """The runs found so far, newest first."""

    def __init__(self, fingerprint: str | None, judged: SavedRun | None, facts: Mapping[str, Any] | None) -> None:
        self._fingerprint, self._facts = fingerprint, facts
        self._judged = None if judged is None else _identity(judged)
        self._found: dict[str, _Found] = {}
        self._others: list[Path] = []
        self.opened = 0
        self.problems: list[str] = []
        self._first: dict[str, list[SavedBenchmark]] = defaultdict(list)

    @property
    def accepted(self) -> int:
        """How many of them are accepted."""
        return sum(each.record.standing is Standing.ACCEPTED for each in self._found.values())

    def open(self, path: Path, *, copies_only: bool = False) -> None:
        """Open one more, unless its name tells that it is another fingerprint's. With ``copies_only`` only a copy of one found counts."""
        if not self.may_be_ours(path):
            self._others += [] if copies_only else [path]
            return
        self.opened += 1
        try:
            record = standing.read(path)
            run = records.read(path)
        except UserError as error:
            if not copies_only:
                self.problems.append(str(error))
            return
        if run.fingerprint != self._fingerprint:
            self._others += [] if copies_only else [path]
            return
        if _identity(run) == self._judged:
            self.problems.append(f"{path.name} is the run that is judged: it is left out")
            return
        same = self._found.get(_identity(run))
        if same is not None:
            newer = same.path
            differs = same.take(path, record)
            counted = f"both count as {same.record.standing}" if differs else "it is counted once"
            self.problems.append(f"{newer.name} is the same run as {path.name}: {counted}")
        elif not copies_only:
            self._found[_identity(run)] = _Found(path, run, record)
            self.problems += [f"{path.name}: {problem}" for problem in run.problems]

    def may_be_ours(self, path: Path) -> bool:
        """Whether its name does not tell that it is another fingerprint's."""
        named = store.fingerprint_in(path)
        return not (self._fingerprint and named and not self._fingerprint.startswith(named))

    def look_back(self, left: Sequence[Path], marked: Sequence[Path]) -> None:
        """Find the oldest accepted runs of each benchmark's level among those left, newest first; ``marked`` have a standing."""
        oldest_first = list(reversed(left))
        began: dict[str, int] = {}
        for path in reversed(marked):
            record = standing.read_or_default(path)
            # A level that began with a run rejected since begins with the next accepted one.
            begins = record.new_level if record.standing is Standing.ACCEPTED else record.began
            began.update(dict.fromkeys(begins, oldest_first.index(path)))
        for start in {0, *began.values()}:
            for run in self._first_accepted(oldest_first[start : start + MOST_READ_FIRST]):
                for key, saved in run.benchmarks.items():
                    if began.get(key, 0) == start:
                        self._first[key].append(saved)

    def _first_accepted(self, paths: Sequence[Path]) -> list[SavedRun]:
        found: dict[str, SavedRun] = {}
        for path in paths:
            with contextlib.suppress(UserError):
                run = records.read(path)
                if standing.read(path).standing is Standing.ACCEPTED and run.fingerprint == self._fingerprint:
                    found.setdefault(_identity(run), run)
            if len(found) == FIRST:
                break
        return list(found.values())

    def _difference(self) -> str:
        """In which facts of the fingerprint the newest other run differs, in words; empty where that is not known."""
        for path in self._others[:1]:
            with contextlib.suppress(UserError):
                differing = circumstances.differences(records.read(path).fingerprint_facts, _as_read(self._facts))
                if differing:
                    return f"; since the newest, {_called(path)}, {', '.join(differing)}"
        return ""

    def history(self, folder: Path) -> History:
        """What was found."""
        runs: list[SavedRun] = []
        levels: list[frozenset[str]] = []
        pending: dict[Path, tuple[str, ...]] = {}
        quarantined = 0
        for each in self._found.values():
            if each.record.standing is Standing.QUARANTINED:
                quarantined += 1
                if levels:  # a level that began with a run rejected since begins with the next accepted one
                    levels[-1] |= {*each.record.began}
            elif each.record.standing is Standing.PENDING:
                if not runs:
                    pending[each.path] = each.record.new_level
            else:
                runs.append(each.run)
                levels.append(frozenset(each.record.new_level))
        if count := len(self._others):
            what = "other run" if count == 1 else "other runs"
            self.problems.append(
                f"{count} {what} of this machine measured something else (another fingerprint){self._difference()}"
            )
        return History(
            folder,
            tuple(runs),
            tuple(levels),
            pending,
            quarantined,
            tuple(self.problems),
            self._first,
        )


def _as_read(facts: Mapping[str, Any] | None) -> dict[str, Any]:
    """Facts as they would be read from a file."""
    found: dict[str, Any] = json.loads(json.dumps(dict(facts or {})))
    return found


def _identity(run: SavedRun) -> str:
    """Equal for copies of a run."""
    return f"{run.fingerprint} {run.when} {sorted((key, each.median_s) for key, each in run.benchmarks.items())}"


def _number(path: Path) -> int | None:
    """The number of a run of a history; ``None`` for a file that is called otherwise."""
    return store.number_of(path) if re.fullmatch(r"\d{4,15}_.*", path.name, re.DOTALL) else None


def _called(path: Path) -> str:
    number = _number(path)
    return path.name if number is None else f"{number:04d}"


def of_files(paths: Sequence[Path], judged: SavedRun | None = None) -> History:
    """The runs in these files, whatever their standing, newest first by when they were measured; copies count once.

    Every copy of the run that is ``judged`` is left out. Raises ``UserError`` for a file that is none.
    """
    found: dict[str, SavedRun] = {}
    problems = []
    for path in paths:
        run = records.read(path)
        if judged is not None and _identity(run) == _identity(judged):
            problems.append(f"{run.path.name} is the run that is judged: it is left out")
            continue
        same = found.setdefault(_identity(run), run)
        if same is not run:
            problems.append(f"{run.path.name} is the same run as {same.path.name}: it is counted once")
        else:
            problems += [f"{run.path.name}: {problem}" for problem in run.problems]
    runs = sorted(found.values(), key=lambda run: run.when.timestamp() if run.when else 0.0, reverse=True)
    folder = paths[0].parent if paths else Path()
    return History(folder, tuple(runs), tuple(frozenset[str]() for _ in runs), problems=tuple(problems))
