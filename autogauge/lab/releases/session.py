"""A machine that is held for measuring releases: the lock, a rig, and a listener that has what was measured written down."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from autogauge.cache import Cache
from autogauge.measuring.progress import Progress
from autogauge.probe.request import Failure
from autogauge.rig import lock
from autogauge.rig.rig import Asked, Rig


class Session:
    """The rig and its listener. ``save`` is called between any two turns, once it is set."""

    def __init__(self, asked: Asked, cache: Path, scratch: Path, progress: Progress) -> None:
        self.progress = progress
        self.save: Callable[[], None] = lambda: None
        self._is_closed = False
        listener = _BetweenTurns(progress, self._save)
        self.rig = Rig(asked, Cache(cache), scratch, lambda: contextlib.nullcontext(listener))

    def _save(self) -> None:
        self.save()

    def close(self, *, at_once: bool = False) -> None:
        """End every probe; harmless when that was done before."""
        if not self._is_closed:
            self._is_closed = True
            self.rig.close(at_once=at_once)


@contextlib.contextmanager
def opened(asked: Asked, cache: Path, what: str, wait_s: float, progress: Progress) -> Iterator[Session]:
    """Hold the machine while the body runs; ``what`` is shown to others who wait for it. Raises :class:`~autogauge.errors.UserError`."""
    with (
        lock.measuring(what, wait_s, progress.say),
        tempfile.TemporaryDirectory(prefix="autogauge-", ignore_cleanup_errors=True) as scratch,
    ):
        session = Session(asked, cache, Path(scratch), progress)
        try:
            yield session
        finally:
            session.close(at_once=True)  # where the body did not


@dataclass(frozen=True)
class _BetweenTurns:
    """A listener that passes on what it hears, and saves between turns."""

    progress: Progress
    save: Callable[[], None]

    def begin(self, title: str) -> None:
        self.progress.begin(title)

    def advance(self, doing: str, done: int, total: int, left_s: float | None) -> None:
        self.save()
        self.progress.advance(doing, done, total, left_s)

    def say(self, line: str) -> None:
        self.progress.say(line)

    def failed(self, title: str, name: str, failure: Failure) -> None:
        self.progress.failed(title, name, failure)

    def end(self) -> None:
        self.progress.end()
