"""What is in a folder of saved runs, kept in a small database so that ten thousand of them need not be read again.

The files are the truth. The index is derived from them, lies in the cache, is brought up to date by what changed (name, size, time of
change), and is thrown away when its schema changes or it is damaged. Which runs are wanted is left to ``select``.

What is read is a copy in memory. So a process that indexes meanwhile, be it an older autogauge, changes nothing of it, and who reads for
long keeps nobody waiting. SQLite's write-ahead log would spare the copy, but not where several hosts share a cache over a network
(https://sqlite.org/wal.html). Copying takes less than a tenth of the time that listing the same runs does.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import hashlib
import os
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autogauge import trust
from autogauge.causes import step_for
from autogauge.errors import UserError
from autogauge.history import records, standing, store
from autogauge.history.index_rows import RUN, STANDINGS, UNREADABLE, drop, facts_from, insert, prepare
from autogauge.history.indexed import IndexedRun, Series
from autogauge.history.labels import NO_CONTENTS, OPENVINO, Contents, Labels
from autogauge.history.machines import whose
from autogauge.history.records import VERDICTS, SavedRun
from autogauge.history.standing_file import Record

PATIENCE_S, BUSY_S = 1.0, 15.0
"""How long to wait in silence, and after that is said, for another process that is indexing the same folder; then it is done in memory."""
AT_ONCE = 500
"""Files to one transaction: so many are read again at most after an interruption."""
_AGAIN = (-1, -1, -1)
"""Unlike the facts of any file: what could not be read is looked at again, since what was in the way may be gone."""
Facts = tuple[int, int, int]
"""Of a file: its size, when it was changed, and when its standing was, in nanoseconds (0 for none)."""
OnProgress = Callable[[int, int], None]
Say = Callable[[str], None]


class Index:
    """The index of one folder. Use :func:`opened`."""

    def __init__(self, folder: Path, database: sqlite3.Connection) -> None:
        self.folder, self._database = folder, database
        self._listed: dict[str, Facts] = {}

    @functools.cached_property
    def _contents(self) -> dict[int, Contents]:
        rows = self._database.execute("SELECT id, json, labelled FROM contents")
        return {key: Contents(text, bool(labelled)) for key, text, labelled in rows}

    @functools.cached_property
    def labels(self) -> Mapping[tuple[str, str], Labels]:
        """By benchmark and metric the labels: those that the newest run with that benchmark gives it, of those that can have any."""
        rows = self._database.execute(
            "SELECT contents FROM runs WHERE contents IS NOT NULL ORDER BY when_s DESC, number DESC"
        )
        found: dict[tuple[str, str], Labels] = {}
        newest = [self._contents[key] for key in dict.fromkeys(key for (key,) in rows)]  # each once, at its newest run
        for contents in sorted(newest, key=lambda each: not each.labelled):
            for benchmark, (metric, labels) in contents.benchmarks.items():
                found.setdefault((benchmark, metric), labels)
        return found

    def label_keys(self) -> set[str]:
        """The keys of all labels that its runs have."""
        rows = self._database.execute("SELECT DISTINCT contents FROM runs WHERE contents IS NOT NULL")
        return {key for (contents,) in rows for key in self._contents[contents].labels}

    def runs(self, *, in_history: bool = False) -> list[IndexedRun]:
        """Every saved run by number, those that cannot be read included; ``in_history``: the folder is one of a history's machines."""
        rows = self._database.execute(f"SELECT {RUN} FROM runs ORDER BY number, name").fetchall()  # noqa: S608 (a constant)
        known = {key: facts_from(text) for key, text in self._database.execute("SELECT id, json FROM facts")}
        columns = RUN.split(", ")
        return [self._run(dict(zip(columns, row, strict=True)), known, in_history) for row in rows]

    def _run(self, fields: dict[str, Any], known: Mapping[int, Mapping[str, Any]], in_history: bool) -> IndexedRun:
        """A row by the names of its columns, which are the run's fields but for these."""
        name, when_s, problems, facts, contents = (
            fields.pop(each) for each in ("name", "when_s", "problems", "facts", "contents")
        )
        measured_as, is_read = fields.pop("machine"), fields["standing"] != UNREADABLE
        # What cannot be read and names no machine is its folder's others', see ``reporting.names_of``.
        machine = whose(self.folder, measured_as, in_history=in_history) if measured_as or is_read else ""
        return IndexedRun(
            path=self.folder / name,
            when=None if when_s is None else datetime.datetime.fromtimestamp(when_s, datetime.timezone.utc),
            foreign=bool(fields.pop("foreign_file")),
            problems=tuple(problems.split("\n")) if problems else (),
            facts=known.get(facts, {}),
            contents=self._contents.get(contents, NO_CONTENTS),
            machine=machine,
            measured_as=measured_as,
            **fields,
        )

    def figures(self, runs: Sequence[IndexedRun]) -> list[Series]:
        """The benchmarks of these runs, each in the runs that have it, in their order."""
        database = self._database
        database.execute("CREATE TEMP TABLE IF NOT EXISTS wanted (run INTEGER PRIMARY KEY, place INTEGER)")
        database.execute("DELETE FROM wanted")
        database.executemany("INSERT INTO wanted VALUES (?, ?)", ((run.id, place) for place, run in enumerate(runs)))
        keys = {row[0]: row[1:] for row in database.execute("SELECT id, key, metric FROM keys")}
        pinned = {None: "", **dict(database.execute("SELECT id, name FROM refs"))}
        rows = database.execute(
            "SELECT key, figures.run, median_s, samples, ratio, error, ref, verdict, standing "
            "FROM figures JOIN wanted USING (run) ORDER BY key, place"
        ).fetchall()
        contents = {run.id: run.contents for run in runs if OPENVINO in run.contents.labels}
        found = []
        for key, group in _grouped(rows):
            name, metric = keys[key]
            _, run, median_s, samples, ratio, error, ref, verdict, stands = zip(*group, strict=True)
            found.append(
                Series(
                    self.folder,
                    name,
                    metric,
                    self.labels.get((name, metric), {}),
                    np.array(run, dtype=np.int64),
                    np.array(median_s, dtype=float),
                    np.array(samples, dtype=np.int64),
                    np.array(ratio, dtype=float),  # None becomes NaN
                    np.array(error, dtype=float),
                    tuple(pinned[each] for each in ref),
                    tuple("" if each is None else VERDICTS[each] for each in verdict),
                    tuple(STANDINGS[each] for each in stands),
                    tuple(contents[each].release_of(name) if each in contents else "" for each in run),
                )
            )
        return sorted(found, key=lambda each: each.key)

    def update(self, progress: OnProgress = lambda done, total: None) -> None:
        """Read what is new or changed, forget what is gone."""
        self._listed = _listing(self.folder)
        self._follow(self._listed, progress)

    @contextlib.contextmanager
    def copied(self) -> Iterator[Index]:
        """The same in memory, where it stays as it was when it was brought up to date. Raises ``sqlite3.DatabaseError``."""
        with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as memory:
            self._database.execute("BEGIN")
            try:
                self._database.execute("SELECT count(*) FROM sqlite_master").fetchone()  # backup() alone waits for ever
                self._database.backup(memory)
            finally:
                self._database.execute("ROLLBACK")
            prepare(memory)
            copy = Index(self.folder, memory)
            copy._follow(self._listed, again=False)  # another process may have changed it before it was copied
            yield copy

    def _follow(
        self, there: Mapping[str, Facts], progress: OnProgress = lambda done, total: None, *, again: bool = True
    ) -> None:
        """Bring it up to date with these files; with ``again`` what could not be read is tried once more."""
        known = {
            row[0]: row[1:] for row in self._database.execute("SELECT name, size, changed_ns, standing_ns FROM runs")
        }
        gone = known.keys() - there.keys()
        as_it_is = (_AGAIN,) if not again else ()
        changed = [name for name, facts in there.items() if known.get(name) not in (facts, *as_it_is)]
        if gone:
            self._forget(gone)
        for start in range(0, len(changed), AT_ONCE):
            self._read(changed[start : start + AT_ONCE], there)
            progress(min(start + AT_ONCE, len(changed)), len(changed))

    def _forget(self, names: Iterable[str]) -> None:
        with self._writing() as database:
            for name in names:
                drop(database, name)

    def _read(self, names: Sequence[str], there: Mapping[str, Facts]) -> None:
        found: list[tuple[str, SavedRun | None, Record, UserError | None]] = []
        for name in names:
            path = self.folder / name
            try:
                record = standing.read(path)
                found.append((name, records.read(path), record, None))
            except UserError as error:
                found.append((name, None, Record(), error))
        with self._writing() as database:
            for name, run, record, why_not in found:
                drop(database, name)
                facts = _AGAIN if why_not else there[name]
                insert(database, self.folder / name, facts, run, record, why_not)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction; another process that is indexing too is waited for."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield self._database
            self._database.execute("COMMIT")  # a reader that keeps the file locked may refuse it
        except BaseException:
            self._database.execute("ROLLBACK")
            raise


