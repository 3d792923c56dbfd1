"""A PostgreSQL server of a test's own: Debian's, with its data in a temporary folder, on a free port of the loopback."""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PASSWORD = "s3cret%w@rd/?#"
DEADLINE_S = 60
_ENDS_WITH_US = '"$@" & pid=$!; cat >/dev/null; kill -QUIT $pid; wait $pid'
"""For a shell whose standard input we hold: when we die, however that is, so does the server."""
_numbers = itertools.count(1)


class CannotServe(Exception):
    """There is no server here, in a sentence."""


def binaries() -> Path:
    """Where Debian keeps the programs of its newest server."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    if not found and not on_path:
        raise CannotServe("PostgreSQL's server is not installed (apt-get install postgresql)")
    return found[-1].parent if found else Path(str(on_path)).parent


class Server:
    """A server that runs. Its superuser is ``boss``, who needs no password; others need theirs."""

    def __init__(self, port: int) -> None:
        self.port = port

    def url(self, database: str, user: str = "boss", password: str = "") -> str:
        from urllib.parse import quote

        said = f":{quote(password, safe='')}" if password else ""
        return f"postgresql://{user}{said}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres", user: str = "boss") -> Any:
        import psycopg

        return psycopg.connect(self.url(database, user), autocommit=True)

    def database(self, **rights: bool) -> str:
        """A new database with a user of its name, who may create tables in it unless ``create`` is false."""
        name = f"lab{next(_numbers)}"
        with self.connect() as boss:
            boss.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
            boss.execute(f"CREATE DATABASE {name}" + (f" OWNER {name}" if rights.get("create", True) else ""))
        return name

    def rows(self, database: str, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self.connect(database) as connection:
            return list(connection.execute(query, values))


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """A server; raises :class:`CannotServe` where none can be started."""
    programs = binaries()
    owner = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
    if owner:
        try:
            pwd.getpwnam(owner)
        except KeyError:
            raise CannotServe("there is no user postgres, and as root no server starts") from None
    with tempfile.TemporaryDirectory(prefix="autogauge-postgres-", ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch)
        if owner:
            shutil.chown(folder, owner)
        data = folder / "data"
        trusted = ["--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync", "--username=boss", "--encoding=UTF8"]
        made = subprocess.run(
            [programs / "initdb", "-D", data, *trusted, "--locale=C"],
            user=owner,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
        if made.returncode:
            raise CannotServe(f"initdb failed: {made.stderr[-300:]}")
        (data / "pg_hba.conf").write_text("host all boss 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        command = [programs / "postgres", "-D", data, "-p", str(port), "-k", folder]
        for setting in ("listen_addresses=127.0.0.1", "fsync=off", "max_connections=30", "shared_buffers=16MB"):
            command += ["-c", setting]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                ["sh", "-c", _ENDS_WITH_US, "sh", *command],
                user=owner,
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )
            try:
                yield _answering(port, folder / "log")
            finally:
                assert process.stdin
                process.stdin.close()
                process.wait(DEADLINE_S)


def _answering(port: int, log: Path) -> Server:
    import psycopg

    server, end = Server(port), time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        with contextlib.suppress(psycopg.OperationalError), server.connect():
            return server
        time.sleep(0.1)
    raise CannotServe(f"the server did not start: {log.read_text()[-300:]}")
