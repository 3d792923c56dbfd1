"""Judges a saved run against others, with no measuring: nothing can be measured again, so a suspicion stays one measurement's word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from autogauge.errors import UserError
from autogauge.gate import past
from autogauge.gate.judgement import Judgement
from autogauge.gate.past import Figure
from autogauge.gate.session import Gate, past_of
from autogauge.history import baseline, records, store
from autogauge.history.baseline import History
from autogauge.history.records import SavedRun


def find_run(place: Path) -> Path:
    """The saved run at that path: the file, or the newest run of a machine's folder. Raises :class:`UserError`."""
    if not place.is_dir():
        return place
    saved = store.runs(place)
    if not saved:
        raise UserError(
            f"there is no saved run in {place}: name a machine's folder under reports/history, or a file in it."
        )
    return saved[-1]


def history_for(run: SavedRun, against: Sequence[Path]) -> History:
    """What that run is judged against: the accepted runs before it in its folder, or those named. Raises :class:`UserError`.

    Of a folder named, the accepted runs with the same fingerprint are taken; a file named is taken whatever its standing.
    """

    def found_in(folder: Path, before: Path | None) -> History:
        facts, noted = run.fingerprint_facts, run.noted
        return baseline.find(folder, run.fingerprint, before=before, judged=run, facts=facts, noted=noted)

    if not against:
        return found_in(run.path.parent, run.path)
    if len(against) == 1 and against[0].is_dir():
        same_folder = against[0].resolve() == run.path.parent.resolve()
        return found_in(against[0], run.path if same_folder else None)
    for place in against:
        if place.is_dir():
            raise UserError(f"{place} is a folder: name one folder, or files only (--against).")
    found = baseline.of_files(against, run)
    if not found.runs:
        raise UserError(
            f"{against[0]} is the run that is judged, {run.path}: name another to judge it against (--against)."
        )
    for other in found.runs:
        if other.fingerprint != run.fingerprint:
            raise UserError(
                f"{other.path} measured something else than {run.path.name} (another machine, device, driver, model or inputs): "
                "name runs with the same fingerprint (--against)."
            )
    return found


def judge(run: SavedRun, history: History, smallest_change: float, *, fail_creep: bool = False) -> Gate:
    """Judge every benchmark of the run; the gate returned holds the judgements."""
    gate = Gate("saved", smallest_change, len(run.benchmarks), lambda: history, fail_creep=fail_creep)
    for key, saved in run.benchmarks.items():
        figure, before = Figure.of(saved), past_of(history, key)
        judgement = past.judge(key, figure, before, gate.rule)
        judgement = replace(judgement, own=f"{figure.samples} samples" if figure.samples > 1 else "1 sample")
        crept = gate.remark(key, figure, before)
        gate.judgements.append(_as_it_stands(gate.crept(judgement, crept) if crept else judgement))
    return gate


def _as_it_stands(judgement: Judgement) -> Judgement:
    return judgement.noted("one measurement, not repeated") if judgement.word in ("FAIL", "IMPROVED") else judgement


def read(place: Path) -> SavedRun:
    """The saved run at that path or in that folder. Raises :class:`UserError`."""
    return records.read(find_run(place))
