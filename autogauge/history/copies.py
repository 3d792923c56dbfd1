"""Which runs are there more than once, so that each counts once: a backup beside the machines' folders, a push under a second name.

What makes two files the same run is ``found.identity``. A machine's folder that is a link to another is left out by ``numbered``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from autogauge.history.indexed import IndexedRun
from autogauge.history.machines import is_own
from autogauge.history.standing_file import WORST_FIRST, Standing
from autogauge.plain import counted

Copy = tuple[IndexedRun, IndexedRun]
"""A run that counts, and one that is the same and does not."""
SHOWN = 5


def counted_once(runs: Sequence[IndexedRun]) -> tuple[list[IndexedRun], list[Copy]]:
    """The runs, in their order, each once, and what was left out for that.

    Of several the one in the folder of the machine that it names counts; of these the one with the worst standing, since a copy without
    its standing would be accepted; of these the first. What cannot be read is a copy of nothing.
    """
    same: dict[str, list[IndexedRun]] = defaultdict(list)
    for run in runs:
        if run.content:
            same[run.content].append(run)
    if len(same) == sum(map(len, same.values())):
        return list(runs), []
    left: dict[int, Copy] = {}
    for own in same.values():
        first = min(own, key=_rank) if len(own) > 1 else own[0]
        left |= {id(each): (first, each) for each in own if each is not first}
    return [run for run in runs if id(run) not in left], [left[id(run)] for run in runs if id(run) in left]


def _rank(run: IndexedRun) -> tuple[bool, int]:
    return not is_own(run.path.parent.name, run.measured_as), WORST_FIRST.index(Standing(run.standing))


def in_words(found: Sequence[Copy]) -> list[str]:
    """What was left out, a sentence for each two folders, with both places of the first run."""
    by_folders: dict[tuple[Path, Path], list[Copy]] = defaultdict(list)
    for counts, copy in found:
        by_folders[counts.path.parent, copy.path.parent].append((counts, copy))
    said = []
    for own in list(by_folders.values())[:SHOWN]:
        counts, copy = own[0]
        many = (
            "a run is there twice and counts"
            if len(own) == 1
            else f"{counted(len(own), 'run')} are there twice and count"
        )
        said.append(f"{many} once: {counts.path} is the same run as {copy.path}")
    if len(by_folders) > SHOWN:
        said.append(f"runs are there twice in {len(by_folders) - SHOWN} more folders; each counts once")
    return said
