"""What a saved run saw of the claims that assert documented rules: what ``contract.seen`` keeps of a release."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from autogauge import checkout
from autogauge.contract import seen
from autogauge.contract.seen import OfStudy, Outcome, Release
from autogauge.errors import UserError
from autogauge.files import ownerless, read_regular
from autogauge.history import recorded
from autogauge.history.recorded import Recorded
from autogauge.measuring import saving
from autogauge.measuring.claim import BEYOND
from autogauge.measuring.reading import Fields
from autogauge.measuring.result import Result
from autogauge.plain import plain

LONGEST = 300
"""Characters of an outcome's evidence: enough to know what was seen, and no page of it."""
FULLEST = 2**28
Asserted = Mapping[str, Sequence[str]]
"""By study the claims that assert rules; a claim may be a pattern (``auto-*``)."""
_NUMBERS = re.compile(r"\d{1,9}(\.\d{1,9}){1,9}", re.ASCII)
"""A release: it becomes the name of a file."""
WHOLE_PATH = re.compile(
    r"""(?<![\w.…~/\\-])(?:[A-Za-z]:(?=[/\\])|~)?(?:[/\\]+[^\s"'=:,;()|/\\]+)*[/\\]+(?=[^\s"'=:,;()|/\\])"""
)
"""The folders of a path that begins at a root, a drive or a home: they are some machine's. What OpenVINO says of its source does not."""


def of_run(run: Recorded, asserted: Asserted) -> Release:
    """The outcomes of that run, by study. Raises :class:`UserError` for a run that says nothing of any claim."""
    release = run.openvino.partition("-")[0]
    if not release:
        raise UserError(f"{run.path} does not say which release of OpenVINO it measured: nothing of it can be kept.")
    if not _NUMBERS.fullmatch(release):
        raise UserError(
            f"{run.path} says that it measured openvino {plain(release, 80)!r}, which is no release (numbers with dots, 2026.4.1): "
            "nothing of it can be kept; name another run."
        )
    if run.interrupted_by:
        raise UserError(
            f"{run.path} was interrupted by {run.interrupted_by}: what it did not come to would look as if it were not asked; "
            "keep a whole run."
        )
    found = {result.name: dict(_of_result(result, asserted.get(result.name, ()))) for result in run.results}
    for name, reason in run.absent.items():
        found.setdefault(name, {claim: _not_asked(reason) for claim in asserted.get(name, ())})
    studies = {
        name: OfStudy(run.started, run.accelerator, run.version, outcomes)
        for name, outcomes in found.items()
        if outcomes
    }
    if not studies:
        raise UserError(
            f"{run.path} asserted no rule of AUTO's contract: keep a run of "
            f"{checkout.measure('--accelerator=emulated', 'functional')}."
        )
    return Release(release, studies)


def _of_result(result: Result, asserted: Sequence[str]) -> Iterator[tuple[str, Outcome]]:
    for verdict in result.verdicts():
        if is_one_of(verdict.claim.name, asserted):
            begins = BEYOND if verdict.is_beyond_what_is_known else ""  # it must not be cut off
            yield verdict.claim.name, Outcome(str(verdict.outcome), _short(begins + verdict.evidence()))
    for claim, reason in result.not_promised.items():
        if is_one_of(claim, asserted):
            yield claim, _not_asked(reason)


def _not_asked(reason: str) -> Outcome:
    return Outcome(seen.NOT_ASKED, _short(reason))


def _short(text: str) -> str:
    """As it is kept: what is kept is handed on, and holds the last part alone of a path of the machine."""
    return plain(WHOLE_PATH.sub("…/", str(ownerless(text))), LONGEST)


def is_one_of(claim: str, asserted: Sequence[str]) -> bool:
    """Whether a claim is one of these, which may be patterns."""
    return any(fnmatchcase(claim, each) for each in asserted)


def recorded_in(path: Path) -> Recorded:
    """The run in that file: a run's file of a history, or the ``summary.json`` of a report. Raises :class:`UserError`.

    A run that recorded no benchmark is in no history: its report is all that there is of it.
    """
    summary = _summary(path)
    if summary is None:
        return recorded.of_file(path)
    try:
        told = Fields(summary, "")
        return Recorded(
            version=told.text("autogauge"),
            started=told.text("started", ""),
            interrupted_by=told.text("interrupted_by", ""),
            openvino=told.text("openvino", ""),
            accelerator=told.text("accelerator", ""),
            results=told.each("studies", lambda value, _: saving.from_json(value)),
            absent=told.of_texts("absent", {}),
            path=path,
        )
    except ValueError as error:
        raise UserError(f"{path} cannot be read: {plain(str(error), 400)}; name another run.") from None


def _summary(path: Path) -> dict[str, Any] | None:
    """What that file holds, where it is a report's summary."""
    try:
        document = json.loads(read_regular(path, FULLEST))
    except (OSError, ValueError, RecursionError):
        return None  # who reads runs says what is wrong with it
    return document if isinstance(document, dict) and "schema_version" in document and "studies" in document else None
