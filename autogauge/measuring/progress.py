"""What long work tells whoever watches. How it is shown is left to ``report.progress``."""

from __future__ import annotations

from typing import Protocol

from autogauge.probe.request import Failure


class Progress(Protocol):
    """A listener to long work. ``left_s`` is an estimate in seconds, ``None`` while there is none."""

    def begin(self, title: str) -> None:
        """A piece of work starts."""

    def advance(self, doing: str, done: int, total: int, left_s: float | None) -> None:
        """So many of so many steps are done; ``doing`` comes next."""

    def say(self, line: str) -> None:
        """A line worth keeping, for example an interval's figures."""

    def failed(self, title: str, name: str, failure: Failure) -> None:
        """A turn of that name gave nothing: a cause that was told before is not told again."""

    def end(self) -> None:
        """The piece of work is over, whatever came of it."""


class Silent:
    """Tells nobody."""

    def begin(self, title: str) -> None:
        """Nothing."""

    def advance(self, doing: str, done: int, total: int, left_s: float | None) -> None:
        """Nothing."""

    def say(self, line: str) -> None:
        """Nothing."""

    def failed(self, title: str, name: str, failure: Failure) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""
