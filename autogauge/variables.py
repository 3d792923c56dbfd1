"""The environment's variables that begin with ``AUTOGAUGE_``: one of each option, and some beside them. One that is none does nothing."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from autogauge.errors import UserError
from autogauge.models.omz import zoo
from autogauge.options import OPTIONS
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
    """Which options have a variable; an empty one counts as none, as a job's that is not set. Raises :class:`UserError` for others."""
    known = {
        *(option.variable for option in OPTIONS.values()),
        *(each.name for each in VARIABLES),
        *OF_PROCESSES,
        *OF_TESTS,
    }
    for name in environment:
        if name.startswith(PREFIX) and name not in known and not name.startswith(OF_TESTS[-1]):
            close = difflib.get_close_matches(name, known - {*OF_PROCESSES, *OF_TESTS}, 1)
            hint = f" (did you mean {close[0]}?)" if close else ""
            raise UserError(
                f"there is no variable {name}{hint}, and it would do nothing: unset it; python -m autogauge options lists them."
            )
    return {
        option.name: Stands(environment[option.variable], f"{option.variable} in the environment")
        for option in OPTIONS.values()
        if environment.get(option.variable)
    }
