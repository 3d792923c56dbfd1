"""Everything that the doctor looks at, in the order in which to read it. Each subject is a file of its own beside this one."""

from __future__ import annotations

import tempfile
from pathlib import Path

from autogauge.cache import Cache
from autogauge.doctor.devices import gpu, npu, openvino
from autogauge.doctor.emulated import emulation
from autogauge.doctor.finding import Finding, State
from autogauge.doctor.installed import installed
from autogauge.doctor.machine.checks import fitness
from autogauge.doctor.machine.snapshot import Machine
from autogauge.errors import UserError
from autogauge.probe.launcher import Launcher
from autogauge.rig import lock


def examine(cache: Cache, root: Path = Path("/")) -> list[Finding]:
    """Every finding, in the order in which to read them. ``root`` is where ``/dev``, ``/etc``, ``/proc`` and ``/sys`` are looked for.

    The machine is watched first, for a second, before this process gives it something to do.
    """
    machine = fitness(Machine.watched(root))
    findings = installed()
    with tempfile.TemporaryDirectory(prefix="autogauge-") as folder:
        seen, more = openvino(Launcher(Path(folder) / "probes"))
    findings += more
    if seen is None:  # then nobody knows what it sees
        return [*findings, *measuring(), *machine]
    devices = [*gpu(seen.devices, root), *npu(seen.devices, root)]
    return [*findings, *measuring(), *machine, *devices, *emulation(cache)]


def measuring() -> list[Finding]:
    """Where the lock is by which one session at a time measures: in containers that is to be one file for all."""
    try:
        return [Finding("measuring", "lock", State.OK, lock.described())]
    except UserError as error:
        return [Finding("measuring", "lock", State.BROKEN, str(error))]
