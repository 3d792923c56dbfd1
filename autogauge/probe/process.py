"""A child process with a deadline: it runs in a group of its own, and the group dies with it.

Knows nothing about what the child does; requests and replies are left to ``launcher``.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import functools
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

from autogauge.causes import KILLED_FOR_MEMORY
from autogauge.probe.output import KeptOutput
from autogauge.probe.worker.cgroups import Groups

TAIL_BYTES = 2000
REAP_DEADLINE_S = 10.0
POLL_S = 0.2
"""How often a child is asked whether it lives where Linux cannot tell by itself."""
MOST_LINE = 64 << 20
"""Bytes of one line from a child: ten seconds of a tiny model's latencies are a tenth of it."""


class LineTooLong(Exception):
    """A child sent more than ``MOST_LINE`` bytes without a newline."""


@dataclass(frozen=True)
class Ending:
    """How a child ended: by a signal (its number), or with an exit status.

    ``for_memory`` says that the kernel killed a process of this control group, or of this machine, for want of memory meanwhile.
    """

    signal_number: int | None
    exit_status: int | None
    for_memory: bool = False

    def __str__(self) -> str:
        if self.for_memory:
            return KILLED_FOR_MEMORY
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
        self._killed_here = False
        self._kills = kills_for_memory()
        self._pending = bytearray()
        self._output = KeptOutput((stdout, stderr))
        try:
            self._result, child_end = os.pipe()
        except OSError:
            self._output.passed_on()
            self._output.close()
            raise
        try:
            out, err = self._output.childs_ends
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
            self._output.passed_on()
            self._output.close()
            raise
        finally:
            os.close(child_end)
        self._output.passed_on()
        try:
            self._output.start()
        except RuntimeError as error:  # no thread can be started
            self._process.kill()
            self._process.wait(REAP_DEADLINE_S)
            os.close(self._result)
            self._output.close()
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from error
        self.pid = self._process.pid
        self._ended = _descriptor_of(self.pid)
        Child._alive.add(self)

    def write_line(self, line: bytes) -> None:
        """Send one line. A child that no longer reads is noticed when its answer is awaited."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()

    def read_line(self, deadline: float) -> bytes | None:
        """The next line, or ``None`` when the child closed the pipe or ended: what it started may hold the pipe for longer.

        ``deadline`` is a time of ``time.monotonic()``; passing it is a ``TimeoutError``. Raises :class:`LineTooLong`.
        """
        searched = 0
        while (end := self._pending.find(b"\n", searched)) < 0:
            searched = len(self._pending)
            if searched > MOST_LINE:
                raise LineTooLong
            if not self._is_readable(deadline):
                return None
            chunk = os.read(self._result, 1 << 20)
            if not chunk:
                return None
            self._pending += chunk
        line = bytes(self._pending[:end])
        del self._pending[: end + 1]
        return line

    def _is_readable(self, deadline: float) -> bool:
        """Wait for more from the pipe; ``False`` when the child has ended without any. Passing ``deadline`` is a ``TimeoutError``."""
        while (remaining := deadline - time.monotonic()) > 0:
            watched = [self._result] if self._ended < 0 else [self._result, self._ended]
            ready, _, _ = select.select(watched, [], [], remaining if self._ended >= 0 else min(remaining, POLL_S))
            if self._result in ready:
                return True
            if self._ended in ready or (self._ended < 0 and self._process.poll() is not None):
                # What it wrote before its end is there by now.
                return bool(select.select([self._result], [], [], 0)[0])
        raise TimeoutError

    def wait(self, deadline: float) -> Ending:
        """Wait for the child to end by itself; passing ``deadline`` is a ``TimeoutError``."""
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise TimeoutError from None
        return self._ending()

    def kill(self) -> Ending:
        """End the whole group at once (signal 9) and reap the child; harmless when it has ended."""
        self._killed_here = self._killed_here or self._process.poll() is None
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):  # in uninterruptible sleep: nothing more can be done
            self._process.wait(REAP_DEADLINE_S)
        self._close()
        return self._ending()

    def output_tail(self) -> str:
        """The end of what the child printed, errors first; empty when it printed nothing."""
        return "\n".join(
            filter(None, (self.printed(path)[-TAIL_BYTES:].strip() for path in (self.stderr, self.stdout)))
        )

    def printed(self, path: Path) -> str:
        """What was kept of ``stdout`` or ``stderr`` so far: beginning and end, with a note between them where they are far apart."""
        return self._output.text(path)

    def _ending(self) -> Ending:
        code = self._process.returncode
        if code == -signal.SIGKILL and not self._killed_here:
            kills = kills_for_memory()
            return Ending(-code, None, kills is not None and self._kills is not None and kills > self._kills)
        if code is not None and code < 0:
            return Ending(-code, None)
        return Ending(None, code)

    def _close(self) -> None:
        if self._result >= 0:
            os.close(self._result)
            self._result = -1
        if self._ended >= 0:
            os.close(self._ended)
            self._ended = -1
        self._output.close()
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        Child._alive.discard(self)


@functools.cache
def _groups() -> Groups:
    return Groups()


def kills_for_memory() -> int | None:
    """How many processes the kernel has killed for want of memory so far, in this process's control group; a child is in the same one."""
    return _groups().kills_for_memory()


@atexit.register
def _kill_all() -> None:
    for child in list(Child._alive):
        child.kill()


def last_line(message: str) -> str:
    """The last line that says something: OpenVINO puts the cause there, after the path through its sources."""
    lines = [line.strip() for line in message.splitlines() if any(letter.isalnum() for letter in line)]
    return lines[-1] if lines else "no message"


def _descriptor_of(pid: int) -> int:
    """A descriptor that becomes readable when the process ends; -1 where Linux has none (before 5.3)."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return -1
