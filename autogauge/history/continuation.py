"""A machine that goes on under another fingerprint (renamed, given memory, another driver): which older runs are still its own.

A fingerprint that changes begins a new history, and what became slower at that moment is judged by nobody. So it is looked for what the
baseline could be carried over from, and said; carrying it over is a person's word (``accept --as-continuation``), kept as a mark in the
standing of a run of the new fingerprint. Finding the baseline itself is left to ``baseline``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autogauge.errors import UserError
from autogauge.files import is_folder
from autogauge.history import circumstances, records, standing, store
from autogauge.history.fingerprint import Fingerprint
from autogauge.history.records import SavedRun
from autogauge.history.standing_file import Continues, Standing

ANOTHER_THING = ("model", "measured", "benchmark_version", "architecture", "system")
"""Facts in which no baseline is carried over: something else was measured, or on another machine."""
MOST_OPENED, MOST_FOLDERS, MOST_OF_A_FOLDER = 20, 50, 40
"""Files opened in search of an offer, folders of other machines looked into, and newest files of each that are thought of."""


@dataclass(frozen=True)
class Source:
    """Runs that count: those in that folder with that fingerprint."""

    folder: Path
    fingerprint: str


@dataclass(frozen=True)
class Offer:
    """The newest accepted run of another fingerprint whose baseline could be carried over; ``differences`` are clauses, one a fact."""

    run: SavedRun
    differences: tuple[str, ...]

    def since(self, folder: Path) -> str:
        """What changed since which run, in words; with its folder where that is another one."""
        place = "" if self.run.path.parent == folder else f"{self.run.path.parent.name}/"
        return f"{', '.join(self.differences)} since run {place}{store.number_of(self.run.path):04d}"


def sources(folder: Path, fingerprint: str) -> list[Source]:
    """That fingerprint's runs in the folder, and before them those that it continues, and so on; each once."""
    found = [Source(folder, fingerprint)]
    marks: dict[Path, list[Continues]] = {}
    for source in found:
        if source.folder not in marks:
            marks[source.folder] = list(_marks(source.folder))
        for mark in marks[source.folder]:
            place = source.folder.parent / mark.folder if mark.folder else source.folder
            older = Source(place, mark.older)
            if mark.newer == source.fingerprint and older not in found:
                found.append(older)
    return found


def _marks(folder: Path) -> Iterator[Continues]:
    """The marks in the standings of a folder."""
    with contextlib.suppress(OSError):
        for path in sorted(folder.glob(f"*{standing.SUFFIX}")):
            with contextlib.suppress(UserError):
                mark = standing.read(path.with_suffix(".json")).continues
                if mark is not None:
                    yield mark


def hindrances(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> list[str]:
    """Why runs with these facts are no baseline for ours, whoever says so: one clause each."""
    found = [
        name
        for name in ANOTHER_THING
        if circumstances.as_read(theirs.get(name)) != circumstances.as_read(ours.get(name))
    ]
    said = [
        clause
        for name in found
        for clause in (
            circumstances.differences({name: theirs.get(name)}, {name: circumstances.as_read(ours.get(name))}) or [name]
        )
    ]
    if _devices(theirs) != _devices(ours):
        said += circumstances.differences(
            {"devices": theirs.get("devices")}, {"devices": circumstances.as_read(ours.get("devices"))}
        )
    return said


def _devices(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Which devices there are; a driver may change."""
    devices = circumstances.as_read(facts.get("devices"))
    if not isinstance(devices, list):
        return []
    return [(str(each.get("name")), str(each.get("full_name"))) for each in devices if isinstance(each, dict)]


def offer(
    folder: Path, others: Sequence[Path], fingerprint: str, facts: Mapping[str, Any], *, elsewhere: bool = True
) -> Offer | None:
    """The newest run of another fingerprint that a run with these facts could go on from.

    ``others`` are the folder's runs of other fingerprints, newest first; where none of them will do, other machines' folders beside it
    are looked into (``elsewhere``): a machine that was renamed has its runs there.
    """
    found = _first(_one_of_each(others), fingerprint, facts)
    if found is not None or not elsewhere:
        return found
    beside: list[Path] = []
    with contextlib.suppress(OSError):
        places = sorted(each for each in folder.parent.iterdir() if is_folder(each) and each.name != folder.name)
        for place in places[:MOST_FOLDERS]:
            with contextlib.suppress(UserError):
                beside += _one_of_each(store.runs(place)[::-1][:MOST_OF_A_FOLDER])[:3]
    return _nearest(beside, fingerprint, facts)


def _one_of_each(paths: Sequence[Path]) -> list[Path]:
    """The newest of each fingerprint, as far as names tell, unless it has a standing: then one without, too."""
    newest: dict[object, Path] = {}
    for path in paths:
        mark = store.fingerprint_in(path)
        newest.setdefault((mark or path, standing.path_of(path).exists()), path)
    return list(newest.values())


def _first(paths: Iterable[Path], fingerprint: str, facts: Mapping[str, Any]) -> Offer | None:
    return next(_usable(paths, fingerprint, facts), None)


def _nearest(paths: Iterable[Path], fingerprint: str, facts: Mapping[str, Any]) -> Offer | None:
    """Of other machines' runs the one that differs in the fewest facts: the same machine by another name before one that is like it."""
    return min(_usable(paths, fingerprint, facts), key=lambda each: len(each.differences), default=None)


def _usable(paths: Iterable[Path], fingerprint: str, facts: Mapping[str, Any]) -> Iterator[Offer]:
    for path in list(paths)[:MOST_OPENED]:
        with contextlib.suppress(UserError):
            run = records.read(path)
            record = standing.read(path)
            usable = any(record.of(key) is Standing.ACCEPTED for key in run.benchmarks)
            known = run.fingerprint and run.fingerprint != fingerprint and run.fingerprint_facts
            if usable and known and not hindrances(run.fingerprint_facts, facts):
                differing = circumstances.differences(run.fingerprint_facts, circumstances.as_read(facts))
                yield Offer(run, tuple(differing) or ("the fingerprint changed",))


def carry_over(run: SavedRun, offered: Offer, why: str) -> None:
    """Count the offered run's fingerprint as that of the same machine from this run on: a mark in the run's standing."""
    older = offered.run
    folder = "" if older.path.parent.resolve() == run.path.parent.resolve() else older.path.parent.name
    standing.mark(run.path, Continues(run.fingerprint or "", older.fingerprint or "", folder), why)


def differ_in_name_only(one: SavedRun, other: SavedRun) -> bool:
    """Whether two runs are of one machine by two names, as far as their facts tell."""
    theirs, ours = ({**each.fingerprint_facts, "machine": ""} for each in (one, other))
    return len(theirs) > 1 and theirs == ours


def as_machine_of(folder: Path, facts: Mapping[str, Any]) -> Fingerprint:
    """The fingerprint that these facts would have under the name of the machine whose history that folder is."""
    name = facts.get("machine")
    for path in store.runs(folder)[::-1][:MOST_OF_A_FOLDER]:
        with contextlib.suppress(UserError):
            theirs = records.read(path).fingerprint_facts.get("machine")
            if isinstance(theirs, str):
                name = theirs
                break
    return Fingerprint({**circumstances.as_read(facts), "machine": name})
