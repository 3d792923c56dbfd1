"""Records on this machine what the rules are judged on: identical things, known slowdowns, and noise on purpose.

Segments of a few minutes by turns, until the time is up: the hints' slices (identical warm processes, the slower models, a pinned
runtime, in random order within each round), fresh processes for FIL, each quiet, with a processor hog, and with a growing load; and the
candidates for a reference beside both hints.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import itertools
import os
import platform
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from autogauge.cache import Cache, default_cache_dir
from autogauge.models import resolve
from autogauge.probe.launcher import Launcher, Runtime
from autogauge.probe.request import ProbeFailed
from autogauge.studies.pool import ProbePool, bystander
from autogauge.studies.workload import Workload, prepare_workload
from autogauge.targets import LATENCY, THROUGHPUT, Target
from benchmarks.calibration import models, noise
from benchmarks.calibration.data import FIL, PINNED, REFERENCES, Segment

SLICE_S = 0.05
IDENTICAL_STEADY, IDENTICAL_FIL = 4, 3


@dataclass(frozen=True)
class Subject:
    """One condition of a recording: what runs, on which runtime, for which target."""

    workload: Workload
    launcher: Launcher
    target: Target


@dataclass(frozen=True)
class Turn:
    """What one turn gave: figures, surroundings, and when it began (seconds since the segment's beginning)."""

    figures: Mapping[str, float]
    surroundings: Mapping[str, float]
    start_s: float


Measure = Callable[[], tuple[dict[str, float], dict[str, Any]]]


@dataclass(frozen=True)
class Part:
    """A segment to record: a hint, ``fil`` or ``references``, a kind of noise, how long."""

    study: str
    noise: str
    seconds: float


def schedule(quiet_s: float, noisy_s: float) -> list[Part]:
    """One cycle: everything quiet, then everything with each kind of noise. FIL takes twice the time: a block takes seconds."""
    cycle = [Part(REFERENCES, noise.QUIET, quiet_s)]
    for kind in noise.KINDS:
        seconds = quiet_s if kind == noise.QUIET else noisy_s
        cycle += [Part(LATENCY, kind, seconds), Part(THROUGHPUT, kind, seconds), Part(FIL, kind, 2 * seconds)]
    return cycle


class Recorder:
    """Everything that a recording needs, prepared once. ``pinned`` is the interpreter of another, fixed OpenVINO release."""

    def __init__(self, folder: Path, pinned: str) -> None:
        self._here = Launcher(folder / "probes")
        self._pinned = Launcher(folder / "pinned-probes", Runtime(pinned))
        base = resolve.fetch("googlenet-v1", "FP16", Cache(default_cache_dir()))
        self._base, _ = prepare_workload(base, self._here, folder)
        subprocess.run([sys.executable, models.__file__, str(base.path), str(folder)], check=True)
        self._folder = folder
        self.facts = {
            "openvino": str(self._here.describe()["openvino"]),
            "pinned": str(self._pinned.describe()["openvino"]),
            "processor": _processor(),
            "cpus": len(os.sched_getaffinity(0)),
            "slice_s": SLICE_S,
        }

    def subjects(self, study: str) -> dict[str, Subject]:
        """The conditions of a segment."""
        if study == REFERENCES:
            return self._references()
        count = IDENTICAL_FIL if study == FIL else IDENTICAL_STEADY
        target = Target("AUTO") if study == FIL else Target.with_hint("AUTO", study)
        found = {f"A{number}": Subject(self._base, self._here, target) for number in range(1, count + 1)}
        for slowdown in models.STEADY:
            path = models.file_of(self._folder, "fil" if study == FIL else "steady", slowdown)
            found[slowdown] = Subject(self._with_model(path), self._here, target)
        found[PINNED] = Subject(self._base, self._pinned, target)
        return found

    def _references(self) -> dict[str, Subject]:
        """Both hints, and each candidate for a reference with both hints on the pinned runtime."""
        found = {}
        for hint in (LATENCY, THROUGHPUT):
            target = Target.with_hint("AUTO", hint)
            found[f"A1 {hint}"] = Subject(self._base, self._here, target)
            found[f"{PINNED} {hint}"] = Subject(self._base, self._pinned, target)
            for name in (models.CONVOLUTION, models.PRODUCT):
                model = dataclasses.replace(self._base.model, path=self._folder / f"{name}.xml", name=name)
                own = self._folder / name
                own.mkdir(exist_ok=True)
                found[f"{name} {hint}"] = Subject(prepare_workload(model, self._here, own)[0], self._pinned, target)
        return found

    def _with_model(self, path: Path) -> Workload:
        return dataclasses.replace(self._base, model=dataclasses.replace(self._base.model, path=path, name=path.stem))

    def segment(self, part: Part, seed: int) -> Segment:
        """Record one segment."""
        began = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        shuffled = random.Random(seed)
        subjects = self.subjects(part.study)
        with contextlib.ExitStack() as stack:
            if part.study == FIL:
                turns = {name: _fresh(subject) for name, subject in subjects.items()}
            else:
                stack.enter_context(bystander(self._here, self._base))
                turns = stack.enter_context(_warm(subjects, shuffled))
            stack.enter_context(noise.noise(part.noise, part.seconds, seed))
            rows = list(_rounds(turns, part.seconds, shuffled))
        names = tuple(subjects)
        metrics = sorted({metric for row in rows for turn in row.values() for metric in turn.figures})

        def array(value: Callable[[Turn], float]) -> Any:
            return np.array([[value(row[name]) if name in row else np.nan for name in names] for row in rows])

        return Segment(
            part.study,
            part.noise,
            names,
            began,
            {metric: array(lambda turn, metric=metric: turn.figures[metric]) for metric in metrics},
            array(lambda turn: turn.start_s),
            array(lambda turn: turn.surroundings["others_cpu_s"] / turn.surroundings["wall_s"]),
            array(lambda turn: turn.surroundings["steal_s"] / turn.surroundings["wall_s"]),
            {**self.facts, "seed": seed},
        )


def record(
    minutes: float,
    folder: Path,
    *,
    pinned: str,
    quiet_s: float,
    noisy_s: float,
    seed: int,
    done: Callable[[list[Segment]], None],
) -> None:
    """Record cycles until the time is up; ``done`` is given all segments so far after each of them."""
    recorder = Recorder(folder, pinned)
    stop_at = time.monotonic() + 60 * minutes
    segments: list[Segment] = []
    for number, part in enumerate(itertools.cycle(schedule(quiet_s, noisy_s))):
        if time.monotonic() + part.seconds > stop_at:
            return
        segments.append(recorder.segment(part, seed + number))
        print(f"{len(segments)}: {part.study}, {part.noise}: {segments[-1].rounds} rounds", flush=True)
        done(segments)


def _rounds(turns: dict[str, Measure], seconds: float, shuffled: random.Random) -> Iterator[dict[str, Turn]]:
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        row = {}
        for name in shuffled.sample(list(turns), len(turns)):
            start_s = time.monotonic() - began
            with contextlib.suppress(ProbeFailed):
                row[name] = Turn(*turns[name](), start_s)
        yield row


@contextlib.contextmanager
def _warm(subjects: dict[str, Subject], shuffled: random.Random) -> Iterator[dict[str, Measure]]:
    """Warm processes, started in random order."""
    pools = {name: ProbePool(subject.launcher, subject.workload, warm_up_s=0.5) for name, subject in subjects.items()}
    try:
        probes = {name: pools[name].warm(subjects[name].target) for name in shuffled.sample(list(pools), len(pools))}

        def measure(name: str) -> tuple[dict[str, float], dict[str, Any]]:
            reply = probes[name].slice(SLICE_S)
            latencies = reply["latencies_ms"]
            return {"fps": reply["fps"], "latency_ms": sum(latencies) / len(latencies)}, reply["surroundings"]

        yield {name: lambda name=name: measure(name) for name in subjects}
    finally:
        for pool in pools.values():
            pool.close(at_once=True)


def _fresh(subject: Subject) -> Measure:
    def measure() -> tuple[dict[str, float], dict[str, Any]]:
        request = subject.workload.request("once", subject.target, deadline_s=60, cache="off")
        reply, _ = subject.launcher.run_once(request, "fil")
        return {"fil_s": reply["seconds"]["fil"]}, reply["surroundings"]

    return measure


def _processor() -> str:
    with contextlib.suppress(OSError), Path("/proc/cpuinfo").open(encoding="utf-8") as stream:
        for line in stream:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
