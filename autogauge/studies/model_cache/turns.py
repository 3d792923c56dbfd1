"""Cases about a cache folder: each has one of its own, which other processes filled before, or which is new.

A cold and a warm start are two processes. So what a warm case finds in its folder was written by a process before it, and is a copy: no
case sees what another one did to its blobs. What the cases are is left to ``cases`` and ``damaged``.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autogauge.measuring.result import Result
from autogauge.probe.request import Failure, ProbeFailed
from autogauge.probe.seen import Seen
from autogauge.rig.cases import Case, CaseTurns
from autogauge.rig.late import deadlines_of
from autogauge.rig.rig import Rig
from autogauge.rig.separate import joined

CACHE, MODELS, OTHER, MEETING = "{cache}", "{models}", "{other}", "{meeting}"
"""In a step: the case's cache folder, a folder for copies of models, the cache folder of the other filler, and a new folder in which
fillers that are at work at once meet."""

FILLING, MOST_SAID = "the filling of a case's cache folder", 300


@dataclass(frozen=True)
class Filler:
    """A process that fills a cache folder; cases with a filler of that name get copies of what it wrote. ``at_once`` so many do it."""

    name: str
    steps: tuple[Mapping[str, Any], ...]
    at_once: int = 1


@dataclass(frozen=True)
class CachedCase(Case):
    """A case whose cache folder ``filled`` has filled. ``other`` fills a folder that one of its steps takes a blob from."""

    filled: Filler | None = None
    other: Filler | None = None


class CachedTurns(CaseTurns):
    """Turns that are cases with a cache folder. What several fillers saw at once is put before what their case saw."""

    def __init__(self, rig: Rig, result: Result, cases: Mapping[str, Case]) -> None:
        super().__init__(rig, result, cases)
        self._folder, self._number = rig.scratch("cache-cases"), 0
        self._filled: dict[tuple[str, bool], tuple[Path, tuple[Seen, ...]]] = {}
        self._filled_again: set[tuple[str, bool]] = set()

    def see(self, case: Case) -> Seen:
        """Run the case's steps, after those of its filler where nobody has. Raises ``ProbeFailed`` where that filled nothing."""
        assert isinstance(case, CachedCase)
        self._number += 1
        own = self._folder / f"of-{self._number}"
        before: tuple[Seen, ...] = ()
        if case.filled is None:
            own.mkdir()
        else:
            filled, before = self._filled_by(case.filled, case)
            shutil.copytree(filled, own)
        other = self._filled_by(case.other, case)[0] if case.other is not None else own
        seen = super().see(dataclasses.replace(case, steps=self._steps(case.steps, own, other)))
        shutil.rmtree(own, ignore_errors=True)
        return joined(before, seen) if case.filled is not None and case.filled.at_once > 1 else seen

    def again(self, case: Case) -> Seen:
        """Run it once more; a filler in which a deadline passed fills a new folder, once for all its cases."""
        for key, (_, every) in [*self._filled.items()]:
            if key not in self._filled_again and any([*deadlines_of(seen)] for seen in every):
                self._filled_again.add(key)
                del self._filled[key]
        return super().again(case)

    def _filled_by(self, filler: Filler, case: CachedCase) -> tuple[Path, tuple[Seen, ...]]:
        """The folder that it filled, and what was seen of that. GPUs that are emulated otherwise have a folder of their own.

        Raises ``ProbeFailed`` where it filled nothing: its cases say nothing then. Fillers at once are looked at by their case itself.
        """
        key = filler.name, case.gpus is not None
        if key not in self._filled:
            self._number += 1
            folder = self._folder / f"filled-{self._number}"
            folder.mkdir()
            process = dataclasses.replace(
                case, name=f"fill-{filler.name}", steps=self._steps(filler.steps, folder, folder)
            )
            self.launcher(process)  # one for all that are at work at once
            with ThreadPoolExecutor(filler.at_once) as pool:
                seen = tuple(pool.map(super().see, [process] * filler.at_once))
            self._filled[key] = folder, seen
        folder, seen = self._filled[key]
        if filler.at_once == 1 and (failure := failure_of(seen[0])) is not None:
            raise ProbeFailed(failure)
        return folder, seen

    def _steps(self, steps: Sequence[Mapping[str, Any]], cache: Path, other: Path) -> tuple[Mapping[str, Any], ...]:
        places = {CACHE: str(cache), MODELS: str(self._folder / "models"), OTHER: str(other)}
        places[MEETING] = f"{cache}-meeting"
        return tuple(_placed(step, places) for step in steps)


def failure_of(seen: Seen) -> Failure | None:
    """Why a process that was to fill a folder filled nothing; ``None`` where it did, as far as it looked."""
    if seen.ending is not None:
        return seen.ending
    said = next((each.error for each in seen.steps if each.error is not None), None)
    if said is None and seen.value("after", "blobs") == []:
        said = "it left no blob"
    return None if said is None else Failure("error", FILLING, " ".join(said.split())[:MOST_SAID])


def _placed(value: Any, places: Mapping[str, str]) -> Any:
    """With folders in the place of their names, in texts at any depth."""
    if isinstance(value, Mapping):
        return {key: _placed(each, places) for key, each in value.items()}
    if isinstance(value, str):
        for name, place in places.items():
            value = value.replace(name, place)
    return value
