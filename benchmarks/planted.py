"""An interpreter whose inferences begin late by a planted share, and what came of that: for scripts that try what finds it.

A share that is asked for is not what comes of it, so it is measured here, and set right. What is to find it is left to the scripts.
"""

from __future__ import annotations

import contextlib
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from autogauge.cache import default_cache_dir
from autogauge.errors import UserError
from autogauge.lab.releases import beside, named, session
from autogauge.lab.releases.beside import RELAY_ROUNDS, Block, changes_of
from autogauge.lab.releases.figures import FIGURES, Change
from autogauge.measuring.progress import Silent
from autogauge.measuring.result import Result
from autogauge.models.resolve import Wanted as Model
from autogauge.rig.rig import Asked
from autogauge.rig.warm import LATENCY_MS

if TYPE_CHECKING:
    from autogauge.rig.pool import WarmProbe

CALIBRATIONS, NEAR = 4, 1.12
"""So often what is planted is measured at most, until it is what was asked for but for this factor."""
PLANT = """#!{python}
import hashlib, runpy, sys, time
del sys.argv[0]
pause_s = {pause_s}
if pause_s:
    import openvino
    base, block = openvino._pyopenvino.InferRequest, bytes(1 << 14)
    def late(real):
        def call(*words, **more):
            until = time.perf_counter() + pause_s
            while time.perf_counter() < until:
                hashlib.sha256(block)
            return real(*words, **more)
        return call
    for name in ("infer", "start_async"):
        setattr(base, name, late(getattr(base, name)))
    told = base.latency
    base.latency = property(lambda self: told.__get__(self) + 1e3 * pause_s)
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""An interpreter whose inferences begin late: whichever way they are driven, each begins by one of these calls. It works so long on a
processor, as a slower layer would, and without Python's lock, so that other threads go on; a sleep would be given to other inferences.
What it tells of its latency holds that time."""


@dataclass(frozen=True)
class Wanted:
    """What is to be planted: on which interpreter, in which figure (``latency``, ``fps``), how large a share, tried for how long."""

    python: str
    metric: str
    share: float
    seconds: float
    model: str
    seed: int


def usual_driver(probes: Sequence[WarmProbe]) -> str:
    """For ``rig.warm.agreed_driver``: how requests are driven without a trial, the same in every comparison."""
    return probes[0].drivers[0] if probes[0].drivers else probes[0].driver


def interpreter(folder: Path, python: str, pause_s: float) -> str:
    """The path of an interpreter in a folder of its own, which is made; its inferences begin so late."""
    folder.mkdir()
    path = folder / "python"
    path.write_text(PLANT.format(python=python, pause_s=pause_s))
    path.chmod(0o755)
    return str(path)


def held(folder: Path, model: str) -> contextlib.closing[session.Session]:
    """A rig with its scratch folder in this one; this process holds the machine's lock already."""
    folder.mkdir(exist_ok=True)
    asked = Asked(Model.named(model, None, "embedded"))
    return contextlib.closing(session.Session(asked, default_cache_dir(), folder / "scratch", Silent()))


def inference_s(folder: Path, wanted: Wanted) -> tuple[float, str]:
    """How long an inference takes here, from its begin to its end, and how requests are driven. Raises :class:`UserError`."""
    pair = [interpreter(folder / name, wanted.python, 0.0) for name in ("timed", "twin")]
    result, _ = _beside(folder / "timing", pair, ("one", "another"), wanted.seconds / 3, wanted)
    latencies = [figure for each in result.conditions for figure in result.figures(each.name, LATENCY_MS.name)]
    drivers = {str(result.facts.get(each.name, {}).get("driver")) for each in result.conditions}
    if not latencies:
        raise UserError(f"nothing was measured on {wanted.python}: see whether it works (autogauge runtimes).")
    return statistics.median(latencies) / 1e3, " and ".join(sorted(drivers))


def calibrated(folder: Path, pause_s: float, wanted: Wanted) -> float:
    """How long the work before each inference is to be, so that what comes of it is about the share that is wanted.

    Begins with ``pause_s``; prints what came of each.
    """
    plain = interpreter(folder / "plain", wanted.python, 0.0)
    for number in range(CALIBRATIONS):
        late = interpreter(folder / f"late-{number}", wanted.python, pause_s)
        found = came_of(folder / f"calibrating-{number}", plain, late, wanted)
        print(
            f"planted, before the tries: {1e3 * pause_s:.2f} ms before each: {wanted.metric}, {found.evidence()}",
            flush=True,
        )
        came = found.cost.ratio - 1 if found.cost else 0.0
        factor = min(4.0, max(0.25, wanted.share / came if came > 0 else 4.0))
        if 1 / NEAR <= factor <= NEAR:
            break
        if number < CALIBRATIONS - 1:
            pause_s *= factor
    return pause_s


def came_of(folder: Path, plain: str, late: str, wanted: Wanted) -> Change:
    """What the slowdown comes to."""
    return _beside(folder, (plain, late), ("as it is", "slowed"), wanted.seconds, wanted)[1]


def _beside(
    folder: Path, pythons: Sequence[str], labels: Sequence[str], seconds: float, wanted: Wanted
) -> tuple[Result, Change]:
    """The second interpreter beside the first, for as long as it takes to know it within a percent or so, or for so many seconds."""
    figure = FIGURES[wanted.metric]
    with held(folder, wanted.model) as rig:
        sides = [named.set_up(rig.rig, each, "--measure", rig.progress) for each in pythons]
        base, other = (named.Named(each.text, each.openvino, label) for each, label in zip(sides, labels, strict=True))
        block = Block("timing", base, (other,), (figure,), 0.01, 0.05, seconds, RELAY_ROUNDS, with_control=False)
        result = beside.measure(rig.rig, block, block.result(rig.rig, wanted.seed))
        return result, changes_of(result, [figure], base.label, [other.label])[0]
