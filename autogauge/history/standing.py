"""Whether a saved run may be judged against: accepted, quarantined, or pending. Which of them form a baseline is left to ``baseline``.

A run's file is never changed once it is saved; its standing is a small file beside it (``0003_….standing``), written whole or
not at all. A run without one is accepted: it was saved before there was a gate, or the gate found nothing.
"""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from autogauge.errors import UserError, explain_os_error
from autogauge.files import write_json

SUFFIX = ".standing"


class Standing(str, Enum):
    """What a run may be used for."""

    ACCEPTED = "accepted"
    """Part of the baseline."""
    QUARANTINED = "quarantined"
    """Never judged against: the gate failed it, or somebody rejected it."""
    PENDING = "pending"
    """Better than the baseline, and not yet confirmed by another run."""

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Record:
    """A run's standing, why, since when (UTC, ISO 8601), and by whom: ``gate`` or ``user``.

    ``new_level`` names the benchmarks whose baseline begins with this run, once it is accepted: what was before it is another level.
    ``began`` names those whose level had begun with it before it was rejected: later accepted runs are at that level, without it.
    """

    standing: Standing = Standing.ACCEPTED
    why: str = ""
    by: str = "gate"
    when: str = ""
    new_level: tuple[str, ...] = ()
    began: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The fields as a dictionary."""
        return {
            "standing": str(self.standing),
            "why": self.why,
            "by": self.by,
            "when": self.when,
            "new_level": list(self.new_level),
            "began": list(self.began),
        }


def reject(run: Path, why: str) -> Record:
    """Judge no later run against that one; returns its standing until now. A level that began with it stays apart from the one before."""
    before = read_or_default(run)
    began = before.new_level if before.standing is Standing.ACCEPTED else before.began
    write(run, Standing.QUARANTINED, why, "user", before.new_level, began=began)
    return before


def read_or_default(run: Path) -> Record:
    """The standing of a saved run; that of a new one where nobody can read it."""
    try:
        return read(run)
    except UserError:
        return Record()


def path_of(run: Path) -> Path:
    """Where the standing of that saved run is kept."""
    return run.with_suffix(SUFFIX)


def read(run: Path) -> Record:
    """The standing of a saved run. Raises :class:`~autogauge.errors.UserError` for a file that cannot be read as one."""
    path = path_of(run)
    try:
        fields = json.loads(path.read_bytes())
        return Record(
            Standing(fields["standing"]),
            str(fields.get("why", "")),
            str(fields.get("by", "")),
            str(fields.get("when", "")),
            tuple(str(each) for each in fields.get("new_level", ())),
            tuple(str(each) for each in fields.get("began", ())),
        )
    except FileNotFoundError:
        return Record()
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UserError(
            f"{path} does not say whether its run is accepted: remove it, or set it anew "
            f"(python -m autogauge accept {run}, or reject)."
        ) from None


def write(
    run: Path,
    standing: Standing,
    why: str,
    by: str,
    new_level: tuple[str, ...] = (),
    now: str | None = None,
    *,
    began: tuple[str, ...] = (),
) -> Record:
    """Set the standing of a saved run, or of one about to be saved under that name. Raises :class:`~autogauge.errors.UserError`."""
    when = now or datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    record = Record(standing, why, by, when, new_level, began)
    try:
        write_json(path_of(run), record.to_json())
    except OSError as error:
        raise explain_os_error(error, f"cannot write the standing of {run}", "another folder") from error
    return record
