"""What the tests of push and pull share: runs to carry, the command as a user starts it, and what a folder holds."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from autogauge.history import run_file
from tests import histories
from tests.support import ROOT

DEADLINE_S = 300


def with_samples(folder: Path, seconds: float = 0.01, samples: int = 1, **others) -> Path:
    """A run as a session saves it: with its samples, which do not compress."""
    made = histories.document({histories.LATENCY: seconds}, **others)
    latencies = np.random.default_rng(int(seconds * 1e6)).random(samples)
    return run_file.save(folder, made, {"results/0/latencies": latencies}, "run", "f" * 16)


def some_machines(history: Path, machines: int = 2, runs: int = 3, samples: int = 1) -> None:
    for number in range(machines):
        for run in range(runs):
            machine = f"lab-{number + 1:02d}"
            with_samples(history / machine, 0.01 + run / 1000 + number / 10, samples, machine=machine)


def content(history: Path) -> dict[str, bytes]:
    """All that is in a history but the locks."""
    return {
        str(path.relative_to(history)): path.read_bytes()
        for path in sorted(history.rglob("*"))
        if path.is_file() and not path.name.endswith(".lock")
    }


def command(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "autogauge", "history", *map(str, words)]


def environment(home: Path, **more: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SSH_"))}
    return {**own, "HOME": str(home), "AUTOGAUGE_CACHE": str(home / "cache"), **more}


def carry(home: Path, *words: str | Path, more: Mapping[str, str] | None = None) -> tuple[int, str]:
    """The exit status and all that was printed; no traceback in it."""
    done = subprocess.run(
        command(*words),
        env=environment(home, **(more or {})),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    said = done.stdout + done.stderr
    assert "Traceback" not in said, said
    return done.returncode, said
