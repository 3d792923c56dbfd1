"""Runs one module or script, unmodified, in whatever interpreter starts this (``runner.py RESULT module|script NAME WORDS…``).

A ``program`` is one that needs no interpreter.

Stand-alone: it is run by its path, by interpreters that have no autogauge. What the tool prints goes line by line to the descriptor
RESULT, its errors too. When standard input ends, so has whoever started this, and the whole process group goes with it.
Deadlines and what a failure means are left to ``running``.
"""

from __future__ import annotations

import os
import runpy
import signal
import subprocess
import sys
import threading


def main() -> None:
    """Do what the command line says."""
    result, kind, *words = sys.argv[1:]
    die_with_the_starter()
    os.dup2(int(result), 1)
    os.dup2(int(result), 2)
    os.close(int(result))
    sys.argv = words
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # nothing leaves the machine unasked
    if kind == "program":
        status = subprocess.call(words, stdin=subprocess.DEVNULL)
        sys.exit(status if status >= 0 else 128 - status)
    if kind == "module":  # pip, venv, a converter's own entry point
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(words[0], run_name="__main__")


def die_with_the_starter() -> None:
    """From now on wait, in a thread, for the end of standard input, which only the starter's death brings; end the whole group then."""
    threading.Thread(target=_wait_for_the_end, daemon=True).start()


def _wait_for_the_end() -> None:
    while os.read(0, 1 << 16):
        pass
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
