"""The Open Model Zoo's own tools: how one is run (see ``runner``), and where it says why it failed.

In what order they are run, and what the user is told, is left to ``toolchain`` and ``zoo``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from autogauge.tools import running
from autogauge.tools.running import Deadline, run_tool

SCRIPT = Path(__file__).with_name("runner.py")
STEPS = 3
"""Installing, downloading, converting: what a user waits for."""
_ERRORS = re.compile(rf"^#+ Error: (?=.*\w)|^\[ ERROR \]\s+(?=.*\w)|{running.ERRORS.pattern}")
_NOISE = re.compile(rf"^(?:FAILED:|Download failed)|BUG REPORT|INTERNAL ERROR|Please contact|{running.NOISE.pattern}")


def run(
    python: Path,
    tool: str,
    *words: str,
    scratch: Path,
    deadline: Deadline,
    models: Path | None = None,
    silence_s: float | None = None,
    on_line: Callable[[str], None] = lambda _: None,
) -> list[str]:
    """Run ``catalogue``, ``check``, ``downloader`` or ``converter``; ``models`` is a mirror's folder of configurations.

    The rest, and what is raised, is as of :func:`autogauge.tools.running.run_tool`.
    """
    return run_tool(
        python,
        "script",
        *(str(SCRIPT), tool, str(models or ""), *words),
        scratch=scratch,
        deadline=deadline,
        silence_s=silence_s,
        on_line=on_line,
        reason=reason_in,
    )


def reason_in(lines: Sequence[str]) -> str:
    """The line that says why a tool failed, without the downloader's events and the names that follow a failure; empty if none does."""
    said = [line for line in lines if not line.startswith("{")]
    if "FAILED:" in said:
        said = said[: said.index("FAILED:")]
    return running.reason_in(said, _ERRORS, _NOISE)
