"""Runs a program in Python as a child process: its lines as they come, a deadline, a limit to its silence, why it failed.

Which programs (pip, venv, the Open Model Zoo's tools), in what order, and what the user is told is left to whoever needs them.
"""

from __future__ import annotations

import collections
import contextlib
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from autogauge.causes import step_in
from autogauge.files import exists
from autogauge.probe.environment import clean
from autogauge.probe.process import Child, LineTooLong

RUNNER = Path(__file__).with_name("runner.py")
_FILES = ("PIP_CERT", "PIP_CLIENT_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
_LISTS = ("PIP_FIND_LINKS", "PIP_CONSTRAINT")
_KEPT_LINES = 200
_EXCEPTION = re.compile(r"^(?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*(?:Error|Exception|Timeout|Interrupt)(?::|$)")
ERRORS = re.compile(r"^(?:ERROR: |[Ee]rror: )(?=.*\w)")
"""How a line begins that a tool means as its reason; pip's do."""
NOISE = re.compile(r"^-+|Traceback \(most recent call last\)|[Uu]nexpected exception")
"""Lines that say nothing."""


class Deadline:
    """A number of seconds that began to run when this was made."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._began = time.monotonic()

    @property
    def at(self) -> float:
        """When it passes, by ``time.monotonic()``."""
        return self._began + self.seconds

    @property
    def left_s(self) -> float:
        """How many seconds are left, not below zero."""
        return max(0.0, self.at - time.monotonic())


class ToolFailed(Exception):
    """A tool did not do its work. The text is the reason, without a full stop; ``late`` says that the deadline passed."""

    def __init__(self, reason: str, *, late: bool = False) -> None:
        super().__init__(reason)
        self.late = late
        self.step = step_in(reason)
        """What to do where the machine lacked something; ``None`` where it did not."""


def run_tool(
    python: Path,
    kind: Literal["module", "script", "program"],
    *words: str,
    scratch: Path,
    deadline: Deadline,
    silence_s: float | None = None,
    home: bool = False,
    variables: Mapping[str, str | None] | None = None,
    on_line: Callable[[str], None] = lambda _: None,
    reason: Callable[[Sequence[str]], str] | None = None,
) -> list[str]:
    """Run a module (its name, then its words), a script or a program (its path, then its words) to its end.

    Returns the last lines that it printed. A program is run beside the interpreter, which ends it when this process ends.
    ``scratch`` is a folder for what it writes beside its work; unless ``home`` lets it see the user's, it is its home too.
    ``variables`` are set for it, or taken out (``None``).
    ``reason`` finds in its lines why it failed, where :func:`reason_in` would not do.
    Raises :class:`ToolFailed`: its exit status is not 0, a signal ended it, it was silent for over ``silence_s`` seconds,
    or the deadline passed. It and whatever it started are gone then.
    """
    try:
        child = Child(
            [str(python), "-I", "-B", "-u", str(RUNNER), "{result}", kind, *words],
            stdout=scratch / "tool.out",
            stderr=scratch / "tool.err",
            environment=_with(_environment(scratch, home=home), variables or {}),
            folder=scratch,
        )
    except OSError as error:
        raise ToolFailed(f"cannot start {python}: {error.strerror}") from None
    try:
        lines = _lines_of(child, deadline, silence_s, on_line)
        _see_end_of(child, lines, deadline, reason or reason_in)
        return lines
    finally:
        child.kill()


def _see_end_of(child: Child, lines: Sequence[str], deadline: Deadline, reason: Callable[[Sequence[str]], str]) -> None:
    """Wait for the end of a child that has printed these lines. Raises :class:`ToolFailed` unless it is a good one."""
    try:
        ending = child.wait(deadline.at)
    except TimeoutError:
        raise _late(deadline) from None
    if ending.signal_number is not None:
        raise ToolFailed(f"it was {ending}")
    if ending.exit_status != 0:
        raise ToolFailed(reason([*lines, *child.output_tail().splitlines()]) or f"it ended with {ending}")


def _lines_of(child: Child, deadline: Deadline, silence_s: float | None, on_line: Callable[[str], None]) -> list[str]:
    """The last lines of a child that has closed its pipe, each shown to ``on_line`` as it came. Raises :class:`ToolFailed`."""
    lines: collections.deque[str] = collections.deque(maxlen=_KEPT_LINES)
    while True:
        silent_until = float("inf") if silence_s is None else time.monotonic() + silence_s
        try:
            line = child.read_line(min(deadline.at, silent_until))
        except TimeoutError:
            if time.monotonic() < deadline.at:
                raise ToolFailed(f"nothing came for {silence_s:g} s") from None
            raise _late(deadline) from None
        except LineTooLong:
            raise ToolFailed("it printed a line without an end") from None
        if line is None:
            return [*lines]
        text = line.decode(errors="replace").rstrip()
        lines.append(text)
        on_line(text)


def _late(deadline: Deadline) -> ToolFailed:
    return ToolFailed(f"it was not done within {deadline.seconds:g} s", late=True)


def ask(python: Path, code: str, deadline: Deadline) -> str:
    """What an interpreter prints that runs ``code`` with nothing of the user's; raises :class:`ToolFailed` as :func:`run_tool` does.

    Whatever it started is gone then: what is called python may be a script that starts another.
    """
    with tempfile.TemporaryDirectory(prefix="autogauge-") as scratch:
        out, err = Path(scratch, "out"), Path(scratch, "err")
        try:
            child = Child([str(python), "-I", "-B", "-c", code], stdout=out, stderr=err, environment=clean(os.environ))
        except OSError as error:
            raise ToolFailed(f"cannot start {python}: {error.strerror}") from None
        try:
            _see_end_of(child, (), deadline, reason_in)
            return child.printed(out)
        finally:
            child.kill()


def _environment(scratch: Path, *, home: bool) -> dict[str, str]:
    """The user's, without what would lead Python elsewhere; with a private home unless the user's is wanted.

    The tools run in a folder of their own: what leads to a file from the user's is made to lead there from anywhere.
    """
    kept = clean(os.environ)
    kept.update({name: _from_anywhere(kept[name]) for name in _FILES if name in kept})
    kept.update({name: " ".join(map(_from_anywhere, kept[name].split())) for name in _LISTS if name in kept})
    if home:
        kept = {**_settings_of_this_environment(), **kept}
    else:
        kept["HOME"] = str(scratch)
        kept.update({f"XDG_{name}_HOME": str(scratch) for name in ("CACHE", "CONFIG", "DATA", "STATE")})
    kept.setdefault("PIP_DEFAULT_TIMEOUT", "10")  # an index that is out of reach is no reason to wait for minutes
    kept.setdefault("PIP_RETRIES", "2")
    kept["RUSTUP_HOME"] = str(
        scratch
    )  # pip asks rustc for its version, and a rustc of rustup would write to the user's home
    return {**kept, "CI": "true", "TMPDIR": str(scratch)}


def _with(environment: dict[str, str], variables: Mapping[str, str | None]) -> dict[str, str]:
    kept = {name: value for name, value in environment.items() if name not in variables}
    return {**kept, **{name: value for name, value in variables.items() if value is not None}}


def _settings_of_this_environment() -> dict[str, str]:
    """This environment's own ``pip.conf``, for a pip of another one: a lab may have said there where its index is."""
    own = Path(sys.prefix, "pip.conf")
    return {} if sys.prefix == sys.base_prefix or not exists(own) else {"PIP_CONFIG_FILE": str(own)}


def _from_anywhere(place: str) -> str:
    """A path that leads somewhere, made absolute; anything else (an address, a path to nowhere) as it is."""
    return str(Path(place).absolute()) if place and exists(Path(place)) else place


def object_in(lines: Sequence[str]) -> dict[str, Any]:
    """The last line that is a JSON object: what a tool answered, whatever else was printed. Raises :class:`ToolFailed`."""
    for line in reversed(lines):
        with contextlib.suppress(ValueError):
            found = json.loads(line)
            if isinstance(found, dict) and found:
                return found
    raise ToolFailed("it ended without an error and without an answer")


def reason_in(lines: Sequence[str], errors: re.Pattern[str] = ERRORS, noise: re.Pattern[str] = NOISE) -> str:
    """The line that says why a tool failed: its own last error, else the last exception, else the last line; empty if none does.

    ``errors`` matches how a line begins that a tool means as its reason, ``noise`` what is no reason.
    """
    own = [line for line in lines if errors.match(line) and not noise.search(errors.sub("", line))]
    exceptions = [line for line in lines if _EXCEPTION.match(line)]
    others = [line for line in lines if any(letter.isalnum() for letter in line) and not noise.search(line)]
    chosen = own[-1:] or exceptions[-1:] or others[-1:] or [""]
    return errors.sub("", chosen[0]).strip().rstrip(". ")[:300]
