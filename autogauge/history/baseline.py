"""Which saved runs a run is judged against: the last accepted ones of the same fingerprint, from where each benchmark's level began.

A benchmark's level begins anew with a run whose standing says so: a change that somebody accepted, or an improvement that a second
run confirmed.
How a figure is judged against them is left to ``gate``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autogauge.errors import UserError
from autogauge.history import circumstances, continuation, records, standing, store
from autogauge.history.continuation import Offer, Source
from autogauge.history.found import Found, begins_with, identity
from autogauge.history.records import SavedBenchmark, SavedRun
from autogauge.history.standing_file import Standing
from autogauge.plain import counted

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


@dataclass(frozen=True)
class Waiting:
    """A run in which a benchmark is pending since it became better, or may have; ``better`` tells which of both."""

    run: SavedRun
    better: bool


@dataclass(frozen=True)
class History:
    """The runs found of which some benchmark is accepted, newest first, with the benchmarks whose level begins at each.

    ``out`` are those of each run that are not accepted themselves; of a benchmark the newest ``last`` runs count in which it is not out.
    ``pending`` holds each benchmark's runs that wait for being confirmed, newest first: they are newer than all in which it is accepted.
    ``problems`` are sentences about what was left out.
    """

    folder: Path
    runs: tuple[SavedRun, ...] = ()
    levels: tuple[frozenset[str], ...] = ()
    pending: Mapping[str, Sequence[Waiting]] = field(default_factory=dict)
    quarantined: int = 0
    problems: tuple[str, ...] = field(default=())
    first: Mapping[str, Sequence[SavedRun]] = field(default_factory=dict)
    """The oldest accepted runs of each benchmark since its level began, where that was before ``runs``; oldest first."""
    out: tuple[frozenset[str], ...] = ()
    last: int = LAST
    offer: Offer | None = None
    """Where there are few runs, what the baseline could be carried over from."""

    def first_of(self, key: str) -> Sequence[SavedRun]:
        """The oldest runs with that benchmark at its present level; empty where these are among those judged against."""
        beyond: list[SavedRun] = []
        for place, run, begins in self._holding(key):
            if run is not None and place > self.last and key in run.benchmarks:
                beyond.append(run)
            if begins:
                return beyond[-FIRST:][::-1]
        return [*self.first.get(key, ()), *beyond[::-1]][:FIRST]

    def of(self, key: str) -> tuple[list[SavedBenchmark], list[SavedBenchmark]]:
        """That benchmark in the runs of its present level, and in those before; both oldest first."""
        now: list[SavedBenchmark] = []
        before: list[SavedBenchmark] = []
        found = now
        for place, run, begins in self._holding(key):
            if place > self.last:
                break
            if run is not None and key in run.benchmarks:
                found.append(run.benchmarks[key])
            if begins:
                found = before
        return now[::-1], before[::-1]

    def _holding(self, key: str) -> Iterator[tuple[int, SavedRun | None, bool]]:
        """Each run with its place among those in which that benchmark is not out, whether its level begins there; no run where it is."""
        place = 0
        for number, (run, begins) in enumerate(zip(self.runs, self.levels, strict=True)):
            is_out = bool(self.out) and key in self.out[number]
            place += not is_out
            # A level that began with what was rejected since begins with the next accepted run, once there is one.
            yield place, None if is_out else run, key in begins and place > 0

    def runs_of(self, key: str) -> list[SavedRun]:
        """The runs that hold that benchmark at its present level, as far as it is judged against them; newest first."""
        holding = []
        for place, run, begins in self._holding(key):
            if place > self.last:
                break
            if run is not None and key in run.benchmarks:
                holding.append(run)
            if begins:
                break
        return holding

    def names(self, key: str) -> str:
        """The runs that hold that benchmark at its present level, in words."""
        holding = [_called(run.path, self.folder) for run in self.runs_of(key)]
        if not holding:
            return "history"
        count = len(holding)
        young = ", still few" if count < FEW else ""
        span = holding[0] if count == 1 else f"{holding[-1]} to {holding[0]}"
        return f"{counted(count, 'accepted run')} ({span}{young})"

    def lost(self, keys: Iterable[str]) -> list[str]:
        """The benchmarks of the newest ``FEW`` runs that are not among ``keys``: renamed, removed, or not measured.

        One run will not do: the newest may have measured a part only.
        """
        return sorted({key for run in self.runs[:FEW] for key in run.benchmarks} - {*keys})


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
    counting = continuation.sources(folder, fingerprint) if fingerprint else []
    search = _Search(folder, counting, judged, facts)
    paths = store.runs(folder)
    if before is not None and _number(before) is not None:
        number = store.number_of(before)
        paths = [path for path in paths if store.number_of(path) < number]
    left = [*reversed(paths), *search.elsewhere()]
    while left and not search.is_enough(last) and search.opened < MOST_READ:
        search.open(left.pop(0))
    if left and not search.is_enough(last):
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
    return _told(search.history(folder, last), noted)


def _told(history: History, noted: Mapping[str, Any] | None) -> History:
    """The same, with what is noted of the newest of its runs and differs from what is ``noted`` now."""
    if history.runs and (
        differing := circumstances.differences(history.runs[0].noted, circumstances.as_read(dict(noted or {})))
    ):
        since = f"since {_called(history.runs[0].path)}, the newest run that is judged against, {', '.join(differing)}"
        return dataclasses.replace(history, problems=(*history.problems, since))
    return history


class _Search:
    """The runs found so far, newest first."""

    def __init__(
        self, folder: Path, counting: Sequence[Source], judged: SavedRun | None, facts: Mapping[str, Any] | None
    ) -> None:
        self._folder, self._facts = folder, facts
        self._prints: dict[Path, set[str]] = defaultdict(set)
        for source in counting:
            self._prints[source.folder].add(source.fingerprint)
        self._own = counting[0].fingerprint if counting else None
        self._judged = None if judged is None else identity(judged)
        self._found: dict[str, Found] = {}
        self._others: list[Path] = []
        self.opened = 0
        self.problems: list[str] = []
        self._first: dict[str, list[SavedRun]] = defaultdict(list)

    def elsewhere(self) -> list[Path]:
        """The runs in other folders that this fingerprint continues, newest first."""
        found: list[Path] = []
        for place in self._prints:
            try:
                found += reversed(store.runs(place)) if place != self._folder else ()
            except UserError as error:
                self.problems.append(str(error))
        return [path for path in found if self.may_be_ours(path)]

    def is_enough(self, last: int) -> bool:
        """Whether each benchmark was found in so many runs that are accepted in it, as far as it was measured in them."""
        counting = [each.out for each in self._found.values() if each.counts]
        out = Counter(key for each in counting for key in each)
        return len(counting) - max(out.values(), default=0) >= last

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
        if not self._is_ours(run):
            self._others += [] if copies_only else [path]
            return
        if identity(run) == self._judged:
            self.problems.append(f"{path.name} is the run that is judged: it is left out")
            return
        same = self._found.get(identity(run))
        if same is not None:
            newer = same.path
            differs = same.take(path, record)
            counted = f"both count as {same.record.in_words}" if differs else "it is counted once"
            self.problems.append(f"{newer.name} is the same run as {path.name}: {counted}")
        elif not copies_only:
            self._found[identity(run)] = Found(path, run, record)
            self.problems += [f"{path.name}: {problem}" for problem in run.problems]

    def may_be_ours(self, path: Path) -> bool:
        """Whether its name does not tell that it is another fingerprint's."""
        named, prints = store.fingerprint_in(path), self._prints.get(path.parent, set())
        return not (prints and named and not any(each.startswith(named) for each in prints))

    def _is_ours(self, run: SavedRun) -> bool:
        prints = self._prints.get(run.path.parent)
        return run.fingerprint in prints if prints else run.fingerprint is None

    def look_back(self, left: Sequence[Path], marked: Sequence[Path]) -> None:
        """Find the oldest accepted runs of each benchmark's level among those left, newest first; ``marked`` have a standing."""
        oldest_first = list(reversed(left))
        began: dict[str, int] = {}
        for path in reversed(marked):
            began.update(dict.fromkeys(begins_with(standing.read_or_default(path)), oldest_first.index(path)))
        for start in {0, *began.values()}:
            for each in self._first_accepted(oldest_first[start : start + MOST_READ_FIRST]):
                for key in each.run.benchmarks.keys() - each.out:
                    if began.get(key, 0) == start and len(self._first[key]) < FIRST:
                        self._first[key].append(each.run)

    def _first_accepted(self, paths: Sequence[Path]) -> list[Found]:
        found: dict[str, Found] = {}
        for path in paths:
            with contextlib.suppress(UserError):
                each = Found(path, records.read(path), standing.read(path))
                if each.counts and self._is_ours(each.run):
                    found.setdefault(identity(each.run), each)
            out = Counter(key for each in found.values() for key in each.out)
            if len(found) - max(out.values(), default=0) == FIRST:
                break
        return list(found.values())

    def _difference(self) -> str:
        """In which facts of the fingerprint the newest other run differs, in words; empty where that is not known."""
        for path in self._others[:1]:
            with contextlib.suppress(UserError):
                differing = circumstances.differences(
                    records.read(path).fingerprint_facts, circumstances.as_read(dict(self._facts or {}))
                )
                if differing:
                    return f"; since the newest, {_called(path)}, {', '.join(differing)}"
        return ""

    def history(self, folder: Path, last: int) -> History:
        """What was found."""
        counting: list[Found] = []
        levels: list[frozenset[str]] = []
        pending: dict[str, list[Waiting]] = defaultdict(list)
        settled: set[str] = set()
        for each in self._found.values():
            for key in each.run.benchmarks.keys() - settled:
                if each.waits(key):
                    pending[key].append(Waiting(each.run, key in each.record.new_level))
            settled |= each.run.benchmarks.keys() - each.out
            if each.counts:
                counting.append(each)
                levels.append(frozenset(begins_with(each.record)))
            elif levels:
                levels[-1] |= {*each.record.began}
        if count := len(self._others):
            what = "other run" if count == 1 else "other runs"
            self.problems.append(
                f"{count} {what} of this machine measured something else (another fingerprint){self._difference()}"
            )
        few = self._own is not None and self._facts and sum(each.counts for each in self._found.values()) < FEW
        offered = continuation.offer(folder, self._others, self._own or "", self._facts or {}) if few else None
        return History(
            folder,
            tuple(each.run for each in counting),
            tuple(levels),
            pending,
            sum(each.record.others is Standing.QUARANTINED for each in self._found.values()),
            tuple(self.problems),
            self._first,
            tuple(each.out for each in counting),
            last,
            offered,
        )


