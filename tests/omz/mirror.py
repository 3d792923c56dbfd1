"""A mirror of the Open Model Zoo on loopback: files, model configurations that name them, and every fault of a server."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from autogauge.models import topology
from tests.omz import caffe, onnx_model

ONNX_CONFIGURATION = """\
description: A tiny model.
task_type: classification
files:
{files}
input_info:
  - name: data
    shape: [{shape}]
    layout: NCHW
model_optimizer_args:
  - --mean_values=data[104.0,117.0,123.0]
  - --input_model=$dl_dir/{name}.onnx
framework: onnx
license: none
"""
CONFIGURATION = """\
description: GoogLeNet-v1's layers with seeded weights.
task_type: classification
files:
{files}
postprocessing:
  - $type: regex_replace
    file: {name}.prototxt
    pattern: 'dim: 10'
    replacement: 'dim: 1'
input_info:
  - name: data
    shape: [{shape}]
    layout: NCHW
model_optimizer_args:
  - --mean_values=data[104.0,117.0,123.0]
  - --output=prob
  - --input_model=$dl_dir/{name}.caffemodel
  - --input_proto=$dl_dir/{name}.prototxt
framework: caffe
quantizable: true
license: none
"""


class Mirror(http.server.ThreadingHTTPServer):
    """Serves the files of a folder. ``fault`` says what is wrong with a GET of a ``.caffemodel``; HEAD always works.

    ``moved_to`` is an address that HEAD sends on to. ``gets`` holds the path of each GET, ``ranges`` the part of the file that it asked
    for, ``heads`` counts HEADs; ``pace_s`` is a pause after every 64 KiB.
    """

    daemon_threads = True

    def __init__(self, files: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = files
        self.fault = ""
        self.pace_s = 0.0
        self.moved_to = ""
        self.heads = 0
        self.gets: list[str] = []
        self.ranges: list[str] = []
        self.connections = 0
        self.closing = threading.Event()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def verify_request(self, request: object, client_address: object) -> bool:
        """Every connection is counted, whatever is asked on it."""
        self.connections += 1
        return True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed is no news."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Mirror

    def do_HEAD(self) -> None:
        self.server.heads += 1
        self.send_response(301 if self.server.moved_to else 200)
        if self.server.moved_to:
            self.send_header("Location", self.server.moved_to)
        self.end_headers()

    def do_GET(self) -> None:
        server = self.server
        fault = server.fault if self.path.endswith(".caffemodel") else ""
        server.gets.append(self.path)
        content = (server.files / self.path.lstrip("/")).read_bytes()
        if fault == "silent":
            server.closing.wait(60)
            return
        if fault.isdigit():
            self.send_error(int(fault))
            return
        if fault == "wrong checksum":
            content = content[:-1] + bytes([content[-1] ^ 1])
        elif fault == "too short":
            content = content[:-1]
        elif fault == "too long":
            content += b"\0"
        server.ranges.append(self.headers.get("Range", ""))
        start = int(found[1]) if (found := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))) else 0
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        breaks = fault == "breaks off always" or (fault == "breaks off once" and server.gets.count(self.path) == 1)
        stop = start + (len(content) - start) // 2 if breaks else len(content)
        for offset in range(start, stop, 1 << 16):
            self.wfile.write(content[offset : min(stop, offset + (1 << 16))])
            time.sleep(server.pace_s)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Nothing: the tests look at ``gets``."""


@contextlib.contextmanager
def serving(files: Path) -> Iterator[Mirror]:
    """A mirror that serves until the block ends."""
    mirror = Mirror(files)
    thread = threading.Thread(target=mirror.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield mirror
    finally:
        mirror.closing.set()
        mirror.shutdown()
        mirror.server_close()


@contextlib.contextmanager
def black_hole() -> Iterator[str]:
    """The address of a host that swallows what is sent to it: its queue of connections is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(("127.0.0.1", port))
        yield f"http://127.0.0.1:{port}"


def closed_port() -> str:
    """An address at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def write_models(files: Path) -> None:
    """GoogLeNet-v1 and a small CNN, as Caffe files, and a tiny ONNX model."""
    caffe.write(files)
    caffe.write(files, "small", topology.small_cnn(), topology.SMALL_CNN_SHAPE)
    onnx_model.write(files / "tiny.onnx")


def write_configurations(models: Path, files: Path, address: str) -> Path:
    """Configurations for the tools, whose files are at ``address``; returns the folder of them."""
    caffes = ("prototxt", "caffemodel")
    described = {
        "googlenet-v1": (CONFIGURATION, topology.INPUT_SHAPE, caffes),
        "small": (CONFIGURATION, topology.SMALL_CNN_SHAPE, caffes),
        "tiny": (ONNX_CONFIGURATION, onnx_model.SHAPE, ("onnx",)),
    }
    for name, (configuration, shape, suffixes) in described.items():
        lines = []
        for suffix in suffixes:
            path = files / f"{name}.{suffix}"
            digest = hashlib.sha384(path.read_bytes()).hexdigest()
            lines.append(
                f"  - name: {path.name}\n    size: {path.stat().st_size}\n    checksum: {digest}\n    source: {address}/{path.name}"
            )
        folder = models / "public" / name
        folder.mkdir(parents=True, exist_ok=True)
        text = configuration.format(name=name, files="\n".join(lines), shape=", ".join(map(str, shape)))
        (folder / "model.yml").write_text(text)
    return models
