"""Labs made up for tests: many machines whose runs are written straight to their files, by how long ago they were measured."""

from __future__ import annotations

import datetime
import json
import math
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from autogauge.history.standing import write
from autogauge.history.standing_file import Standing
from tests.histories import LATENCY, document

NOW = datetime.datetime.now(datetime.timezone.utc)
"""The pages go by the clock: so do these labs."""
DAY = datetime.timedelta(days=1)


def put(folder: Path, number: int, ratios: Mapping[str, float], days_ago: float, **others: Any) -> Path:
    """A run so many days ago: its ratios to the pinned workload by benchmark."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{number:04d}_run_ffffffff.json"
    seconds = {key: 0.01 * ratio for key, ratio in ratios.items()}
    others = {"machine": folder.name, "when": NOW - days_ago * DAY, **others}
    path.write_text(json.dumps(document(seconds, ratios=ratios, **others)))
    return path


def machine(
    history: Path,
    name: str,
    runs: int = 12,
    *,
    last: float = 0.5,
    slower: Callable[[str, int], float] = lambda key, number: 1.0,
    figures: tuple[str, ...] = (LATENCY,),
    red: Callable[[str, int], bool] = lambda key, number: False,
    **others: Any,
) -> None:
    """A machine's nightly runs, the newest ``last`` days ago, that vary by 0.5 %: the same for each name, so that tests do not waver.

    ``slower`` scales a benchmark in a run, ``red`` says whether the gate failed and quarantined it there.
    """
    rng = random.Random(name)
    for number in range(1, runs + 1):
        ratios = {key: slower(key, number) * math.exp(rng.uniform(-0.005, 0.005)) for key in figures}
        failed = {key: Standing.QUARANTINED for key in figures if red(key, number)}
        release = "2026.3.0" if number <= runs // 2 else "2026.4.1"
        more = {"openvino": release, "verdict": "FAIL" if failed else "PASS", **others}
        path = put(history / name, number, ratios, last + runs - number, **more)
        if failed:
            write(path, Standing.ACCEPTED, "slow", "gate", benchmarks=failed)