def _number(path: Path) -> int | None:
    """The number of a run of a history; ``None`` for a file that is called otherwise."""
    return store.number_of(path) if re.fullmatch(r"\d{4,15}_.*", path.name, re.DOTALL) else None


def _called(path: Path, folder: Path | None = None) -> str:
    """A run's number, with its folder where that is another one than the folder given."""
    number = _number(path)
    where = "" if folder is None or path.parent == folder or number is None else f"{path.parent.name}/"
    return path.name if number is None else f"{where}{number:04d}"


def of_files(
    paths: Sequence[Path], judged: SavedRun | None = None, *, noted: Mapping[str, Any] | None = None
) -> History:
    """The runs in these files, whatever their standing, newest first by when they were measured; copies count once.

    Every copy of the run that is ``judged`` is left out; ``noted`` as of :func:`find`. Raises ``UserError`` for a file that is none.
    """
    found: dict[str, SavedRun] = {}
    problems = []
    for path in paths:
        run = records.read(path)
        if judged is not None and identity(run) == identity(judged):
            problems.append(f"{run.path.name} is the run that is judged: it is left out")
            continue
        same = found.setdefault(identity(run), run)
        if same is not run:
            problems.append(f"{run.path.name} is the same run as {same.path.name}: it is counted once")
        else:
            problems += [f"{run.path.name}: {problem}" for problem in run.problems]
    runs = sorted(found.values(), key=lambda run: run.when.timestamp() if run.when else 0.0, reverse=True)
    folder = paths[0].parent if paths else Path()
    levels = tuple(frozenset[str]() for _ in runs)
    return _told(History(folder, tuple(runs), levels, problems=tuple(problems), last=max(1, len(runs))), noted)
