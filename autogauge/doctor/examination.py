"""Everything that the doctor looks at, in the order in which to read it. Each subject is a file of its own beside this one."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from autogauge.cache import Cache
from autogauge.defaults import of_command
from autogauge.doctor.devices import gpu, npu, openvino
from autogauge.doctor.emulated import emulation
from autogauge.doctor.finding import Finding, State
from autogauge.doctor.installed import installed
from autogauge.doctor.machine.checks import fitness, is_of_the_moment
from autogauge.doctor.machine.snapshot import LONGER_S, WATCHED_S, Machine
from autogauge.errors import UserError
from autogauge.probe.launcher import Launcher
from autogauge.rig import lock
from autogauge.settings import Settings, default_machine
from autogauge.variables import notes_on


def examine(cache: Cache, root: Path = Path("/")) -> list[Finding]:
    """Every finding, in the order in which to read them. ``root`` is where ``/dev``, ``/etc``, ``/proc`` and ``/sys`` are looked for.

    The machine is watched first, before this process gives it something to do.
    """
    machine = place_to_measure(root)
    findings = installed()
    with tempfile.TemporaryDirectory(prefix="autogauge-") as folder:
        seen, more = openvino(Launcher(Path(folder) / "probes"))
    findings += more
    if seen is None:  # then nobody knows what it sees
        return [*findings, *measuring(), *machine]
    devices = [*gpu(seen.devices, root), *npu(seen.devices, root)]
    return [*findings, *measuring(), *machine, *devices, *emulation(cache)]


def place_to_measure(root: Path) -> list[Finding]:
    """Whether the machine is fit to measure. One that is unfit just now is watched again, for longer: what passes does not count."""
    found = fitness(Machine.watched(root, WATCHED_S, _who_measures()))
    if any(map(is_of_the_moment, found)):
        found = fitness(Machine.watched(root, LONGER_S, _who_measures()))
    return found


def _who_measures() -> list[int]:
    """The processes that hold the measuring lock, as far as the kernel tells; a lock that cannot be opened is a finding of its own."""
    with contextlib.suppress(UserError):
        return lock.holders()
    return []


def measuring() -> list[Finding]:
    """Where the lock is by which one session at a time measures (in containers that is to be one file for all); what settings ask for."""
    return [_told("lock", lock.described), _told("settings", settings_here)]


def _told(what: str, describe: Callable[[], str]) -> Finding:
    try:
        return Finding("measuring", what, State.OK, describe())
    except UserError as error:
        return Finding("measuring", what, State.BROKEN, str(error))


def settings_here() -> str:
    """What a run started here would be asked for by files and variables. Raises :class:`UserError` for a mistake in them."""
    given = of_command({}, os.environ, Path.cwd(), default_machine())
    Settings.checked(given, Path("reports"))
    asked = given.from_elsewhere() or ["none: no option comes from a file or a variable"]
    notes = [given.note_on_machine(default_machine()), *notes_on(os.environ)]
    return "; ".join([*asked, *filter(None, notes)])
