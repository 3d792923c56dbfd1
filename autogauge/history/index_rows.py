"""The tables of an index, and a saved run as rows in them. Which files are read when is left to ``index``."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from autogauge.errors import UserError
from autogauge.history import store
from autogauge.history.found import identity
from autogauge.history.labels import Contents
from autogauge.history.records import VERDICTS, NewerRun, SavedRun
from autogauge.history.standing_file import Record, Standing

SCHEMA = 9
"""Raised when the tables or what is read from a file change: older indexes are made anew."""
LARGEST_FACTS = 2**16
"""Characters of JSON that say what a fingerprint stands for; more is somebody else's."""
ACCEPTED = str(Standing.ACCEPTED)
STANDINGS = tuple(str(each) for each in Standing)
UNREADABLE = "unreadable"
NEWER = "saved by a newer autogauge"
"""Why a run is unreadable, where that is known and no fault of its file."""

_TABLES = """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, name TEXT UNIQUE, size INTEGER, changed_ns INTEGER, standing_ns INTEGER, number INTEGER, when_s REAL,
    machine TEXT, openvino TEXT, model TEXT, precision TEXT, weights TEXT, profile TEXT, accelerator TEXT, fingerprint TEXT,
    standing TEXT, why TEXT, foreign_file INTEGER, verdict TEXT, benchmarks INTEGER, problems TEXT, digest TEXT, folder TEXT,
    accepted INTEGER, pending INTEGER, facts INTEGER, contents INTEGER, content TEXT
);
CREATE TABLE facts (id INTEGER PRIMARY KEY, json TEXT UNIQUE);
CREATE TABLE contents (id INTEGER PRIMARY KEY, json TEXT, labelled INTEGER, UNIQUE (json, labelled));
CREATE TABLE keys (id INTEGER PRIMARY KEY, key TEXT, metric TEXT, UNIQUE (key, metric));
CREATE TABLE refs (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
CREATE TABLE figures (run INTEGER, key INTEGER, median_s REAL, samples INTEGER, ref INTEGER, ratio REAL, error REAL, verdict INTEGER,
    standing INTEGER);
CREATE INDEX figures_of_run ON figures (run);
"""
RUN = (
    "id, name, number, when_s, machine, openvino, model, precision, weights, profile, accelerator, fingerprint, standing, why, "
    "foreign_file, verdict, benchmarks, problems, digest, folder, accepted, pending, facts, contents, content, standing_ns"
)
COLUMNS = {
    "runs": f"{RUN}, size, changed_ns",
    "keys": "id, key, metric",
    "contents": "id, json, labelled",
    "refs": "id, name",
    "facts": "id, json",
    "figures": "run, key, median_s, samples, ref, ratio, error, verdict, standing",
}


def prepare(database: sqlite3.Connection) -> None:
    """The tables as this version has them; those of another version are dropped."""
    database.execute("PRAGMA synchronous = OFF")  # derived: what a crash of the machine spoils is made anew
    if database.execute("PRAGMA user_version").fetchone()[0] == SCHEMA:
        for table, columns in COLUMNS.items():  # an error here is noticed by the caller, who makes the index anew
            database.execute(f"SELECT {columns} FROM {table} LIMIT 0")  # noqa: S608 (constants)
        return
    database.execute("BEGIN IMMEDIATE")
    if database.execute("PRAGMA user_version").fetchone()[0] != SCHEMA:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            database.execute(f'DROP TABLE "{name}"')
        for statement in _TABLES.split(";"):
            database.execute(statement)
        database.execute(f"PRAGMA user_version = {SCHEMA}")
    database.execute("COMMIT")


def drop(database: sqlite3.Connection, name: str) -> None:
    """Forget the run of a file with that name."""
    database.execute("DELETE FROM figures WHERE run = (SELECT id FROM runs WHERE name = ?)", (name,))
    database.execute("DELETE FROM runs WHERE name = ?", (name,))


