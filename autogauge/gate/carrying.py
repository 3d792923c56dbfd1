"""Carries a baseline over to a fingerprint that goes on from another: marks it, and judges anew what was judged against nothing.

What may be carried over is said by ``history.continuation``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from autogauge.errors import UserError
from autogauge.files import is_folder
from autogauge.gate import saved
from autogauge.history import baseline, circumstances, continuation, records, standing, store
from autogauge.history.continuation import Offer
from autogauge.history.records import SavedRun
from autogauge.history.standing_file import Standing


def carry_over(run: SavedRun, place: Path | None, why: str, smallest_change: float) -> Iterator[str]:
    """Let that run's fingerprint go on from an older one's runs: those in the folder ``place``, or what is found. Yields what was done.

    The runs of its fingerprint that count, and that nobody accepted by hand, are judged against the older ones, in their order: what is
    slower in them is quarantined, as it would have been. Raises :class:`UserError` where nothing can be carried over.
    """
    offered = _offer(run, place)
    continuation.carry_over(run, offered, why)
    yield f"{run.path}: goes on where run {offered.run.path} ended: {', '.join(offered.differences)}"
    folder = run.path.parent
    for path in store.runs(folder):
        with contextlib.suppress(UserError):
            each, record = records.read(path), standing.read(path)
            counts_by_itself = record.standing is Standing.ACCEPTED and not record.has_a_persons_word
            if each.fingerprint != run.fingerprint or not counts_by_itself:
                continue
            history = baseline.find(folder, each.fingerprint, before=path, judged=each, facts=each.fingerprint_facts)
            gate = saved.judge(each, history, smallest_change)
            decision = gate.decide()
            decision.write(path)
            decision.confirm(path)
            words = [judgement.word for judgement in gate.judgements]
            counts = ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))
            yield f"run {store.number_of(path):04d}, judged against it: {counts}; {standing.read(path).in_words}"


def _offer(run: SavedRun, place: Path | None) -> Offer:
    folder = run.path.parent
    if not run.fingerprint or not run.fingerprint_facts or not store.is_run(run.path.name):
        raise UserError(f"{run.path} is no run of a history with a fingerprint: name one (--as-continuation).")
    if place is not None and (not is_folder(place) or place.resolve().parent != folder.resolve().parent):
        raise UserError(f"{place} is no folder of a machine beside {folder}: move it there, or name another (--of).")
    source = folder if place is None else place
    others = [path for path in store.runs(source)[::-1] if path != run.path]
    found = continuation.offer(source, others, run.fingerprint, run.fingerprint_facts, elsewhere=place is None)
    if found is not None:
        return found
    raise UserError(
        f"there is no accepted run that {run.path} could go on from{_why_not(run, others)}: "
        "name the folder of its older runs (--of), or let a new level begin (--new-level)."
    )


def _why_not(run: SavedRun, others: list[Path]) -> str:
    """What the newest run of another fingerprint differs in, where that is why."""
    for path in others[: continuation.MOST_OPENED]:
        with contextlib.suppress(UserError):
            other = records.read(path)
            if other.fingerprint != run.fingerprint:
                why = continuation.hindrances(other.fingerprint_facts, run.fingerprint_facts)
                why = why or circumstances.between(other, run)
                return f" (since {path.name}, {', '.join(why)})" if why else ""
    return ""
