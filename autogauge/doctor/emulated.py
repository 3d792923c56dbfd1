"""Does the emulated GPU work here? Its parts are named, then one convolution on it is held against the CPU's.

Nothing here changes the machine, but for the cache that the trial fills.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from autogauge.cache import Cache
from autogauge.doctor.finding import Finding, State
from autogauge.emulation import parts
from autogauge.errors import UserError
from autogauge.probe.launcher import Launcher
from autogauge.rig import trial


def emulation(cache: Cache) -> list[Finding]:
    """Whether the emulated GPU works: its parts, then one convolution held against the CPU's."""
    subject = "emulated GPU"
    if reason := parts.why_impossible_here():
        return [Finding(subject, "system", State.ABSENT, reason)]
    if missing := parts.missing_packages():
        return [Finding(subject, "packages", State.ABSENT, f"no {', '.join(missing)}", parts.INSTALL)]
    findings = [
        Finding(
            subject, "packages", State.OK, ", ".join(f"{name} {release}" for name, release in parts.PACKAGES.items())
        )
    ]
    compilers = parts.compilers()
    findings.append(
        Finding(subject, "compiler", State.OK, " ".join(compilers[0]))
        if compilers
        else Finding(subject, "compiler", State.ABSENT, "none", f"install cc, or {parts.INSTALL}")
    )
    try:
        with tempfile.TemporaryDirectory(prefix="autogauge-") as folder:
            tried = trial.attempt(cache, Launcher(Path(folder) / "probes", emulation=parts.prepare(cache)))
    except UserError as error:
        return [*findings, Finding(subject, "trial", State.BROKEN, str(error))]  # its sentence holds the next step
    return [
        *findings,
        Finding(subject, "processor class", State.OK, tried.processor_class.describe()),
        Finding(subject, "trial", State.OK, tried.sentence()),
    ]
