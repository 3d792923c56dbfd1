"""What the file of a standing says: whether a run, and each of its benchmarks, may be judged against. Changing it is left to ``standing``.

Each benchmark of a run stands for itself. The file's ``standing`` is the worst among them, which is what a reader takes for the whole run
that knows of no more; ``benchmarks`` names those that stand otherwise than the ``others``. A file without these two (schema 1) speaks
for all benchmarks of its run.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from autogauge.files import whole_characters
from autogauge.plain import counted

SCHEMA = 2
"""Of the file; raised when an older reader would take it for something better than it says."""
MOST_REPLACED = 256
"""Earlier standings that a file names; more is more than anybody's change of mind."""
BY_THE_GATE, BY_A_PERSON = "gate", "user"
"""Who says a word."""
LONGEST_NAME = 255
"""Bytes of a folder's name, in the file systems that there are."""


class Standing(str, Enum):
    """What a run, or a benchmark of it, may be used for."""

    ACCEPTED = "accepted"
    """Part of the baseline."""
    QUARANTINED = "quarantined"
    """Never judged against: the gate failed it, or somebody rejected it."""
    PENDING = "pending"
    """Better than the baseline, and not yet confirmed by another run."""

    def __str__(self) -> str:
        return self.value


WORST_FIRST = (Standing.QUARANTINED, Standing.PENDING, Standing.ACCEPTED)


def worst(standings: Iterable[Standing]) -> Standing:
    """The worst of them; accepted where there is none."""
    return min(standings, key=WORST_FIRST.index, default=Standing.ACCEPTED)


@dataclass(frozen=True)
class Continues:
    """That runs of the fingerprint ``newer`` go on where those of ``older`` ended: the same machine, by a person's word.

    ``folder`` is the name of the machine's folder beside this one in which the older runs lie; empty for this one.
    """

    newer: str
    older: str
    folder: str = ""

    def to_json(self) -> dict[str, str]:
        """The fields as a dictionary."""
        return {"newer": self.newer, "older": self.older, "folder": self.folder}

    @classmethod
    def of(cls, fields: Any) -> Continues | None:
        """From a file; digests are digits and a folder is a name, never a path. Raises ``ValueError`` for anything else."""
        if fields is None:
            return None
        newer, older, folder = (fields[name] for name in ("newer", "older", "folder"))
        digests = all(isinstance(each, str) and re.fullmatch(r"[0-9a-f]{1,64}", each) for each in (newer, older))
        if not digests or not isinstance(folder, str) or (folder and Path(folder).name != folder) or folder == "..":
            raise ValueError(fields)
        if len(os.fsencode(folder)) > LONGEST_NAME or "\0" in folder:
            raise ValueError("no folder has such a name")
        return cls(newer, older, folder)


Word = tuple[str, str]
"""By whom something was said, and when."""


