"""What releases were seen to do: the outcome of each claim that asserts a rule, kept in ``seen/<release>.json``, one file a release.

``python -m autogauge contract --keep RUN`` takes them from a saved run. A file holds them by study, each with the run that it was seen in:
a later run replaces the studies that it has, and leaves the others. Which claims there are now is left to ``report.contract_page``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import filelock

from autogauge.contract.differences import numbers
from autogauge.errors import UserError, explain_os_error
from autogauge.files import NotRegular, read_regular, write_json

FOLDER = Path(__file__).with_name("seen")
SCHEMA, FULLEST = 1, 2**24
HOLDS, BROKEN, OPEN, NOT_ASKED = "PASS", "FAIL", "INCONCLUSIVE", "NOT ASKED"
"""What became of a claim: its verdict, or that it was not asked there."""
OUTCOMES = (HOLDS, BROKEN, OPEN, NOT_ASKED)
LOCK, LOCK_DEADLINE_S = ".lock", 60.0
ANEW = (
    "put back what it was (git restore), or remove it and keep its runs anew (python -m autogauge contract --keep RUN)"
)


@dataclass(frozen=True)
class Outcome:
    """What became of one claim; ``said`` is its evidence in short, or why it was not asked."""

    became: str
    said: str = ""

    @property
    def is_unsupported(self) -> bool:
        """Whether the release itself said that it does not know what is promised."""
        return self.became == NOT_ASKED and "(asked: " in self.said


@dataclass(frozen=True)
class OfStudy:
    """The outcomes of one study, by claim, and the run in which they were seen: when it began, with what accelerator, by which version."""

    started: str
    accelerator: str
    autogauge: str
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)


@dataclass(frozen=True)
class Release:
    """What was seen of one release of OpenVINO, by study."""

    openvino: str
    studies: Mapping[str, OfStudy] = field(default_factory=dict)

    def outcome(self, study: str, claim: str) -> Outcome | None:
        """What became of that claim; ``None`` where nothing is kept of it."""
        found = self.studies.get(study)
        return found.outcomes.get(claim) if found else None


def of(folder: Path = FOLDER) -> list[Release]:
    """All that is kept in that folder, the oldest release first. Raises :class:`UserError` for a folder or file that cannot be read."""
    if not folder.is_dir():
        raise UserError(
            f"there is no folder {folder}: name one that has kept outcomes (--seen=DIR), or fill it (--keep RUN)."
        )
    try:
        paths = sorted(folder.glob("*.json"), key=lambda path: numbers(path.stem))
    except OSError as error:
        raise explain_os_error(error, f"cannot read what is kept in {folder}", "--seen=DIR") from error
    return [read(path) for path in paths]


def read(path: Path) -> Release:
    """The kept outcomes in that file. Raises :class:`UserError`, one sentence, where there are none to be read."""
    try:
        found = _parsed(json.loads(read_regular(path, FULLEST)))
    except NotRegular as error:
        raise UserError(f"{path} cannot be read: {error.strerror}; {ANEW}.") from None
    except OSError as error:
        raise explain_os_error(error, f"cannot read {path}", "--seen=DIR") from error
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        why = str(error) if type(error) is ValueError else "it has not the shape of kept outcomes"
        raise UserError(f"{path} cannot be read: {why}; {ANEW}.") from None
    if found.openvino != path.stem:
        raise UserError(f"{path} is of openvino {found.openvino}, and not of {path.stem}; {ANEW}.")
    return found


def keep(release: Release, folder: Path = FOLDER) -> Path:
    """Keep these outcomes in the place of earlier ones of their studies, one process at a time; returns the file. Raises ``UserError``."""
    path = folder / f"{release.openvino}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder / LOCK, timeout=LOCK_DEADLINE_S):
            earlier = read(path).studies if path.exists() else {}
            write_json(path, to_json(replace(release, studies={**earlier, **release.studies})))
    except filelock.Timeout:
        raise UserError(
            f"another process has been keeping outcomes in {folder} for over {LOCK_DEADLINE_S:g} s: wait for it or end it."
        ) from None
    except OSError as error:
        raise explain_os_error(error, f"cannot keep the outcomes in {path}", "--seen=DIR") from error
    return path


def to_json(release: Release) -> dict[str, Any]:
    """For its file: studies and claims in the order of their names, so that two runs of one release differ in what differs."""
    return {
        "schema": SCHEMA,
        "openvino": release.openvino,
        "studies": {
            name: {
                "started": study.started,
                "accelerator": study.accelerator,
                "autogauge": study.autogauge,
                "claims": {
                    claim: {"became": each.became, "said": each.said} for claim, each in sorted(study.outcomes.items())
                },
            }
            for name, study in sorted(release.studies.items())
        },
    }


def _parsed(document: Any) -> Release:
    if document["schema"] != SCHEMA:
        raise ValueError(f"it is of the schema {document['schema']}, and this autogauge reads {SCHEMA}")
    studies = {
        _text(name): OfStudy(
            _text(study["started"]),
            _text(study["accelerator"]),
            _text(study["autogauge"]),
            {_text(claim): _outcome(claim, each) for claim, each in study["claims"].items()},
        )
        for name, study in document["studies"].items()
    }
    return Release(_text(document["openvino"]), studies)


def _outcome(claim: str, fields: Mapping[str, Any]) -> Outcome:
    if fields["became"] not in OUTCOMES:
        raise ValueError(f"{claim} became {fields['became']!r}, which is none of {', '.join(OUTCOMES)}")
    return Outcome(fields["became"], _text(fields["said"]))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
