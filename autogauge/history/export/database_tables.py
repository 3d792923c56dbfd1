"""The tables of runs in a PostgreSQL database, as ``docs/lab.md`` has them: what they are, and whether those that are there are ours.

They lie where the user's ``search_path`` says (``public``, if nobody changed it), beside whatever else is in the database.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from autogauge.errors import UserError

if TYPE_CHECKING:
    import psycopg

SCHEMA = 2
"""Raised when the tables change."""
VERSION, RUNS, BENCHMARKS = "autogauge_schema", "autogauge_runs", "autogauge_benchmarks"
RUN_COLUMNS = (
    *(
        "folder",
        "file",
        "content",
        "number",
        "measured",
        "machine",
        "measured_as",
        "openvino",
        "model",
        "digest",
        "precision",
    ),
    *("weights", "profile", "accelerator", "fingerprint", "standing", "why"),
)
BENCHMARK_COLUMNS = (
    *("benchmark", "metric", "labels", "device", "hint", "openvino", "standing", "gate", "median_s", "median_mib"),
    *("samples", "pinned", "ratio_to_pinned", "ratio_error"),
)
TABLES = f"""
CREATE TABLE {VERSION} (version integer NOT NULL);
CREATE TABLE {RUNS} (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    folder text NOT NULL,
    file text NOT NULL,
    content text NOT NULL,
    number bigint NOT NULL,
    measured timestamptz,
    machine text NOT NULL,
    measured_as text NOT NULL,
    openvino text NOT NULL,
    model text NOT NULL,
    digest text NOT NULL,
    precision text NOT NULL,
    weights text NOT NULL,
    profile text NOT NULL,
    accelerator text NOT NULL,
    fingerprint text NOT NULL,
    standing text NOT NULL,
    why text NOT NULL,
    UNIQUE (folder, file)
);
CREATE INDEX {RUNS}_measured ON {RUNS} (measured);
CREATE TABLE {BENCHMARKS} (
    run bigint NOT NULL REFERENCES {RUNS} ON DELETE CASCADE,
    benchmark text NOT NULL,
    metric text NOT NULL,
    labels jsonb NOT NULL,
    device text NOT NULL,
    hint text NOT NULL,
    openvino text NOT NULL,
    standing text NOT NULL,
    gate text NOT NULL,
    median_s double precision,
    median_mib double precision,
    samples bigint NOT NULL,
    pinned text NOT NULL,
    ratio_to_pinned double precision,
    ratio_error double precision
);
CREATE UNIQUE INDEX {BENCHMARKS}_once ON {BENCHMARKS} (run, md5(benchmark));
INSERT INTO {VERSION} VALUES ({SCHEMA});
"""  # noqa: S608 (constants)
"""A text that a run does not have is empty, a number is null. The name of a benchmark may be longer than an index takes."""
OLDER = {1: ("measured_as",)}
"""By an older schema the columns of a run that it lacks, which are texts: no run is lost for them, whosever it is."""


def prepare(connection: psycopg.Connection, shown: str) -> None:
    """See to it that the tables are there, within a transaction. Raises :class:`UserError` for those that are not ours."""
    there = [name for name in (VERSION, RUNS, BENCHMARKS) if _is_there(connection, name)]
    if not there:
        for statement in filter(str.strip, TABLES.split(";")):
            connection.execute(statement.encode())
        return
    versions = _first_columns(connection, VERSION, ("version",)) if VERSION in there else None
    if versions is None:
        raise UserError(
            f"{shown} has a table {there[0]} that is not autogauge's: name another database, or another schema "
            "(…?options=-csearch_path%3DNAME)."
        )
    lacking = next((columns for older, columns in OLDER.items() if versions == [older]), None)
    if lacking:
        _bring_up_to_date(connection, shown, there, lacking)
    elif versions != [SCHEMA]:
        said = ", ".join(map(str, versions)) or "none"
        newer = "update autogauge" if any(isinstance(each, int) and each > SCHEMA for each in versions) else "drop them"
        raise UserError(
            f"the tables in {shown} have the schema {said}, and this autogauge writes {SCHEMA}: {newer}, or name another database."
        )
    for name, columns in ((RUNS, ("id", *RUN_COLUMNS)), (BENCHMARKS, ("run", *BENCHMARK_COLUMNS))):
        _require(connection, shown, there, name, columns)


def _require(
    connection: psycopg.Connection, shown: str, there: Collection[str], name: str, columns: tuple[str, ...]
) -> None:
    if name not in there or _first_columns(connection, name, columns) is None:
        raise UserError(
            f"the table {name} in {shown} is not as autogauge made it: drop {VERSION}, {RUNS} and {BENCHMARKS}, and export again."
        )


def _bring_up_to_date(
    connection: psycopg.Connection, shown: str, there: Collection[str], lacking: tuple[str, ...]
) -> None:
    """Give the tables of an older schema, which have all other columns, those that they lack, empty: who exports its runs fills them."""
    from psycopg import errors

    _require(connection, shown, there, RUNS, ("id", *(each for each in RUN_COLUMNS if each not in lacking)))
    try:
        for column in lacking:
            connection.execute(
                f"ALTER TABLE {RUNS} ADD COLUMN IF NOT EXISTS {column} text NOT NULL DEFAULT ''".encode()
            )
        connection.execute(f"UPDATE {VERSION} SET version = {SCHEMA}".encode())  # noqa: S608 (constants)
    except errors.InsufficientPrivilege as error:
        raise UserError(
            f"the tables in {shown} are an older autogauge's, and this user may not change them ({error.diag.message_primary}): export "
            "once as the user who owns them, which brings them up to date."
        ) from None


def _is_there(connection: psycopg.Connection, name: str) -> bool:
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (name,)).fetchone()
    return bool(row and row[0])


def _first_columns(connection: psycopg.Connection, name: str, columns: tuple[str, ...]) -> list[object] | None:
    """The first of these columns in at most two rows; ``None`` where the table has not all of them."""
    from psycopg import errors

    try:
        with connection.transaction():  # a savepoint: an error within it leaves the rest as it is
            rows = connection.execute(f"SELECT {', '.join(columns)} FROM {name} LIMIT 2".encode())  # noqa: S608 (constants)
            return [row[0] for row in rows]
    except (errors.UndefinedColumn, errors.UndefinedTable):
        return None
