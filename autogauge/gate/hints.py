"""A command that a user may call next, as output names it: of the history that was given. Which step it is, the callers say."""

from __future__ import annotations

import shlex
from pathlib import Path

from autogauge.gate.saved import HISTORY

PROGRAM = "python -m autogauge"


def of_history(history: Path | None) -> str:
    """The option that names that history, with a blank before it; empty for the usual one."""
    return "" if history is None or history == HISTORY else f" --history={shlex.quote(str(history))}"


def command(words: str, history: Path | None = None) -> str:
    """``python -m autogauge alert list --history=/srv/lab``."""
    return f"{PROGRAM} {words}{of_history(history)}"
