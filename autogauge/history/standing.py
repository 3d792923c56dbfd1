"""Whether a saved run may be judged against: accepted, quarantined, or pending. Which of them form a baseline is left to ``baseline``.

A run's file is never changed once it is saved; its standing is a small file beside it (``0003_….standing``), written whole or
not at all. A run without one is accepted: it was saved before there was a gate, or the gate found nothing.

Each benchmark of a run stands for itself. The file's ``standing`` is the worst among them, which is what a reader takes for the whole run
that knows of no more; ``benchmarks`` names those that stand otherwise than the ``others``. A file without these two (schema 1) speaks
for all benchmarks of its run.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any

from autogauge.causes import step_for
from autogauge.errors import UserError
from autogauge.files import read_regular, whole_characters, write_json
from autogauge.history import pruned, store
from autogauge.plain import few

SUFFIX = ".standing"
SCHEMA = 2
"""Of the file; raised when an older reader would take it for something better than it says."""
LARGEST_BYTES = 2**20
MOST_REPLACED = 256
"""Earlier standings that a file names; more is more than anybody's change of mind."""
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
    by: str = "gate"
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
        return f"{self.standing} ({len(found)} {'benchmark' if len(found) == 1 else 'benchmarks'})"

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


def of_benchmark(run: Path, key: str) -> Standing:
    """The standing of one benchmark of a saved run, by the key that it has in every run.

    A benchmark can be quarantined or pending in a run whose others are accepted; a whole run's standing is that of all its benchmarks.
    Who asks for many of them reads the file once: ``read(run).of(key)``. Raises :class:`~autogauge.errors.UserError`.
    """
    return read(run).of(key)


def accept(run: Path, why: str, keys: Iterable[str] = (), new_level: Iterable[str] = ()) -> Record:
    """Judge later runs against that one, or against its benchmarks with these keys only; returns its standing until now.

    What failed or improved in it begins a new level with it, and so does what ``new_level`` names. Raises :class:`UserError`, also for
    some keys of a run whose standing nobody can read: the others' would be lost.
    """
    named = tuple(keys)
    with _changing(run):
        before = read(run) if named else read_or_default(run)  # what nobody can read is what this mends
        level = tuple(dict.fromkeys((*before.new_level, *new_level)))
        if named:
            benchmarks = {**before.benchmarks, **dict.fromkeys(named, Standing.ACCEPTED)}
            began = tuple(key for key in before.began if key not in named)
            _write(run, before.others, why, "user", level, began=began, benchmarks=benchmarks, about=(before, named))
        else:
            _write(run, Standing.ACCEPTED, why, "user", level)
    return before


def reject(run: Path, why: str, keys: Iterable[str] = ()) -> Record:
    """Judge no later run against that one, or not against its benchmarks with these keys; returns its standing until now.

    A level that began with it stays apart from the one before. Raises as :func:`accept`.
    """
    named = tuple(keys)
    with _changing(run):
        before = read(run) if named else read_or_default(run)
        begun = (key for key in before.new_level if before.of(key) is Standing.ACCEPTED and key in (named or (key,)))
        began = tuple(dict.fromkeys((*before.began, *begun)))
        if named:
            benchmarks = {**before.benchmarks, **dict.fromkeys(named, Standing.QUARANTINED)}
            level = before.new_level
            _write(run, before.others, why, "user", level, began=began, benchmarks=benchmarks, about=(before, named))
        else:
            _write(run, Standing.QUARANTINED, why, "user", before.new_level, began=began)
    return before


