"""Alerts as annotations of a GitHub job: workflow commands on standard output, ``::error title=…::…``. Ten of a kind are shown at most.

Source: GitHub's "Workflow commands for GitHub Actions" and the limits of annotations (10 errors and 10 warnings a step).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from autogauge.gate import hints
from autogauge.lab.alerts.due import Item
from autogauge.lab.alerts.finding import LEVEL
from autogauge.lab.alerts.message import Line, lines

MOST = 10
_NAMES = {"error": "autogauge: slower", "warning": "autogauge", "notice": "autogauge: resolved"}


def commands(items: Sequence[Item], history: Path | None = None) -> list[str]:
    """The lines to print for these: changes of level are errors, what else is wrong warnings, what is over notices."""
    kinds: dict[str, list[Line]] = {kind: [] for kind in _NAMES}
    for line in lines(items):
        is_level = line.alerts[0].found.kind == LEVEL
        kinds["notice" if not line.is_bad else "error" if is_level else "warning"].append(line)
    return [text for kind, own in kinds.items() for text in _of_kind(kind, own, history)]


def _of_kind(kind: str, own: Sequence[Line], history: Path | None) -> Iterator[str]:
    shown = own if len(own) <= MOST else own[: MOST - 1]
    for line in shown:
        yield _command(kind, line.text)
    if left := sum(len(line.alerts) for line in own[len(shown) :]):
        yield _command(kind, f"and {left} more: {hints.command('alert list', history)}")


def _command(kind: str, text: str) -> str:
    title = _escaped(_NAMES[kind]).replace(":", "%3A").replace(",", "%2C")
    return f"::{kind} title={title}::{_escaped(text)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
