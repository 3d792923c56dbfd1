"""What a child prints, kept in files of bounded size: the beginning as it comes, and the end. Who prints is left to ``process``."""

from __future__ import annotations

import contextlib
import os
import select
import threading
from collections.abc import Sequence
from pathlib import Path

MOST_BEGINNING, MOST_END = 512 * 1024, 64 * 1024
"""Bytes of one stream that are kept; what lies between them is counted and left out."""
_CHUNK = 1 << 16
_MOST_AT_ONCE = 64
"""Chunks read in one go for somebody who asks: a child that never stops printing must not keep them waiting."""


class _Stream:
    """One pipe and its file. ``ours`` is -1 once the pipe is at its end; a stream that is ``done`` keeps nothing more."""

    def __init__(self, path: Path) -> None:
        path.write_bytes(b"")
        self.path = path
        self.ours, self.childs = os.pipe()
        self.written = self.left_out = 0
        self.end = bytearray()
        self.done = False

    def keep(self, chunk: bytes) -> None:
        """Take what was printed next."""
        begin = chunk[: max(0, MOST_BEGINNING - self.written)]
        self._write(begin)
        self.written += len(begin)
        self.end += chunk[len(begin) :]
        if (excess := len(self.end) - MOST_END) > 0:
            self.left_out += excess
            del self.end[:excess]

    def rest(self) -> bytes:
        """What was kept beyond the beginning, after the number of bytes left out before it."""
        note = f"\n[… {self.left_out} bytes are left out …]\n".encode() if self.left_out else b""
        return note + self.end if self.end else b""

    def finish(self) -> None:
        """Write the rest; nothing more is kept."""
        if not self.done:
            self._write(self.rest())
            self.end.clear()
            self.done = True

    def close(self) -> None:
        """Listen no longer."""
        if self.ours >= 0:
            os.close(self.ours)
            self.ours = -1

    def _write(self, data: bytes) -> None:
        if data:
            # A full disk: what a child printed is not worth a measurement.
            with contextlib.suppress(OSError), self.path.open("ab") as file:
                file.write(data)


class KeptOutput:
    """The output streams of one child. A thread takes what comes, so that the child never waits for a reader."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Open a pipe and an empty file for each stream. Raises ``OSError``."""
        self._lock = threading.Lock()
        self._streams: list[_Stream] = []
        try:
            for path in paths:
                self._streams.append(_Stream(path))
        except OSError:
            self.passed_on()
            self.close()
            raise

    @property
    def childs_ends(self) -> tuple[int, ...]:
        """The descriptors that the child writes to, in the order of the paths."""
        return tuple(each.childs for each in self._streams)

    def passed_on(self) -> None:
        """Close the child's ends here: the child has them, or there is none."""
        for each in self._streams:
            os.close(each.childs)

    def start(self) -> None:
        """Take what comes from now on."""
        threading.Thread(target=self._take, name="autogauge-output", daemon=True).start()

    def close(self) -> None:
        """Take what has been printed so far, and no more; harmless when done before.

        What the child started may live on and hold a pipe: it is closed as soon as more comes, and whoever prints then is told so.
        """
        with self._lock:
            self._drain()
            for each in self._streams:
                each.finish()

    def text(self, path: Path) -> str:
        """All that was kept of that stream so far; empty when its file is gone."""
        with self._lock:
            self._drain()
            rest = b"".join(each.rest() for each in self._streams if each.path == path)
            try:
                return (path.read_bytes() + rest).decode(errors="replace")
            except OSError:
                return ""

    def _take(self) -> None:
        while waiting := [each.ours for each in self._streams if each.ours >= 0]:
            with contextlib.suppress(OSError, ValueError):  # one was closed in between
                select.select(waiting, [], [])
            with self._lock:
                self._drain()

    def _drain(self) -> None:
        """Take what is there, without waiting. Only called under the lock."""
        for each in self._streams:
            for _ in range(_MOST_AT_ONCE):
                if each.ours < 0 or not select.select([each.ours], [], [], 0)[0]:
                    break
                chunk = b"" if each.done else os.read(each.ours, _CHUNK)
                if not chunk:
                    each.close()
                    break
                each.keep(chunk)
