"""Alerts as pages show them, beside the trend or the machine that they are about. What an alert is, is said by ``lab.alerts``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Mark:
    """An alert in words, with its state. ``file`` is that of the run since which it is.

    ``asks`` says that it waits for somebody, ``is_open`` that it is not over.
    """

    text: str
    state: str
    file: str
    asks: bool
    is_open: bool

    def words(self) -> str:
        """The alert and its state."""
        return f"Alert: {self.text} ({self.state})"


Marks = Mapping[tuple[str, ...], Sequence[Mark]]
"""By what they are about: ``Identity.named`` of a trend, or a machine's name alone."""
NONE: Marks = {}
