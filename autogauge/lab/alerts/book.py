"""The book of alerts: one file in the folder of the history, ``alerts.json``, which remembers what was found, said and told.

It is read and written under a lock beside it, whole or not at all. It holds no address of a channel, only a name or a salted slow digest.
What stands in it is left to ``alert``; who is to be told what, to ``due``.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import filelock

from autogauge import checkout
from autogauge.causes import step_for
from autogauge.errors import UserError, explain_os_error
from autogauge.files import NotRegular, exists, is_folder, read_regular, write_json
from autogauge.gate import hints
from autogauge.history import store
from autogauge.history.numbered import run_folders
from autogauge.lab.alerts.alert import Alert, from_json
from autogauge.leases import user_named
from autogauge.measuring.reading import Fields
from autogauge.plain import few

NAME, LOCK = "alerts.json", ".alerts.lock"
SCHEMA = 1
LARGEST_BYTES = 64 * 2**20
WAIT_S = 120.0
"""How long to wait for another process that is telling: it indexes, and its channels have deadlines."""


@dataclass
class Book:
    """What was found and told. ``salt`` is that of the channels' digests, ``troubles`` what each channel's last failure was."""

    alerts: list[Alert] = field(default_factory=list)
    salt: str = field(default_factory=lambda: secrets.token_hex(16))
    troubles: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The fields as a dictionary."""
        return {
            "schema": SCHEMA,
            "salt": self.salt,
            "troubles": self.troubles,
            "alerts": [each.to_json() for each in self.alerts],
        }

    def named(self, key: str, history: Path | None = None) -> Alert:
        """The alert with that key, or with the only key that begins so, of this book of that ``history``. Raises :class:`UserError`.

        What is open comes first: an alert that is over is meant only where no open one begins so.
        """
        found = [each for each in self.alerts if each.key == key]
        if key and not found:
            begin = [each for each in self.alerts if each.key.startswith(key)]
            found = [each for each in begin if each.is_open] or begin
        if len(found) == 1:
            return found[0]
        if found:
            keys = few([each.key for each in found], most=5)
            raise UserError(f"{len(found)} alerts have keys that begin with {key!r} ({keys}): write more of it.")
        raise UserError(f"there is no alert {key!r}: `{hints.command('alert list --all', history)}` shows the keys.")


def read(history: Path) -> Book:
    """The book of that history; an empty one where there is none yet. Raises :class:`UserError`.

    One that cannot be read is never taken for empty: everything would be told once more.
    """
    path = history / NAME
    try:
        fields = Fields(json.loads(read_regular(path, LARGEST_BYTES)), "")
        schema = fields.whole("schema")
        if schema > SCHEMA:
            raise UserError(f"{path} was written by a newer autogauge (schema {schema}): update autogauge.")
        troubles = fields.of_texts("troubles", {})
        return Book(list(fields.each("alerts", from_json)), fields.text("salt"), troubles)
    except FileNotFoundError:
        if not path.is_symlink():
            return Book()
        why = "it is a link to a file that is not there"
    except NotRegular as error:
        why = str(error.strerror)
    except OSError as error:
        raise UserError(
            f"cannot read {path}: {error.strerror}; {step_for(error) or 'let this user read it'}."
        ) from None
    except (ValueError, RecursionError) as error:
        why = str(error)[:200] if isinstance(error, ValueError) else "it is nested too deeply"
    raise UserError(
        f"{path} is no book of alerts ({why}): put a copy back, or remove it, after which all that is wrong now is told once more."
    )


def write(history: Path, book: Book) -> None:
    """Put that book in the place of the old one, whole or not at all. Raises :class:`UserError`."""
    try:
        write_json(history / NAME, book.to_json())
    except OSError as error:
        raise explain_os_error(error, f"cannot write {history / NAME}", "--history=DIR") from error


def require(history: Path) -> None:
    """Raises :class:`UserError` for a folder that is no history: it has no book, and could have none."""
    if exists(history) and not history.is_dir():
        raise UserError(f"{history} is a file: name the folder of the history (--history=DIR).")
    if not is_folder(history):
        raise UserError(
            f"there is no history in {history.absolute()} yet: measure first ({checkout.measure()}), "
            "or name another folder (--history=DIR)."
        )
    if exists(history / NAME) or (history / NAME).is_symlink():
        return
    above = history.resolve().parent
    if exists(above / NAME) and store.runs(history):
        raise UserError(f"the alerts of {history} are in the book of {above}: name that (--history={above}).")
    if not run_folders(history):
        raise UserError(
            f"there is no saved run in {history}: measure one ({checkout.measure()}), or name another folder (--history=DIR)."
        )


@contextlib.contextmanager
def locked(history: Path) -> Iterator[None]:
    """While the body runs nobody else tells or changes anything there; the system frees it should its holder die.

    Raises :class:`UserError` when another process holds it past the deadline, or there can be no such file.
    """
    require(history)
    lock = filelock.FileLock(history / LOCK, mode=0o666)
    try:
        lock.acquire(timeout=WAIT_S)
    except filelock.Timeout:
        raise UserError(
            f"another process has been telling the alerts of {history} for over {WAIT_S:g} s: wait for it, or end it."
        ) from None
    except OSError as error:
        raise explain_os_error(error, f"cannot lock {history / LOCK}", "--history=DIR") from error
    try:
        yield
    finally:
        lock.release()


def user() -> str:
    """Who runs this, as far as the system tells."""
    return user_named(os.getuid())
