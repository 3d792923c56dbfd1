"""The environment's variables that begin with ``AUTOGAUGE_``: one of each option, and some beside them. One that is none is told."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from autogauge.errors import UserError
from autogauge.models.omz import zoo
from autogauge.options import OPTIONS
from autogauge.plain import few
from autogauge.project_file import Stands
from autogauge.rig import lock

PREFIX = "AUTOGAUGE_"
OF_PROCESSES = ("AUTOGAUGE_EMULATED_GPUS", "AUTOGAUGE_FLEET_EVENTS", "AUTOGAUGE_FLEET_RUN")
"""What this project tells its own processes; nobody else sets them."""
OF_TESTS = ("AUTOGAUGE_CASE", "AUTOGAUGE_LAB_REQUIRED", "AUTOGAUGE_SCREENSHOTS", "AUTOGAUGE_TEST_")
"""The same of this project's own tests; the last is how several begin."""


@dataclass(frozen=True)
class Variable:
    """An environment variable that has no option beside it."""

    name: str
    help: str


VARIABLES = (
    Variable(
        lock.VARIABLE,
        "The file of the measuring lock: who shares it measures one at a time (default: autogauge.lock in the first of "
        f"{', '.join(map(str, lock.PLACES))} that all may write to).",
    ),
    Variable(
        "AUTOGAUGE_ALERT_URLS",
        "Where `python -m autogauge alert` sends alerts: addresses with blanks between them, each SCHEME://… or NAME=SCHEME://… (default: "
        "nowhere). They hold secrets, and are never shown or kept.",
    ),
    Variable(
        zoo.MIRROR,
        "A folder of model configurations that takes the place of the Open Model Zoo's: a lab's own mirror (default: none).",
    ),
)


def of_variables(environment: Mapping[str, str]) -> dict[str, Stands]:
    """Which options have a variable; an empty one counts as none, as a job's that is not set.

    Raises :class:`UserError` for one that was probably meant to be ours, and is none.
    """
    known = {name.removeprefix(PREFIX): name for name in _known() - {*OF_PROCESSES, *OF_TESTS}}
    for name in strange_in(environment):
        if _OF_A_SERVICE.search(name):
            continue
        if close := difflib.get_close_matches(name.removeprefix(PREFIX), known, 1, CLOSE):
            raise UserError(
                f"there is no variable {name} (did you mean {known[close[0]]}?), and it would do nothing: unset it; "
                "python -m autogauge options lists them."
            )
    return {
        option.name: Stands(environment[option.variable], f"{option.variable} in the environment")
        for option in OPTIONS.values()
        if environment.get(option.variable)
    }


CLOSE = 0.7
"""How alike a name is, without the prefix, that was probably meant: one letter more or less in five, two that are swapped."""
_OF_A_SERVICE = re.compile(r"_(SERVICE|PORT)(_|$)")
"""What Kubernetes puts into every container of a namespace that has a service called ``autogauge``, or ``autogauge-…``."""


def strange_in(environment: Mapping[str, str]) -> list[str]:
    """The variables that begin like ours and are none."""
    begins, known = OF_TESTS[-1], _known()
    return [
        name for name in environment if name.startswith(PREFIX) and name not in known and not name.startswith(begins)
    ]


def notes_on(environment: Mapping[str, str]) -> list[str]:
    """What there is to say of those: others may have set them, for something else."""
    strange = [name for name in strange_in(environment) if not _OF_A_SERVICE.search(name)]
    return [f"{few(strange)} in the environment is no variable of this project, and does nothing"] if strange else []


def _known() -> set[str]:
    return {
        *(option.variable for option in OPTIONS.values()),
        *(each.name for each in VARIABLES),
        *OF_PROCESSES,
        *OF_TESTS,
    }
