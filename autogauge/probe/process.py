"""A child process with a deadline: it runs in a group of its own, and the group dies with it.

Knows nothing about what the child does; requests and replies are left to ``launcher``.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import signal
import subprocess
import time
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

TAIL_BYTES = 2000
REAP_DEADLINE_S = 10.0


@dataclass(frozen=True)
class Ending:
    """How a child ended: by a signal (its number), or with an exit status."""

    signal_number: int | None
    exit_status: int | None

    def __str__(self) -> str:
        if self.signal_number is not None:
            try:
                name = signal.Signals(self.signal_number).name
            except ValueError:
                name = "unknown"
            return f"killed by signal {self.signal_number} ({name})"
        return f"exit status {self.exit_status}"


class Child:
    """A process in a session of its own, with a line pipe to it, a line pipe from it, and its output in two files.

    The pipe from it is a descriptor of its own, so that nothing which a library prints can be taken for a result.
    """

    _alive: ClassVar[weakref.WeakSet[Child]] = weakref.WeakSet()

    def __init__(
        self,
        argv: Sequence[str],
        *,
        stdout: Path,
        stderr: Path,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        """Start ``argv``; the word ``{result}`` in it becomes the number of the result descriptor."""
        self.stdout, self.stderr = stdout, stderr
        self._pending = b""
        self._result, child_end = os.pipe()
        try:
            with stdout.open("ab") as out, stderr.open("ab") as err:
                self._process = subprocess.Popen(
                    [word.replace("{result}", str(child_end)) for word in argv],
                    stdin=subprocess.PIPE,
                    stdout=out,
                    stderr=err,
                    pass_fds=(child_end,),
                    start_new_session=True,
                    env=None if environment is None else dict(environment),
                    cwd=folder,
                )
        except BaseException:
            os.close(self._result)
            raise
        finally:
            os.close(child_end)
        self.pid = self._process.pid
        Child._alive.add(self)

    def write_line(self, line: bytes) -> None:
        """Send one line. A child that no longer reads is noticed when its answer is awaited."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()

    def read_line(self, deadline: float) -> bytes | None:
        """The next line, or ``None`` when the child closed the pipe.

        ``deadline`` is a time of ``time.monotonic()``; passing it is a ``TimeoutError``.
        """
        while b"\n" not in self._pending:
            remaining = deadline - time.monotonic()
            if remaining <= 0 or not select.select([self._result], [], [], remaining)[0]:
                raise TimeoutError
            chunk = os.read(self._result, 1 << 20)
            if not chunk:
                return None
            self._pending += chunk
        line, _, self._pending = self._pending.partition(b"\n")
        return line

    def wait(self, deadline: float) -> Ending:
        """Wait for the child to end by itself; passing ``deadline`` is a ``TimeoutError``."""
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise TimeoutError from None
        return self._ending()

    def kill(self) -> Ending:
        """End the whole group at once (signal 9) and reap the child; harmless when it has ended."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):  # in uninterruptible sleep: nothing more can be done
            self._process.wait(REAP_DEADLINE_S)
        self._close()
        return self._ending()

    def output_tail(self) -> str:
        """The end of what the child printed, errors first; empty when it printed nothing."""
        return "\n".join(filter(None, (_tail(self.stderr), _tail(self.stdout))))

    def _ending(self) -> Ending:
        code = self._process.returncode
        if code is not None and code < 0:
            return Ending(-code, None)
        return Ending(None, code)

    def _close(self) -> None:
        if self._result >= 0:
            os.close(self._result)
            self._result = -1
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        Child._alive.discard(self)


@atexit.register
def _kill_all() -> None:
    for child in list(Child._alive):
        child.kill()


def last_line(message: str) -> str:
    """The last line that says something: OpenVINO puts the cause there, after the path through its sources."""
    lines = [line.strip() for line in message.splitlines() if any(letter.isalnum() for letter in line)]
    return lines[-1] if lines else "no message"


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - TAIL_BYTES))
            return stream.read().decode(errors="replace").strip()
    except OSError:
        return ""
