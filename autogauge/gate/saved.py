"""Judges a saved run against others, with no measuring: of what was not measured again then, a suspicion stays one measurement's word."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from autogauge.errors import UserError
from autogauge.files import is_absent, is_folder, slug
from autogauge.gate import measured_again, past
from autogauge.gate.gate import Gate, past_of
from autogauge.gate.judgement import Judgement
from autogauge.gate.past import Figure
from autogauge.history import baseline, continuation, records, store
from autogauge.history.baseline import History
from autogauge.history.numbered import is_number, machine_folder, machines_of, run_named
from autogauge.history.records import SavedRun
from autogauge.measuring.quantity import quantity_of

HISTORY = Path("reports/history")
"""Where runs are looked for by their number."""


def find_run(place: Path, root: Path = HISTORY) -> Path:
    """The saved run at that path: the file, or the newest run of a machine's folder; or that of a machine's name, or with that number.

    ``root`` is the history whose machines and numbers (``lab-01/13``) are meant. Raises :class:`UserError`.
    """
    if is_number(str(place)):
        return run_named(str(place), root)
    if not is_folder(place):
        if not is_absent(place):
            return place
        called = machine_folder(str(place), root)
        if called is None:
            raise UserError(
                f"there is no saved run at {place}: name its file, its number (lab-01/13), or a machine of {root.absolute()}: "
                f"{machines_of(root)}."
            )
        return store.runs(called)[-1]
    saved = store.runs(place)
    if not saved:
        raise UserError(
            f"there is no saved run in {place}: name a machine's folder under reports/history, or a file in it."
        )
    return saved[-1]


def named_against(places: Sequence[Path], run: SavedRun, root: Path = HISTORY) -> list[Path]:
    """What a run is to be judged against, with numbers resolved: of the run's own folder, else of the history ``root``.

    Raises :class:`UserError`.
    """
    return [_named(place, run, root) for place in places]


def baseline_named(text: str, run: SavedRun, root: Path = HISTORY) -> Path:
    """The folder that ``--baseline`` means for that run: another machine's beside the run's own, else in ``root``; or a folder.

    As when it was measured, a run with an emulated GPU has a folder apart. Raises :class:`UserError` where no run is saved there.
    """
    place = Path(text)
    if place.name == text and not is_folder(place):
        own = run.path.parent
        emulated = own.name.removeprefix(run.machine) if own.name.startswith(f"{run.machine}-emulated") else ""
        beside, place = (folder / (slug(text) + emulated) for folder in (own.parent, root))
        place = beside if is_folder(beside) else place
    if not is_folder(place) or not store.runs(place):
        raise UserError(
            f"there is no saved run in {place} to judge against: name a machine's folder, or runs (--against), or leave --baseline out."
        )
    return place


def _named(place: Path, run: SavedRun, root: Path) -> Path:
    if is_number(str(place)):
        return _numbered(str(place), run, root)
    return place if not is_absent(place) else machine_folder(str(place), root) or place


def _numbered(text: str, run: SavedRun, root: Path) -> Path:
    with contextlib.suppress(UserError):
        return run_named(text, run.path.parent)
    return run_named(text, root)


def history_for(run: SavedRun, against: Sequence[Path]) -> History:
    """What that run is judged against: the accepted runs before it in its folder, or those named. Raises :class:`UserError`.

    Of a folder named, the accepted runs with the same fingerprint are taken; a file named is taken whatever its standing. What the machine
    is called does not matter where another one's history is named.
    """
    facts, noted = run.fingerprint_facts, run.noted
    if not against or (len(against) == 1 and against[0].resolve() == run.path.parent.resolve()):
        place = against[0] if against else run.path.parent
        return baseline.find(place, run.fingerprint, before=run.path, judged=run, facts=facts, noted=noted)
    if len(against) == 1 and is_folder(against[0]):
        if not store.runs(against[0]):  # a history of several machines, say: nothing in it would judge anything
            raise UserError(f"there is no saved run in {against[0]} itself: name a machine's folder (--against).")
        digest = run.fingerprint
        if facts:
            there = continuation.as_machine_of(against[0], facts)
            digest, facts = there.digest, there.facts
        return baseline.find(against[0], digest, judged=run, facts=facts, noted=noted)
    for place in against:
        if is_folder(place):
            raise UserError(f"{place} is a folder: name one folder, or files only (--against).")
    found = baseline.of_files(against, run, noted=run.noted)
    if not found.runs:
        raise UserError(
            f"{against[0]} is the run that is judged, {run.path}: name another to judge it against (--against)."
        )
    for other in found.runs:
        if other.fingerprint != run.fingerprint and not continuation.differ_in_name_only(other, run):
            raise UserError(
                f"{other.path} measured something else than {run.path.name} (another machine, device, driver, model or inputs): "
                "name runs with the same fingerprint (--against)."
            )
    return found


def judge(run: SavedRun, history: History, smallest_change: float, *, fail_creep: bool = False) -> Gate:
    """Judge every benchmark of the run; the gate returned holds the judgements.

    What is suspicious is judged by both measurements where the run's file holds a second one, as it was when it was measured.
    """
    counted = sum(each.gate_share for each in run.benchmarks.values())
    gate = Gate("saved", smallest_change, counted, lambda: history, fail_creep=fail_creep)
    again: dict[str, Figure] | None = None
    for key, saved in run.benchmarks.items():
        figure, before = Figure.of(saved), past_of(history, key)
        rule = gate.rule_of(quantity_of(saved.metric), saved.gate_share)
        crept = gate.remark(key, figure, before, rule)
        second = None
        if crept or past.suspicion(figure, before, rule):
            again = measured_again.figures_of(run) if again is None else again  # reading it takes long
            second = again.get(key)
        if second and past.is_by_ratio(figure, before) and not past.is_by_ratio(second, before):
            second = None  # judged by seconds, what the ratio said would be forgotten
        together = figure.together(second) if second else figure
        judgement = (
            past.judge_again(key, figure, second, before, rule) if second else past.judge(key, figure, before, rule)
        )
        judgement = replace(judgement, own=f"{together.samples} samples" if together.samples > 1 else "1 sample")
        if second and crept:
            crept = past.creep(together, before, rule)
        judgement = gate.crept(judgement, crept) if crept else judgement
        gate.judgements.append(judgement if second else _as_it_stands(judgement))
    return gate


def _as_it_stands(judgement: Judgement) -> Judgement:
    return judgement.noted("one measurement, not repeated") if judgement.word in ("FAIL", "IMPROVED") else judgement


def read(place: Path, root: Path = HISTORY) -> SavedRun:
    """The saved run at that path, in that folder, or with that number. Raises :class:`UserError`."""
    return records.read(find_run(place, root))