@contextlib.contextmanager
def opened(
    folder: Path, cache: Path, progress: OnProgress = lambda done, total: None, say: Say = lambda text: None
) -> Iterator[Index]:
    """The index of a folder, up to date. ``cache`` is where indexes lie.

    Where that cannot be written to, or another process keeps it locked, the index is made in memory; ``say`` is told of a wait. Raises
    :class:`UserError` when the folder cannot be read.
    """
    with contextlib.ExitStack() as stack:
        try:
            with contextlib.closing(_connect(path_of(folder, cache))) as database:
                index = Index(folder, database)
                if not _is_free(index, progress):
                    say(f"waiting for another process that is indexing {folder}, for at most {BUSY_S:g} s")
                    database.execute(f"PRAGMA busy_timeout = {1000 * BUSY_S:.0f}")
                    prepare(database)
                    index.update(progress)
                copy = stack.enter_context(index.copied())
        except sqlite3.DatabaseError as error:
            if _is_locked(error):
                say(f"the index of {folder} is locked still: its files are read without it")
                copy = stack.enter_context(_in_memory(folder, progress))
            else:
                copy = stack.enter_context(_anew(folder, cache, progress))
        yield copy


def _is_free(index: Index, progress: OnProgress) -> bool:
    """Bring it up to date; whether nobody had it locked."""
    try:
        prepare(index._database)
        index.update(progress)
    except sqlite3.OperationalError as error:
        if not _is_locked(error):
            raise
        return False
    return True


