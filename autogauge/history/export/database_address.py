"""The address of a PostgreSQL database as a user writes it, and as it may be shown: a password never is.

libpq's own messages about an address that it cannot read repeat parts of it, so they are not passed on.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote

from autogauge import checkout
from autogauge.errors import UserError

SCHEMES = ("postgresql://", "postgres://")
FORM = "postgresql://USER@HOST:PORT/DATABASE"
PASSWORDS = "the password comes from PGPASSWORD, or from ~/.pgpass"
NEEDS = f"A database needs psycopg: {checkout.install('lab')}, or name a file that ends in .csv."
HIDDEN = "…"


def is_database(destination: str) -> bool:
    """Whether that names a database and no file."""
    return destination.lower().startswith(SCHEMES)


@dataclass(frozen=True)
class Address:
    """Where a database is; ``shown`` is the address without a password, ``fields`` are libpq's keywords."""

    shown: str
    fields: Mapping[str, str]
    secrets: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Address:
        """From what a user wrote. Raises :class:`UserError` for what is no such address, and where psycopg is missing."""
        rest = text.partition("://")[2]
        before, at, after = rest.rpartition("@")
        if at and (re.search(r"[/?#@\[\]]", before) or "@" in after):
            raise UserError(
                _no_address("a sign such as @ / ? # % in a name or password is written as %40 %2F %3F %23 %25")
            )
        try:
            from psycopg import ProgrammingError
            from psycopg.conninfo import conninfo_to_dict
        except ImportError:
            raise UserError(NEEDS) from None
        try:
            found = {key: str(value) for key, value in conninfo_to_dict(text).items() if value is not None}
        except ProgrammingError:
            raise UserError(_no_address("a % of a password is written as %25")) from None
        user, host, port, name = (found.get(key, "") for key in ("user", "host", "port", "dbname"))
        place = ",".join(f"[{each}]" if ":" in each else each for each in host.split(","))
        where = place if place.startswith("/") or not port else f"{place}:{port}"
        shown = f"postgresql://{quote(user) + '@' if user else ''}{where}/{name}"
        return cls(shown, found, tuple(_secrets(text, found)))

    def without_secrets(self, message: str) -> str:
        """A message of the server or of libpq on one line, without any password."""
        line = " ".join(message.split())
        for each in sorted(self.secrets, key=len, reverse=True):
            line = line.replace(each, HIDDEN)
        return line


def _secrets(text: str, fields: Mapping[str, str]) -> set[str]:
    found = {fields.get("password", ""), fields.get("sslpassword", ""), os.environ.get("PGPASSWORD", "")}
    written = re.search(r"://[^@/]*?:([^@]*)@", text)
    if written:
        found |= {written[1], unquote(written[1])}
    return {each for each in found if each}


def _no_address(what: str) -> str:
    return f"the destination is no address of a PostgreSQL database: write {FORM}; {what}, and {PASSWORDS}."
