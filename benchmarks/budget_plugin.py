"""A pytest plugin that keeps where a session's time goes, for ``time_budget.py``: each moment counts for the innermost of what is timed.

It wraps what the session calls; a probe's own phases are told by the probe. What the figures mean is left to the script.
"""

from __future__ import annotations

import functools
import json
import os
import time
from collections import defaultdict
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from pluggy import HookimplMarker

hookimpl = HookimplMarker("pytest")
FILE, BEGAN = "TIME_BUDGET_FILE", "TIME_BUDGET_BEGAN"
"""Variables: where to write, and when the process was started (Unix time)."""
SETTING_UP, JUDGING, KEEPING, TERMINAL = "setting up", "judging", "history and pages", "the terminal"
PYTEST, REST = "pytest and the suite's modules", "the rest"
START, END, CLEARED = "starting a process", "waiting for a process to end", "clearing up after a process"
PHASES = {
    "start": "interpreter and the probe's modules",
    "import": "importing openvino",
    "core": "creating the Core",
    "read": "reading the model",
    "reshape": "reshaping the model",
    "log": "setting AUTO's log",
    "input": "reading the inputs",
    "properties": "asking for properties",
    "compile": "compiling",
    "first_inference": "first inference",
    "hand-over": "waiting for the accelerator",
    "warm-up": "warming up, and trying drivers",
    "slice": "slices",
    "destroy": "letting go of the model",
}
"""What a probe's phases are called here; others keep their name."""


class Budget:
    """Seconds by study and by what was done, and how often; ``within`` is exclusive: what is timed inside counts there alone."""

    def __init__(self) -> None:
        self.seconds: dict[tuple[str, str], float] = defaultdict(float)
        self.counts: dict[tuple[str, str], int] = defaultdict(int)
        self.firsts: dict[str, float] = {}
        self.study = ""
        self._names = [REST]
        self._since = self.began = float(os.environ.get(BEGAN) or time.time())

    def enter(self, name: str, *, again: bool = False) -> None:
        """From now on it is this; ``again`` where it goes on with what was counted already."""
        self._pass()
        self._names.append(name)
        self.counts[self.study, name] += not again

    def leave(self) -> None:
        """From now on it is again what it was before."""
        self._pass()
        self._names.pop()

    def first(self, what: str) -> None:
        """The seconds from the start of the process to the first of its kind."""
        self.firsts.setdefault(what, time.time() - self.began)

    def _pass(self) -> None:
        now = time.time()
        self.seconds[self.study, self._names[-1]] += now - self._since
        self._since = now

    def write(self, path: Path) -> None:
        """Keep it as JSON."""
        self._pass()
        rows = [[*key, seconds, self.counts[key]] for key, seconds in self.seconds.items()]
        path.write_text(json.dumps({"rows": rows, "firsts": self.firsts, "seconds": self._since - self.began}))


BUDGET = Budget()


def timed(owner: Any, attribute: str, name: str) -> None:
    """Let each call of that function count for ``name``."""
    real = getattr(owner, attribute)

    @functools.wraps(real)
    def call(*args: Any, **named: Any) -> Any:
        BUDGET.enter(name)
        try:
            return real(*args, **named)
        finally:
            BUDGET.leave()

    setattr(owner, attribute, call)


def _of_study(run: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(run)
    def call(result: Any, *args: Any, **named: Any) -> Any:
        BUDGET.enter(REST)
        before, BUDGET.study = BUDGET.study, result.name
        try:
            return run(result, *args, **named)
        finally:
            BUDGET.leave()
            BUDGET.study = before

    return call


def _by_phase(next_message: Callable[..., Any]) -> Callable[..., Any]:
    """Waiting for a probe counts for what it does, by its own word; a phase may send several messages."""

    @functools.wraps(next_message)
    def call(probe: Any, *args: Any) -> Any:
        before = getattr(probe, "counted_phase", "")
        probe.counted_phase = probe.phase
        is_command = probe.phase in ("slice", "infer")
        BUDGET.enter(PHASES.get(probe.phase, probe.phase), again=before == probe.phase and not is_command)
        try:
            return next_message(probe, *args)
        finally:
            BUDGET.leave()

    return call


def pytest_configure() -> None:
    """Wrap what is timed."""
    from autogauge.measuring import result, schedule
    from autogauge.probe.launcher import Probe

    timed(Probe, "__init__", START)
    Probe._next_message = _by_phase(Probe._next_message)  # type: ignore[method-assign]
    timed(Probe, "expect_end", END)
    timed(Probe, "kill", CLEARED)
    timed(schedule, "_look", JUDGING)
    schedule.run = _of_study(schedule.run)  # type: ignore[assignment]
    close = result.Result.close

    def closed(self: Any, *args: Any, **named: Any) -> Any:
        is_closed = close(self, *args, **named)
        if is_closed:
            BUDGET.first("verdict")
        return is_closed

    result.Result.close = closed  # type: ignore[method-assign]


@hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, Any, Any]:
    """Collecting, and what was before it."""
    BUDGET.enter(PYTEST)
    BUDGET.seconds["", PYTEST] += BUDGET.seconds.pop(("", REST), 0.0)
    try:
        return (yield)
    finally:
        BUDGET.leave()


@hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup() -> Generator[None, Any, Any]:
    """What a test's fixtures do that is no study's."""
    BUDGET.enter(SETTING_UP)
    try:
        return (yield)
    finally:
        BUDGET.leave()


@hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish() -> Generator[None, Any, Any]:
    """History and pages."""
    BUDGET.enter(KEEPING)
    try:
        return (yield)
    finally:
        BUDGET.leave()


@hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary() -> Generator[None, Any, Any]:
    """The end of the run on the terminal."""
    BUDGET.enter(TERMINAL)
    try:
        return (yield)
    finally:
        BUDGET.leave()


def pytest_unconfigure() -> None:
    """Write it."""
    BUDGET.write(Path(os.environ[FILE]))