def insert(
    database: sqlite3.Connection,
    path: Path,
    facts: tuple[int, int, int],
    run: SavedRun | None,
    record: Record,
    why_not: UserError | None,
) -> None:
    """Add a run of a file with these facts (size, change, change of the standing), or that it cannot be read, and why (``why_not``)."""
    own: tuple[object, ...] = (None, "", "", "", "", "", "", "", "")
    more: tuple[object, ...] = ("", "", 0, 0, None, None, "")
    stands, why, problem = UNREADABLE, "", str(why_not or "")
    verdicts: set[str] = set()
    if isinstance(why_not, NewerRun):
        why = NEWER
        own = (why_not.when.timestamp() if why_not.when else None, why_not.machine, *own[2:])
    if run is not None:
        when_s = run.when.timestamp() if run.when else None
        own = (when_s, run.machine, run.openvino, run.model, run.precision, run.weights, run.profile, run.accelerator)
        own = (*own, run.fingerprint or "")
        problem = "\n".join(each.replace("\n", " ") for each in (*run.problems, *run.odd))
        verdicts = {each.verdict for each in run.benchmarks.values()}
        facts_of_it = _facts_of(run)
        accepted, pending = (
            sum(record.of(key) is each for key in run.benchmarks) for each in (Standing.ACCEPTED, Standing.PENDING)
        )
        stated = _id(database, "facts", ("json",), (facts_of_it,)) if facts_of_it else None
        text = Contents.text_of({each.key: (each.metric, each.labels) for each in run.benchmarks.values()})
        contents = _id(database, "contents", ("json", "labelled"), (text, int(run.labelled))) if text else None
        more = (run.digest, run.folder, accepted, pending, stated, contents, _content_of(run))
        stands, why = str(record.standing), record.why
    found = run.benchmarks if run else {}
    worst = next((word for word in VERDICTS if word in verdicts), "")
    number = store.number_of(path) if store.is_run(path.name) else 0
    row = (path.name, *facts, number, *own, stands, why, bool(run and run.foreign), worst, len(found), problem, *more)
    cursor = database.execute(f"INSERT INTO runs VALUES (NULL{', ?' * len(row)})", row)  # noqa: S608 (placeholders)
    figures = [
        (
            cursor.lastrowid,
            _id(database, "keys", ("key", "metric"), (each.key, each.metric)),
            each.median_s,
            each.samples,
            _id(database, "refs", ("name",), (each.against_pinned.pinned,)) if each.against_pinned else None,
            each.against_pinned.ratio if each.against_pinned else None,
            each.against_pinned.error if each.against_pinned else None,
            VERDICTS.index(each.verdict) if each.verdict else None,
            STANDINGS.index(record.of(each.key)),
        )
        for each in found.values()
    ]
    database.executemany("INSERT INTO figures VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", figures)


def _content_of(run: SavedRun) -> str:
    """By which copies of a run are known, also with another name; empty where it has nothing that could tell it from another run."""
    if run.when is None or not run.benchmarks:
        return ""
    ratios = sorted((key, each.against_pinned.ratio) for key, each in run.benchmarks.items() if each.against_pinned)
    whole = (identity(run), run.machine, run.openvino, run.model, run.digest, run.accelerator, ratios)
    return hashlib.sha256(repr(whole).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _facts_of(run: SavedRun) -> str:
    """The fingerprint's facts and what is noted beside it, as JSON; empty for none, and for what is too large or deep to be ours."""
    with contextlib.suppress(RecursionError, ValueError):
        facts = {"fingerprint": dict(run.fingerprint_facts), "noted": dict(run.noted)}
        text = json.dumps(facts, sort_keys=True) if any(facts.values()) else ""
        return text if len(text) <= LARGEST_FACTS else ""
    return ""


def facts_from(text: str) -> Mapping[str, Any]:
    """What a fingerprint stands for, from its JSON."""
    with contextlib.suppress(ValueError, RecursionError):
        found = json.loads(text)
        return found if isinstance(found, dict) else {}
    return {}


def _id(database: sqlite3.Connection, table: str, columns: Sequence[str], values: Sequence[str | int]) -> int:
    """The row's id in a table of names, added if it is new."""
    names, holds = ", ".join(columns), " AND ".join(f"{each} = ?" for each in columns)
    found = database.execute(f"SELECT id FROM {table} WHERE {holds}", values).fetchone()  # noqa: S608 (constants)
    if found is None:
        marks = ", ".join("?" * len(columns))
        return int(database.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", values).lastrowid or 0)  # noqa: S608
    return int(found[0])
