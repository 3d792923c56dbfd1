"""Small wheels that pass for openvino and numpy, and a package index on loopback that has them."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ANY = "py3-none-any"


def write(
    folder: Path,
    package: str,
    version: str,
    files: Mapping[str, str],
    *,
    tags: str = ANY,
    requires: Sequence[str] = (),
    spoilt: str = "",
) -> Path:
    """A wheel of these files; the list of its files has another digest for the one that is ``spoilt``."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{package}-{version}.dist-info"
    needed = "".join(f"Requires-Dist: {each}\n" for each in requires)
    all_files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n{needed}",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tags}\n",
    }
    lines = [f"{name},{_digest(text, name == spoilt)},{len(text.encode())}\n" for name, text in all_files.items()]
    path = folder / f"{package}-{version}-{tags}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {**all_files, f"{info}/RECORD": "".join(lines) + f"{info}/RECORD,,\n"}.items():
            archive.writestr(name, text)
    return path


def _digest(text: str, spoilt: bool) -> str:
    digest = hashlib.sha256((text + ("x" if spoilt else "")).encode()).digest()
    return f"sha256={base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def openvino(folder: Path, version: str, *, says: str = "", more: str = "", **others: object) -> Path:
    """A wheel of openvino that says that it is ``says``; ``more`` is run when it is imported."""
    code = f"{more}\n__version__ = {says or version + '-1-tests'!r}\ndef get_version():\n    return __version__\n"
    return write(folder, "openvino", version, {"openvino/__init__.py": code}, requires=["numpy"], **others)  # type: ignore[arg-type]


def numpy(folder: Path, version: str) -> Path:
    """A wheel of numpy."""
    return write(folder, "numpy", version, {"numpy/__init__.py": f"__version__ = {version!r}\n"})


class Index:
    """A package index: its address, and the paths that were asked for."""

    def __init__(self, wheels: Path, password: str = "") -> None:
        self.asked: list[str] = []
        index, expected = self, f"Basic {base64.b64encode(f'lab:{password}'.encode()).decode()}"

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                index.asked.append(self.path)
                if password and self.headers.get("Authorization") != expected:
                    self._answer(401, b"", ("WWW-Authenticate", 'Basic realm="lab"'))
                    return
                place, _, name = self.path.strip("/").rpartition("/")
                if place == "files" and (wheels / name).is_file():
                    self._answer(200, (wheels / name).read_bytes())
                elif place == "simple" and (found := sorted(wheels.glob(f"{name}-*.whl"))):
                    links = "".join(f'<a href="/files/{each.name}">{each.name}</a><br>' for each in found)
                    self._answer(200, f"<!DOCTYPE html><html><body>{links}</body></html>".encode())
                else:
                    self._answer(404, b"")

            do_HEAD = do_GET  # noqa: N815

            def _answer(self, status: int, content: bytes, *headers: tuple[str, str]) -> None:
                self.send_response(status)
                kind = "text/html" if content.startswith(b"<!") else "application/octet-stream"
                for name, value in (("Content-Type", kind), ("Content-Length", str(len(content))), *headers):
                    self.send_header(name, value)
                self.end_headers()
                with contextlib.suppress(OSError):
                    if self.command != "HEAD":
                        self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        login = f"lab:{password}@" if password else ""
        self.address = f"http://{login}127.0.0.1:{self._server.server_port}/simple"

    def __enter__(self) -> Index:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextlib.contextmanager
def served(wheels: Path, password: str = "") -> Iterator[Index]:
    """An index while the body runs."""
    with Index(wheels, password) as index:
        yield index
