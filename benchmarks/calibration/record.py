"""Records on this machine what the rules are judged on: identical things, known slowdowns, and noise on purpose.

Segments of a few minutes by turns, until the time is up: the hints' slices (two identical conditions, a slower model, a pinned runtime,
in random order within each round), fresh processes for FIL, each quiet, with a processor hog, and with a growing load; and, if asked for,
the candidates for the pinned workload beside both hints.

Turns are made as the product makes them: a warm process serves ``RELAY_ROUNDS`` rounds and gives way to a fresh one, and a disturbed turn
is measured again at once. In a round there is one slower model only, since every further condition pulls the pairs apart: with each
process it is another of the four.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import itertools
import math
import os
import platform
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from autogauge.cache import Cache, default_cache_dir
from autogauge.measuring.disturbance import Watch, waited_share
from autogauge.models import resolve
from autogauge.probe.launcher import Launcher, Runtime
from autogauge.probe.request import ProbeFailed
from autogauge.rig.pool import ProbePool, WarmProbe, bystander
from autogauge.rig.profile import RELAY_ROUNDS
from autogauge.rig.workload import Workload, prepare_workload
from autogauge.targets import LATENCY, THROUGHPUT, Target
from benchmarks.calibration import models, noise
from benchmarks.calibration.data import CONTROL, FIL, PINNED, REFERENCES, SLOWER, Segment

SLICE_S = 0.05
IDENTICAL = 2


@dataclass(frozen=True)
class Subject:
    """One condition of a recording: what runs, on which runtime, for which target."""

    workload: Workload
    launcher: Launcher
    target: Target


@dataclass(frozen=True)
class Turn:
    """What one turn gave: figures, surroundings, when it began (seconds since the segment's beginning), whether it was measured again."""

    figures: Mapping[str, float]
    surroundings: Mapping[str, Any]
    start_s: float
    again: bool = False


Measure = Callable[[], tuple[dict[str, float], dict[str, Any]]]
"""Makes one turn of a condition: its figures and surroundings. Raises ``ProbeFailed``."""


@dataclass(frozen=True)
class Part:
    """A segment to record: a hint, ``fil`` or ``references``, a kind of noise, how long."""

    study: str
    noise: str
    seconds: float


def schedule(hints_s: float, fil_s: float, workloads_s: float) -> list[Part]:
    """One cycle: every study with each kind of noise. A length of 0 leaves that study out."""
    cycle = [Part(REFERENCES, noise.QUIET, workloads_s)]
    for kind in noise.KINDS:
        cycle += [Part(LATENCY, kind, hints_s), Part(THROUGHPUT, kind, hints_s), Part(FIL, kind, fil_s)]
    return [part for part in cycle if part.seconds > 0]


class Recorder:
    """Everything that a recording needs, prepared once. ``pinned`` is the interpreter of another, fixed OpenVINO release."""

    def __init__(self, folder: Path, pinned: str) -> None:
        self._here = Launcher(folder / "probes")
        self._pinned = Launcher(folder / "pinned-probes", Runtime(pinned, "the pinned workload"))
        base = resolve.offline("googlenet-v1", "FP16", Cache(default_cache_dir()))
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
            return self._workloads()
        target = Target("AUTO") if study == FIL else Target.with_hint("AUTO", study)
        found = {f"A{number}": Subject(self._base, self._here, target) for number in range(1, IDENTICAL + 1)}
        for slowdown in models.STEADY:
            path = models.file_of(self._folder, "fil" if study == FIL else "steady", slowdown)
            found[slowdown] = Subject(self._with_model(path), self._here, target)
        found[PINNED] = Subject(self._base, self._pinned, target)
        return found

    def _workloads(self) -> dict[str, Subject]:
        """Both hints, and each candidate for the pinned workload with both hints on the pinned runtime."""
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
        facts: dict[str, Any] = {**self.facts, "seed": seed}
        with contextlib.ExitStack() as stack:
            if part.study == FIL:
                turns = stack.enter_context(_fresh(subjects, self._base, self._here))
            elif part.study == REFERENCES:
                stack.enter_context(bystander(self._here, self._base))
                turns = stack.enter_context(_warm(subjects, shuffled))
            else:
                stack.enter_context(bystander(self._here, self._base))
                relay = stack.enter_context(Relay(subjects, shuffled).running())
                turns = {name: (lambda name=name: relay.turn(name)) for name in relay.sides}
            stack.enter_context(noise.noise(part.noise, part.seconds, seed))
            rows = [_named(row) for row in _rounds(turns, part.seconds, shuffled)]
            if part.study in (LATENCY, THROUGHPUT):
                facts |= {"relay_rounds": RELAY_ROUNDS, "renewal_s": relay.renewal_s}
        names = tuple(subjects)
        metrics = sorted({metric for row in rows for turn in row.values() for metric in turn.figures})

        def array(value: Callable[[Turn], float]) -> Any:
            return np.array([[value(row[name]) if name in row else np.nan for name in names] for row in rows])

        def share(name: str) -> Callable[[Turn], float]:
            return lambda turn: turn.surroundings[name] / turn.surroundings["wall_s"]

        return Segment(
            part.study,
            part.noise,
            names,
            began,
            {metric: array(lambda turn, metric=metric: turn.figures.get(metric, math.nan)) for metric in metrics},
            array(lambda turn: turn.start_s),
            array(share("others_cpu_s")),
            array(share("steal_s")),
            facts,
            array(lambda turn: math.nan if (waited := waited_share(turn.surroundings)) is None else waited),
            np.nan_to_num(array(lambda turn: float(turn.again))) > 0,
        )


def record(
    minutes: float,
    folder: Path,
    *,
    pinned: str,
    cycle: Sequence[Part],
    seed: int,
    done: Callable[[list[Segment]], None],
) -> None:
    """Record cycles until the time is up; ``done`` is given all segments so far after each of them."""
    recorder = Recorder(folder, pinned)
    stop_at = time.monotonic() + 60 * minutes
    segments: list[Segment] = []
    for number, part in enumerate(itertools.cycle(cycle)):
        if time.monotonic() + part.seconds > stop_at:
            return
        segments.append(recorder.segment(part, seed + number))
        print(f"{len(segments)}: {part.study}, {part.noise}: {segments[-1].rounds} rounds", flush=True)
        done(segments)


def _rounds(turns: Mapping[str, Measure], seconds: float, shuffled: random.Random) -> Iterator[dict[str, Turn]]:
    """Every condition once a round, in random order; a disturbed turn is measured again, as the product does."""
    began, watch = time.monotonic(), Watch()
    while time.monotonic() - began < seconds:
        row = {}
        for name in shuffled.sample(list(turns), len(turns)):
            start_s = time.monotonic() - began
            with contextlib.suppress(ProbeFailed):
                turn = Turn(*turns[name](), start_s)
                if watch.is_disturbed(name, turn.surroundings) and watch.may_repeat():
                    turn = Turn(*turns[name](), start_s, again=True)
                    watch.is_disturbed(name, turn.surroundings)  # it learns from it too
                row[name] = turn
        yield row


def _named(row: dict[str, Turn]) -> dict[str, Turn]:
    """The round with its slower turn under the name of that turn's model."""
    return {str(turn.surroundings[SLOWER]) if name == SLOWER else name: turn for name, turn in row.items()}


class Relay:
    """Warm processes of the identical conditions, the pinned runtime and one slower model; each serves some rounds.

    ``sides`` are what has a turn in each round: the identical conditions, ``SLOWER`` and ``PINNED``.
    """

    def __init__(self, subjects: Mapping[str, Subject], shuffled: random.Random) -> None:
        self._subjects, self._shuffled = subjects, shuffled
        self.sides = [*(name for name in subjects if name not in models.STEADY), SLOWER]
        self._order = shuffled.sample(list(models.STEADY), len(models.STEADY))
        self._pools: dict[str, ProbePool] = {}
        self._probes: dict[str, WarmProbe] = {}
        self._served: dict[str, int] = {}
        self._renewals: list[float] = []

    @contextlib.contextmanager
    def running(self) -> Iterator[Relay]:
        """Start the first process of every side, in random order; end all in the end."""
        try:
            for side in self._shuffled.sample(self.sides, len(self.sides)):
                self._renew(side)
                self._served[side] = self._shuffled.randrange(RELAY_ROUNDS)  # not all of them change in the same round
            yield self
        finally:
            for pool in self._pools.values():
                pool.close(at_once=True)

    def _renew(self, side: str) -> None:
        name, before = side, None
        if side == SLOWER:
            before = self._pools.pop(self._order[0], None)
            self._order.append(self._order.pop(0))
            name = self._order[0]
        subject = self._subjects[name]
        pool = self._pools.setdefault(name, ProbePool(subject.launcher, subject.workload, warm_up_s=0.5))
        try:
            self._probes[side] = pool.renew(subject.target)
        finally:
            if before:
                before.close(at_once=True)  # after the fresh one was started, as a pool has it

    def turn(self, side: str) -> tuple[dict[str, float], dict[str, Any]]:
        """One turn of that side. Raises ``ProbeFailed``."""
        if self._served[side] >= RELAY_ROUNDS:
            began = time.monotonic()
            self._renew(side)
            self._renewals.append(time.monotonic() - began)
            self._served[side] = 0
        self._served[side] += 1
        figures, surroundings = _slice(self._probes[side])
        if side == SLOWER:
            surroundings[SLOWER] = self._order[0]
        return figures, surroundings

    @property
    def renewal_s(self) -> float:
        """What a fresh process cost in the mean, to its first slice."""
        return float(np.mean(self._renewals)) if self._renewals else math.nan


@contextlib.contextmanager
def _warm(subjects: dict[str, Subject], shuffled: random.Random) -> Iterator[dict[str, Measure]]:
    """Warm processes, started in random order, that serve to the end."""
    pools = {name: ProbePool(subject.launcher, subject.workload, warm_up_s=0.5) for name, subject in subjects.items()}
    try:
        probes = {name: pools[name].warm(subjects[name].target) for name in shuffled.sample(list(pools), len(pools))}
        yield {name: lambda name=name: _slice(probes[name]) for name in subjects}
    finally:
        for pool in pools.values():
            pool.close(at_once=True)


def _slice(probe: WarmProbe) -> tuple[dict[str, float], dict[str, Any]]:
    reply = probe.slice(SLICE_S)
    latencies = reply["latencies_ms"]
    return {"fps": reply["fps"], "latency_ms": sum(latencies) / len(latencies)}, reply["surroundings"]


@contextlib.contextmanager
def _fresh(subjects: Mapping[str, Subject], base: Workload, launcher: Launcher) -> Iterator[dict[str, Measure]]:
    """A fresh process for each turn; right before it a slice of a warm process, to tell how fast the machine was at that moment."""
    pool = ProbePool(launcher, base, warm_up_s=0.5)
    try:
        control = pool.warm(Target.with_hint("AUTO", LATENCY))

        def measure(subject: Subject) -> tuple[dict[str, float], dict[str, Any]]:
            before = _slice(control)[0]["latency_ms"]
            request = subject.workload.request("once", subject.target, deadline_s=60, cache="off")
            reply, _ = subject.launcher.run_once(request, "fil")
            return {"fil_s": reply["seconds"]["fil"], CONTROL: before / 1e3}, reply["surroundings"]

        slower = itertools.cycle(models.STEADY)

        def measure_slower() -> tuple[dict[str, float], dict[str, Any]]:
            name = next(slower)
            figures, surroundings = measure(subjects[name])
            return figures, {**surroundings, SLOWER: name}

        turns = {
            name: lambda subject=each: measure(subject) for name, each in subjects.items() if name not in models.STEADY
        }
        yield {**turns, SLOWER: measure_slower}
    finally:
        pool.close(at_once=True)


def _processor() -> str:
    with contextlib.suppress(OSError), Path("/proc/cpuinfo").open(encoding="utf-8") as stream:
        for line in stream:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
