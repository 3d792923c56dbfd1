"""What an index tells: a saved run without its figures, and one benchmark's figures in many runs. Reading them is left to ``index``."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from autogauge.history import standing
from autogauge.history.index_rows import ACCEPTED, NEWER, UNREADABLE
from autogauge.history.labels import NO_CONTENTS, NO_DEVICE, OPENVINO, Contents, Labels
from autogauge.targets import is_emulated

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class IndexedRun:
    """A saved run without its figures. ``standing`` is ``accepted``, ``quarantined``, ``pending`` or ``unreadable``.

    ``verdict`` is the worst that the gate said of a benchmark in it; ``problems`` are sentences about what could not be read.
    ``digest`` is that of the model's files and ``folder`` the name of the one they lay in; ``facts`` are what the fingerprint
    stands for (``fingerprint``) and what is ``noted`` beside it.
    """

    id: int
    path: Path
    number: int
    when: datetime.datetime | None
    machine: str
    openvino: str
    model: str
    precision: str
    weights: str
    profile: str
    accelerator: str
    fingerprint: str
    standing: str
    why: str
    foreign: bool
    verdict: str
    benchmarks: int
    problems: tuple[str, ...] = ()
    digest: str = ""
    folder: str = ""
    accepted: int = 0
    """How many of the benchmarks are: each stands for itself, and ``standing`` is the worst of theirs."""
    pending: int = 0
    """How many wait to be confirmed."""
    standing_ns: int = field(default=0, compare=False, repr=False)
    """When its standing had been changed, in nanoseconds; 0 where it has none."""
    facts: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    contents: Contents = field(default=NO_CONTENTS, compare=False, repr=False)
    """Its benchmarks by key, with the labels that it gives them."""
    measured_as: str = ""
    """The machine as the run itself names it; ``machine`` is the one that it counts for (``machines``)."""
    content: str = field(default="", repr=False)
    """Equal for copies of a run, empty where nobody knows."""

    @property
    def is_renamed(self) -> bool:
        """Whether it counts for a machine of another name than it was measured as."""
        return self.machine != self.measured_as

    @property
    def readable(self) -> bool:
        """Whether there is anything but its name."""
        return self.standing != UNREADABLE

    @property
    def is_current(self) -> bool:
        """Whether its files still are as they were when they were read: a run's own never changes, its standing may, and it may be gone."""
        beside = standing.path_of(self.path)
        try:
            return self.path.exists() and (beside.stat().st_mtime_ns if beside.exists() else 0) == self.standing_ns
        except OSError:
            return False

    @property
    def newer(self) -> bool:
        """Whether a newer autogauge saved it, so that this one cannot read it; its date and machine are known all the same."""
        return not self.readable and self.why == NEWER

    @property
    def is_accepted(self) -> bool:
        """Whether anything in it may be judged against."""
        return self.standing == ACCEPTED or self.accepted > 0

    @property
    def stands(self) -> str:
        """The standing, and of how many benchmarks where that is not all."""
        others = self.benchmarks - self.accepted
        return f"{self.standing} {others}/{self.benchmarks}" if self.accepted and others else self.standing

    @property
    def emulated(self) -> str:
        """The emulated GPUs that it was measured with, as it was written; empty for real devices. They are compared with nothing else."""
        return self.accelerator if is_emulated(self.accelerator) else ""

    @property
    def model_and_precision(self) -> str:
        """The model's name with its precision, as far as the file tells."""
        return " ".join(filter(None, (self.model, self.precision)))

    @property
    def release(self) -> str:
        """The OpenVINO release without its build."""
        return self.openvino.partition("-")[0]

    @property
    def releases(self) -> tuple[str, ...]:
        """The same, and after it those that some of its benchmarks were measured with instead."""
        others = (each.partition("-")[0] for each in self.contents.labels.get(OPENVINO, ()))
        return tuple(dict.fromkeys(each for each in (self.release, *others) if each))


@dataclass(frozen=True)
class Series:
    """One benchmark in many runs of a folder, in the order of ``runs`` (their ids); arrays have shape ``(runs,)``, NaN for no ratio.

    ``labels`` are those of the folder's newest run with that benchmark; ``pinned`` the pinned workloads that the ratios are to, empty
    where there is none.
    """

    folder: Path
    key: str
    metric: str
    labels: Labels
    runs: npt.NDArray[np.int64]
    seconds: Floats
    samples: npt.NDArray[np.int64]
    ratios: Floats
    errors: Floats
    pinned: tuple[str, ...]
    verdicts: tuple[str, ...]
    standings: tuple[str, ...] = ()
    """Of the benchmark itself in each of the runs."""
    releases: tuple[str, ...] = ()
    """The OpenVINO release that the benchmark was measured with in each of the runs, empty where it was the run's."""

    def at(self, places: Sequence[int]) -> Series:
        """The same in the runs at these places."""
        chosen = list(places)
        changed: dict[str, Any] = {}
        for each in dataclasses.fields(self):
            value = getattr(self, each.name)
            if isinstance(value, np.ndarray):
                changed[each.name] = value[chosen]
            elif isinstance(value, tuple):
                changed[each.name] = tuple(value[place] for place in chosen)
        return dataclasses.replace(self, **changed)


def labels_of(series: Series) -> Labels:
    """A benchmark's labels with what goes without saying: no device named is AUTO."""
    return {"device": NO_DEVICE, **series.labels} if series.metric else series.labels


def run_and_day(run: IndexedRun) -> str:
    """A run as one says it: ``run 41 (3 Nov 2026)``; "41 of 3 Nov" would read as one of so many."""
    return f"run {run.number} ({run.when.day} {run.when:%b %Y})" if run.when else f"run {run.number}"


def run_and_moment(run: IndexedRun) -> str:
    """The same to the minute: ``run 41 (2026-11-03 07:30 UTC)``."""
    return f"run {run.number} ({run.when:%Y-%m-%d %H:%M} UTC)" if run.when else f"run {run.number}"