def _is_locked(error: sqlite3.Error) -> bool:
    return "locked" in str(error)


@contextlib.contextmanager
def of_file(path: Path) -> Iterator[Index]:
    """An index in memory of one file, whatever its name. Raises :class:`UserError` when it cannot be read."""
    run, record = records.read(path), standing.read(path)
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        prepare(database)
        insert(database, path, (0, 0, 0), run, record, None)
        own = -1 - zlib.crc32(os.fsencode(path))  # unlike any in the index of its folder
        database.execute("UPDATE runs SET id = ?", (own,))
        database.execute("UPDATE figures SET run = ?", (own,))
        yield Index(path.parent, database)


def path_of(folder: Path, cache: Path) -> Path:
    """Where the index of that folder lies, or would."""
    return cache / "indexes" / f"{hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:24]}.sqlite"


@contextlib.contextmanager
def _anew(folder: Path, cache: Path, progress: OnProgress) -> Iterator[Index]:
    """An index in the place of one that is damaged; in memory where that cannot be: a full disk, a cache that is read only."""
    with contextlib.suppress(OSError):
        path_of(folder, cache).unlink(missing_ok=True)
    with contextlib.ExitStack() as stack:
        try:
            with contextlib.closing(_connect(path_of(folder, cache))) as database:
                index = Index(folder, database)
                prepare(database)
                index.update(progress)
                copy = stack.enter_context(index.copied())
        except sqlite3.DatabaseError:
            copy = stack.enter_context(_in_memory(folder, progress))
        yield copy


@contextlib.contextmanager
def _in_memory(folder: Path, progress: OnProgress) -> Iterator[Index]:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        prepare(database)
        index = Index(folder, database)
        index.update(progress)
        yield index


def _connect(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if any(trust.why_not(each) for each in (path.parents[1], path.parent, path)):
            return sqlite3.connect(":memory:", isolation_level=None)  # another user may have written what it says
        return sqlite3.connect(path, timeout=PATIENCE_S, isolation_level=None)
    except (OSError, sqlite3.Error):
        return sqlite3.connect(":memory:", isolation_level=None)


def _listing(folder: Path) -> dict[str, Facts]:
    """The facts of each saved run's file by its name."""
    try:
        with os.scandir(folder) as entries:
            found = {each.name: _stat(each) for each in entries if each.name.endswith((".json", standing.SUFFIX))}
    except OSError as error:
        raise UserError(
            f"cannot read the folder {folder}: {error.strerror}; {step_for(error) or 'name another folder'}."
        ) from None
    standings = {name: facts.st_mtime_ns for name, facts in found.items() if facts and name.endswith(standing.SUFFIX)}
    return {
        name: (facts.st_size, facts.st_mtime_ns, standings.get(standing.path_of(Path(name)).name, 0))
        for name, facts in found.items()
        if facts and store.is_run(name)
    }


def _stat(entry: os.DirEntry[str]) -> os.stat_result | None:
    """Of the file that a link leads to, else of the link itself; ``None`` for what is gone already."""
    for follow in (True, False):
        with contextlib.suppress(OSError):
            return entry.stat(follow_symlinks=follow)
    return None


def _grouped(rows: list[tuple[object, ...]]) -> Iterator[tuple[object, list[tuple[object, ...]]]]:
    """Neighbouring rows with the same first column."""
    start = 0
    for end in range(1, len(rows) + 1):
        if end == len(rows) or rows[end][0] != rows[start][0]:
            yield rows[start][0], rows[start:end]
            start = end
