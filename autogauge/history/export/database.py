"""Saved runs into a PostgreSQL database, and kept up to date there: as often as one likes, several exporters at once.

A run is written whole, in a transaction with those of its batch, under a lock that exporters share. A run that stands as it did is not
touched, and one that changed here since it was read is left to who reads it next. What was pruned here goes from there, and so does what
is a copy of another run here; what is only not here stays, since it may be another history's. The tables are ``database_tables``' matter,
their rows ``database_rows``'.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autogauge.errors import UserError
from autogauge.history import pruned
from autogauge.history.export import database_tables
from autogauge.history.export.database_address import PASSWORDS, Address
from autogauge.history.export.database_rows import RunRows, folder_of, rows_of, text
from autogauge.history.export.database_tables import BENCHMARK_COLUMNS, BENCHMARKS, RUN_COLUMNS, RUNS
from autogauge.history.indexed import IndexedRun
from autogauge.history.select import Selection
from autogauge.plain import counted

if TYPE_CHECKING:
    import psycopg

AT_ONCE = 200
"""Runs to one transaction."""
CONNECT_S, LOCKED_S, BATCH_S = 10, 60, 180
"""How long to wait for the server to answer at first, for another exporter or whoever locks a table, and for a batch as a whole."""
EXPORTERS = 0x6175746F67617567
"""The number of the lock that exporters share; it reads ``autogaug``."""


@dataclass
class Exported:
    """What was done: how many runs are new there, were changed, were removed, and were as they are here.

    ``only_there`` stay there, what is ``unreadable`` here is left out. ``overtaken`` are those that changed here meanwhile: whoever read
    them later writes them.
    """

    shown: str
    new: int = 0
    changed: int = 0
    removed: int = 0
    same: int = 0
    only_there: int = 0
    overtaken: int = 0
    unreadable: int = 0

    @property
    def words(self) -> str:
        """The counts in a row."""
        return (
            f"{counted(self.new, 'run')} new, {self.changed} changed, {self.removed} removed, {self.same} as they were"
        )


def export(read: Callable[[], tuple[Selection, Selection]], destination: str) -> Exported:
    """Write runs into the database ``destination``. ``read`` tells which: those found, and the whole history that they are of.

    It is called while no other exporter writes. What is there already is brought up to date as well, also where it passes no filter now.

    Raises :class:`UserError`: what was written before, whole runs, stays, and the next export goes on.
    """
    address = Address.of(destination)
    done = Exported(address.shown)
    with _connected(address) as connection:
        with _batch(connection, address):
            database_tables.prepare(connection, address.shown)
        with _batch(connection, address):
            found, whole = read()
            done.unreadable = len(found.unreadable)
            every = (*whole.runs, *whole.unreadable)
            # Also those that hold nothing but copies now: what was written of these is to be found, and to go.
            folders = sorted({run.path.resolve().parent for run in (*every, *(copy for _, copy in whole.copies))})
            gone = [(text(folder.name), text(name)) for folder in folders for name in pruned.gone(folder)]
            known = _known(connection, sorted({text(folder.name) for folder in folders}))
            wanted = meant(found, whole, known)
            done.removed = _remove(connection, known, gone)
            copies = twice(whole)
            leaving, known = known, {key: each for key, each in known.items() if key not in {*gone, *copies}}
        runs = list(rows_of(whole, wanted))
        done.only_there = len(known.keys() - {(folder_of(run), text(run.path.name)) for run in every})
        new = [each for each in runs if known.get(each.key) != each.content]
        done.same = len(runs) - len(new)
        for start in range(0, len(new), AT_ONCE):
            with _batch(connection, address):
                # What was changed since it was read may have been written by an exporter that read it later.
                batch = [each for each in new[start : start + AT_ONCE] if each.source.is_current]
                _write(connection, batch)
            done.new += sum(each.key not in known for each in batch)
            done.changed += sum(each.key in known for each in batch)
            done.overtaken += len(new[start : start + AT_ONCE]) - len(batch)
        if any(key in leaving for key in copies):
            with _batch(
                connection, address
            ):  # last: who is ended before it has a run there twice, and the next export mends that
                done.removed += _remove(connection, leaving, copies)
    return done


def twice(whole: Selection) -> list[tuple[str, str]]:
    """What is no run of its own any more: it was written, and is known as a copy of another now."""
    counting = {(folder_of(run), text(run.path.name)) for run in whole.runs}
    return [key for _, copy in whole.copies if (key := (folder_of(copy), text(copy.path.name))) not in counting]


def meant(found: Selection, whole: Selection, known: Container[tuple[str, str]]) -> list[IndexedRun]:
    """The runs that are written: those found, and those that are there already, also as a copy, which must not stay as they were."""
    passing = {run.path for run in found.runs}
    passing |= {run.path for run, copy in whole.copies if (folder_of(copy), text(copy.path.name)) in known}
    return [run for run in whole.runs if run.path in passing or (folder_of(run), text(run.path.name)) in known]


def _known(connection: psycopg.Connection, folders: list[str]) -> dict[tuple[str, str], str]:
    """The runs of these folders that are there, with the digest of their content."""
    rows = connection.execute(f"SELECT folder, file, content FROM {RUNS} WHERE folder = ANY(%s)".encode(), (folders,))  # noqa: S608
    return {(folder, file): content for folder, file, content in rows}


def _remove(
    connection: psycopg.Connection, known: Mapping[tuple[str, str], str], runs: Iterable[tuple[str, str]]
) -> int:
    """Remove these runs where they are as they are known; returns how many. What another exporter has written since stays."""
    rows = [(*key, known[key]) for key in dict.fromkeys(runs) if key in known]
    statement = (
        f"DELETE FROM {RUNS} WHERE (folder, file, content) IN "  # noqa: S608 (constants)
        "(SELECT * FROM unnest(%s::text[], %s::text[], %s::text[]))"
    )
    return int(connection.execute(statement.encode(), _columns(rows, 3)).rowcount)


def _write(connection: psycopg.Connection, batch: Sequence[RunRows]) -> None:
    """Put these runs in the place of what is there of them."""
    marks = ", ".join(["%s"] * len(RUN_COLUMNS))
    others = ", ".join(f"{name} = excluded.{name}" for name in RUN_COLUMNS[2:])
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {RUNS} ({', '.join(RUN_COLUMNS)}) VALUES ({marks}) "  # noqa: S608 (constants)
            f"ON CONFLICT (folder, file) DO UPDATE SET {others}".encode(),
            [each.run for each in batch],
        )
        rows = cursor.execute(
            f"SELECT folder, file, id FROM {RUNS} WHERE (folder, file) IN "  # noqa: S608 (constants)
            "(SELECT * FROM unnest(%s::text[], %s::text[]))".encode(),
            _columns([each.key for each in batch], 2),
        )
        ids = {(folder, file): run for folder, file, run in rows}
        cursor.execute(f"DELETE FROM {BENCHMARKS} WHERE run = ANY(%s)".encode(), ([*ids.values()],))  # noqa: S608
        with cursor.copy(f"COPY {BENCHMARKS} (run, {', '.join(BENCHMARK_COLUMNS)}) FROM STDIN".encode()) as copy:
            for each in batch:
                for row in each.benchmarks:
                    copy.write_row((ids[each.key], *row))


def _columns(rows: Sequence[tuple[Any, ...]], count: int) -> list[list[Any]]:
    return [[row[place] for row in rows] for place in range(count)]


@contextlib.contextmanager
def _connected(address: Address) -> Iterator[psycopg.Connection]:
    """A connection. Raises :class:`UserError`, also for what goes wrong while it is used."""
    import psycopg

    more: dict[str, Any] = {"application_name": "autogauge", "client_encoding": "UTF8"}
    if "connect_timeout" not in address.fields and not os.environ.get("PGCONNECT_TIMEOUT"):
        more["connect_timeout"] = CONNECT_S
    try:
        # Prepared statements and pgbouncer do not always go together.
        connection = psycopg.connect(**{**more, **address.fields}, autocommit=True, prepare_threshold=None)
    except psycopg.Error as error:
        raise _not_reached(address, error) from None
    try:
        with connection:
            yield connection
    except psycopg.Error as error:
        raise _failed(address, error) from None


@contextlib.contextmanager
def _batch(connection: psycopg.Connection, address: Address) -> Iterator[None]:
    """One transaction in which no other exporter writes, with an end: a server that says nothing more is given up."""
    import psycopg

    silent = threading.Event()
    timer = threading.Timer(BATCH_S, _give_up, (connection, silent))
    timer.daemon = True
    timer.start()
    try:
        with connection.transaction():
            for name, wait_s in (("lock_timeout", LOCKED_S), ("statement_timeout", BATCH_S)):
                connection.execute("SELECT set_config(%s, %s, true)", (name, f"{wait_s}s"))
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (EXPORTERS,))
            yield
    except psycopg.OperationalError:
        if silent.is_set():
            raise UserError(
                f"{address.shown} has not answered for {BATCH_S:g} s: look what it is doing, and export again; runs written before stay."
            ) from None
        raise
    finally:
        timer.cancel()


def _give_up(connection: psycopg.Connection, silent: threading.Event) -> None:
    """End a connection from another thread, so that who waits for it wakes up."""
    silent.set()
    with contextlib.suppress(Exception), socket.socket(fileno=os.dup(connection.fileno())) as ours:
        ours.shutdown(socket.SHUT_RDWR)


def _not_reached(address: Address, error: psycopg.Error) -> UserError:
    said = address.without_secrets(str(error))
    steps: Iterable[tuple[str, str]] = (
        ("password", f"check the user and the password ({PASSWORDS})"),
        ("no pg_hba.conf entry", "let this user in (pg_hba.conf), or name another"),
        ("database", "create it (createdb), or name another"),
        ("role", "create it (createuser), or name another"),
    )
    step = next((step for word, step in steps if word in said), "check that it runs, the host and the port")
    return UserError(f"cannot reach {address.shown}: {said.rstrip('.')}; {step}.")


def _failed(address: Address, error: psycopg.Error) -> UserError:
    """What went wrong in the database, in a sentence."""
    from psycopg import errors

    said = address.without_secrets(error.diag.message_primary or str(error)).rstrip(".")
    user = address.fields.get("user") or "this user"
    if isinstance(error, errors.InsufficientPrivilege):
        return UserError(
            f"{user} may not write to {address.shown} ({said}): grant it CREATE on the schema for the first time, later SELECT, INSERT, "
            f"UPDATE and DELETE on {database_tables.VERSION}, {RUNS} and {BENCHMARKS}."
        )
    if isinstance(error, (errors.LockNotAvailable, errors.QueryCanceled)):
        return UserError(
            f"another program has kept {address.shown} locked for over {LOCKED_S:g} s ({said}): export again when it has ended."
        )
    if error.sqlstate is None or isinstance(error, (errors.AdminShutdown, errors.CrashShutdown)):
        return UserError(
            f"{address.shown} ended the connection ({said}): export again when it runs; runs written before stay, none is half there."
        )
    return UserError(f"cannot write to {address.shown}: {said}; nothing of this batch was written.")
