"""A real S3 server (moto's) on loopback, and a road to it that is as bad as a test asks: slow, cut off, lying about its listing."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from tests.support import wait_until

READY_S = 60.0
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAOFATEST", "AWS_SECRET_ACCESS_KEY": "nobody-may-read-this"}
Spoil = Callable[["Road", str, str, bytes], bytes | None]
"""What is done to an answer (method, path, body) on its way; ``None`` where the connection is cut instead."""


@contextlib.contextmanager
def s3_server(folder: Path, *, lets_in: int | None = None) -> Iterator[str]:
    """A server, gone with the body; gives its address. After ``lets_in`` requests it asks for rights, which nobody has."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    limits = {} if lets_in is None else {"INITIAL_NO_AUTH_ACTION_COUNT": str(lets_in)}
    with (folder / f"s3-{port}.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            env={"PATH": "/usr/bin:/bin", "HOME": str(folder), **KEYS, **limits},
            stdout=log,
            stderr=log,
        )
    try:
        assert wait_until(lambda: answers(port) or server.poll() is not None, READY_S), "the S3 server does not start"
        assert server.poll() is None, (folder / f"s3-{port}.log").read_text()
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def request(address: str, method: str, path: str, body: bytes = b"") -> int:
    """One bare request, as whoever looks after the store makes it; returns the status."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=READY_S)
    connection.request(
        method,
        path,
        body,
        {"Authorization": "AWS4-HMAC-SHA256 Credential=AKIAOFATEST/20260101/us-east-1/s3/aws4_request"},
    )
    return connection.getresponse().status


class Road(http.server.ThreadingHTTPServer):
    """Hands requests on to a server and its answers back; ``spoil`` changes the answers."""

    daemon_threads = True

    def __init__(self, to: str, spoil: Spoil) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.to, self.spoil, self.requests, self.spoilt = urlsplit(to), spoil, 0, 0
        self.slow_s = 0.0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextlib.contextmanager
def road(to: str, spoil: Spoil = lambda road, method, path, body: body) -> Iterator[Road]:
    made = Road(to, spoil)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.shutdown()
        made.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Road

    def _hand_on(self) -> None:
        self.server.requests += 1
        length = int(self.headers.get("Content-Length") or 0)
        if self.headers.get("Expect", "").lower() == "100-continue" and length:
            pass  # BaseHTTPRequestHandler has answered that
        body = self.rfile.read(length)
        time.sleep(self.server.slow_s)
        to = http.client.HTTPConnection(self.server.to.hostname or "", self.server.to.port, timeout=READY_S)
        headers = {
            name: value for name, value in self.headers.items() if name.lower() not in ("host", "expect", "connection")
        }
        to.request(self.command, self.path, body, headers)
        answer = to.getresponse()
        content = answer.read()
        spoilt = self.server.spoil(self.server, self.command, self.path, content)
        self.server.spoilt += spoilt != content
        if spoilt is None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else len(spoilt)
        self.send_header("Content-Length", str(length or 0))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(spoilt)

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _hand_on  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""
