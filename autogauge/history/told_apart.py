"""Which runs are of one and the same model, how models of one name are told apart, and what else differs between two runs.

A name says little: every Paddle export is ``inference``, and a file can be replaced. What counts is the digest of its files.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from autogauge.history.circumstances import differences
from autogauge.history.indexed import IndexedRun
from autogauge.plain import plain

DIGITS = 8
Model = tuple[str, str]
"""A model's name with its precision, and its digest."""


def model_of(run: IndexedRun) -> Model:
    """What makes a run's model that model."""
    return run.model_and_precision, run.digest


class Models:
    """The models of some runs by their names: where a name stands for several, with the folder that each lay in, or its digest."""

    def __init__(self, runs: Iterable[IndexedRun]) -> None:
        self._runs: dict[str, dict[str, list[IndexedRun]]] = defaultdict(lambda: defaultdict(list))
        for run in runs:
            name, digest = model_of(run)
            self._runs[name][digest].append(run)
        self._called = {
            (name, digest): called
            for name, by_digest in self._runs.items()
            for digest, called in _called(name, by_digest).items()
        }

    def called(self, run: IndexedRun) -> str:
        """The run's model, told apart from all others here."""
        return self._called[model_of(run)]

    def notes(self) -> list[str]:
        """A sentence for each name that several models share."""
        found = []
        for name, by_digest in self._runs.items():
            if len(by_digest) > 1 and name:
                kinds = "; ".join(
                    f"{self._called[name, digest].removeprefix(name).strip()} in {_which(runs)}"
                    for digest, runs in list(by_digest.items())[:5]
                )
                more = "; …" if len(by_digest) > 5 else ""
                found.append(f"{plain(name)} names {len(by_digest)} different models, kept apart: {kinds}{more}")
        return found


def _called(name: str, by_digest: dict[str, list[IndexedRun]]) -> dict[str, str]:
    if len(by_digest) == 1:
        return dict.fromkeys(by_digest, name)
    folders = {digest: {run.folder for run in runs} for digest, runs in by_digest.items()}
    lone = [next(iter(each)) for each in folders.values() if len(each) == 1]
    if len(set(lone)) == len(by_digest) and all(lone):
        return {digest: f"{name} (in {next(iter(each))})" for digest, each in folders.items()}
    digits = DIGITS
    while digits < 128 and len({digest[:digits] for digest in by_digest}) < len(by_digest):
        digits += DIGITS
    return {digest: f"{name} ({f'sha256 {digest[:digits]}' if digest else 'no digest'})" for digest in by_digest}


def _which(runs: Sequence[IndexedRun]) -> str:
    numbers = sorted({run.number for run in runs})
    if len(numbers) == 1:
        return f"run {numbers[0]:04d}"
    return f"{len(runs)} runs, {numbers[0]:04d} to {numbers[-1]:04d}"


def differing(before: IndexedRun, after: IndexedRun) -> list[str]:
    """What differs between two runs beside the OpenVINO release: of the fingerprint, and of what is noted beside it; a clause each.

    Where the fingerprints differ and no file says in what, that is said.
    """
    found = [
        clause for part in ("fingerprint", "noted") for clause in differences(_part(before, part), _part(after, part))
    ]
    if not found and before.fingerprint != after.fingerprint:
        return ["the fingerprint changed (driver, inputs or the way of measuring)"]
    return found


def _part(run: IndexedRun, name: str) -> dict[str, object]:
    found = run.facts.get(name)
    return found if isinstance(found, dict) else {}
