"""The study of the model cache: what AUTO and its devices write to ``CACHE_DIR``, and what they make of what they find there.

Behaviour only; how long starts take is ``starts``. The cases are in ``cases`` and ``damaged``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import ClassVar
from weakref import WeakKeyDictionary

from autogauge.measuring.progress import Progress
from autogauge.measuring.result import Result
from autogauge.rig import properties
from autogauge.rig.cases import Case, CaseStudy, Promise
from autogauge.rig.rig import Rig
from autogauge.rig.study import Turns
from autogauge.studies.model_cache import cases, damaged
from autogauge.studies.model_cache.turns import CachedTurns
from autogauge.targets import Target

BY_PATH = "cache-path-as-dir"


class ModelCache(CaseStudy):
    """Cold and warm starts, damaged and foreign blobs, folders that cannot be written; each a process with a folder of its own."""

    name = "model cache"
    promises: ClassVar[tuple[Promise, ...]] = (*cases.PROMISES, *damaged.PROMISES)

    def __init__(self) -> None:
        self._no_path: WeakKeyDictionary[Rig, str] = WeakKeyDictionary()

    def cases(self, rig: Rig) -> Sequence[Case]:
        """Of a good folder, and of one that is of no use."""
        return (*cases.cases(), *damaged.cases())

    def _unsupported(self, rig: Rig) -> Iterator[tuple[str, str]]:
        yield from super()._unsupported(rig)
        if rig not in self._no_path:
            wrong = properties.mistakes_in(rig.launcher, [Target("CPU", {"CACHE_PATH": "asked"})])
            self._no_path[rig] = wrong[0].partition(";")[0] if wrong else ""
        if why := self._no_path[rig]:
            yield BY_PATH, why

    @contextlib.contextmanager
    def open(self, rig: Rig, result: Result, progress: Progress) -> Iterator[Turns]:
        """A process for each case, with a folder of its own."""
        yield CachedTurns(rig, result, {case.name: case for case in self.here(rig)})


MODEL_CACHE = ModelCache()
