"""Measures A against B, and keeps what was measured as every run is kept: a file that ``report`` draws again."""

from __future__ import annotations

import contextlib
import datetime
import tempfile
from pathlib import Path

from autogauge.cache import Cache, default_cache_dir
from autogauge.errors import explain_os_error
from autogauge.history import run_file
from autogauge.history.recorded import Recorded
from autogauge.lab.why.study import Why
from autogauge.measuring.progress import Progress
from autogauge.rig.rig import Rig
from autogauge.run import Run
from autogauge.targets import named_devices, require_device

KEPT = "why"
"""The folder within the reports, beside ``history``: these runs are no machine's history, and no gate reads them."""


def measure(study: Why, run: Run, seed: int, progress: Progress) -> None:
    """Fill the run with what is measured; what was finished is in it whatever is raised, :class:`UserError` or an interruption."""
    settings = run.settings
    with tempfile.TemporaryDirectory(prefix="autogauge-") as scratch:
        cache = Cache(settings.cache or default_cache_dir())
        rig = Rig(settings.asked, cache, Path(scratch), lambda: contextlib.nullcontext(progress), run.notes)
        finished = False
        try:
            devices = rig.inspection.devices
            for side in study.sides:
                for name in named_devices(study.target_of(side).device or "AUTO"):
                    require_device(name, devices)
            planned = study.planned(rig, seed)
            _ = rig.workload
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


def keep(run: Run, label: str) -> tuple[Recorded, Path]:
    """Save the run; returns it as its file tells it, with the file. Raises :class:`UserError`."""
    settings, mark = run.settings, run.fingerprint
    folder = settings.reports / KEPT / settings.history.name
    document = run_file.document([], run_file.machine_info(settings.history.name, mark, run.noted))
    document = run.put_into(document)
    try:
        path = run_file.save(folder, document, run.arrays(), label, mark.digest if mark else "")
    except OSError as error:
        raise explain_os_error(error, f"cannot save what was measured in {folder}", "--reports=DIR") from error
    run.history_file = path
    return run.recorded(document), path