@dataclass(frozen=True)
class Record:
    """A run's standing, why, since when (UTC, ISO 8601), and by whom: ``gate`` or ``user``.

    ``others`` is the standing of the benchmarks that ``benchmarks`` does not name. ``new_level`` names the benchmarks whose baseline begins
    with this run, once they are accepted: what was before it is another level. ``began`` names those whose level had begun with it before
    it was rejected: later accepted runs are at that level, without it. ``continues`` says that it goes on from another fingerprint.
    ``words`` says by whom and when the standing of single benchmarks was set, ``whole`` that of the others if not ``by``, ``when``.
    ``replaces`` are the digests of the files that it came after, the oldest first: with them two places that share a history know which of
    two standings is the later one, whatever their clocks say.
    """

    others: Standing = Standing.ACCEPTED
    why: str = ""
    by: str = BY_THE_GATE
    when: str = ""
    new_level: tuple[str, ...] = ()
    began: tuple[str, ...] = ()
    benchmarks: Mapping[str, Standing] = field(default_factory=dict)
    continues: Continues | None = None
    replaces: tuple[str, ...] = ()
    words: Mapping[str, Word] = field(default_factory=dict)
    whole: Word | None = None

    def word_about(self, key: str) -> Word:
        """By whom and when the standing of the benchmark with that key was set."""
        return self.words.get(key, self.word)

    def why_about(self, key: str) -> str:
        """Why, where that was said of the benchmark with that key; empty where the last reason was said of others."""
        return self.why if self.word_about(key) == (self.by, self.when) else ""

    def by_a_person(self, key: str) -> Standing | None:
        """The standing of the benchmark with that key where a person set it; ``None`` where the gate did, whoever spoke last of others."""
        return self.of(key) if self.word_about(key)[0] == BY_A_PERSON else None

    @property
    def has_a_persons_word(self) -> bool:
        """Whether a person set the standing of any benchmark, or spoke last."""
        return BY_A_PERSON in {self.by, self.word[0], *(by for by, _ in self.words.values())}

    @property
    def word(self) -> Word:
        """By whom and when that of the run as a whole was set."""
        return self.whole or (self.by, self.when)

    @property
    def standing(self) -> Standing:
        """That of the run as a whole: the worst of its benchmarks'."""
        return worst((self.others, *self.benchmarks.values()))

    def of(self, key: str) -> Standing:
        """That of the benchmark with that key."""
        return self.benchmarks.get(key, self.others)

    @property
    def in_words(self) -> str:
        """The standing, and of how many benchmarks where that is not all: ``quarantined (2 benchmarks)``."""
        found = [each for each in self.benchmarks.values() if each is self.standing]
        if self.others is self.standing or not found:
            return str(self.standing)
        return f"{self.standing} ({counted(len(found), 'benchmark')})"

    def to_json(self) -> dict[str, Any]:
        """The fields as a dictionary."""
        return {
            "schema": SCHEMA,
            "standing": str(self.standing),
            "why": self.why,
            "by": self.by,
            "when": self.when,
            "new_level": list(self.new_level),
            "began": list(self.began),
            "others": str(self.others),
            "benchmarks": {key: str(each) for key, each in self.benchmarks.items()},
            **({"continues": self.continues.to_json()} if self.continues else {}),
            **({"replaces": list(self.replaces)} if self.replaces else {}),
            **({"words": {key: list(each) for key, each in self.words.items()}} if self.words else {}),
            **({"whole": list(self.whole)} if self.whole else {}),
        }


def of_content(content: bytes) -> Record:
    """The record in a file's bytes. Raises ``ValueError`` for what is none."""
    try:
        return _record(json.loads(content))
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(str(error)) from None


def digest_of(content: bytes) -> str:
    """What a later standing calls the file with these bytes by."""
    return hashlib.sha256(content).hexdigest()[:16]


def _replaced(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """The digests in a file; what is none is left out: nothing of a run's standing rests on them."""
    found = fields.get("replaces")
    digests = found if isinstance(found, list) else []
    return tuple(each for each in digests if isinstance(each, str) and re.fullmatch("[0-9a-f]{16}", each))[
        -MOST_REPLACED:
    ]


def replaced_by(content: bytes) -> tuple[str, ...]:
    """The digests of the files that the one with these bytes came after, as far as it tells; those of a newer autogauge, too."""
    try:
        fields = json.loads(content)
        return _replaced(fields) if isinstance(fields, dict) else ()
    except (ValueError, RecursionError):
        return ()


def _word(found: Any) -> Word:
    by, when = found
    return whole_characters(str(by)), whole_characters(str(when))


def _record(fields: dict[str, Any]) -> Record:
    """A file's record. Raises ``ValueError`` and its like for what is none, or says two things."""
    schema = fields.get("schema", 1)
    if isinstance(schema, bool) or not isinstance(schema, int) or not 1 <= schema <= SCHEMA:
        raise ValueError(schema)
    whole = Standing(fields["standing"])
    record = Record(
        Standing(fields.get("others", whole)),
        whole_characters(str(fields.get("why", ""))),
        whole_characters(str(fields.get("by", ""))),
        whole_characters(str(fields.get("when", ""))),
        tuple(whole_characters(str(each)) for each in fields.get("new_level", ())),
        tuple(whole_characters(str(each)) for each in fields.get("began", ())),
        {whole_characters(str(key)): Standing(each) for key, each in fields.get("benchmarks", {}).items()},
        Continues.of(fields.get("continues")),
        _replaced(fields),
        {whole_characters(str(key)): _word(each) for key, each in fields.get("words", {}).items()},
        _word(fields["whole"]) if "whole" in fields else None,
    )
    if record.standing is not whole:
        raise ValueError(whole)
    return record
