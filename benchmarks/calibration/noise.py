"""Noise on purpose: a process that takes a processor for part of the time, or for a growing part.

Run as a child: ``noise.py KIND SECONDS SEED``.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

QUIET, HOG, DRIFT = "quiet", "hog", "drift"
KINDS = (QUIET, HOG, DRIFT)
BUSY_S, IDLE_S = 0.7, 1.4
"""How long the hog is busy and idle in the mean: a third of the time, in stretches as long as several rounds or parts of one."""
PERIOD_S, MOST = 0.02, 0.6
"""The drift's load is shared out over short periods; it grows from nothing to this share of one processor."""


@contextlib.contextmanager
def noise(kind: str, seconds: float, seed: int) -> Iterator[None]:
    """Make noise of that kind while the body runs; ``seconds`` is how long a drift takes to its height."""
    if kind == QUIET:
        yield
        return
    child = subprocess.Popen([sys.executable, __file__, kind, str(seconds), str(seed)], start_new_session=True)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait(10)


def hog(seed: int) -> Iterator[tuple[float, float]]:
    """Busy and idle stretches in seconds, of random length."""
    chosen = random.Random(seed)
    while True:
        yield chosen.expovariate(1 / BUSY_S), chosen.expovariate(1 / IDLE_S)


def drift(seconds: float) -> Iterator[tuple[float, float]]:
    """Busy and idle stretches in seconds, the busy share growing."""
    began = time.monotonic()
    while True:
        busy = MOST * min(1.0, (time.monotonic() - began) / seconds) * PERIOD_S
        yield busy, PERIOD_S - busy


def main() -> None:
    """Be busy and idle by turns until killed, or until whoever started this is gone."""
    kind, seconds, seed = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    starter = os.getppid()
    for busy_s, idle_s in hog(seed) if kind == HOG else drift(seconds):
        until = time.perf_counter() + busy_s
        while time.perf_counter() < until:
            pass
        time.sleep(idle_s)
        if os.getppid() != starter:
            return


if __name__ == "__main__":
    main()
