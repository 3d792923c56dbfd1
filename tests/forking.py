"""Commands (``python -m autogauge``, ``pytest``, ``benchmarks.…``) without waiting for the interpreter and its imports each time.

:class:`Forking` starts one process that has imported what such a command does, and lets it fork for each: a process of its own with its
own arguments, environment, output and exit status. What begins before the imports (the interpreter, its encoding, what a missing
package says) is not seen so, nor is a plugin of the test's own: such tests start a real one, and so does what measures for long.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
IMPORTED = {
    "autogauge": ("autogauge.cli.", "jinja2", "pydantic.types", "ruptures", "scipy.special", "typer._adapters"),
    "benchmarks": (
        "autogauge.cli.",
        "benchmarks.command",
        "benchmarks.calibration.record",
        "benchmarks.calibration.table",
        "scipy.special",
    ),
    "pytest": ("pytest", "autogauge.options", "autogauge.rig.pool", "autogauge.report.summary"),
}
"""What each module's commands import before or when they come to it; a name with a dot at its end is all that is below it."""


class Forking:
    """The process that forks for commands of that module, from the first one on; one command at a time."""

    def __init__(self, module: str) -> None:
        self.module = module
        self.process: subprocess.Popen[str] | None = None

    def run(
        self, words: list[str], environment: dict[str, str], timeout_s: float, module: str = "", started_in: Path = ROOT
    ) -> subprocess.CompletedProcess[str]:
        """Run the command, or that of a module below it, in that folder, as :func:`subprocess.run` would; raises its ``TimeoutExpired``."""
        if self.process is None or self.process.poll() is not None:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.forking", self.module],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                bufsize=1,
                start_new_session=True,
            )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with tempfile.TemporaryDirectory(prefix="autogauge-test-command-") as folder:
            out, err = Path(folder, "out"), Path(folder, "err")
            asked = {
                "words": [module or self.module, *words],
                "environment": environment,
                "started_in": str(started_in),
                "out": str(out),
                "err": str(err),
            }
            self.process.stdin.write(json.dumps(asked) + "\n")
            stop_at = time.monotonic() + timeout_s
            if not select.select([self.process.stdout], [], [], stop_at - time.monotonic())[0]:
                self.close()
                raise subprocess.TimeoutExpired(words, timeout_s)
            status = int(self.process.stdout.readline())
            return subprocess.CompletedProcess(words, status, out.read_text(), err.read_text())

    def close(self) -> None:
        """End it, with what it is running."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def _become(asked: dict[str, object]) -> None:
    """Let this process, a fork, be as one that was started for the command."""
    for number, (path, flags) in enumerate(
        ((os.devnull, os.O_RDONLY), (asked["out"], os.O_WRONLY | os.O_CREAT), (asked["err"], os.O_WRONLY | os.O_CREAT))
    ):
        opened = os.open(str(path), flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    os.chdir(str(asked["started_in"]))
    os.environ.clear()
    os.environ.update(asked["environment"])  # type: ignore[call-overload]
    sys.argv = [*asked["words"]]  # type: ignore[misc]


def _serve(module: str) -> dict[str, object] | None:
    """Fork for each line of standard input; gives what is asked of the fork, and nothing at the input's end."""
    for name in IMPORTED[module]:
        package = importlib.import_module(name.rstrip("."))
        if name.endswith("."):
            for each in pkgutil.iter_modules(package.__path__, name):
                importlib.import_module(each.name)
    gc.collect()
    gc.freeze()  # a fork that looked through all of it would copy it
    while line := sys.stdin.readline():
        asked: dict[str, object] = json.loads(line)
        child = os.fork()
        if child == 0:
            return asked
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    return None


def _end(code: object) -> None:
    """End as the interpreter does, but for taking apart what was imported, which takes as long as a command does."""
    if code is not None and not isinstance(code, int):
        print(code, file=sys.stderr)
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)


if __name__ == "__main__":
    command = _serve(sys.argv[1])
    if command is not None:
        _become(command)
        try:
            runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
        except SystemExit as end:
            _end(end.code)
        _end(0)
