"""Shows the progress of long work: a live line on a terminal, plain lines in CI."""

from __future__ import annotations

import contextlib
import time
from typing import Any, TextIO

from rich.progress import BarColumn, Progress, TaskID, TextColumn

from autogauge.measuring.findings import Told
from autogauge.plain import sentence
from autogauge.probe.request import Failure
from autogauge.report.console import console

PLAIN_EVERY_S = 5.0


def left_text(left_s: float | None) -> str:
    """The time left in words, empty while unknown."""
    return "" if left_s is None else f"about {max(0.0, left_s):.0f} s left"


class _Patient:
    """A stream on which nothing may go wrong: a terminal that was closed, a pipe that nobody reads, a full disk end no measuring."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Print the text, if that can be done."""
        with contextlib.suppress(OSError):
            if not self._stream.closed:
                self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Let it appear, if that can be done."""
        with contextlib.suppress(OSError):
            if not self._stream.closed:
                self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class PlainProgress:
    """One line every few seconds, and every line that is worth keeping."""

    def __init__(self, stream: TextIO, every_s: float = PLAIN_EVERY_S, told: Told | None = None) -> None:
        """``told`` is what was said of failures before, so that no cause is told twice in a session."""
        self._stream, self._every_s, self._told = _Patient(stream), every_s, told or Told()
        self._title, self._last = "", 0.0

    def begin(self, title: str) -> None:
        """Name the work."""
        self._title, self._last = title, 0.0

    def advance(self, doing: str, done: int, total: int, left_s: float | None) -> None:
        """Say how far the work is, unless that was said a moment ago."""
        now = time.monotonic()
        if now - self._last >= self._every_s:
            self._last = now
            left = left_text(left_s)
            self.say(f"{self._title}: {done + 1} of {total}, {doing}" + (f", {left}" if left else ""))

    def say(self, line: str) -> None:
        """Print a line."""
        self._stream.write(f"  {sentence(line)}\n")
        self._stream.flush()

    def failed(self, title: str, name: str, failure: Failure) -> None:
        """Print what is new of it."""
        if line := self._told.line(title, name, failure):
            self.say(line)

    def end(self) -> None:
        """Say how often what failed; nothing is left on the screen to take away."""
        for line in self._told.ended():
            self.say(line)


class RichProgress:
    """A live line with a bar; lines that are worth keeping scroll above it."""

    def __init__(self, stream: TextIO, told: Told | None = None) -> None:
        self._console, self._told = console(file=_Patient(stream)), told or Told()
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def begin(self, title: str) -> None:
        """Draw the line."""
        self.end()
        self._console.print()
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TextColumn("{task.fields[doing]} {task.fields[left]}", markup=False),
            console=self._console,
            transient=True,
            auto_refresh=False,  # a refreshing thread would run beside what is being measured
        )
        self._progress.start()
        self._task = self._progress.add_task(title, total=1, doing="", left="")

    def advance(self, doing: str, done: int, total: int, left_s: float | None) -> None:
        """Move the bar."""
        if self._progress is not None and self._task is not None:
            self._progress.update(
                self._task, completed=done, total=total, doing=doing, left=left_text(left_s), refresh=True
            )

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        self._console.print(f"  {sentence(line)}")

    def failed(self, title: str, name: str, failure: Failure) -> None:
        """Print what is new of it above the bar."""
        if line := self._told.line(title, name, failure):
            self.say(line)

    def end(self) -> None:
        """Take the line away, and say how often what failed."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
        for line in self._told.ended():
            self.say(line)


def progress_on(stream: TextIO, *, terminal: bool, told: Told | None = None) -> PlainProgress | RichProgress:
    """The kind of progress that fits where it is shown; ``told`` is what was said of failures before."""
    return RichProgress(stream, told) if terminal else PlainProgress(stream, told=told)
