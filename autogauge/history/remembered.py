"""What was worked out of figures before, by the figures themselves: so that nothing is worked out twice, and nothing stale is believed.

The key is a digest of all that a value rests on, so a value never has to be thrown away because something changed: another figure is
another key. It lies in the cache beside the indexes; where that cannot be written to, or somebody else may have written it, everything is
worked out again. What is worked out is the callers' business: ``gate.levels``.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any

from autogauge import trust

NAME = "levels.sqlite"
MOST = 5_000
"""Values that are kept, the newest; a lab of a hundred machines needs a hundred a night."""
PATIENCE_S = 0.5
"""For another process that is writing: to work it out again is no harm."""


class Remembered:
    """Values by key. Whatever goes wrong with the file is the same as nothing remembered."""

    def __init__(self, database: sqlite3.Connection | None = None) -> None:
        self._database = database
        self._new: dict[bytes, str] = {}

    def get(self, key: bytes) -> Any:
        """What was kept under that key, from JSON; ``None`` for nothing."""
        if self._database is None:
            return None
        with contextlib.suppress(sqlite3.Error, ValueError, RecursionError):
            row = self._database.execute("SELECT value FROM remembered WHERE key = ?", (key,)).fetchone()
            return json.loads(row[0]) if row else None
        return None

    def put(self, key: bytes, value: Any) -> None:
        """Keep a value, which is JSON's, under that key. It is written when all is done (:meth:`close`)."""
        if self._database is not None:
            self._new[key] = json.dumps(value)

    def close(self) -> None:
        """Write what is new in one go, drop the oldest of what is too much, and close the file."""
        if self._database is None:
            return
        with contextlib.suppress(sqlite3.Error):
            if self._new:
                with self._database as database:
                    database.executemany("INSERT OR REPLACE INTO remembered VALUES (NULL, ?, ?)", self._new.items())
                    oldest = "SELECT max(id) - ? FROM remembered"
                    database.execute(f"DELETE FROM remembered WHERE id <= ({oldest})", (MOST,))  # noqa: S608 (a constant)
        with contextlib.suppress(sqlite3.Error):
            self._database.close()
        self._database = None


def opened(cache: Path) -> Remembered:
    """What was remembered in that cache; nothing where it cannot be read, or is not to be trusted."""
    path = cache / "indexes" / NAME
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if any(trust.why_not(each) for each in (cache, path.parent, path)):
            return Remembered()
        database = sqlite3.connect(path, timeout=PATIENCE_S)
    except (OSError, sqlite3.Error):
        return Remembered()
    try:
        database.execute("PRAGMA synchronous = OFF")  # derived, as the indexes are
        database.execute(
            "CREATE TABLE IF NOT EXISTS remembered (id INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB UNIQUE, value TEXT)"
        )
        database.execute("SELECT id, key, value FROM remembered LIMIT 1").fetchone()
    except sqlite3.Error as error:
        database.close()
        if "locked" not in str(error):
            with contextlib.suppress(OSError):
                path.unlink()  # damaged: the next one begins anew
        return Remembered()
    return Remembered(database)
