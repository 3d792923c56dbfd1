"""A running suite, for tests that do something to it meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess

from autogauge.rig.lock import VARIABLE
from tests.support import ROOT, bare_suite_command, lock_of_its_own, probes_of, wait_until

OPTIONS = ("-m", "perf", "--profile=quick", "--model=one-convolution", "--machine=lab")


class Session:
    """A running suite; its output is in a file."""

    def __init__(self, folder, cache, *options, ignored=(), **environment):
        self.reports = folder / "reports"
        self.output = folder / "output"
        self.lock = lock_of_its_own()

        def handle():
            # Whoever runs these tests in the background ignores SIGINT, and children would inherit that.
            for number in (signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)

        with self.output.open("w") as stream:
            self.process = subprocess.Popen(
                bare_suite_command(*OPTIONS, f"--reports={self.reports}", f"--cache={cache}", *options),
                cwd=ROOT,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env={**os.environ, "COLUMNS": "120", VARIABLE: str(self.lock), **environment},
                preexec_fn=handle,  # noqa: PLW1509
            )

    def text(self):
        return self.output.read_text()

    def wait_for_probes(self, number, seen):
        """Wait until so many more probes have come by; ``seen`` gets their process numbers."""
        target = len(seen) + number

        def enough():
            seen.update(probe.pid for probe in probes_of(self.process.pid))
            return len(seen) >= target

        assert wait_until(enough, 60), self.text()

    def fresh_probe(self, known=()):
        """A probe that measures once and is not among those known."""
        found = []

        def appears():
            found[:] = [probe for probe in probes_of(self.process.pid) if probe.pid not in known]
            return bool(found)

        assert wait_until(appears, 30), self.text()
        return found[0]

    def finish(self, timeout_s=90):
        """Wait for the end; returns the exit status and the summary."""
        status = self.process.wait(timeout_s)
        assert "Traceback" not in self.text()
        return status, json.loads((self.reports / "latest" / "summary.json").read_bytes())
