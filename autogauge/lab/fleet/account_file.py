"""The account of a fleet run as a file: who was to measure, and what became of each; there from the start, under a name of its own.

Where the collector itself is killed, it says so (``finished`` is ``null``). What became of a machine is left to ``accounts``.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autogauge import __version__
from autogauge.errors import UserError, explain_os_error
from autogauge.files import as_json, create, write_json
from autogauge.lab.fleet import accounts
from autogauge.lab.fleet.accounts import Account

SCHEMA = 1
MOST_IN_A_SECOND = 100


class AccountFile:
    """One fleet run's; ``said`` is what is known of it before it starts (``inventory``, ``limit``, ``pytest_args``)."""

    def __init__(self, everybody: Sequence[Account], said: dict[str, Any], by: str = "") -> None:
        self.everybody, self._said, self._by = everybody, said, by
        self.started = datetime.datetime.now(datetime.timezone.utc)
        self.session, self.stopped = "", ""
        self.notes: list[str] = []
        self.path = Path()

    def begin(self, reports: Path) -> None:
        """Write it under a name that no other run has, also one of the same second. Raises :class:`UserError`."""
        place, name = reports / "fleet", f"{self.started:%Y%m%dT%H%M%SZ}{self._by}"
        for number in range(1, MOST_IN_A_SECOND):
            self.path = place / f"{name}{'' if number == 1 else f'-{number}'}.json"
            self.session = self.path.stem
            try:
                place.mkdir(parents=True, exist_ok=True)
                if create(self.path, as_json(self.to_json(is_done=False))):
                    return
            except OSError as error:
                raise explain_os_error(error, f"cannot write {self.path}", "--reports=DIR") from error
        raise UserError(f"a hundred fleet runs began in one second in {place}: try again.")

    def write(self, *, is_done: bool = False) -> None:
        """Write it anew. Raises :class:`UserError` where it cannot be written in the end; before that it is only as old as it is."""
        try:
            write_json(self.path, self.to_json(is_done=is_done))
        except OSError as error:
            if is_done:
                raise explain_os_error(error, f"cannot write {self.path}", "--reports=DIR") from error

    def to_json(self, *, is_done: bool = True) -> dict[str, Any]:
        """Its content."""
        now = datetime.datetime.now(datetime.timezone.utc)
        return {
            "schema": SCHEMA,
            "autogauge": __version__,
            "session": self.session,
            "started": self.started.isoformat(timespec="seconds"),
            "finished": now.isoformat(timespec="seconds") if is_done else None,
            **self._said,
            "machines": [each.to_json() for each in self.everybody],
            "counts": accounts.counted(self.everybody),
            "summary": accounts.in_a_line(self.everybody),
            "stopped": self.stopped or None,
            "notes": self.notes,
        }
