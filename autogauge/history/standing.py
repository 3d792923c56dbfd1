"""Whether a saved run may be judged against: accepted, quarantined, or pending. Which of them form a baseline is left to ``baseline``.

A run's file is never changed once it is saved; its standing is a small file beside it (``0003_….standing``), written whole or
not at all. A run without one is accepted: it was saved before there was a gate, or the gate found nothing. What is in that file is
``standing_file``'s matter.
"""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from autogauge.causes import step_for
from autogauge.errors import UserError
from autogauge.files import read_regular, write_json
from autogauge.history import pruned, store
from autogauge.history.standing_file import (
    BY_A_PERSON,
    BY_THE_GATE,
    MOST_REPLACED,
    Continues,
    Record,
    Standing,
    digest_of,
    of_content,
    replaced_by,
)
from autogauge.plain import few

SUFFIX = ".standing"
LARGEST_BYTES = 2**20


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
        said = Record(Standing.ACCEPTED, why, BY_A_PERSON, _now(), level)
        began = tuple(key for key in before.began if key not in named)
        _save(run, said if not named else _of_some(before, named, Standing.ACCEPTED, replace(said, began=began)))
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
        said = Record(Standing.QUARANTINED, why, BY_A_PERSON, _now(), before.new_level, began)
        _save(run, _of_some(before, named, Standing.QUARANTINED, said) if named else said)
    return before


def confirm(run: Path, keys: Iterable[str], by: Path) -> None:
    """Accept a run's benchmarks that were waiting for a better run, after which each begins its level."""
    asked = tuple(keys)
    with _changing(run):
        before = read(run)
        # A person may have had a word meanwhile.
        named = tuple(key for key in asked if before.of(key) is Standing.PENDING)
        if not named:
            return
        # A file that speaks of the whole run names what it waits for as its new level: with that, the others are accepted too.
        whole = before.others is Standing.PENDING and all(key in named for key in before.new_level)
        why = f"confirmed by {by.name}: {few(named)}" + (f"; {before.why}" if before.why and not whole else "")
        said = Record(Standing.ACCEPTED, why, BY_THE_GATE, _now(), before.new_level, before.began)
        if whole:
            others = {key: each for key, each in before.benchmarks.items() if key not in named}
            _save(run, replace(said, benchmarks=others, words={key: before.word_about(key) for key in others}))
        else:
            _save(run, _of_some(before, named, Standing.ACCEPTED, said))


def mark(run: Path, continues: Continues, why: str) -> None:
    """Say that a run goes on from another fingerprint; its standing stays."""
    with _changing(run):
        before = read(run)
        said = "; ".join(filter(None, (why, before.why)))
        _save(run, replace(before, continues=continues, why=said, when=_now(), whole=before.word))


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
        return _save(run, Record(others, why, by, now or _now(), new_level, began, benchmarks or {}))


def _of_some(before: Record, keys: tuple[str, ...], stands: Standing, said: Record) -> Record:
    """What was ``said`` about some keys only: the others stand as they did, by the word that was said about them."""
    return replace(
        said,
        others=before.others,
        benchmarks={**before.benchmarks, **dict.fromkeys(keys, stands)},
        words={**before.words, **dict.fromkeys(keys, said.word)},
        whole=before.word,
    )


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


def _save(run: Path, record: Record) -> Record:
    """Write it, by who holds the folder's standings. Whatever becomes of a run, whose history it goes on from stays."""
    try:
        before = read_regular(path_of(run), LARGEST_BYTES)
        earlier = (*replaced_by(before), digest_of(before))[-MOST_REPLACED:]
    except OSError:
        earlier = ()
    record = replace(
        record,
        benchmarks={key: each for key, each in record.benchmarks.items() if each is not record.others},
        continues=record.continues or read_or_default(run).continues,
        replaces=earlier,
    )
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
