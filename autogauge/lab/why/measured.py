"""Measures A against B, and keeps what was measured as every run is kept: a file that ``report`` draws again."""

from __future__ import annotations

import contextlib
import datetime
import tempfile
from pathlib import Path

from autogauge.cache import Cache, default_cache_dir
from autogauge.errors import explain_os_error
from autogauge.files import require_writable_folder
from autogauge.history import run_file
from autogauge.history.recorded import Recorded
from autogauge.lab.why import script, sides
from autogauge.lab.why.sides import Side
from autogauge.lab.why.study import Why
from autogauge.measuring.progress import Progress
from autogauge.rig.rig import Rig
from autogauge.rig.workload import Setup
from autogauge.run import Run
from autogauge.settings import Settings

KEPT = "why"
"""The folder within the reports, beside ``history``: these runs are no machine's history, and no gate reads them."""


SAME = (
    "A and B run the same model on the same OpenVINO from the same folder, with the same properties and requests: whatever differs is this "
    "machine's noise"
)


def measure(study: Why, run: Run, seed: int, progress: Progress) -> None:
    """Fill the run with what is measured; what was finished is in it whatever is raised, :class:`UserError` or an interruption."""
    settings = run.settings
    with tempfile.TemporaryDirectory(prefix="autogauge-") as scratch:
        cache = Cache(settings.cache or default_cache_dir())
        rig = Rig(settings.asked, cache, Path(scratch), lambda: contextlib.nullcontext(progress), run.notes)
        finished = False
        try:
            sides.require_room(study.sides, cache, progress)
            study.sides = (sides.settled(rig, study.sides[0]), sides.settled(rig, study.sides[1]))
            sides.require_room([each for each in study.sides if each.of_run], cache, progress)
            a, b = (sides.set_up(rig, each, study.target_of(each)) for each in study.sides)
            run.notes += [note for each in study.sides if (note := elsewhere(each, settings.machine))]
            planned = study.planned(rig, seed)
            if one_and_the_same(a, b) and asked_alike(study, rig):
                run.notes.append(SAME)
            study.reproduced = [
                script.Reproduced.of(setup, study.target_of(side), study.requests_of(side, rig))
                for side, setup in zip(study.sides, (a, b), strict=True)
            ]
            run.take(rig)
            run.begin()
            run.results.append(planned)
            rig.measure(study, planned)
            run.look_again()
            finished = True
        finally:
            run.finished = datetime.datetime.now(datetime.timezone.utc)
            rig.close(at_once=not finished)
            if run.results and run.machine_facts is None:
                run.take(rig)


def one_and_the_same(a: Setup, b: Setup) -> bool:
    """Whether two sides run one model on one OpenVINO, whatever they were called."""
    ours, theirs = (each.launcher.runtime.identity for each in (a, b))
    return ours is not None and ours == theirs and a.workload.model.digest == b.workload.model.digest


def asked_alike(study: Why, rig: Rig) -> bool:
    """Whether both sides compile for the same, and are asked to keep as many requests in flight."""
    return len({(study.target_of(each).key, study.requests_of(each, rig)) for each in study.sides}) == 1


def elsewhere(side: Side, machine: str) -> str:
    """That a saved run's condition was of another machine; empty for one that was not."""
    if side.of_run is None or side.of_run.machine in ("", machine):
        return ""
    saved = side.of_run.machine
    return f"{side.name} ({side.label}) was saved on {saved}, and is measured anew on {machine}: there it may differ"


def folder_of(settings: Settings) -> Path:
    """Where what is measured is kept."""
    return settings.reports / KEPT / settings.history.name


def check_place(settings: Settings) -> None:
    """Raise :class:`UserError` where what is to be measured could not be kept, before it is measured: it would be lost with all else."""
    folder = folder_of(settings)
    try:
        require_writable_folder(folder)
    except OSError as error:
        raise explain_os_error(error, f"cannot save what is measured in {folder}", "--reports=DIR") from error


def keep(run: Run, label: str) -> tuple[Recorded, Path]:
    """Save the run; returns it as its file tells it, with the file. Raises :class:`UserError`."""
    settings, mark = run.settings, run.fingerprint
    folder = folder_of(settings)
    document = run_file.document([], run_file.machine_info(settings.history.name, mark, run.noted))
    document = run.put_into(document)
    try:
        path = run_file.save(folder, document, run.arrays(), label, mark.digest if mark else "")
    except OSError as error:
        raise explain_os_error(error, f"cannot save what was measured in {folder}", "--reports=DIR") from error
    run.history_file = path
    return run.recorded(document), path