def confirm(run: Path, keys: Iterable[str], by: Path) -> None:
    """Accept a run's benchmarks that were waiting for a better run, after which each begins its level."""
    asked = tuple(keys)
    with _changing(run):
        before = read(run)
        named = tuple(
            key for key in asked if before.of(key) is Standing.PENDING
        )  # a person may have had a word meanwhile
        if not named:
            return
        benchmarks = {**before.benchmarks, **dict.fromkeys(named, Standing.ACCEPTED)}
        # A file that speaks of the whole run names what it waits for as its new level: with that, the others are accepted too.
        whole = before.others is Standing.PENDING and all(key in named for key in before.new_level)
        others = Standing.ACCEPTED if whole else before.others
        why = f"confirmed by {by.name}: {few(named)}" + (f"; {before.why}" if before.why and not whole else "")
        about = None if whole else (before, named)
        _write(run, others, why, "gate", before.new_level, began=before.began, benchmarks=benchmarks, about=about)


def mark(run: Path, continues: Continues, why: str) -> None:
    """Say that a run goes on from another fingerprint; its standing stays."""
    with _changing(run):
        before = read(run)
        said = "; ".join(filter(None, (why, before.why)))
        _save(run, replace(before, continues=continues, why=said, when=_now(), whole=before.word))


@contextlib.contextmanager
def _changing(run: Path) -> Iterator[None]:
    """Hold the standings of a run's folder. Raises :class:`UserError`, also for a run that was pruned by now."""
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(store.changing(run.parent))
        except OSError as error:
            raise _not_written(run, error) from error
        if not run.exists() and run.name in pruned.listed(run.parent):
            raise UserError(f"{run} is gone: it was pruned meanwhile, so that nothing is judged against it any more.")
        yield


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
        return of_content(read_regular(path, LARGEST_BYTES))
    except FileNotFoundError:
        if not path.is_symlink():  # a link to what is gone may have said anything
            return Record()
    except (OSError, ValueError):
        pass
    raise UserError(
        f"{path} does not say whether its run is accepted: remove it, or set it anew "
        f"(python -m autogauge accept {run}, or reject)."
    )


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


def write(
    run: Path,
    others: Standing,
    why: str,
    by: str,
    new_level: tuple[str, ...] = (),
    now: str | None = None,
    *,
    began: tuple[str, ...] = (),
    benchmarks: Mapping[str, Standing] | None = None,
) -> Record:
    """Set the standing of a saved run, or of one about to be saved under that name; the ``others`` are those not in ``benchmarks``.

    Raises :class:`~autogauge.errors.UserError`.
    """
    with _changing(run):
        return _write(run, others, why, by, new_level, now, began=began, benchmarks=benchmarks)


def _write(
    run: Path,
    others: Standing,
    why: str,
    by: str,
    new_level: tuple[str, ...] = (),
    now: str | None = None,
    *,
    began: tuple[str, ...] = (),
    benchmarks: Mapping[str, Standing] | None = None,
    about: tuple[Record, tuple[str, ...]] | None = None,
) -> Record:
    """:func:`write`, by who holds the folder's standings; ``about`` some keys only, and what was said before."""
    otherwise = {key: each for key, each in (benchmarks or {}).items() if each is not others}
    continues = read_or_default(run).continues  # whatever becomes of a run, whose history it goes on from stays
    now = now or _now()
    words, whole = ({**about[0].words, **dict.fromkeys(about[1], (by, now))}, about[0].word) if about else ({}, None)
    return _save(run, Record(others, why, by, now, new_level, began, otherwise, continues, words=words, whole=whole))


def _save(run: Path, record: Record) -> Record:
    try:
        before = read_regular(path_of(run), LARGEST_BYTES)
        earlier = (*replaced_by(before), digest_of(before))[-MOST_REPLACED:]
    except OSError:
        earlier = ()
    record = replace(record, replaces=earlier)
    try:
        write_json(path_of(run), record.to_json())
    except OSError as error:
        raise _not_written(run, error) from error
    return record


def _not_written(run: Path, error: OSError) -> UserError:
    step = step_for(error) or "let this user write to its folder, and see to it that there is room"
    return UserError(f"cannot write the standing of {run}: {error.strerror}; {step}.")


def _now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
