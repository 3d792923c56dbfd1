"""Whose a saved run is: in a history the folder is the machine. Reading the folders is left to ``index``.

A run says on which machine it was measured, and its folder where somebody put it: two machines of one name are kept apart by their folders
(``history push --as=NAME``). So a run counts for the machine that it names where its folder is that machine's, else for a machine called as
the folder. A folder that is looked at by itself is none of a history's: there the run's own word counts, unless the folder of the machine
that it names lies beside it, so that both would be one.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from autogauge.files import is_folder, readable, slug, whole_characters
from autogauge.history.indexed import IndexedRun
from autogauge.plain import counted, plain
from autogauge.targets import EMULATED

_EMULATED = re.compile(rf"-{EMULATED}(-.*)?")
"""What comes after a machine's name where its folder is that of runs with emulated GPUs."""
_FOREIGN = re.compile(r"\w+-\w+-[0-9.]+-[0-9]+bit")
"""pytest-benchmark's own name for a folder says what system and Python measured, and no machine."""
SHOWN, LONGEST = 5, 80
"""Machines that the notes name, and characters of a name."""


def whose(folder: Path, measured_as: str, *, in_history: bool) -> str:
    """The machine that a run in this folder counts for, which says of itself that it was measured as that one (empty: it says nothing).

    ``in_history`` says that the folder is one of a history's, by its place.
    """
    return _whose(folder if folder.name not in ("", "..") else folder.resolve(), measured_as, in_history)


@functools.lru_cache(maxsize=4096)
def _whose(folder: Path, measured_as: str, in_history: bool) -> str:
    if is_own(folder.name, measured_as) or _FOREIGN.fullmatch(folder.name):
        return measured_as
    lies_beside = measured_as and is_folder(folder.with_name(slug(measured_as)))
    return whole_characters(folder.name) if in_history or lies_beside else measured_as


def is_own(folder: str, machine: str) -> bool:
    """Whether a folder of that name is the machine's: as names are written in folders now, or were in earlier ones."""
    return bool(machine) and any(
        folder == called or (folder.startswith(called) and _EMULATED.fullmatch(folder[len(called) :]))
        for called in dict.fromkeys((slug(machine), readable(machine), machine))
    )


def notes(runs: Iterable[IndexedRun]) -> list[str]:
    """A sentence for each machine whose runs were measured under another name."""
    found = Counter((run.machine, run.measured_as) for run in runs if run.measured_as and run.is_renamed)
    said = [
        f"{counted(many, 'run')} of {plain(machine, LONGEST)} {'was' if many == 1 else 'were'} measured as {plain(measured_as, LONGEST)}: "
        "the folder says whose a run is"
        for (machine, measured_as), many in list(found.items())[:SHOWN]
    ]
    return [
        *said,
        *(
            [f"and {len(found) - SHOWN} more machines are called otherwise than their runs say"]
            if len(found) > SHOWN
            else []
        ),
    ]
