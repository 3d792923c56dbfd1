"""Runs a script with emulated GPUs in a process of its own, in the user's terminal and folder, until a deadline.

What the script does is its own affair; what it printed and its exit status are the user's.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from autogauge.errors import UserError
from autogauge.probe import process
from autogauge.probe.request import Emulation

RUNNER = Path(process.__file__).with_name("worker") / "script.py"


def run(script: Path, arguments: Sequence[str], emulation: Emulation, deadline_s: float) -> int:
    """Run it to its end; returns its exit status, as a shell has it (128 and the number for a signal).

    Whatever it has started ends with it. Raises :class:`UserError` where it cannot be started, or has not ended by the deadline.
    """
    parts = json.dumps(asdict(emulation))
    argv = [sys.executable, str(RUNNER), str(os.getpid()), parts, str(script), *arguments]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}  # what it printed before it hung is to be seen
    try:
        running = subprocess.Popen(argv, env=environment, start_new_session=True)
    except OSError as error:
        raise UserError(f"cannot start {script}: {error.strerror}; mend that, and run it again.") from error
    try:
        status = running.wait(deadline_s)
    except subprocess.TimeoutExpired:
        raise UserError(
            f"{script} had not ended after {deadline_s:g} s, and was ended with all that it had started: it hangs, or give it more "
            "(--deadline=SECONDS)."
        ) from None
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(running.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(process.REAP_DEADLINE_S)
    return status if status >= 0 else 128 - status
